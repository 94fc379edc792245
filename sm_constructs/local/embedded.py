"""Starts the embedded AWS as a process of its own, and finds one that is running."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sm_constructs.local import leash
from sm_constructs.local.aws import DEFAULT_ACCOUNT, DEFAULT_REGION, Aws

if TYPE_CHECKING:
    from typing_extensions import Self

_START_SECONDS = 60.0
#: Where the process says who it is: a port alone could be anybody's.
IDENTITY_PATH = "/sm-constructs/identity"


class EmbeddedAws(Aws):
    """An AWS in a process of its own, for as long as the context lasts.

    Everything in it is gone afterwards. The process ends with this one, even if this one is killed.

    Parameters
    ----------
    account : str, default "123456789012"
        The account that everything in it belongs to.
    region : str, default "us-east-1"
        The region of clients and of stacks that name none.
    announced : bool, default False
        Whether `find` finds it from the same directory.

    Examples
    --------
    >>> with EmbeddedAws() as aws:  # doctest: +SKIP
    ...     aws.deploy("python3 app.py", "--all")
    ...     aws.client("sagemaker").list_endpoints()
    """

    def __init__(
        self, *, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION, announced: bool = False
    ) -> None:
        super().__init__(0, account=account, region=region)
        self._announced = announced
        self._resources = contextlib.ExitStack()
        self._process: subprocess.Popen[str]

    def __enter__(self) -> Self:
        """Start the process; return when it answers."""
        with contextlib.ExitStack() as started:
            directory = _runtime_directory() if self._announced else Path(tempfile.mkdtemp(prefix="sm-constructs-"))
            # The process removes it, too: it lives on for a moment when this one is killed.
            started.callback(shutil.rmtree, directory, ignore_errors=True)
            process = self._process = self._start(directory)
            started.enter_context(leash.let_go(process))
            self._wait_until_ready(process, directory)
            if self._announced:
                announcement = {"port": self.port, "pid": process.pid, "account": self.account, "region": self.region}
                (directory / "announcement.json").write_text(json.dumps(announcement))
            self._resources = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._resources.close()

    def wait(self) -> int:
        """Wait until the process ends by itself; give its exit code."""
        return self._process.wait()

    def _start(self, directory: Path) -> subprocess.Popen[str]:
        # The socket is bound here and handed over, so nobody can take the port in between; it listens before the
        # process is up, and whoever connects early waits.
        with socket.create_server(("127.0.0.1", 0)) as listening, (directory / "log").open("w") as log:
            self.port = listening.getsockname()[1]
            number = listening.fileno()
            command = [sys.executable, "-m", "sm_constructs.local.server", "--socket", str(number)]
            return subprocess.Popen(  # noqa: S603 - our own module
                [*command, "--account", self.account, "--directory", str(directory)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[number],
                start_new_session=True,
                text=True,
            )

    def _wait_until_ready(self, process: subprocess.Popen[str], directory: Path) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while identity(self.port) is None:
            if process.poll() is not None or time.monotonic() > deadline:
                log = (directory / "log").read_text(errors="replace") if directory.exists() else ""
                message = f"The embedded AWS did not start.\n{log}"
                raise RuntimeError(message)
            time.sleep(0.05)


def find() -> Aws | None:
    """Find the embedded AWS that ``sm-constructs local up`` keeps running for the current directory, if any."""
    announcement = _runtime_directory_path() / "announcement.json"
    try:
        if announcement.stat().st_uid != os.getuid():
            return None
        told: dict[str, Any] = json.loads(announcement.read_text())
    except (FileNotFoundError, ValueError):
        return None
    if (identity(told["port"]) or {}).get("pid") != told["pid"]:
        # Left by a process that was killed together with its parent.
        shutil.rmtree(announcement.parent, ignore_errors=True)
        return None
    return Aws(told["port"], account=told["account"], region=told["region"])


def identity(port: int) -> dict[str, Any] | None:
    """Ask whatever listens at a port of this machine whether it is an embedded AWS; None if it is not."""
    no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with no_proxy.open(f"http://127.0.0.1:{port}{IDENTITY_PATH}", timeout=5) as answer:
            told: dict[str, Any] = json.load(answer)
            return told
    except (OSError, ValueError):
        return None


def _runtime_directory_path() -> Path:
    """Give the directory of the embedded AWS that belongs to the current directory.

    It lies outside of the project, so nothing can be committed by mistake, and only this user can write to it.
    """
    project = hashlib.sha256(str(Path.cwd()).encode()).hexdigest()[:16]
    parent = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    if not parent.is_absolute() or not parent.is_dir():
        parent = Path(tempfile.gettempdir())
    return parent / f"sm-constructs-{os.getuid()}-{project}"


def _runtime_directory() -> Path:
    find()  # which removes what a killed one left
    directory = _runtime_directory_path()
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        message = f"Another embedded AWS is running for {Path.cwd()}, or starting."
        raise RuntimeError(message) from None
    return directory
