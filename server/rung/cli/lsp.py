"""``rung lsp``: the language server on stdio, or on a TCP port."""

from __future__ import annotations

import argparse
import logging
import sys

from rung.cli import loop
from rung.cli.options import parser
from rung.errors import UsageError


def run(words: list[str]) -> int:
    """Serve until the editor leaves."""
    made = parser("lsp", "The language server. Editors start it; it speaks on standard input and output.")
    made.add_argument("--stdio", action="store_true", help="accepted for editors that say so; it is the default")
    made.add_argument("--tcp", metavar="[HOST:]PORT", help="listen instead, on 127.0.0.1 unless a host is named")
    made.add_argument("--no-daemon", action="store_true", help="accepted: this process is the server")
    made.add_argument("--clientProcessId", help=argparse.SUPPRESS)
    made.add_argument("--log", choices=("debug", "info", "warning", "error"), default="warning", help="to stderr")
    args = made.parse_args(words)
    logging.basicConfig(stream=sys.stderr, level=args.log.upper(), format="%(levelname)s %(name)s: %(message)s")
    if args.tcp:
        return _tcp(args.tcp)
    from rung.lsp import stdio  # noqa: PLC0415 - half a second of imports, for this command alone

    return stdio.run(_stdio())  # never comes back: the process ends with the session


async def _stdio() -> int:
    from rung.engine import Engine  # noqa: PLC0415
    from rung.lsp.handlers import build  # noqa: PLC0415
    from rung.lsp.stdio import serve_stdio  # noqa: PLC0415

    engine = Engine(source="lsp")
    try:
        return await serve_stdio(engine, build=build)
    finally:
        await engine.close()


def _tcp(address: str) -> int:
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"--tcp takes a port or HOST:PORT, not {address!r}.", "For example --tcp 7777.")
    return loop.run(_listen(host or "127.0.0.1", int(port)))


async def _listen(host: str, port: int) -> int:
    from rung.engine import Engine  # noqa: PLC0415
    from rung.lsp.handlers import build  # noqa: PLC0415
    from rung.lsp.serve import listen_tcp  # noqa: PLC0415

    engine = Engine(source="lsp")
    try:
        async with await listen_tcp(host, port, engine, build=build) as listener:
            print(f"rung lsp listens on {host}:{listener.port}", file=sys.stderr, flush=True)
            await listener.forever()
    except OSError:
        raise UsageError(f"{host}:{port} cannot be listened on.", "Is the port taken?") from None
    finally:
        await engine.close()
    return 0
