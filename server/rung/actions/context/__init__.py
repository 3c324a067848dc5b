"""Gathers the parts of a prompt."""
