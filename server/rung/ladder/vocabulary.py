"""OpenAI's vocabulary, for exact counts: it ships compressed, is unpacked once, and loaded behind the work.

Nothing is ever fetched: tiktoken finds the file in its cache under the name it would have given it, or is not called.
Loading takes about 0.4 s and 100 MB, so it begins with the first text that wants it; until then, and wherever anything
fails, there is no count and the caller estimates.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiktoken import Encoding

log = logging.getLogger(__name__)

NAME = "o200k_base"
SHIPPED = f"{NAME}.tiktoken.gz"
URL = f"https://openaipublic.blob.core.windows.net/encodings/{NAME}.tiktoken"
"""Where tiktoken would fetch it; its cache's file name is made from this."""
SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
"""What tiktoken expects of the unpacked file; another one it would remove, and fetch anew."""
LONGEST = 1_000_000
"""Characters of a text that is counted; of more the count would hold up everybody else."""
CACHE = "TIKTOKEN_CACHE_DIR"
LOADING = 5.0
"""Seconds it is waited for, by who can: loading takes half a second where the machine is idle."""


class Vocabulary:
    """Counts tokens once it is loaded.

    Args:
        shipped: the compressed file.
        folder: where it is unpacked.
    """

    def __init__(self, shipped: Path, folder: Path) -> None:
        self._shipped = shipped
        self._folder = folder
        self._encoding: Encoding | None = None
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    @property
    def loaded(self) -> bool:
        """Whether it can count."""
        return self._encoding is not None

    def count(self, text: str) -> int | None:
        """Tokens of the text; None where it cannot say, or not yet."""
        if self._encoding is None:
            self.start()
            return None
        if len(text) > LONGEST:
            return None
        # What looks like a special token in somebody's code is text.
        return len(self._encoding.encode(text, disallowed_special=()))

    def exactly(self, texts: Iterable[str]) -> int | None:
        """Tokens of the texts together, for somebody who can wait until it is loaded: call it in a thread."""
        if self._encoding is None:
            self.start().join(LOADING)
        found = [self.count(text) for text in texts]
        return None if None in found else sum(count or 0 for count in found)

    def start(self) -> threading.Thread:
        """Begin to load; calling it again changes nothing."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._load, name="rung-vocabulary", daemon=True)
                self._thread.start()
            return self._thread

    def _load(self) -> None:
        try:
            self._unpack()
            self._encoding = _encoding(self._folder)
        except (OSError, EOFError, ValueError, ImportError) as error:
            log.info("the vocabulary cannot be loaded (%s): tokens are estimated", type(error).__name__)

    def _unpack(self) -> None:
        """Put the file where tiktoken looks for it.

        Raises:
            ValueError: what ships is not what tiktoken expects.
        """
        target = self._folder / hashlib.sha1(URL.encode(), usedforsecurity=False).hexdigest()
        if target.is_file() and _fits(target.read_bytes()):
            return
        content = gzip.decompress(self._shipped.read_bytes())
        if not _fits(content):
            raise ValueError(SHIPPED)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch = target.with_suffix(f".{os.getpid()}")
        scratch.write_bytes(content)
        scratch.replace(target)


def _fits(content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == SHA256


def _encoding(folder: Path) -> Encoding:
    """The encoding, read from the cache; the variable that names it stands for this call alone."""
    import tiktoken  # noqa: PLC0415 - 60 ms, in this thread alone

    before = os.environ.get(CACHE)
    os.environ[CACHE] = str(folder)
    try:
        return tiktoken.get_encoding(NAME)
    finally:
        if before is None:
            del os.environ[CACHE]
        else:
            os.environ[CACHE] = before
