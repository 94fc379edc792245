"""Processes that end with the one that started them, however that one ends.

The child holds one end of a pipe as its standard input, and the parent the other. When the parent is gone, even killed
outright, the pipe closes, and the child knows. Run as a script, this module does so for any command.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

#: How long a command may take to end by itself once told to.
GRACE_SECONDS = 5.0


def when_parent_ends(action: Callable[[], None]) -> None:
    """Call ``action``, in a thread, when the process at the other end of standard input has ended."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        action()

    threading.Thread(target=watch, daemon=True, name="leash").start()


def run(command: Sequence[str], *, environment: Mapping[str, str], directory: str | None = None) -> tuple[int, str]:
    """Run a command to its end; it ends with this process, and all that it started ends with it.

    Parameters
    ----------
    command : Sequence[str]
        The program and its arguments.
    environment : Mapping[str, str]
        All of its environment.
    directory : str, default the current one
        Where it runs.

    Returns
    -------
    tuple[int, str]
        Its exit code, and what it wrote, standard error included.
    """
    with _leashed(command, environment, directory, subprocess.PIPE) as process:
        written = "" if process.stdout is None else process.stdout.read()
        return process.wait(), written


def run_live(command: Sequence[str], *, environment: Mapping[str, str]) -> int:
    """Run a command as `run` does, but let it write where this process writes; give its exit code."""
    with _leashed(command, environment, None, None) as process:
        return process.wait()


@contextlib.contextmanager
def _leashed(
    command: Sequence[str], environment: Mapping[str, str], directory: str | None, output: int | None
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(  # noqa: S603 - what the caller wants run
        [sys.executable, __file__, *command],
        env=dict(environment),
        cwd=directory,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        start_new_session=True,
        text=True,
        errors="replace",
    )
    with let_go(process):
        yield process


@contextlib.contextmanager
def let_go(process: subprocess.Popen[str]) -> Iterator[None]:
    """End a process that is on a leash when the context ends, and wait for it."""
    try:
        yield
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(GRACE_SECONDS + 1)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _main(command: Sequence[str]) -> int:
    """Run a command in this process's session, which is its own; end the whole session with the parent."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603

    def end() -> None:
        _signal_session(signal.SIGTERM)
        try:
            child.wait(GRACE_SECONDS)
        finally:
            # What ignored the first signal, this process included.
            os.killpg(0, signal.SIGKILL)

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    when_parent_ends(end)
    code = child.wait()
    _signal_session(signal.SIGTERM)  # what the command left running
    return code if code >= 0 else 128 - code


def _signal_session(number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(0, number)


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
