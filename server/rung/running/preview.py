"""What a request would send, and where, without sending it."""

from __future__ import annotations

import asyncio

from rung.actions.run import run
from rung.ladder.prompt import preview as shown
from rung.ledger.forecast import within
from rung.routing.decide import BUILTIN
from rung.routing.features import size as prompt_size
from rung.running.beginning import begin, planned
from rung.running.shared import Shared
from rung.settings.values import Settings
from rung.types.action import Action
from rung.types.call import Answer, Call
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
    gathered, sendings = beginning.gathered, list[Sending]()
    if beginning.decision.tier == BUILTIN:
        return Preview(beginning.decision, ())

    max_cost = beginning.decision.max_cost

    async def ask(call: Call) -> Answer:
        tokens = prompt_size(action.id, (part.text for part in call.parts))
        found = await asyncio.to_thread(
            within,
            planned(shared, settings, beginning, action, call),
            shared.budget,
            settings.budget,
            max_cost,
            prompt=tokens,
            max_output=call.max_output,
        )
        sending = await shown(call, found, shared.ladder.means.counter)
        sendings.append(sending.replace(left_out=tuple(dict.fromkeys([*gathered.left_out, *sending.left_out]))))
        return Answer(NOTHING, sending.to.tier, sending.to.model.model)

    await run(action, gathered, ask, request.max_output)
    return Preview(beginning.decision, tuple(sendings))
