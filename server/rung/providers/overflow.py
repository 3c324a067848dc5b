"""Prompts that are longer than a model's window, as the servers of many makers say so.

Looked at for its meaning only; the numbers are the one thing that is kept of such a text.
"""

from __future__ import annotations

import re

from rung.types.pattern import lazy

_TOO_LONG = lazy(
    # Codes and types.
    r"exceed_context_size|context_length_exceeded|context_window_exceeded|ContextWindowExceeded|tokens_limit_reached"
    r"|string_above_max_length|request_too_large"
    # OpenAI and those who copy it: vLLM, SGLang, DeepSeek, Mistral, Groq, OpenRouter, LM Studio, llama.cpp, Ollama.
    r"|maximum (?:context|model|prompt|input) length|max(?:imum)? context length|max_model_len|model token limit"
    r"|(?:exceeds?|exceeding|exceeded|longer than|larger than|greater than|overflows?|too (?:long|large|big|small) for)"
    r" (?:the |this |its |your )?(?:available |max(?:imum)? |allowed |model'?s? |model's max(?:imum)? )*"
    r"(?:context|input|prompt) ?(?:size|length|window|limit)"
    r"|context (?:size|length|limit|window) (?:was |has been |is )?exceeded|context the overflows|context window"
    r"|reduce (?:the|your) (?:length|size) of (?:the|your) (?:messages|prompt|input)"
    # The prompt or the input itself is called too long.
    r"|(?:prompt|inputs?|messages?|conversation) (?:length |text )?(?:is |are |was )?too (?:long|large to process)"
    r"|prompt exceeds max(?:imum)? length|range of input length should be|too many (?:input |prompt )?tokens"
    r"|(?:input|prompt) token count\W.{0,40}exceeds|tokens to keep from the initial prompt"
    # TGI and Together.
    r"|`?inputs`? tokens \+ `?max_new_tokens`? must be|`?inputs`? must have less than"
    # More than a minute's allowance in one request: no wait would let it through.
    r"|request (?:body )?too large for",
    re.IGNORECASE,
)

_WINDOW = r"context length (?:is|of) (?:only )?(?P<window>\d{1,15}) tokens.{0,80}?"
_PAIRS = tuple(
    lazy(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"n_prompt_tokens\W{1,8}(?P<asked>\d{1,15}).{0,40}?n_ctx\W{1,8}(?P<window>\d{1,15})",
        # The whole, and in brackets what of it is the prompt; only then what names one number.
        _WINDOW + r"requested [\w ]{0,20}?\d+ tokens\W{1,3}(?P<asked>\d{1,15})(?: tokens)? (?:in|of|from) ",
        _WINDOW + r"requested a total of \d+ tokens\W{1,3}(?P<asked>\d{1,15}) tokens from",
        _WINDOW + r"(?:resulted in|requested(?: about)?|request has|contains?) (?P<asked>\d{1,15})",
        r"\((?P<asked>\d{1,15}) tokens\).{0,60}?(?:context (?:size|length)|window) \((?P<window>\d{1,15})",
        r"too long: (?P<asked>\d{1,15}) tokens > (?P<window>\d{1,15})",
        r"too long: (?P<asked>\d{1,15}), model maximum context length: (?P<window>\d{1,15})",
        r"context limit: (?P<asked>\d{1,15}) \+ \d+ > (?P<window>\d{1,15})",
        r"token count \((?P<asked>\d{1,15})\) exceeds .{0,40}?\((?P<window>\d{1,15})\)",
        r"contains (?P<asked>\d{1,15}) tokens.{0,60}?model with (?P<window>\d{1,15}) maximum",
        r"maximum prompt length is (?P<window>\d{1,15}) .{0,40}?contains (?P<asked>\d{1,15}) tokens",
        r"\(length (?P<asked>\d{1,15})\).{0,60}?maximum model length of (?P<window>\d{1,15})",
        r"has (?P<asked>\d{1,15}) tokens.{0,40}?max_model_len\W{1,3}(?P<window>\d{1,15})",
        r"max_new_tokens`? must be <= (?P<window>\d{1,15})\. Given: (?P<asked>\d{1,15})",
        r"first (?P<asked>\d{1,15}) tokens.{0,80}?context length of only (?P<window>\d{1,15})",
    )
)
"""Where the two numbers stand."""


def names_the_window(complaint: str) -> bool:
    """Whether an error's text says that the prompt is longer than the model's window."""
    return bool(_TOO_LONG.search(complaint))


def numbers(complaint: str) -> tuple[int | None, int | None]:
    """The prompt's tokens as the server counted them, and the window it has; both None where it names not both.

    Where a server counts prompt and answer together without saying how much is which, it is the sum.
    """
    for pattern in _PAIRS:
        found = pattern.search(complaint)
        if found and int(found["asked"]) and int(found["window"]):
            return int(found["asked"]), int(found["window"])
    return None, None
