"""May this request go to that model? Asked when the plan is made, and once more before the connection is opened."""

from __future__ import annotations

from rung.settings.addresses import is_this_machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rung.types.decision import Decision
    from rung.types.model import Model


def forbidden(decision: Decision, model: Model) -> str | None:
    """Why not; None where it may.

    Args:
        decision: with its pins.
        model: as it turned out to be: an Ollama model with a ``remote_host`` has ``local`` False by now.
    """
    if decision.local and not model.local:
        who = next((pin.source for pin in decision.pins if pin.bound == "local"), "a pin")
        # The plan lets nothing pass that is not local by its settings: this one was, until its server was asked.
        if model.provider == "ollama" and is_this_machine(model.url):
            return (
                f"{model.model} is passed on to another machine (remote_host), and {who} pins this request to this "
                "one: name a model that is installed here"
            )
        return f"pinned to this machine by {who}"
    return None
