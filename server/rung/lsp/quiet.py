"""Keep pygls from logging what people write.

pygls logs whole messages (at INFO and DEBUG, and inside tracebacks at ERROR). Its records are not passed on; in their
place goes the bare template of each WARNING or worse, such as ``Cancel notification for unknown message id "%s"``,
without what would have been filled in and without a traceback.
"""

from __future__ import annotations

import logging

_log = logging.getLogger(__name__)


class _Bare(logging.Handler):
    """Logs anew, under our own name, the parts of a record that cannot hold anybody's text."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        template = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        _log.log(record.levelno, "%s: %s%s", record.name, template, f" ({kind})" if kind else "")


def quiet_pygls() -> None:
    """Hold pygls's loggers back, in this whole process; calling it again changes nothing."""
    logger = logging.getLogger("pygls")
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    if not any(isinstance(handler, _Bare) for handler in logger.handlers):
        logger.handlers[:] = [_Bare(logging.WARNING)]
