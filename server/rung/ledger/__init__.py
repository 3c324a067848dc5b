"""The record of requests, calls and attempts in SQLite; never anybody's text."""
