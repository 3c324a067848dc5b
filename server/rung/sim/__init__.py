"""Simulated Ollama, OpenAI and Anthropic servers on loopback that can be told to fail."""
