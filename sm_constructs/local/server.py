"""The process of the embedded AWS: moto's server with this package's additions, on a socket that it was given.

Started by `sm_constructs.local.embedded`; not meant to be started by hand.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, make_server

from sm_constructs.local.embedded import IDENTITY_PATH
from sm_constructs.local.leash import when_parent_ends

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def main() -> None:
    """Serve until the parent ends or a signal comes, then remove the runtime directory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", type=int, required=True, help="file descriptor of a listening socket")
    parser.add_argument("--account", required=True, help="the account that everything is in")
    parser.add_argument("--directory", type=Path, required=True, help="removed at the end")
    options = parser.parse_args()

    listening = socket.socket(fileno=options.socket)
    host, port = listening.getsockname()
    _set_environment(options.account, port)
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    server = make_server(
        host,
        port,
        _Identified(_application(), options.account),
        threaded=True,
        request_handler=MotoRequestHandler,
        fd=listening.fileno(),
    )

    def end(*_: object) -> None:
        # From another thread: shutdown() waits for the loop, which a signal handler would be inside of.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the parent, which ends this process
    when_parent_ends(lambda: _end_soon(server, options.directory))
    threading.Thread(target=_warm_up, daemon=True).start()
    try:
        server.serve_forever()
    finally:
        shutil.rmtree(options.directory, ignore_errors=True)
        sys.stdout.flush()
        # Requests still running keep threads that nobody waits for.
        os._exit(0)


def _end_soon(server: BaseWSGIServer, directory: Path) -> None:
    """End, also if a request that runs right now does not."""

    def give_up() -> None:
        shutil.rmtree(directory, ignore_errors=True)
        os._exit(0)

    timer = threading.Timer(1.0, give_up)
    timer.daemon = True
    timer.start()
    server.shutdown()


def _set_environment(account: str, port: int) -> None:
    """Set what moto, and the resource types that send requests to this very process, read from the environment."""
    address = f"http://127.0.0.1:{port}"
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "embedded",
        "AWS_SECRET_ACCESS_KEY": "embedded",
        "AWS_ENDPOINT_URL": address,
        "AWS_EC2_METADATA_DISABLED": "true",
        "MOTO_ACCOUNT_ID": account,
        # Roles attach AWS's managed policies; without this, moto has none.
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
        "MOTO_PORT": str(port),
        "NO_PROXY": "127.0.0.1,localhost",
    }
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTP_PROXY", "http_proxy"):
        os.environ.pop(name, None)


def _application() -> WSGIApplication:
    # Not at the top of the module: moto reads the environment when it is imported.
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    from sm_constructs.local import patches
    from sm_constructs.local.checks import CheckedApplication

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    patches.apply()
    return CheckedApplication(DomainDispatcherApplication(create_backend_app))


def _warm_up() -> None:
    """Load what the first deployment needs while the CDK command line is still starting."""
    from cfnlint.schema import manager  # noqa: F401


class _Identified:
    """Answers who the server is; leaves everything else to another application."""

    def __init__(self, application: WSGIApplication, account: str) -> None:
        self._application = application
        self._identity = json.dumps({"pid": os.getpid(), "account": account}).encode()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != IDENTITY_PATH:
            return self._application(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [self._identity]


if __name__ == "__main__":
    main()
