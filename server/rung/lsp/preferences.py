"""The settings and actions of one session: what files and editor say, as last read without a mistake."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from rung.actions import catalogue
from rung.errors import SettingsError
from rung.lsp.asking import root_of
from rung.lsp.mistakes import Mistakes
from rung.settings import places, trust
from rung.settings.load import Loaded, load
from rung.settings.store import SettingsStore

if TYPE_CHECKING:
    from rung.engine import Engine
    from rung.lsp.server import Server
    from rung.settings.values import Settings
    from rung.types.action import Action

SECTION = "rung"
"""The name of the section in an editor's configuration."""
OWN = {"default_tier", "defaultTier", "actions", "local", "rules", "display"}
"""What the section may hold, by which one sent without its name is known."""
PATIENCE = 5.0
"""Seconds the editor may take to answer what it was asked about its configuration."""

_log = logging.getLogger(__name__)


class Preferences:
    """See the module's words.

    Args:
        server: the session's.
        engine: keeps the catalogue, and hears of new settings.
        changed: called when they are others, or a mistake in them came or went.
    """

    def __init__(self, server: Server, engine: Engine, changed: Callable[[], None]) -> None:
        self._server = server
        self._engine = engine
        self._changed = changed
        self._editor: Mapping[str, Any] = {}
        self._is_told = False
        """The editor has sent the section by itself or when asked, so that an empty one means: nothing any more."""
        self._store = SettingsStore(self._load)
        self._mistakes = Mistakes(server)
        self._checked: set[Path | None] = set()
        self._actions: dict[Path | None, dict[str, Action]] = {}

    def _load(self, root: Path | None) -> Loaded:
        return load(root, self._editor or None)

    # ---- what the editor says

    def initialize(self, options: object) -> None:
        """Take over ``initializationOptions``, which are for us alone: the section, or an object that holds it."""
        given = plain(options)
        section = _section(given)
        self._editor = section if section is not None else given if isinstance(given, dict) else {}

    async def begin(self) -> None:
        """Ask the editor for its section, then read the files and say what is wrong with them."""
        await self.pull()
        self._store.subscribe(self._settings_changed)
        self.check(root_of(self._server, None))
        self._server.supervisor.spawn("settings", self._store.watch())
        self._server.supervisor.spawn("register", self._register())

    async def _register(self) -> None:
        """Ask to be told when the person changes the section: VS Code tells nobody who has not asked."""
        workspace = self._server.client_capabilities.workspace
        able = workspace.did_change_configuration if workspace else None
        if not (able and able.dynamic_registration):
            return
        wanted = types.Registration("rung-settings", types.WORKSPACE_DID_CHANGE_CONFIGURATION, {"section": SECTION})
        try:
            async with asyncio.timeout(PATIENCE):
                await self._server.client_register_capability_async(types.RegistrationParams([wanted]))
        except (TimeoutError, JsonRpcException) as error:
            _log.debug("the client does not tell of changed settings: %s", type(error).__name__)

    async def pull(self) -> None:
        """Ask the editor for its section, where it can be asked."""
        workspace = self._server.client_capabilities.workspace
        if not (workspace and workspace.configuration):
            return
        item = types.ConfigurationParams([types.ConfigurationItem(section=SECTION)])
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._server.workspace_configuration_async(item)
        except (TimeoutError, JsonRpcException):
            return
        section = plain(found[0]) if isinstance(found, list | tuple) and len(found) == 1 else None
        # Before anything was ever told, an empty section means that the client knows none: what it began with stays.
        if isinstance(section, dict) and (section or self._is_told):
            self._take(section)

    async def configured(self, settings: object) -> None:
        """``workspace/didChangeConfiguration``: the new settings, or nothing, which means that they are to be asked."""
        found = _section(plain(settings))
        if found is None:
            await self.pull()
        else:
            self._take(found)

    def _take(self, section: dict[str, Any]) -> None:
        self._is_told = True
        if section != self._editor:
            self._editor = section
            self._store.reload()

    # ---- what is in force

    def current(self, root: Path | None) -> Settings:
        """The settings in force for a workspace.

        Raises:
            SettingsError: its files were broken from the first.
        """
        self.check(root)
        return self._store.current(root)

    async def fresh(self, root: Path | None) -> Settings:
        """Those a request begins with: of the files as they are now, where what they say is whole.

        Raises:
            SettingsError: its files were broken from the first.
        """
        self.check(root)
        return await self._store.fresh(root)

    def own(self) -> Settings | None:
        """Those of the editor's first folder; None: broken from the first."""
        try:
            return self.current(root_of(self._server, None))
        except SettingsError:
            return None

    def actions(self, root: Path | None) -> dict[str, Action]:
        """The actions of a workspace. A broken file changes nothing, but that it is shown.

        Raises:
            SettingsError: the settings were broken from the first.
        """
        settings = self.current(root)
        # Trust is known by reading the whole folder: not at each move of the cursor where nothing hangs on it.
        trusted = root is not None and (root / trust.FOLDER / "actions").is_dir() and trust.trusted(root)
        try:
            found = self._engine.actions(root, trusted=trusted)
        except SettingsError as error:
            found = self._actions.get(root) or shipped()
            is_news = self._mistakes.show(("actions", root), error)
        else:
            self._actions[root] = found
            is_news = self._mistakes.clear(("actions", root))
        if is_news:
            self._changed()
        if settings.actions is None:
            return found
        return {name: action for name, action in found.items() if name in settings.actions}

    @property
    def problem(self) -> str | None:
        """What is wrong with some file; None: nothing."""
        return self._mistakes.first

    def check(self, root: Path | None) -> None:
        """Show what is wrong with the settings of a workspace that is looked at for the first time."""
        if root in self._checked:
            return
        self._checked.add(root)
        try:
            loaded = self._store.loaded(root)
        except SettingsError as error:
            self._settings_changed(root, None, error, ())
            return
        self._settings_changed(root, loaded.settings, next(iter(loaded.errors), None), loaded.warnings)

    def look_again(self) -> None:
        """Read the action files again, so that a mended one is seen although nobody lists actions."""
        for root in list(self._actions) or [root_of(self._server, None)]:
            try:
                self.actions(root)
            except SettingsError:
                continue  # shown already

    def reload(self) -> None:
        """Read everything again, now."""
        self._store.reload()
        self._engine.health.settings_changed()
        self.look_again()

    def _settings_changed(
        self, root: Path | None, settings: Settings | None, error: SettingsError | None, warnings: tuple[str, ...]
    ) -> None:
        for warning in warnings:
            self._server.window_log_message(types.LogMessageParams(types.MessageType.Warning, f"Rung: {warning}"))
        if settings is not None:
            self._engine.health.settings_changed()
            self._mistakes.clear(("settings", root))
        if error is not None:
            self._mistakes.show(("settings", root), error)
        self._changed()


def shipped() -> dict[str, Action]:
    """The actions that come with Rung."""
    return catalogue.load([places.shipped() / "actions"])


def plain(value: object) -> Any:
    """Dicts, lists and scalars of what pygls may have read into nested named tuples."""
    if hasattr(value, "_asdict"):
        return {name: plain(item) for name, item in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _section(value: object) -> dict[str, Any] | None:
    """Our section in what an editor sent, which may be the section itself; None: it is not in there."""
    if not isinstance(value, dict):
        return None
    inner = value.get(SECTION)
    if isinstance(inner, dict):
        return inner
    # Another server's settings, sent to all, are not ours: taking them would lose the pins in ours.
    return value if set(value) & OWN else None
