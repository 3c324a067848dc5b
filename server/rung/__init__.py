"""Rung: one language server between every editor and every model a programmer has."""

__version__ = "0.1.0"
