"""Reading a model's files, and making sure that what was read is what was found."""

from __future__ import annotations

import hashlib
import os
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import TYPE_CHECKING

from sm_constructs.packing.collecting import Identity
from sm_constructs.packing.guards import AT_REST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sm_constructs.packing.collecting import Member
    from sm_constructs.packing.progress import Progress
    from sm_constructs.problems import Problem

FORMAT = b"sm-constructs model archive 1"
"""Stands at the head of what is hashed: to be raised with any change of the bytes that `writing` writes."""

PIECE = 1 << 20
"""How many bytes are read, hashed or compressed at a time."""

_MOST_READERS = 8  # more do not make a disk faster


class Changed(Exception):  # noqa: N818 - becomes a Problem before a user sees it
    """A file is not what it was when it was found."""

    def __init__(self, member: Member) -> None:
        self.problem = AT_REST.broken(
            f"{member.name} changed while it was read; wait until it is written, then try again"
        )
        super().__init__(self.problem.message)


def cores() -> int:
    """Give how many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def read(member: Member, room: Callable[[], memoryview], took: Callable[[int], None]) -> bytes:
    """Read a file into places that the caller offers, and give its SHA-256.

    Parameters
    ----------
    member : Member
        The file.
    room : Callable
        Gives the next place to read into.
    took : Callable
        Is told how many bytes of that place were filled.

    Raises
    ------
    Changed
        The file is not the one that was found, or became another meanwhile.
    """
    digest = hashlib.sha256()
    left = member.size
    try:
        with member.path.open("rb", buffering=0) as file:
            while left:
                place = room()[:left]
                size = file.readinto(place) or 0
                if not size:
                    raise Changed(member)
                digest.update(place[:size])
                took(size)
                left -= size
            if Identity.of(file.fileno()) != member.identity:
                raise Changed(member)
    except FileNotFoundError:
        raise Changed(member) from None
    return digest.digest()


def hashes(members: Sequence[Member], progress: Progress) -> tuple[dict[str, bytes], list[Problem]]:
    """Give the SHA-256 of every file, by name, and what went wrong."""
    found: dict[str, bytes] = {}
    problems: list[Problem] = []

    stopped = threading.Event()

    def took(size: int) -> None:
        if stopped.is_set():
            raise CancelledError
        progress.advance(size)

    def work(member: Member) -> None:
        place = memoryview(bytearray(min(PIECE, member.size)))
        try:
            found[member.name] = read(member, lambda: place, took)
        except Changed as changed:
            problems.append(changed.problem)

    pool = ThreadPoolExecutor(min(cores(), _MOST_READERS))
    try:
        for _ in pool.map(work, (member for member in members if member.is_file)):
            pass
    finally:
        stopped.set()  # else Ctrl-C would wait for the file that is being read
        pool.shutdown(cancel_futures=True)
    return found, sorted(problems, key=lambda problem: problem.message)


def content_digest(members: Sequence[Member], found: dict[str, bytes]) -> str:
    """Give the SHA-256 of what the archive will hold: names, kinds and contents, in hexadecimal.

    Compression has no part in it: the digest stays the same with another compressor.
    """
    digest = hashlib.sha256(FORMAT)
    for member in members:
        # No name has a NUL, and every digest has 32 bytes, so that no two lists of members are written alike.
        digest.update(b"\0" + member.name.encode() + (b"\0" if member.is_file else b"/\0"))
        digest.update(found.get(member.name, b""))
    return digest.hexdigest()
