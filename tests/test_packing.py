"""Packing a model's files, and checking archives: the same bytes everywhere, and nothing that SageMaker refuses."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tarfile
import time
import tracemalloc
import unicodedata
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sm_constructs import packing
from sm_constructs.facts import fact, load
from sm_constructs.packing import check_archive, collecting, pack, progress, reading, store, writing
from sm_constructs.packing.layouts import facts as layouts
from sm_constructs.problems import InvalidHosting

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")


def fill(directory: Path, tree: dict, *, order: random.Random | None = None) -> Path:
    """Write a tree of names to contents; in another order, with another umask and time if `order` is given."""
    directory.mkdir(parents=True, exist_ok=True)
    entries = list(tree.items())
    if order:
        order.shuffle(entries)
    before = os.umask(order.choice([0o022, 0o077, 0o002]) if order else 0o022)
    try:
        for name, content in entries:
            path = directory / name
            if isinstance(content, dict):
                fill(path, content, order=order)
            else:
                path.write_bytes(content)
                if order:
                    path.chmod(order.choice([0o600, 0o755, 0o444]))
            if order:
                os.utime(path, ns=(order.randrange(2**60), order.randrange(2**60)))
    finally:
        os.umask(before)
    return directory


def files(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def unpack(archive: Path, to: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        tar.extractall(to, filter="data")
    return files(to)


def problems(call, *arguments, **options) -> dict[str, list[str]]:
    """Give the messages of what is refused, by code."""
    with pytest.raises(InvalidHosting) as caught:
        call(*arguments, **options)
    found: dict[str, list[str]] = {}
    for problem in caught.value.problems:
        found.setdefault(problem.code, []).append(problem.message)
    return found


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def model(tmp_path):
    tree = {"model.pth": b"weights", "code": {"inference.py": b"def model_fn(model_dir): ..."}}
    return fill(tmp_path / "model", tree)


# Every character is its own normal form C. No case differs, and no name is one of Windows's own.
NAMES = st.text(alphabet="ab1.é -ü漢", min_size=1, max_size=8).filter(lambda name: name.strip(". ") == name)
TREES = st.dictionaries(
    NAMES | st.just("long" * 40),
    st.recursive(st.binary(max_size=700), lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=6),
    min_size=1,
    max_size=4,
)


def leaves(tree: dict) -> list[tuple[dict, str]]:
    here = [(tree, name) for name in tree]
    return here + [leaf for inner in tree.values() if isinstance(inner, dict) for leaf in leaves(inner)]


# --- the same bytes everywhere --------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(tree=TREES, order=st.randoms(use_true_random=False))
def test_same_files_give_same_bytes_whatever_their_order_times_and_modes(tree, order, tmp_path_factory):
    assume(any(not isinstance(folder[name], dict) for folder, name in leaves(tree)))
    place = tmp_path_factory.mktemp("same")
    one = pack(fill(place / "one", tree), cache=place / "cache1")
    two = pack(fill(place / "two", tree, order=order), cache=place / "cache2")
    assert one.digest == two.digest
    assert one.path.read_bytes() == two.path.read_bytes()
    assert one.path.name == f"{one.digest}.tar.gz"
    assert one.size == one.path.stat().st_size


@settings(max_examples=40, deadline=None)
@given(tree=TREES, data=st.data())
def test_any_change_of_a_file_changes_the_digest(tree, data, tmp_path_factory):
    folder, name = data.draw(st.sampled_from(leaves(tree)))
    assume(not isinstance(folder[name], dict))
    place = tmp_path_factory.mktemp("changed")
    before = pack(fill(place / "before", tree), cache=place / "cache")
    content = folder[name]
    kind = data.draw(st.sampled_from(["byte", "added", "renamed", "folder"]))
    if kind == "byte":
        at = data.draw(st.integers(0, len(content)))
        folder[name] = content[:at] + bytes([(content[at] + 1) % 256 if at < len(content) else 0]) + content[at + 1 :]
    elif kind == "added":
        folder["new"] = b""
    elif kind == "renamed":
        folder["new"] = folder.pop(name)
    else:
        folder[name] = {"new": content}
    after = pack(fill(place / "after", tree), cache=place / "cache")
    assert after.digest != before.digest


@settings(max_examples=40, deadline=None)
@given(tree=TREES)
def test_what_is_packed_unpacks_to_the_same_files_and_directories(tree, tmp_path_factory):
    assume(any(not isinstance(folder[name], dict) for folder, name in leaves(tree)))
    place = tmp_path_factory.mktemp("unpacked")
    source = fill(place / "source", tree)
    packed = pack(source, cache=place / "cache")
    assert unpack(packed.path, place / "copy") == files(source)
    paths = {path.relative_to(source).as_posix() for path in source.rglob("*")}
    with tarfile.open(packed.path) as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == sorted(paths, key=str.encode)
    assert all(member.isreg() or member.isdir() for member in members)
    assert {(member.mode, member.uid, member.gid, member.uname, member.gname) for member in members} == {
        (0o755, 0, 0, "", "")
    }
    assert check_archive(packed.path).digest == hashlib.sha256(packed.path.read_bytes()).hexdigest()


def test_digest_and_bytes_are_those_of_the_first_release(tmp_path, cache):
    # If the digest changes, every endpoint with a packed model is updated on the next deployment. If only the bytes
    # change (another version of zlib-ng, or of Python's tarfile), cached and uploaded archives stay in use.
    weights = random.Random(1).randbytes(3_000_000)
    tree = {"é" * 60: b"long and not ASCII", "weights": weights, "text": b"all work and no play " * 90_000, "empty": {}}
    packed = pack(fill(tmp_path / "model", tree), cache=cache)
    assert packed.digest == "3e074b77e31315e4e73fc453109becb4169279e0ece2454342779a5f4e0a5a9e"
    assert (
        hashlib.sha256(gzip.decompress(packed.path.read_bytes())).hexdigest()
        == "dcc6d32b605499666fb63548a86b32510fa71a3eb0d1e952235947d91347925f"
    )
    assert (
        hashlib.sha256(packed.path.read_bytes()).hexdigest()
        == "275b20d2958250bc4baf4006e665fb103141af96865f84511589c40939c364f5"
    )


def test_bytes_do_not_depend_on_the_number_of_threads(tmp_path, monkeypatch):
    generator = random.Random(2)
    tree = {
        "random": generator.randbytes(2_500_000),
        "weights": struct.pack("<700000f", *(generator.gauss(0, 0.02) for _ in range(700_000))),
        "text": Path(tarfile.__file__).read_bytes() * 20,
    }
    model = fill(tmp_path / "model", tree)
    found = set()
    for threads in (1, 2, 7):
        monkeypatch.setattr(writing, "cores", lambda threads=threads: threads)
        found.add(pack(model, cache=tmp_path / str(threads)).path.read_bytes())
    assert len(found) == 1


def test_archive_is_one_gzip_member_that_names_no_machine(model, cache):
    data = pack(model, cache=cache).path.read_bytes()
    assert data[:10] == bytes.fromhex("1f8b08000000000000ff")
    stream = zlib.decompressobj(wbits=31)
    content = stream.decompress(data)
    assert stream.eof
    assert stream.unused_data == b""
    assert len(content) % tarfile.RECORDSIZE == 0


@pytest.mark.skipif(not (shutil.which("tar") and shutil.which("gunzip")), reason="needs tar and gunzip")
def test_system_tar_and_gunzip_read_it_without_a_word(tmp_path, cache):
    tree = {"a" * 120: {"b" * 120: {"ü漢": b"x"}}, "weights": random.Random(3).randbytes(2_200_000), "empty": {}}
    source = fill(tmp_path / "model", tree)
    packed = pack(source, cache=cache)
    copy = tmp_path / "copy"
    copy.mkdir()
    for command in (["gunzip", "-t", packed.path], ["tar", "-xzf", packed.path, "-C", copy]):
        done = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
        assert done.stderr == b""
    assert files(copy) == files(source)
    assert (copy / "empty").is_dir()


def test_a_file_longer_than_8_gib_has_its_length_in_the_header():
    member = collecting.Member("weights", Path("weights"), collecting.Identity(0, 0, 9 * 2**30, 0))
    header = writing._header(member)
    info = tarfile.TarFile(fileobj=io.BytesIO(header)).next()
    assert (info.name, info.size) == ("weights", 9 * 2**30)


def test_weights_are_huffman_coded_and_text_is_searched_for_matches():
    generator = random.Random(4)
    weights = struct.pack("<262144f", *(generator.gauss(0, 0.02) for _ in range(262_144)))
    for data, chosen in (
        (weights, writing.zlib_ng.Z_HUFFMAN_ONLY),
        (Path(tarfile.__file__).read_bytes(), writing.zlib_ng.Z_DEFAULT_STRATEGY),
        (bytes(1 << 20), writing.zlib_ng.Z_DEFAULT_STRATEGY),
    ):
        block = memoryview(data)
        assert writing.compress(block).compressed == writing._deflate(block, chosen)
    assert len(writing.compress(memoryview(weights)).compressed) < 0.94 * len(weights)


# --- the cache ------------------------------------------------------------------------------------------------


def test_same_content_is_not_compressed_again(model, cache, monkeypatch, tmp_path):
    first = pack(model, cache=cache)
    old = time.time() - 20 * 86_400
    os.utime(first.path, (old, old))
    monkeypatch.setattr(writing, "compress", lambda _: pytest.fail("compressed again"))
    copy = shutil.copytree(model, tmp_path / "copy")
    assert pack(copy, cache=cache) == first
    assert first.path.stat().st_mtime > old + 86_400, "not noted as used"


def test_unused_archives_go_when_a_new_one_comes(model, cache):
    cache.mkdir()
    ages = {"old.tar.gz": 31, "young.tar.gz": 29, "killed.partial": 2, "writing.partial": 0, "other": 99}
    for name, days in ages.items():
        (cache / name).touch()
        os.utime(cache / name, (time.time() - days * 86_400,) * 2)
    packed = pack(model, cache=cache)
    assert {path.name for path in cache.iterdir()} == {"young.tar.gz", "writing.partial", "other", packed.path.name}


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_nothing_half_done_stays_after_an_error(error, model, cache, monkeypatch):
    def fail(_):
        raise error

    monkeypatch.setattr(writing, "compress", fail)
    with pytest.raises(error):
        pack(model, cache=cache)
    assert list(cache.iterdir()) == []


def test_many_at_once_give_one_archive(tmp_path, cache):
    model = fill(tmp_path / "model", {"weights": random.Random(5).randbytes(3_000_000)})
    with ThreadPoolExecutor(6) as pool:
        packed = set(pool.map(lambda _: pack(model, cache=cache), range(12)))
    assert len(packed) == 1
    assert [path.name for path in cache.iterdir()] == [packed.pop().path.name]


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/sm-constructs"),
        ("linux", {}, "/home/me/.cache/sm-constructs"),
        ("darwin", {}, "/home/me/Library/Caches/sm-constructs"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/sm-constructs"),
    ],
)
def test_cache_is_where_the_platform_wants_it(platform, environment, expected, monkeypatch):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/me"))
    assert store.default_folder().as_posix() == expected


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_large_file_needs_little_memory(tmp_path):
    (tmp_path / "model").mkdir()
    with (tmp_path / "model" / "weights").open("wb") as file:
        file.write(random.Random(6).randbytes(40_000_000))
        file.truncate(400_000_000)
    script = (
        "import sys\n"
        "from sm_constructs.packing import check_archive, pack\n"
        f"packed = pack({str(tmp_path / 'model')!r}, cache={str(tmp_path)!r})\n"
        "assert check_archive(packed.path).size == packed.size\n"
        # Not getrusage: its maximum counts the parent's memory, too, from before the child became a program.
        "print(*(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))\n"
        "assert 'aws_cdk' not in sys.modules and 'jsii' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert int(done.stdout) < 100_000  # kB


def test_reading_stops_soon_after_an_interruption(tmp_path, monkeypatch):
    model = fill(tmp_path / "model", {"first": b"x", "second": b""})
    os.truncate(model / "second", 512 << 20)
    read = []

    def interrupted(_, size):
        read.append(size)
        if size == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(reading, "cores", lambda: 2)
    monkeypatch.setattr(progress.Progress, "advance", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reading.hashes(collecting.collect(model)[0], progress.Progress("model"))
    assert len(read) < 400


# --- what is packed -------------------------------------------------------------------------------------------


def test_caches_and_version_control_are_left_out(model, cache):
    before = pack(model, cache=cache)
    fill(
        model,
        {
            ".git": {"config": b"x"},
            ".DS_Store": b"x",
            "code": {"__pycache__": {"inference.pyc": b"x"}, ".git": b"gitdir: elsewhere"},
            "stale": {"deeper": {"__pycache__": {"gone.pyc": b"x"}}},
        },
    )
    assert pack(model, cache=cache).digest == before.digest


@POSIX
def test_links_that_stay_inside_become_what_they_lead_to(tmp_path, model, cache):
    (model / "alias.pth").symlink_to("model.pth")
    (model / "v2").symlink_to("code", target_is_directory=True)
    os.link(model / "model.pth", model / "hard.pth")
    linked = tmp_path / "linked"
    linked.symlink_to(model, target_is_directory=True)
    packed = pack(linked, cache=cache)
    assert unpack(packed.path, tmp_path / "copy") == {
        "alias.pth": b"weights",
        "code/inference.py": b"def model_fn(model_dir): ...",
        "hard.pth": b"weights",
        "model.pth": b"weights",
        "v2/inference.py": b"def model_fn(model_dir): ...",
    }
    with tarfile.open(packed.path) as tar:
        assert {member.type for member in tar} == {tarfile.REGTYPE, tarfile.DIRTYPE}


@POSIX
def test_names_are_stored_composed(tmp_path, cache):
    composed, decomposed = (unicodedata.normalize(form, "modèle.pt") for form in ("NFC", "NFD"))
    digests = {
        pack(fill(tmp_path / form, {name: b"x"}), cache=cache).digest
        for form, name in (("NFC", composed), ("NFD", decomposed))
    }
    assert len(digests) == 1
    both = fill(tmp_path / "both", {composed: b"x", decomposed: b"y"})
    assert "two Unicode spellings" in problems(pack, both, cache=cache)["SMC426"][0]


# --- what is refused ------------------------------------------------------------------------------------------


def test_a_directory_is_there_and_is_one(tmp_path, cache):
    (tmp_path / "file").touch()
    assert "does not exist" in problems(pack, tmp_path / "nothing", cache=cache)["SMC420"][0]
    assert "from_archive" in problems(pack, tmp_path / "file", cache=cache)["SMC420"][0]
    assert not cache.exists()


@pytest.mark.parametrize("tree", [{}, {"a": {"b": {}}}, {".git": {"config": b"x"}, ".DS_Store": b"x"}])
def test_a_directory_without_files_is_refused(tree, tmp_path, cache):
    assert list(problems(pack, fill(tmp_path / "model", tree), cache=cache)) == ["SMC421"]


@POSIX
@pytest.mark.parametrize(
    ("link", "target", "says"),
    [
        ("code/passwd", "/etc/passwd", "leaves the directory"),
        ("up", "..", "leaves the directory"),
        ("sibling", "../model-2", "leaves the directory"),
        ("gone", "missing", "leads nowhere"),
        ("self", "self", "leads nowhere"),
        ("here", ".", "a directory that it is in"),
        ("code/above", "..", "a directory that it is in"),
        ("code/round", "../other", "a directory that it is in"),
    ],
)
def test_links_that_leave_dangle_or_loop_are_refused(link, target, says, model, cache):
    fill(model.parent / "model-2", {"secret": b"x"})
    fill(model, {"other": {}})
    (model / "other" / "back").symlink_to("../code")
    (model / link).symlink_to(target)
    found = problems(pack, model, cache=cache)
    assert list(found) == ["SMC422"]
    assert any(message.startswith(link) and says in message for message in found["SMC422"])
    assert not cache.exists()


@POSIX
def test_fifos_and_sockets_are_refused(model, cache, monkeypatch):
    os.mkfifo(model / "pipe")
    monkeypatch.chdir(model)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        found = problems(pack, model, cache=cache)
    assert [message.split(",")[0] for message in found["SMC423"]] == ["pipe is a FIFO", "socket is a socket"]


@POSIX
def test_files_and_directories_that_cannot_be_read_are_refused(model, cache, monkeypatch):
    def denying(method):
        def denied(path, *arguments, **options):
            if path.name in {"model.pth", "code"}:
                raise PermissionError(13, "Permission denied")
            return method(path, *arguments, **options)

        return denied

    monkeypatch.setattr(Path, "open", denying(Path.open))  # root may read everything, whatever the mode
    monkeypatch.setattr(Path, "iterdir", denying(Path.iterdir))
    assert problems(pack, model, cache=cache)["SMC424"] == [
        "code cannot be listed: Permission denied",
        "model.pth cannot be read: Permission denied; change its mode",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that takes any bytes")
def test_names_that_the_container_cannot_have_are_refused(model, cache, monkeypatch):
    fill(model, {os.fsdecode(b"caf\xe9"): b"", "long": {"a" * 12: b"", "é" * 6 + "a": b""}})
    monkeypatch.setattr(collecting, "longest_name", lambda: 12)
    assert problems(pack, model, cache=cache)["SMC426"] == [
        "'caf\\udce9' is not UTF-8; rename it",
        f"long/{'é' * 6}a is 13 bytes long; a name has at most 12; shorten it",
    ]


def change_when(monkeypatch, module, name, change):
    """Have something changed on disk before a function of the module runs."""
    function = getattr(module, name)

    def changing(*arguments, **options):
        change()
        return function(*arguments, **options)

    monkeypatch.setattr(module, name, changing)


def test_a_file_that_grows_while_it_is_read_is_refused(model, cache, monkeypatch):
    def grow(*_):
        with (model / "model.pth").open("ab") as file:
            file.write(b"more")

    monkeypatch.setattr(progress.Progress, "advance", grow)
    found = problems(pack, model, cache=cache)
    assert any(message.startswith("model.pth changed") for message in found["SMC425"])
    assert not cache.exists()


@pytest.mark.parametrize("change", ["shrink", "touch", "replace", "remove"])
def test_a_file_that_changes_before_it_is_read_is_refused(change, model, cache, monkeypatch):
    path = model / "model.pth"

    def meanwhile():
        if change == "shrink":
            os.truncate(path, 3)
        elif change == "touch":
            os.utime(path, (1, 1))
        elif change == "remove":
            path.unlink()
        else:
            path.rename(model.parent / "away")
            path.write_bytes(b"another")

    change_when(monkeypatch, packing, "hashes", meanwhile)
    assert problems(pack, model, cache=cache)["SMC425"][0].startswith("model.pth changed")


def test_other_content_with_the_same_length_and_time_is_found_while_packing(model, cache, monkeypatch):
    path = model / "model.pth"

    def meanwhile():
        times = path.stat()
        with path.open("r+b") as file:
            file.write(b"WEIGHTS")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    change_when(monkeypatch, writing, "write", meanwhile)
    assert problems(pack, model, cache=cache)["SMC425"][0].startswith("model.pth changed")
    assert list(cache.iterdir()) == []


@POSIX
def test_all_problems_are_told_at_once(model, cache):
    (model / "gone").symlink_to("missing")
    (model / "out").symlink_to("/")
    os.mkfifo(model / "pipe")
    with pytest.raises(InvalidHosting) as caught:
        pack(model, framework="tensorflow", cache=cache)
    assert caught.value.subject == f"ModelData.from_directory({os.fspath(model)!r})"
    assert [problem.code for problem in caught.value.problems] == ["SMC422", "SMC422", "SMC423", "SMC428"]


# --- layouts --------------------------------------------------------------------------------------------------

SCRIPT = "code/inference.py"
MXNET = ("model-symbol.json", "model-shapes.json", "model-0000.params")


@pytest.mark.parametrize(
    ("framework", "names"),
    [
        ("tensorflow", ["1/saved_model.pb"]),
        ("tensorflow", ["export/Servo/00012/saved_model.pb", SCRIPT]),
        ("pytorch", ["model.pth"]),
        ("pytorch", ["net.pt", "vocabulary.txt"]),
        ("pytorch", ["weights.bin", "code/serve.py"]),
        ("mxnet", [*MXNET]),
        ("mxnet", ["net.params", SCRIPT]),
        ("huggingface", ["config.json", "model.safetensors"]),
        ("huggingface", ["model_index.json", "unet/config.json"]),
        ("huggingface", ["adapter_config.json"]),
        ("huggingface-pytorch", [SCRIPT]),
        ("sklearn", ["model.joblib", "inference.py"]),
        ("xgboost", ["xgboost-model"]),
        ("triton", ["resnet/1/model.plan", "resnet/config.pbtxt"]),
        ("tgi", ["anything"]),
    ],
)
def test_layouts_that_containers_take_are_taken(framework, names, tmp_path, cache):
    for name in names:
        (tmp_path / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "model" / name).touch()
    packed = pack(tmp_path / "model", framework=framework, cache=cache)
    assert packed.warnings == ()
    assert check_archive(packed.path, framework=framework).warnings == ()


@pytest.mark.parametrize(
    ("framework", "names", "says"),
    [
        ("tensorflow", ["saved_model.pb"], "such as 1/saved_model.pb"),
        ("tensorflow", ["v1/saved_model.pb", SCRIPT], "such as 1/saved_model.pb"),
        ("pytorch", ["weights.bin"], "one .pt or .pth file at the top"),
        ("pytorch", ["model/model.pth", "model/" + SCRIPT], "one level too deep, in model/"),
        ("pytorch", ["weights.bin", "inference.py"], "move it to code/inference.py"),
        ("pytorch", ["weights.bin", "code/readme.md"], "such as code/inference.py"),
        ("mxnet", [*MXNET[:2]], "model-0000.params"),
        ("mxnet", [f"model/{name}" for name in MXNET], "one level too deep, in model/"),
        ("huggingface", ["pytorch_model.bin"], "config.json"),
        ("huggingface", ["snapshot/config.json"], "one level too deep, in snapshot/"),
    ],
)
def test_layouts_that_containers_cannot_take_are_refused(framework, names, says, tmp_path, cache):
    for name in names:
        (tmp_path / "model" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "model" / name).touch()
    found = problems(pack, tmp_path / "model", framework=framework, cache=cache)
    assert list(found) == ["SMC428"]
    assert says in found["SMC428"][0]
    packed = pack(tmp_path / "model", cache=cache)  # without the framework there is no check
    assert says in problems(check_archive, packed.path, framework=framework)["SMC428"][0]


def test_a_script_that_no_container_reads_is_a_warning(tmp_path, cache):
    model = fill(tmp_path / "model", {"model.pth": b"", "inference.py": b""})
    (warning,) = pack(model, framework="pytorch", cache=cache).warnings
    assert (warning.code, warning.severity) == ("SMC429", "warning")
    assert "move it to code/inference.py" in warning.message
    assert pack(model, cache=cache).warnings == ()


def test_an_unknown_framework_is_told_what_there_is(model, cache):
    (message,) = problems(pack, model, framework="pytroch", cache=cache)["SMC427"]
    assert "nearest by name: pytorch" in message
    assert "tensorflow" in message
    archive = pack(model, cache=cache).path
    assert list(problems(check_archive, archive, framework="pytroch")) == ["SMC427"]


def test_every_layout_has_its_fact_and_its_framework_images():
    for framework in layouts():
        assert fact("artifacts", framework).value
        assert framework in load("images.json")["frameworks"]


# --- archives that somebody else made -------------------------------------------------------------------------


def member(name: str, *, size: int = 0, **attributes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = size
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info


def write_archive(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for info in members:
            tar.addfile(info, io.BytesIO(b"x" * info.size))
    return path


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "model.tar.gz"


def test_an_archive_as_tar_makes_it_is_taken_as_it_is(archive, tmp_path):
    model = fill(tmp_path / "model", {"model.pth": b"weights" * 9999, "code": {"inference.py": b"x"}})
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(model, ".")
    before = archive.stat()
    checked = check_archive(archive, framework="pytorch")
    assert checked.path == archive
    assert checked.size == before.st_size
    assert checked.digest == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert archive.stat().st_mtime_ns == before.st_mtime_ns


def test_an_archive_is_there_and_is_a_file(tmp_path):
    assert "does not exist" in problems(check_archive, tmp_path / "no.tar.gz")["SMC420"][0]
    assert "from_directory" in problems(check_archive, tmp_path)["SMC420"][0]


@pytest.mark.parametrize(
    ("members", "code", "says"),
    [
        ([], "SMC421", "no files"),
        ([member("folder", type=tarfile.DIRTYPE)], "SMC421", "no files"),
        ([member("../../etc/passwd")], "SMC432", "leads out"),
        ([member("code/../../x")], "SMC432", "leads out"),
        ([member("/etc/passwd")], "SMC432", "absolute"),
        ([member("a"), member("b", type=tarfile.SYMTYPE, linkname="a")], "SMC433", "b is a symbolic link to a"),
        ([member("a"), member("b", type=tarfile.LNKTYPE, linkname="a")], "SMC433", "b is a hard link to a"),
        ([member("null", type=tarfile.CHRTYPE)], "SMC423", "null is not a file"),
        ([member("disk", type=tarfile.BLKTYPE)], "SMC423", "disk is not a file"),
        ([member("pipe", type=tarfile.FIFOTYPE)], "SMC423", "pipe is not a file"),
        ([member("a"), member("a/b")], "SMC426", "a is there as a file and as a directory"),
        ([member("a/b"), member("./a")], "SMC426", "a is there as a file and as a directory"),
        ([member("a"), member("a", type=tarfile.DIRTYPE)], "SMC426", "a is there as a file and as a directory"),
        ([member("n" * 256)], "SMC426", "at most 255 bytes"),
    ],
)
def test_archives_with_members_that_cannot_be_are_refused(members, code, says, archive):
    found = problems(check_archive, write_archive(archive, *members))
    assert list(found) == [code]
    assert says in found[code][0]


def test_an_archive_has_the_right_suffix(tmp_path):
    for name in ("model.tgz", "model.tar", "model.gz", "model.TAR.GZ"):
        assert list(problems(check_archive, write_archive(tmp_path / name, member("a")))) == ["SMC430"]


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    place = tmp_path_factory.mktemp("good")
    info = member("weights", size=300_000)
    with tarfile.open(place / "model.tar.gz", "w:gz") as tar:
        tar.addfile(info, io.BytesIO(random.Random(7).randbytes(info.size)))
        tar.addfile(member("last", size=5), io.BytesIO(b"12345"))
    return (place / "model.tar.gz").read_bytes()


def test_the_undamaged_archive_of_the_next_tests_is_taken(good, archive):
    archive.write_bytes(good)
    assert check_archive(archive).size == len(good)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_cut_or_altered_archive_is_refused(data, good, tmp_path_factory):
    archive = tmp_path_factory.mktemp("damaged") / "model.tar.gz"
    at = data.draw(st.integers(0, len(good) - 1))
    if data.draw(st.booleans()):
        archive.write_bytes(good[:at])
    else:
        # Of gzip's header, only the magic and the method can be judged: the rest are remarks.
        assume(at < 3 or at >= 18 + len("model.tar"))
        archive.write_bytes(good[:at] + bytes([good[at] ^ data.draw(st.integers(1, 255))]) + good[at + 1 :])
    assert list(problems(check_archive, archive)) == ["SMC431"]


@pytest.mark.parametrize("content", [b"PK\3\4 a zip file", b"\x1f\x8b", gzip.compress(b"no tar file" * 99)])
def test_what_is_no_gzipped_tar_file_is_refused(content, archive):
    archive.write_bytes(content)
    assert list(problems(check_archive, archive)) == ["SMC431"]


def test_a_tar_file_that_was_damaged_before_it_was_zipped_is_refused(good, archive):
    tar = gzip.decompress(good)
    start = 512 + 300_000 // 512 * 512 + 512  # of the second header
    for broken in (tar[: start - 600], tar[: start + 100], tar[:start] + b"?" + tar[start + 1 :]):
        archive.write_bytes(gzip.compress(broken))
        assert list(problems(check_archive, archive)) == ["SMC431"]


def test_a_header_of_gigabytes_is_not_read_into_memory(archive):
    claim = member("././@PaxHeader", type=tarfile.XHDTYPE, size=4 * 2**30).tobuf(tarfile.USTAR_FORMAT)
    archive.write_bytes(gzip.compress(claim + bytes(1 << 20)))
    assert "a header of" in problems(check_archive, archive)["SMC431"][0]


def test_an_archive_of_many_members_needs_little_memory(archive):
    write_archive(archive, *(member(f"{number}") for number in range(4000)))
    tracemalloc.start()
    check_archive(archive)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3_000_000


def test_an_archive_that_changes_while_it_is_read_is_refused(good, archive, monkeypatch):
    archive.write_bytes(good)

    def grow(*_):
        with archive.open("ab") as file:
            file.write(b"\0")

    monkeypatch.setattr(progress.Progress, "begin", grow)
    assert "SMC425" in problems(check_archive, archive)


# --- progress -------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_one_line_that_is_gone_at_the_end(model, cache, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0)
    monkeypatch.setattr(progress, "_PAUSE", 0)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    pack(model, cache=cache)
    lines = terminal.getvalue().split("\r")
    assert lines[0] == ""
    assert any(line.startswith("reading model: ") for line in lines)
    assert any(line.startswith("packing model: 100 % of") for line in lines)
    assert lines[-2].strip() == lines[-1] == ""
    assert len(lines[-2]) >= len(lines[-3].rstrip())
    assert "\n" not in terminal.getvalue()
    assert "\x1b" not in terminal.getvalue()


def test_progress_is_silent_without_a_terminal_and_before_two_seconds(model, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    pack(model, cache=tmp_path / "quick")
    assert progress.PATIENCE == 2
    monkeypatch.setattr(progress, "PATIENCE", 0)
    monkeypatch.setattr(sys, "stderr", plain := io.StringIO())
    pack(model, cache=tmp_path / "piped")
    monkeypatch.setattr(sys, "stderr", None)
    pack(model, cache=tmp_path / "none")
    assert terminal.getvalue() == plain.getvalue() == ""


# --- the list of codes ----------------------------------------------------------------------------------------


def test_every_guard_has_a_code_of_this_topic_and_facts_that_exist():
    assert list(packing.GUARDS) == [f"SMC{number}" for number in range(420, 434)]
    for guard in packing.GUARDS.values():
        assert guard.source
        for address in guard.facts:
            assert fact(*address.split("/")).value
