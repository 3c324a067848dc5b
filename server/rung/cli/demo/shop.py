"""The small shop of the demo: its files, and the ``rung.toml`` it is worked on with."""

from __future__ import annotations

CLOUD_MODEL = "gpt-5-mini"
PRICE = (0.25, 2.0)
"""US dollars per million tokens of input and output, as the settings of the demo say."""

_PRICES = '''"""What things cost in a small shop."""

import json


def price_list(path):
    """The prices by name, from a JSON file."""
    handle = open(path, encoding="utf-8")
    return json.load(handle)


def total(basket, prices):
    """What a basket costs."""
    return sum(prices[name] * count for name, count in basket.items())
'''

_WITH_VOUCHERS = '''

def discounted(amount, voucher):
    """What is left to pay after a voucher."""
    if voucher == None:
        return amount
    return amount - eval(voucher)  # "0.1 * amount" \N{ADMISSION TICKETS} as it is printed on it
'''

_KEYS = '''"""How the till signs receipts."""


def sign(receipt, key="hunter2"):
    """A receipt with its signature."""
    return f"{receipt}:{hash((receipt, key))}"
'''

FILES = {"prices.py": _PRICES, "secrets/till.py": _KEYS}
"""What is committed, by path."""
CHANGED = {"prices.py": _PRICES + _WITH_VOUCHERS}
"""What is staged."""

SELECTION = _PRICES[_PRICES.index("def total") :].rstrip("\n")
"""What the person selects in ``prices.py``."""
SECRET = _KEYS[_KEYS.index("def sign") :].rstrip("\n")
"""What the person selects in ``secrets/till.py``."""
DUBIOUS = ("open(", "== None", "eval(")
"""What the simulated reviewer looks for: one line each."""


def settings(local: str, cloud: str, *, pin: bool = True, more: str = "") -> str:
    """The text of ``rung.toml``.

    Args:
        local: the address of the server that plays Ollama.
        cloud: the address of the server that plays the cloud.
        pin: whether secrets are pinned to this machine.
        more: what stands at the end.
    """
    # Connecting gets more time than a person would give it: the demo must not depend on how busy the machine is.
    return f"""# Written by `rung demo`. All three models are simulated on this machine; "cloud" plays one far away.
default_tier = "small"

[[tier]]
name = "small"
[[tier.model]]
provider = "ollama"
model = "sim-small:3b"
url = "{local}"
connect = "5s"

[[tier]]
name = "large"
[[tier.model]]
provider = "ollama"
model = "sim-large:14b"
url = "{local}"
connect = "5s"

[[tier]]
name = "cloud"
[[tier.model]]
provider = "openai"
model = "{CLOUD_MODEL}"
url = "{cloud}/openai/v1"
connect = "5s"
key = "OPENAI_API_KEY"
local = false
price = {{ input = {PRICE[0]}, output = {PRICE[1]} }}

[[rule]]
name = "secrets never leave"
enabled = {"true" if pin else "false"}
when = {{ path = ["**/secrets/**"] }}
local = true
{more}"""
