"""One address, and what an Ollama there last said of itself: which models it has, which it holds, and how large.

A window is asked for with each load, and a server may allocate another one: what its list shows after a load of ours
is what it gives. Another window than that is somebody else's, and makes the model load again.
"""

from __future__ import annotations

import logging

from rung.ladder.breaker import Breaker
from rung.ladder.choose import best
from rung.providers.ollama_state import Installed, Loaded, same_name
from rung.routing.plan import Known
from rung.settings.addresses import is_cloud, spot
from rung.types.model import Model

log = logging.getLogger(__name__)


class Server:
    """Memory of one address.

    Args:
        breaker: open while nobody is there.
    """

    def __init__(self, breaker: Breaker) -> None:
        self.breaker = breaker
        self.silent: str | None = None
        """That it did not list its models when it was asked to, where it never did."""
        self.asked = 0
        """Attempts under way."""
        self._installed: tuple[Installed, ...] | None = None
        self._loaded: tuple[Loaded, ...] | None = None
        self._ordered: set[tuple[str, int]] = set()
        """Names and windows of loads of ours that no list has shown yet."""
        self._given: dict[tuple[str, int], int] = {}
        """The window that was really allocated, for each that was asked for."""
        self._told: set[str] = set()
        """Warnings that were given."""
        self._lacks: dict[str, str] = {}
        """What it said it does not have, when it was asked for it."""

    @property
    def listed(self) -> bool:
        """Whether it has ever said which models it has."""
        return self._installed is not None

    def name(self, model: Model) -> str:
        """The name its server has for it, once that is known: spelled as there, and for ``auto`` the model's own."""
        found = self.find(model)
        return found.name if found else model.model

    def spot(self, model: Model) -> tuple[str, str]:
        """What is known of this model, by whatever name, is remembered by."""
        return spot(model.replace(model=self.name(model)))

    def find(self, model: Model) -> Installed | None:
        """The entry of the list that this model is; None where it is not there, or there is no list."""
        if model.provider != "ollama" or self._installed is None:
            return None
        if model.model == "auto":
            return best(self._installed, model.max_parameters, local_only=model.local)
        return next((entry for entry in self._installed if same_name(model.model, entry.name)), None)

    def lists(self, installed: tuple[Installed, ...], loaded: tuple[Loaded, ...], *, loading: bool) -> None:
        """It said what it has and holds.

        Args:
            installed: all of its models.
            loaded: those in memory.
            loading: a load of ours is under way, so that what is in memory may still be somebody else's.
        """
        self._installed, self._loaded = installed, loaded
        self._lacks.clear()
        if not loading:
            self._learn_windows()

    def installs(self, installed: tuple[Installed, ...]) -> None:
        """It said what it has, and not yet what it holds."""
        self._installed = installed

    def lacks(self, model: Model, why: str) -> None:
        """It said that it does not have this model."""
        self._lacks[self.spot(model)[1]] = why

    def forget_lacks(self) -> None:
        """What it did not have may be there by now."""
        self._lacks.clear()

    def _learn_windows(self) -> None:
        """See what became of our loads."""
        for entry in self._loaded or ():
            mine = {order for order in self._ordered if same_name(order[0], entry.name)}
            # What was taken for the server's doing was somebody else's, if it does give what is asked for.
            kept = {order for order in self._given if same_name(order[0], entry.name) and order[1] == entry.context}
            for name, asked in (mine | kept) if entry.context else ():
                self._given[name, asked] = entry.context or asked
                if self._given[name, asked] < asked:
                    self._say(name, asked, entry.context, "that is what the server gives")
        self._ordered.clear()

    def _say(self, name: str, asked: int | None, found: int | None, meaning: str) -> None:
        """Warn of a window that is not the one asked for, once."""
        told = f"{name} {asked} {found} {meaning}"
        if told not in self._told:
            self._told.add(told)
            log.warning("%s is in memory with a window of %s instead of %s: %s", name, found, asked, meaning)

    def orders(self, model: Model) -> None:
        """This process has the model loaded with its window: the next list shows what the server made of it."""
        window = self._asked_window(model)
        if window is not None:
            self._ordered.add((self.name(model), window))

    def answers(self, model: Model) -> None:
        """The model answered us, and so is in memory, with what the server makes of its window."""
        self.silent = None
        if model.provider != "ollama" or self._loaded is None:
            return
        name, window = self.name(model), self._asked_window(model)
        if window is not None and (name, window) not in self._given:
            self._ordered.add((name, window))
        others = tuple(entry for entry in self._loaded if not same_name(name, entry.name))
        self._loaded = (*others, Loaded(name, self._given_window(name, window)))

    def _asked_window(self, model: Model) -> int | None:
        """The window that is asked for: not more than the model was trained for."""
        found = self.find(model)
        if model.context and found and found.context:
            return min(model.context, found.context)
        return model.context

    def _given_window(self, name: str, asked: int | None) -> int | None:
        """The window that is got by asking for one."""
        return None if asked is None else min(asked, self._given.get((name, asked), asked))

    def known(self, model: Model) -> Known:
        """What it said of the model."""
        found, lacks = self._listed_as(model), self._lacks.get(self.spot(model)[1])
        return found.replace(state="missing", reason=lacks) if lacks else found

    def _listed_as(self, model: Model) -> Known:
        """What its lists say of the model."""
        found, name = self.find(model), self.name(model)
        named = name if found and model.model == "auto" else None
        remote = bool(found and found.remote) or is_cloud(name)
        window = self._given_window(name, self._asked_window(model))
        missing = self._not_installed(model, found)
        if missing:
            return Known("missing", missing, named, window, remote)
        if model.provider != "ollama" or self._loaded is None:
            listed = model.provider == "ollama" and self.listed
            return Known("ready" if listed else "unknown", None if listed else self.silent, named, window, remote)
        entry = next((entry for entry in self._loaded if same_name(name, entry.name)), None)
        if entry is None:
            return Known("cold", None, named, window, remote)
        reason = self._foreign(model, name, entry)
        if reason:
            return Known("cold", reason, named, window, remote)
        # Without a window of our own, the one it has is the one that counts.
        held = [size for size in (window, entry.context) if size]
        return Known("ready", None, named, min(held, default=None), remote)

    def _foreign(self, model: Model, name: str, entry: Loaded) -> str | None:
        """Why what is in memory is of no use to us: with another window the server would load it anew."""
        asked = self._asked_window(model)
        if asked is None or entry.context in {None, asked, self._given.get((name, asked))}:
            return None
        self._say(name, asked, entry.context, "somebody else loaded it so")
        return f"loaded by somebody else with a window of {entry.context}: it has to load again"

    def _not_installed(self, model: Model, found: Installed | None) -> str | None:
        if model.provider != "ollama" or self._installed is None or found:
            return None
        if model.model == "auto":
            size = f"{model.max_parameters / 1e9:g}B"
            return f"{model.url} has no model of up to {size} parameters: run `ollama pull qwen2.5-coder:7b`"
        return f"{model.url} has no {model.model}: run `ollama pull {model.model}`"
