"""How many questions a minute a model may be asked: a bucket of ``per_minute`` tokens each, on the loop's clock."""

from __future__ import annotations

import asyncio

from rung.types.model import Model


class _Bucket:
    """Full at the start; a question takes one token, and they come back at the model's rate."""

    def __init__(self, size: int, now: float) -> None:
        self.level = float(size)
        self.at = now

    def refill(self, size: int, now: float) -> None:
        self.level = min(float(size), self.level + (now - self.at) * size / 60)
        self.at = now


class Rates:
    """The buckets of all models, by address and name."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def take(self, model: Model, patience: float) -> float:
        """Take a token, if need be one that is not there yet; gives the seconds until it is.

        Where that is more than ``patience`` seconds, nothing is taken. Whoever waits has a token of its own, so that
        two that wait do not wait for the same one.
        """
        if not model.per_minute:
            return 0.0
        now = asyncio.get_running_loop().time()
        bucket = self._buckets.setdefault((model.url, model.model), _Bucket(model.per_minute, now))
        bucket.refill(model.per_minute, now)
        wait = max(0.0, (1 - bucket.level) * 60 / model.per_minute)
        if wait <= patience:
            bucket.level -= 1
        return wait

    def give_back(self, model: Model) -> None:
        """Give a token back that no question was asked for."""
        bucket = self._buckets.get((model.url, model.model))
        if model.per_minute and bucket:
            bucket.level += 1
