"""The command line, ``sm-constructs``. A command's own module is imported only when the command runs."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOCAL = """\
Deploys to an AWS embedded in this package, with the real CDK: nothing leaves the machine, nothing costs anything.

`local deploy` alone starts the embedded AWS, deploys, shows the endpoints, and ends it again. To keep it, run
`local up` in another terminal, in the same directory: `deploy`, `status` and `destroy` then use that one."""

_DEPLOY = """\
Bootstraps the embedded AWS if that is not done yet, runs `cdk deploy --require-approval never` against it, and shows
the endpoints. Exits with the CDK's code.

Every other option goes to `cdk deploy` as it is. The most useful ones:
  --all                   all stacks of the application
  STACK …                 the stacks of these names
  --app COMMAND           the application, if cdk.json does not name it
  -c KEY=VALUE            a context value"""

_DESTROY = """\
Runs `cdk destroy --force` against the embedded AWS that `local up` keeps running.

Every other option goes to `cdk destroy` as it is, such as --all, the names of stacks, --app and -c."""

_UP = """\
Keeps the embedded AWS running until Ctrl-C. Prints the environment variables with which other clients reach it:
the AWS command line, boto3, the CDK itself. It is found by commands that run in the same directory."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; give the exit code.

    Parameters
    ----------
    arguments : Sequence[str], default those of the process
        The arguments.
    """
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and not options.passes_arguments:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.arguments = rest
    # As an exception, so that everything that was started ends in order.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    module, _, function = options.run.partition(":")
    try:
        code: int = getattr(importlib.import_module(module), function)(options)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except RuntimeError as error:
        sys.stderr.write(f"sm-constructs: {error}\n")
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sm-constructs", description="Serve models on Amazon SageMaker with the AWS CDK.", allow_abbrev=False
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_local(commands)
    return parser


def _add_local(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    local = _add(commands, "local", "deploy to an AWS embedded in this package", _LOCAL)
    actions = local.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, function, summary, description, passes_arguments in (
        ("deploy", "deploy", "deploy the application and show its endpoints", _DEPLOY, True),
        ("status", "show_status", "show the endpoints", "Shows the endpoints of the AWS that `local up` runs.", False),
        ("destroy", "destroy", "destroy the application's stacks", _DESTROY, True),
        ("up", "up", "keep the embedded AWS running", _UP, False),
    ):
        action = _add(actions, name, summary, description)
        action.add_argument("--account", help="the account id (default: 123456789012)")
        action.add_argument("--region", help="the region of stacks that name none (default: us-east-1)")
        action.set_defaults(run=f"sm_constructs.local.commands:{function}", passes_arguments=passes_arguments)


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, summary: str, description: str
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=summary,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


if __name__ == "__main__":
    sys.exit(main())
