"""Reads an answer into an outcome."""
