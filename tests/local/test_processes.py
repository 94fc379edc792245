"""Every process that the command line starts ends with it, and nothing is left behind; the real thing, started anew."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sm_constructs.local import embedded

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")

APP_COMMAND = f"{sys.executable} -c import time; time.sleep(60)"
HANGING_APP = f"{sys.executable} -c 'import time; time.sleep(60)'"


class Session:
    """Runs the command line in a directory and a temporary directory of its own, and knows all processes of it."""

    def __init__(self, directory: Path) -> None:
        self.project = directory / "project"
        self.temporary = directory / "tmp"
        self.project.mkdir()
        self.temporary.mkdir()
        self.mark = f"SM_CONSTRUCTS_TEST={uuid.uuid4()}"
        name, _, value = self.mark.partition("=")
        self.environment = os.environ | {name: value, "TMPDIR": str(self.temporary)}
        self.environment.pop("XDG_RUNTIME_DIR", None)
        self.written = directory / "written"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        with self.written.open("w") as written:
            return subprocess.Popen(
                [sys.executable, "-m", "sm_constructs.cli", "local", *arguments],
                cwd=self.project,
                env=self.environment,
                stdout=written,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sm_constructs.cli", "local", *arguments],
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def processes(self) -> dict[int, str]:
        """Give the command lines of all processes with this session's mark in their environment."""
        found = {}
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and self.mark.encode() in (entry / "environ").read_bytes():
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    if command:  # a process that has ended, and that nobody has asked for its exit code, has none
                        found[int(entry.name)] = command
        return found

    def ports(self) -> list[int]:
        found = []
        for pid, command in self.processes().items():
            if "sm_constructs.local.server" in command:
                found += [port for port in listening_ports(pid) if embedded.identity(port) is not None]
        return found

    def wait_for(self, what: Callable[[], object], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, (self.processes(), self.written.read_text())
            time.sleep(0.05)

    def leaves_nothing(self, port: int) -> None:
        self.wait_for(lambda: not self.processes(), seconds=30)
        assert list(self.temporary.iterdir()) == []
        # A process that ends loses its environment before its sockets.
        self.wait_for(lambda: is_free(port), seconds=5)


def is_free(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def listening_ports(pid: int) -> list[int]:
    """Give the TCP ports at which a process listens."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            inodes |= set(re.findall(r"socket:\[(\d+)\]", str(descriptor.readlink())))
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [int(row[1].partition(":")[2], 16) for row in rows if row[3] == "0A" and row[9] in inodes]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    session = Session(tmp_path)
    # Where a shell started the tests in the background, Ctrl-C is ignored, and would be by all that they start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield session
    signal.signal(signal.SIGINT, before)
    for pid in session.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "killed"])
def test_deploy_takes_all_its_processes_with_it(session: Session, ending: signal.Signals):
    process = session.start("deploy", "--app", HANGING_APP)
    # The application runs: the CDK has started it, the leash the CDK, and the command line the leash.
    session.wait_for(lambda: any(command.startswith(APP_COMMAND) for command in session.processes().values()))
    assert any("/cdk deploy" in command for command in session.processes().values())
    (port,) = session.ports()
    assert len(list(session.temporary.glob("sm-constructs-*"))) == 1

    if ending is signal.SIGINT:
        os.killpg(process.pid, ending)  # as a terminal does: to the whole group
    else:
        process.send_signal(ending)
    assert process.wait(30) == {signal.SIGINT: 130, signal.SIGKILL: -9}[ending], session.written.read_text()
    session.leaves_nothing(port)


def test_up_is_found_by_the_others_in_its_directory_and_leaves_nothing(session: Session):
    process = session.start("up", "--region", "eu-west-1", "--account", "111122223333")
    session.wait_for(lambda: "Ctrl-C" in session.written.read_text())
    exports = dict(re.findall(r"export (\w+)=(\S+)", session.written.read_text()))
    assert exports["AWS_REGION"] == "eu-west-1"
    (port,) = session.ports()
    assert exports["AWS_ENDPOINT_URL"] == f"http://localhost:{port}"

    # Another client, with nothing but these variables.
    client = subprocess.run(
        [sys.executable, "-c", "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"],
        env=session.environment | exports,
        capture_output=True,
        text=True,
        check=True,
    )
    assert client.stdout.strip() == "111122223333"

    shown = session.run("status")
    assert (shown.returncode, shown.stdout) == (0, "There are no endpoints.\n")
    other = session.run("status", "--account", "999999999999")
    assert other.returncode == 1
    assert "has account 111122223333" in other.stderr
    second = session.run("up")
    assert second.returncode == 1
    assert "Another embedded AWS is running" in second.stderr

    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(30) == 0
    session.leaves_nothing(port)
    after = session.run("status")
    assert after.returncode == 1
    assert "No embedded AWS is running" in after.stderr


def test_deploy_alone_deploys_shows_the_endpoints_and_leaves_nothing(session: Session, apps: Path):
    done = session.run("deploy", "--all", "--app", str(apps / "first"))
    assert done.returncode == 0, done.stdout + done.stderr
    heading, row = done.stdout.splitlines()[-2:]
    assert heading.split() == ["ENDPOINT", "KIND", "STATE", "VARIANTS", "CAPACITY", "AGE"]
    assert row.startswith("chat      real-time  InService  main (ml.m5.large x 1)  1-4       ")
    assert session.processes() == {}
    assert list(session.temporary.iterdir()) == []
    assert list(session.project.iterdir()) == []


def test_deploy_status_and_destroy_use_the_one_that_is_up(session: Session, apps: Path):
    process = session.start("up")
    session.wait_for(lambda: "Ctrl-C" in session.written.read_text())
    (port,) = session.ports()
    assert session.run("deploy", "--app", str(apps / "first")).returncode == 0
    assert session.ports() == [port]
    shown = session.run("status")
    assert (shown.returncode, shown.stdout.count("\n")) == (0, 2)
    # The exit code is the CDK's; what was there stays.
    assert session.run("deploy", "--app", str(apps / "wrong")).returncode == 1
    assert session.run("status").stdout.splitlines()[1].startswith("chat  ")
    assert session.run("destroy", "--app", str(apps / "first")).returncode == 0
    assert session.run("status").stdout == "There are no endpoints.\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 143
    session.leaves_nothing(port)


def test_what_a_killed_one_left_is_not_taken_for_a_running_one(session: Session):
    process = session.start("up")
    session.wait_for(lambda: "Ctrl-C" in session.written.read_text())
    for pid in session.processes():
        os.kill(pid, signal.SIGKILL)
    process.wait(30)
    assert len(list(session.temporary.iterdir())) == 1
    assert session.run("status").returncode == 1
    assert list(session.temporary.iterdir()) == []


def test_a_server_that_does_not_start_is_told_with_its_reason(session: Session, monkeypatch: pytest.MonkeyPatch):
    broken = session.project / "moto"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('moto is broken')")
    session.environment["PYTHONPATH"] = str(session.project)
    failed = session.run("deploy", "--app", HANGING_APP)
    assert failed.returncode == 1
    assert "The embedded AWS did not start." in failed.stderr
    assert "moto is broken" in failed.stderr
    assert list(session.temporary.iterdir()) == []
