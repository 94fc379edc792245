"""How far it is, on one line of a terminal."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from shutil import get_terminal_size
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 2.0
"""Seconds that may pass in silence."""

_PAUSE = 0.1  # seconds between two updates: more often is flicker


class Progress:
    """Counts bytes, from any thread; shows them on standard error if that is a terminal and it takes long."""

    def __init__(self, subject: str) -> None:
        self._stream = sys.stderr if sys.stderr is not None and sys.stderr.isatty() else None
        self._subject = subject
        self._doing = ""
        self._done = self._total = self._width = 0
        self._next = time.monotonic() + PATIENCE
        self._lock = threading.Lock()

    def begin(self, doing: str, total: int) -> None:
        """Count anew, to another total."""
        self._doing, self._done, self._total = doing, 0, total

    def advance(self, size: int) -> None:
        """Count some bytes."""
        with self._lock:
            self._done += size
            if self._stream is None or (now := time.monotonic()) < self._next:
                return
            self._next = now + _PAUSE
            percent = 100 * self._done // max(self._total, 1)
            self._write(f"{self._doing} {self._subject}: {percent} % of {self._total / 1e6:,.0f} MB")

    def clear(self) -> None:
        """Take the line away again."""
        with self._lock:
            if self._width:
                self._write("")  # blanks over it
                self._write("")  # back to the margin

    def _write(self, line: str) -> None:
        if self._stream is not None:
            line = line[: get_terminal_size().columns - 1]
            self._stream.write("\r" + line.ljust(self._width))
            self._stream.flush()
            self._width = len(line)


@contextmanager
def progress_line(subject: str) -> Iterator[Progress]:
    """Give a line that is gone at the end, whatever happens."""
    line = Progress(subject)
    try:
        yield line
    finally:
        line.clear()
