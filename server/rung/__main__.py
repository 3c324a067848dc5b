"""``python -m rung`` is ``rung``."""

from rung.cli import process

if __name__ == "__main__":
    process()
