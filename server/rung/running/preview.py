"""What a request would send, and where, without sending it."""

from __future__ import annotations

from rung.actions import without_model
from rung.actions.run import run
from rung.errors import NoAnswerError
from rung.ladder.prompt import preview as shown
from rung.routing.decide import BUILTIN
from rung.routing.explain import Explanation
from rung.running.beginning import affordable, begin, decided
from rung.running.shared import Shared
from rung.settings.values import Settings
from rung.types.action import Action
from rung.types.call import Answer, Call
from rung.types.plan import Plan
from rung.types.preview import Preview, Sending
from rung.types.request import Request

NOTHING = '{"findings": []}'
"""An answer that every action can read, and that says nothing: it stands in where nobody is asked."""


async def preview(shared: Shared, request: Request, action: Action, settings: Settings) -> Preview:
    """What a request would send, and where; nothing is sent, loaded, looked at or written down.

    Raises:
        RungError: there is nothing to work on, or nobody who would be asked.
    """
    beginning = await begin(shared, request, action, settings)
    gathered, sendings, failed = beginning.gathered, list[Sending](), list[NoAnswerError]()
    if beginning.decision.tier == BUILTIN:
        without_model.check(action.id)
        return Preview(beginning.decision, ())

    async def ask(call: Call) -> Answer:
        found = await affordable(shared, settings, decided(shared, beginning, call))
        try:
            sending = await shown(call, found, shared.ladder.means.counter)
        except NoAnswerError as error:
            failed.append(error)
            raise
        sendings.append(sending.replace(left_out=tuple(dict.fromkeys([*gathered.left_out, *sending.left_out]))))
        return Answer(NOTHING, sending.to.tier, sending.to.model.model)

    made = await run(action, gathered, ask, request.max_output)
    if made.unreviewed:
        # A review would go on without; who looks at all of it first is told.
        raise failed[0]
    return Preview(beginning.decision, tuple(sendings))


async def explained(shared: Shared, request: Request, action: Action, settings: Settings) -> Explanation:
    """Where a request would go, and why: of several questions the first one.

    Raises:
        RungError: there is nothing to work on.
    """
    beginning = await begin(shared, request, action, settings)
    plans = list[Plan]()
    if beginning.decision.tier == BUILTIN:
        without_model.check(action.id)
        return Explanation(beginning.decision, Plan(()), beginning.tokens)

    async def ask(call: Call) -> Answer:
        if not plans:
            plans.append(await affordable(shared, settings, decided(shared, beginning, call)))
        return Answer(NOTHING, beginning.decision.tier, "")

    await run(action, beginning.gathered, ask, request.max_output)
    return Explanation(beginning.decision, plans[0], beginning.tokens)
