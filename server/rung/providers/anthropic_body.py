"""The body of a request to Anthropic, and what a model's server turns out not to take in it.

Models differ in what they know: some think whatever they are told, some know no effort, some gateways know neither.
Nobody lists which, but a 400 names what it complains of. It is read for that alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rung.providers import anthropic_failures, overflow
from rung.providers.events import Question
from rung.types.pattern import lazy
from rung.types.value import Value

if TYPE_CHECKING:
    from typing import Literal

HEADROOM = 4000
"""Tokens a model that cannot leave thinking be may think on top of the answer; they count as output."""

_EFFORT = lazy(r"\beffort\b", re.IGNORECASE)
_SCHEMA = lazy(r"output_format|output_config\W+format|json_schema|structured output", re.IGNORECASE)
_CONFIG = lazy(r"output_config", re.IGNORECASE)
_THINKING = lazy(r"thinking", re.IGNORECASE)
_UNKNOWN = lazy(r"extra inputs|extra_forbidden|not permitted|unknown|unrecogni[sz]ed|unexpected", re.IGNORECASE)
"""A parameter is not known, whatever its value."""
_UNABLE = lazy(
    r"does(?: not|n't) support|not supported (?:by|for|with|on|in)\b.{0,20}\bmodel|not available", re.IGNORECASE
)


class Manners(Value):
    """How one model wants to be asked, as far as its server's refusals told."""

    thinking: Literal["off", "unknown", "must"] = "off"
    """It may be told not to think; it knows of no such thing; or it thinks, and needs room for it."""
    effort: bool = True
    """It may be told how much to think."""
    schema: Literal["yes", "not this one", "no"] = "yes"
    most: int | None = None
    """The largest ``max_tokens`` it takes, where it said so."""

    @property
    def lasting(self) -> Manners:
        """What holds for the next question too: another schema may be taken."""
        return self.replace(schema="yes") if self.schema == "not this one" else self


def request_body(question: Question, manners: Manners | None = None) -> dict[str, Any]:
    """The body of ``/v1/messages``."""
    manners = manners or Manners()
    most = question.max_output + (HEADROOM if manners.thinking == "must" else 0)
    body: dict[str, Any] = {
        "model": question.model.model,
        "max_tokens": min(most, manners.most or most),
        "messages": [{"role": m.role, "content": m.content} for m in question.messages if m.role != "system"],
        "stream": True,
    }
    if manners.thinking == "off":
        # Some models think unless told otherwise, and would spend a short answer's tokens on it.
        body["thinking"] = {"type": "disabled"}
    system = "\n\n".join(m.content for m in question.messages if m.role == "system" and m.content)
    if system:
        body["system"] = system
    config: dict[str, Any] = {}
    if question.schema is not None and manners.schema == "yes":
        config["format"] = {"type": "json_schema", "schema": question.schema}
    if manners.thinking == "must" and manners.effort:
        config["effort"] = "low"
    return {**body, "output_config": config} if config else body


def learned(manners: Manners, body: dict[str, Any], complaint: str) -> Manners | None:
    """The manners after a 400; None where it complains of nothing that can be asked otherwise."""
    if overflow.names_the_window(complaint):
        return None
    most = anthropic_failures.most_output(complaint)
    if most is not None:
        return manners.replace(most=most) if 0 < most < body["max_tokens"] else None
    config = body.get("output_config", {})
    if "effort" in config and _EFFORT.search(complaint):
        return manners.replace(effort=False)
    if "thinking" in body and _THINKING.search(complaint):
        return manners.replace(thinking=_thinking(complaint))
    about_all = bool(config and _CONFIG.search(complaint) and not _SCHEMA.search(complaint))
    if about_all or ("format" in config and _SCHEMA.search(complaint)):
        is_lasting = bool(_UNKNOWN.search(complaint) or _UNABLE.search(complaint))
        schema = "no" if is_lasting else "not this one"
        return manners.replace(
            schema=schema if "format" in config else manners.schema, effort=manners.effort and not about_all
        )
    return None


def _thinking(complaint: str) -> Literal["unknown", "must"]:
    """Whether a model refused to be told not to think, or knows nothing of thinking."""
    if _UNKNOWN.search(complaint):
        return "unknown"
    return "unknown" if "disabled" not in complaint and _UNABLE.search(complaint) else "must"
