"""``python -m rung`` is ``rung``."""

from rung.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
