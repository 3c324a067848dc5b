"""Simulated Ollama, OpenAI and Anthropic servers on loopback that can be told to fail.

Stands alone: imports nothing of Rung, and only the command line and tests import it. Every answer carries the header
``x-rung-simulated: 1`` and says in its text that it is simulated.
"""

from rung.sim.exchange import SimExchange
from rung.sim.faults import KINDS
from rung.sim.models import SimModel
from rung.sim.server import Simulator, default_models, serve

__all__ = ["KINDS", "SimExchange", "SimModel", "Simulator", "default_models", "serve"]
