"""Fuzzes what reads and checks templates, guided by coverage, for some time: ``python scripts/fuzz.py --seconds 300``.

Needs atheris, which is not among the development dependencies since it has wheels for Linux alone: run it in an
environment of its own, with this package, PyYAML and atheris. Half of the inputs are bytes of a file, half are good
templates with other values in some places. Each new kind of crash is told, and its input kept.
"""

from __future__ import annotations

import argparse
import copy
import importlib
import json
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
atheris: Any = importlib.import_module("atheris")

with atheris.instrument_imports(include=["sm_constructs", "yaml"]):
    from sm_constructs.checking import check_template
    from sm_constructs.linting.documents import Document, decode, read
    from sm_constructs.linting.places import Unreadable

SEEDS = [
    path
    for folder in ("tests/golden", "tests/catalogue/templates")
    for path in sorted((ROOT / folder).glob("*"))
    if path.suffix in {".json", ".yaml"}
]
GOOD = [read(decode(path.read_bytes())).value for path in SEEDS]
WORDS = ["!Ref ", "!Sub ", "!If ", "!GetAtt ", "!!int ", "<<: ", "&a ", "*a", "---", "? ", "|+", "Fn::If", "Fn::Sub"]
VALUES: list[Any] = [
    *(None, True, 0, -1, 1.5, 1e308, 10**30, "", "a", "${A}", "${!A}", "${", "-1", "1e999", "\ud800", "a/b"),
    *([], {}, [None], [[]], {"": None}, {"a": {}}, {"Ref": "AWS::NoValue"}, {"Ref": "AWS::Region"}, {"Ref": "A"}),
    *({"Ref": None}, {"Ref": []}, {"Condition": "A"}, {"Fn::Split": ["", ""]}, {"Fn::Select": [{}, []]}),
    *({"Fn::If": ["A", 1, 2]}, {"Fn::If": []}, {"Fn::If": ["A", {"Ref": "AWS::NoValue"}, []]}, {"Fn::Sub": "${A}"}),
    *({"Fn::Sub": ["${A}", {"A": []}]}, {"Fn::Join": ["", [1, None, {}]]}, {"Fn::GetAtt": [{}, 1]}),
    {"Fn::FindInMap": ["A", {"Ref": "B"}, []]},
]


def main() -> None:
    """Run the fuzzer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--crashes", type=Path, default=Path("crashes"), help="where their inputs go")
    options = parser.parse_args()
    known: set[tuple[str, str, int]] = set()

    def once(data: bytes) -> None:
        try:
            _try(data)
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            kind = (type(error).__name__, Path(place.filename).name, place.lineno or 0)
            if kind not in known:
                known.add(kind)
                options.crashes.mkdir(exist_ok=True)
                name = options.crashes / f"{'-'.join(map(str, kind))}.input"
                name.write_bytes(data if data[:1] < b"\x80" else json.dumps(_changed(data[1:])).encode())
                traceback.print_exc()
                sys.stderr.write(f"kept as {name}\n")

    with tempfile.TemporaryDirectory() as temporary:
        corpus = Path(temporary, "corpus")
        corpus.mkdir()
        for number, path in enumerate(SEEDS):
            (corpus / path.name).write_bytes(b"\0" + path.read_bytes())
            (corpus / f"{number}").write_bytes(b"\xff" + bytes([number]) * 20)
        words = Path(temporary, "words")
        keys = {key for each in GOOD for key in _keys(each)}
        words.write_text("".join(f"{json.dumps(word)}\n" for word in [*WORDS, *sorted(keys)] if word.isascii()))
        arguments = [f"-max_total_time={options.seconds}", f"-dict={words}", "-max_len=20000", "-timeout=20"]
        atheris.Setup([sys.argv[0], str(corpus), *arguments], once)
        atheris.Fuzz()


def _try(data: bytes) -> None:
    if data[:1] < b"\x80":
        try:
            document = read(decode(data[1:]))
        except Unreadable:
            return
    else:
        document = Document(_changed(data[1:]), dict.fromkeys)  # type: ignore[arg-type]
    try:
        problems = check_template(document.value, region="eu-west-1")
    except ValueError as error:
        if type(error).__name__ != "NoTemplate":
            raise
        return
    document.positions({problem.path for problem in problems})
    for problem in problems:
        str(problem)


def _changed(data: bytes) -> object:
    """Give a good template with other values in some places, as the data says."""
    source = atheris.FuzzedDataProvider(data)
    template = copy.deepcopy(GOOD[source.ConsumeIntInRange(0, len(GOOD) - 1)])
    for _ in range(source.ConsumeIntInRange(1, 4)):
        place: Any = template
        while isinstance(place, dict | list) and place:
            steps = sorted(place, key=str) if isinstance(place, dict) else range(len(place))
            around, step = place, steps[source.ConsumeIntInRange(0, len(steps) - 1)]
            place = place[step]
            if source.ConsumeIntInRange(0, 5) == 0:
                break
        kind = source.ConsumeIntInRange(0, len(VALUES) + 1)
        if kind < len(VALUES):
            around[step] = copy.deepcopy(VALUES[kind])
        elif kind == len(VALUES):
            around[step] = source.ConsumeUnicode(20)
        else:
            around[step] = [place, place]
    return template


def _keys(value: object) -> set[str]:
    if isinstance(value, dict):
        return {*value, *(key for each in value.values() for key in _keys(each))}
    return {key for each in value for key in _keys(each)} if isinstance(value, list) else set()


if __name__ == "__main__":
    main()
