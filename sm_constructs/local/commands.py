"""What ``sm-constructs local …`` does."""

from __future__ import annotations

import contextlib
import importlib.util
import shlex
import sys
from typing import TYPE_CHECKING

from sm_constructs.local import cdk, leash, status
from sm_constructs.local.aws import DEFAULT_ACCOUNT, DEFAULT_REGION, Aws
from sm_constructs.local.embedded import EmbeddedAws, find

if TYPE_CHECKING:
    import argparse


def deploy(options: argparse.Namespace) -> int:
    """Deploy the application to the embedded AWS, then show its endpoints."""
    with contextlib.ExitStack() as stack:
        aws = _running(options)
        if aws is None:
            aws = stack.enter_context(_embedded(options))
        aws.bootstrap()
        code = _cdk(aws, "deploy", "--require-approval", "never", *options.arguments)
        sys.stdout.write("\n")
        _show(aws)
        return code


def destroy(options: argparse.Namespace) -> int:
    """Destroy the application's stacks in the embedded AWS that ``up`` keeps running."""
    aws = _running(options)
    return _not_running() if aws is None else _cdk(aws, "destroy", "--force", *options.arguments)


def show_status(options: argparse.Namespace) -> int:
    """Show the endpoints of the embedded AWS that ``up`` keeps running."""
    aws = _running(options)
    if aws is None:
        return _not_running()
    _show(aws)
    return 0


def up(options: argparse.Namespace) -> int:
    """Keep the embedded AWS running until Ctrl-C, and print what other clients need."""
    with _embedded(options, announced=True) as aws:
        for name, value in aws.variables.items():
            sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
        sys.stdout.flush()
        sys.stderr.write("The embedded AWS runs until Ctrl-C.\n")
        try:
            return aws.wait()
        except KeyboardInterrupt:
            return 0


def _embedded(options: argparse.Namespace, *, announced: bool = False) -> EmbeddedAws:
    if importlib.util.find_spec("moto") is None:
        message = "The embedded AWS needs an extra: pip install 'sm-constructs[local]'"
        raise RuntimeError(message)
    return EmbeddedAws(
        account=options.account or DEFAULT_ACCOUNT, region=options.region or DEFAULT_REGION, announced=announced
    )


def _running(options: argparse.Namespace) -> Aws | None:
    aws = find()
    if aws is None:
        return None
    if options.account not in {None, aws.account}:
        message = f"The embedded AWS that is running has account {aws.account}, not {options.account}."
        raise RuntimeError(message)
    aws.region = options.region or aws.region
    return aws


def _not_running() -> int:
    sys.stderr.write("No embedded AWS is running for this directory. `sm-constructs local up` keeps one running.\n")
    return 1


def _cdk(aws: Aws, *arguments: str) -> int:
    return leash.run_live(cdk.command(*arguments), environment=cdk.environment(aws.environment))


def _show(aws: Aws) -> None:
    sys.stdout.write(f"{status.table(status.endpoints(aws))}\n")
    sys.stdout.flush()
