"""Thoughts left in a whole answer: other tags than ``<think>``, channels, a closing tag without its beginning.

Whatever stands in the middle of an answer stays: it may be what the answer is about.
"""

from __future__ import annotations

import re

_NAME = r"(?:think|thinking|thought|thoughts|reasoning|reflection|scratchpad)"
_FIRST = re.compile(rf"\A\s*(?:<({_NAME})>.*?</\1\s*>|\[THINK\].*?\[/THINK\])", re.DOTALL | re.IGNORECASE)
_UNENDED = re.compile(r"\A\s*(?:<(?:think|thinking)>|\[THINK\])", re.IGNORECASE)
_ORPHAN = re.compile(
    rf"\A(?:(?!<{_NAME}>|```).)*?^[ \t]*</{_NAME}\s*>[ \t]*$", re.DOTALL | re.IGNORECASE | re.MULTILINE
)
_CHANNEL = re.compile(r"\A\s*(?:<\|start\|>\s*assistant\s*)?<\|channel\|>")
_FINAL = "<|channel|>final<|message|>"
_END = re.compile(r"(?:<\|(?:end|return|im_end|eot_id|endoftext)\|>\s*)+\Z")
_INVISIBLE = re.compile("[\u200b\u200c\u200d\u2060\ufeff\u00ad]")
_LONGEST = 200_000
"""Characters; no answer is as long, and none is searched for more."""


def without_thoughts(text: str) -> str:
    """The answer without the thoughts before it; empty where there was nothing else."""
    if len(text) > _LONGEST:
        return text
    if _CHANNEL.match(text):
        text = text.rpartition(_FINAL)[2] if _FINAL in text else ""
    while found := _FIRST.match(text):
        text = text[found.end() :]
    if _UNENDED.match(text):
        return ""
    if "</" in text and (orphan := _ORPHAN.match(text)):
        text = text[orphan.end() :]
    return _END.sub("", text)


def visible(text: str) -> str:
    """The text without characters that nobody sees."""
    return _INVISIBLE.sub("", text)
