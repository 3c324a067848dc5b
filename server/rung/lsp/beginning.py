"""What a request began with, from which its receipt can say what every rule made of it.

The engine decides for itself, and its receipt carries only the rule that counted. The whole explanation is found once
more from the same request, the same settings and what memory said of the models then: of a document when somebody wants
to read it, of a repository, which changes, while the model is at work. No answer waits for it, and nothing is sent.
Where it cannot be found there is none, and one that would say another thing than the receipt is not told.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rung.actions.gather import gather
from rung.actions.run import pieces
from rung.errors import RungError
from rung.routing import prefix
from rung.routing.decide import decide
from rung.routing.explain import Explanation
from rung.routing.features import features
from rung.routing.features import size as prompt_size
from rung.routing.plan import Known, plan
from rung.routing.tokens import upper
from rung.running import AWAY

if TYPE_CHECKING:
    from rung.actions.context.gathered import Gathered
    from rung.engine import Engine
    from rung.settings.values import Settings
    from rung.types.action import Action
    from rung.types.features import Features
    from rung.types.model import Model
    from rung.types.receipt import Receipt
    from rung.types.request import Request


class Beginning:
    """A request as it begins; make it before the engine runs it.

    Args:
        engine: whose memory of the models counts.
        request: what was asked; its document stays as it was.
        action: which action that is.
        settings: those the request begins with.
        spent: US dollars spent today, before it.
    """

    def __init__(self, engine: Engine, request: Request, action: Action, settings: Settings, spent: float) -> None:
        self.request = request
        self.action = action
        self._settings = settings
        self._env = engine.env
        self._spent = spent
        models = [model for tier in settings.tiers for model in tier.models]
        self._models = {model: engine.health.known(model) for model in models}

    @property
    def lasts(self) -> bool:
        """Whether what it is about stays as it was: the text of a document, not the state of a repository."""
        wanted = self.action.context
        return self.request.document is not None and not any(part.endswith("-changes") for part in wanted)

    async def explain(self) -> Explanation | None:
        """The decision and everything that had a say in it; None where there is nothing to decide about."""
        word, typed = prefix.split(self.request.instruction or "", self._settings)
        try:
            gathered = await gather(self.action, self.request, typed, self._env)
            asked = self._as_things_were(self._features(gathered, typed, word))
            decision = decide(asked, self._settings, _home())
        except RungError:
            return None
        return Explanation(decision, plan(decision, self._settings, self._known, self._size(gathered)), asked.tokens)

    def _known(self, model: Model) -> Known:
        return self._models[model]

    def _features(self, gathered: Gathered, typed: str, word: str | None) -> Features:
        root = self.request.root
        base = gathered.repository if gathered.change is not None else root.resolve().as_posix() if root else None
        return features(
            self.request,
            typed=typed,
            prefix=word,
            parts=gathered.parts,
            paths=gathered.paths,
            action_tier=self.action.tier,
            branch=gathered.branch,
            repository=gathered.repository,
            base=base,
        )

    def _as_things_were(self, asked: Features) -> Features:
        """With the health and the budget of that moment."""
        states = [(t.name, [self._models[model].state for model in t.models]) for t in self._settings.tiers]
        health = tuple((name, next((s for s in found if s not in AWAY), found[0])) for name, found in states)
        day = self._settings.budget.per_day
        return asked.replace(health=health, budget_left=None if day is None else max(0.0, day - self._spent))

    def _size(self, gathered: Gathered) -> int:
        """What the first question needs of a window; 0 where a prompt may be shortened."""
        if not gathered.whole:
            return 0
        texts = [part.text for part in gathered.parts]
        if self.action.result == "findings":
            texts = [pieces(part.text)[0] if part.kind == "file" else part.text for part in gathered.parts]
        return prompt_size(self.action.id, texts) + upper(self.request.max_output or self.action.max_output)


def _home() -> str:
    """The home folder; pathlib raises where there is none."""
    return os.path.expanduser("~").replace(os.sep, "/")  # noqa: PTH111


def belongs(explanation: Explanation, receipt: Receipt) -> bool:
    """Whether an explanation is that of a receipt: the index, say, may have changed between the two."""
    decision = explanation.decision
    # What kept a model from being paid for is added to the receipt's sentence.
    is_same = receipt.why == decision.why or receipt.why.startswith(f"{decision.why}; ")
    return is_same and (decision.by, decision.rule) == (receipt.by, receipt.rule)
