"""``rung sim``: simulated servers on loopback, for trying things out without a model."""

from __future__ import annotations

import asyncio
import sys

from rung.cli.options import parser, seconds
from rung.errors import UsageError

SETTINGS = """# for rung.toml:
[[tier]]
name = "small"
[[tier.model]]
provider = "ollama"
model = "sim-small:3b"
url = "{url}"

[[tier]]
name = "large"
[[tier.model]]
provider = "ollama"
model = "sim-large:14b"
url = "{url}"

[[tier]]
name = "cloud"
[[tier.model]]
provider = "openai"
model = "gpt-5-mini"
url = "{url}/openai/v1"
key = "OPENAI_API_KEY"            # any value will do
local = false                     # as if it were far away
"""


def run(words: list[str]) -> int:
    """Serve until interrupted."""
    from rung.sim.server import serve  # noqa: PLC0415

    made = parser(
        "sim", "Simulated Ollama, OpenAI and Anthropic servers on 127.0.0.1. What they say is marked as simulated."
    )
    made.add_argument("--port", type=int, default=11534, help="0: any free one (default: 11534)")
    made.add_argument("--load", type=seconds, default=2.0, metavar="SECONDS", help="how long a model loads")
    made.add_argument("--token-delay", type=seconds, default=0.02, metavar="SECONDS", help="between two pieces")
    made.add_argument(
        "--fail", action="append", default=[], metavar="KIND", help="a fault for every question: stall ..."
    )
    args = made.parse_args(words)
    try:
        asyncio.run(
            serve(port=args.port, load_seconds=args.load, token_delay=args.token_delay, fail=args.fail, ready=_ready)
        )
    except OverflowError:
        raise UsageError(f"There is no port {args.port}.", "Ports are numbers up to 65535.") from None
    except OSError:
        raise UsageError(f"Port {args.port} is taken.", "Name another with --port.") from None
    except ValueError as error:
        text = str(error)
        raise UsageError(f"{text[0].upper()}{text[1:]}.", "Name one of them.") from None
    return 0


def _ready(url: str) -> None:
    """Say where, and what to write into rung.toml to use it."""
    print(f"rung sim listens at {url}: simulated models, nothing real. Stop with Ctrl-C.", file=sys.stderr)
    print(SETTINGS.format(url=url), flush=True)
