"""How fast a directory is packed, next to ``tar czf``: ``python benchmarks/packing.py [--size-gb 1] [--runs 3]``.

The two alternate; what is printed are medians, their ratio, and the highest memory use of the packing process.
"""

from __future__ import annotations

import argparse
import array
import json
import random
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1 << 20

# Packs in a process of its own, since memory is measured there. On Linux, getrusage would count the parent's
# memory from before the child became a program, so the kernel's own high-water mark is read.
CHILD = """
import json, sys, time
from sm_constructs.packing import pack
start = time.perf_counter()
packed = pack(sys.argv[1], cache=sys.argv[2])
seconds = time.perf_counter() - start
try:
    with open("/proc/self/status") as status:
        memory = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
except OSError:
    import resource
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([seconds, memory, packed.size]))
"""


def weights(generator: random.Random) -> bytes:
    """Float32 weights, normally distributed."""
    return array.array("f", (generator.gauss(0, 0.02) for _ in range(MIB))).tobytes()


def quantised(generator: random.Random) -> bytes:
    """Weights quantised to eight bits."""
    return array.array("b", (max(-127, min(127, round(generator.gauss(0, 30)))) for _ in range(2 * MIB))).tobytes()


def text(_: random.Random) -> bytes:
    """Text: the source of Python's own library."""
    library = Path(tarfile.__file__).parent
    return b"".join(path.read_bytes() for path in sorted(library.glob("*.py")))


def compressed(generator: random.Random) -> bytes:
    """What is compressed already."""
    return generator.randbytes(4 * MIB)


# Kinds of content, as parts of a directory: a file of each part has its share of the size.
CONTENTS: dict[str, list[tuple[Callable[[random.Random], bytes], float]]] = {
    "mixed": [(weights, 0.5), (quantised, 0.3), (text, 0.1), (compressed, 0.1)],
    "weights": [(weights, 1.0)],
    "quantised": [(quantised, 1.0)],
    "text": [(text, 1.0)],
}


def build(directory: Path, content: str, size: int) -> None:
    """Write a directory. Some MiB are repeated, which no deflate can see: it looks back 32 KiB."""
    directory.mkdir()
    for part, share in CONTENTS[content]:
        piece = part(random.Random(0))
        with (directory / part.__name__).open("wb") as file:
            left = int(size * share)
            while left > 0:
                left -= file.write(piece[:left])


def with_tar(directory: Path, place: Path) -> tuple[float, int]:
    archive = place / "tar.tar.gz"
    start = time.perf_counter()
    subprocess.run(["tar", "czf", archive, "-C", directory, "."], check=True)
    seconds = time.perf_counter() - start
    size = archive.stat().st_size
    archive.unlink()
    return seconds, size


def with_pack(directory: Path, cache: Path) -> tuple[float, int, int]:
    command = [sys.executable, "-c", CHILD, directory, cache]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, memory, size = json.loads(done.stdout)
    return seconds, memory, size


def measure(content: str, size: int, runs: int) -> None:
    """Measure and print one kind of content."""
    with tempfile.TemporaryDirectory(prefix="sm-constructs-bench-") as temporary:
        place = Path(temporary)
        directory, cache = place / "model", place / "cache"
        build(directory, content, size)
        tar_seconds, pack_seconds, cached_seconds, memory = [], [], [], 0
        for _ in range(runs):
            seconds, tar_size = with_tar(directory, place)
            tar_seconds.append(seconds)
            shutil.rmtree(cache, ignore_errors=True)
            seconds, used, pack_size = with_pack(directory, cache)
            pack_seconds.append(seconds)
            memory = max(memory, used)
            cached_seconds.append(with_pack(directory, cache)[0])
        tar, pack, cached = map(statistics.median, (tar_seconds, pack_seconds, cached_seconds))
        print(
            f"{content:10}{size / 1e9:5.2f} GB   tar czf {tar:6.2f} s ({tar_size / size:.3f})   "
            f"pack {pack:6.2f} s ({pack_size / size:.3f})   {tar / pack:5.1f} times as fast   "
            f"{memory / 1e6:4.0f} MB of memory   again, from the cache {cached:5.2f} s",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size-gb", type=float, default=1.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--content", choices=[*CONTENTS, "all"], default="mixed")
    options = parser.parse_args()
    if shutil.which("tar") is None:
        sys.exit("needs tar to compare with")
    for content in CONTENTS if options.content == "all" else [options.content]:
        measure(content, int(options.size_gb * 1e9), options.runs)


if __name__ == "__main__":
    main()
