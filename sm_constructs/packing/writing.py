"""Writing a model's archive: a tar file in one gzip member, the same bytes everywhere.

The tar file. What depends on the machine is fixed: owner 0 without names, one time, mode 0755. All files have
that mode, since Windows does not know which are programs, the container runs unprivileged and must read all
of them, and a program without the right to run (a Triton backend's stub) is no use. Headers are Python's
POSIX ones, as the SageMaker SDK writes them, too: plain ustar, and a pax header where a name is not ASCII or
longer than 100 characters, or a file is 8 GiB or longer.

The gzip member. The tar file is cut into blocks of fixed size; each is compressed by itself and ends at a
byte boundary (Z_SYNC_FLUSH), and they follow each other in one deflate stream, as pigz has it. So any gunzip
reads it, also one that stops after the first member, and the number of threads has no influence on the bytes.

What else could have: zlib-ng chooses its inner loops by processor. In 2.3.3, which the wheels of ``zlib-ng``
1.1 bundle, these are loops with equal results: hashes for matches are the same multiplication everywhere
(until 2.1 the CRC instruction of the processor), comparing and copying is exact, and the Huffman-only
strategy looks for no matches at all. (IBM Z's compression unit is used only in builds that ask for it.) Up to
2.3.2 the output of a *reused* stream depended on what it had compressed before (zlib-ng issue 2100), hence on
which thread took which block; here each block has its own stream. Another version of zlib-ng may give other
bytes; the digest of the content, which names the asset, does not depend on it (see `reading`).

Not used although faster: ISA-L, whose output differs with and without SSE 4.2, and on Arm. Not used:
libdeflate, which cannot end a block at a byte boundary, and the threaded writer of ``zlib-ng`` itself, which
takes no strategy.
"""

from __future__ import annotations

import struct
import tarfile
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, TYPE_CHECKING, NamedTuple

from zlib_ng import zlib_ng

from sm_constructs.packing.reading import PIECE, Changed, cores, read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from sm_constructs.packing.collecting import Member
    from sm_constructs.packing.progress import Progress

_MODE = 0o755
# 2000-01-01, UTC. Not 0, of which GNU tar warns; not before 1980, where zip files begin.
_TIME = 946_684_800
# About the size that gzip reaches by default, in a third of its time.
_LEVEL = 5
# Magic, deflate, no flags, no time, no hint of the level, unknown system: nothing of this machine.
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
# More threads than this wait for the one that reads and hashes, and each holds three blocks.
_MOST_THREADS = 16


def write(members: Sequence[Member], hashes: Mapping[str, bytes], file: IO[bytes], progress: Progress) -> None:
    """Write the archive of these members.

    Raises
    ------
    Changed
        A file does not have the SHA-256 that it had before.
    """
    with _GzipWriter(file) as gzip:
        for member in members:
            gzip.write(_header(member))
            if not member.is_file:
                continue

            def took(size: int) -> None:
                gzip.took(size)
                progress.advance(size)

            if read(member, gzip.room, took) != hashes[member.name]:
                raise Changed(member)
            gzip.pad(tarfile.BLOCKSIZE)
        gzip.write(bytes(2 * tarfile.BLOCKSIZE))
        gzip.pad(tarfile.RECORDSIZE)


def _header(member: Member) -> bytes:
    info = tarfile.TarInfo(member.name)
    info.mode = _MODE
    info.mtime = _TIME
    info.size = member.size
    info.type = tarfile.REGTYPE if member.is_file else tarfile.DIRTYPE
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")


class _Block(NamedTuple):
    compressed: bytes
    checksum: int
    size: int


def compress(block: memoryview) -> _Block:
    """Compress one block by itself, to end at a byte boundary.

    Weights, quantised or not, have skewed bytes but hardly any repetition: there, Huffman codes alone reach
    the size that the search for matches reaches, at four times its speed. A sample says which the block is.
    """
    strategy = zlib_ng.Z_DEFAULT_STRATEGY if _repeats(block) else zlib_ng.Z_HUFFMAN_ONLY
    return _Block(_deflate(block, strategy), zlib_ng.crc32(block), len(block))


def _repeats(block: memoryview) -> bool:
    step = max(len(block) // 4, 1)
    sample = b"".join(block[start : start + 4096] for start in range(0, len(block), step))
    with_matches = len(_deflate(sample, zlib_ng.Z_DEFAULT_STRATEGY))
    return with_matches < 0.97 * len(_deflate(sample, zlib_ng.Z_HUFFMAN_ONLY))


def _deflate(data: bytes | memoryview, strategy: int) -> bytes:
    stream = zlib_ng.compressobj(_LEVEL, zlib_ng.DEFLATED, -zlib_ng.MAX_WBITS, zlib_ng.DEF_MEM_LEVEL, strategy)
    return stream.compress(data) + stream.flush(zlib_ng.Z_SYNC_FLUSH)


class _GzipWriter:
    """One gzip member, compressed in blocks by several threads."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._threads = min(cores(), _MOST_THREADS)
        self._pool = ThreadPoolExecutor(self._threads)
        self._waiting: deque[Future[_Block]] = deque()
        self._block = memoryview(bytearray(PIECE))
        self._filled = self._size = self._checksum = 0
        file.write(_GZIP_HEADER)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._end()
        finally:
            self._pool.shutdown(cancel_futures=True)

    def room(self) -> memoryview:
        """Give the place for the next bytes; at least one fits."""
        return self._block[self._filled :]

    def took(self, size: int) -> None:
        """Say how many bytes were put there."""
        self._filled += size
        if self._filled == PIECE:
            self._submit()

    def write(self, data: bytes) -> None:
        """Write bytes."""
        while data:
            place = self.room()[: len(data)]
            place[:] = data[: len(place)]
            data = data[len(place) :]
            self.took(len(place))

    def pad(self, multiple: int) -> None:
        """Write zeros up to a multiple of this size."""
        self.write(bytes(-(self._size + self._filled) % multiple))

    def _submit(self) -> None:
        self._waiting.append(self._pool.submit(compress, self._block[: self._filled]))
        self._size += self._filled
        self._block, self._filled = memoryview(bytearray(PIECE)), 0
        # One block more for each thread, so that none waits; no more, so that memory stays bounded.
        while len(self._waiting) > 2 * self._threads:
            self._take()

    def _take(self) -> None:
        block = self._waiting.popleft().result()
        self._file.write(block.compressed)
        self._checksum = zlib_ng.crc32_combine(self._checksum, block.checksum, block.size)

    def _end(self) -> None:
        if self._filled:
            self._submit()
        while self._waiting:
            self._take()
        # An empty last block, then the checksum and the length.
        self._file.write(zlib_ng.compress(b"", wbits=-zlib_ng.MAX_WBITS))
        self._file.write(struct.pack("<II", self._checksum, self._size % 2**32))
