"""How Rung is doing, for status lines: DESIGN's ``rung/status``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rung.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rung.settings.values import Settings

UNABLE = ("down", "missing", "no-key", "blocked")


def status(engine: Engine, settings: Settings | None, problem: str | None, spend: float) -> dict[str, Any]:
    """The status object; answered from memory.

    Args:
        engine: whose health.
        settings: in force for the session; None: there are none, ``problem`` says why.
        problem: what is wrong with the settings files.
        spend: US dollars spent today.
    """
    tiers = []
    for tier in settings.tiers if settings else ():
        for model in tier.models:
            known = engine.health.known(model)
            entry = {"name": tier.name, "model": known.name or model.model, "local": model.local, "state": known.state}
            tiers.append(entry | ({"reason": known.reason} if known.reason else {}))
    running = [{"id": request.id, "action": request.action} for request in engine.running]
    able = [entry["state"] not in UNABLE for entry in tiers]
    kind, message = _verdict(tiers, able, busy=bool(running), problem=problem or engine.ledger.problem)
    return {"kind": kind, "message": message, "tiers": tiers, "running": running, "spend": round(spend, 6)}


def told(reasons: Iterable[tuple[str, str]]) -> str:
    """Why nobody can answer, in sentences: pairs are tier and reason, and each reason is said once."""
    tiers = dict[str, list[str]]()
    for tier, reason in reasons:
        names = tiers.setdefault(reason, [])
        if tier not in names:
            names.append(tier)
    return " ".join(f"{', '.join(names)}: {reason.rstrip('.')}." for reason, names in tiers.items())


def _verdict(tiers: list[dict[str, Any]], able: list[bool], *, busy: bool, problem: str | None) -> tuple[str, str]:
    """The kind, and one sentence."""
    if not any(able):
        reasons = told((str(entry["name"]), str(entry.get("reason", entry["state"]))) for entry in tiers)
        return "down", problem or f"No model can answer. {reasons}".strip()
    if busy:
        return "busy", "Working."
    if problem:
        return "degraded", problem
    if not able[0]:
        first = tiers[0]
        return "degraded", f"{first['name']} cannot answer: {first.get('reason', first['state'])}"
    return "ready", "Ready."
