"""The command line, ``sm-constructs``.

A command's own module is imported only when the command runs, unless it is light and reads the command's arguments.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from functools import cache
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

_SHIFT = """\
Moves the traffic of an endpoint between its variants, in steps of the same size from the shares they have now to the
ones that the weights give. Variants that are not named keep their weight. The counts of instances stay as they are.

An alarm that goes on, an error, or Ctrl-C bring the old weights back; a second Ctrl-C leaves at once. With --abort-on
the last step is watched for an interval, too. If somebody else changes the endpoint meanwhile, it is left as it is.

Exits with 0 when the traffic is moved, 1 when it went back or nothing was done, 2 when the arguments are wrong."""

_DIFF = """\
Says what deploying a stack will do to its endpoints, before it runs: compares the synthesised template with the
deployed one, and where the endpoints can be read, with the instance counts and weights that they have now.

Exits with 0, or with 1 if something will fail, 2 when the arguments are wrong."""

_CHECK = """\
Checks the SageMaker hosting resources in CloudFormation templates, whoever wrote them: what AWS would refuse is an
error, what it accepts although it will hurt is a warning.

A PATH is
  a file          with a template, JSON or YAML; of any name
  a cdk.out       all stacks of the synthesised application, those of its stages and nested ones too, each where it
                  will be deployed
  another folder  every template in it and below: *.json, *.yaml, *.yml, *.template; other files are passed over
  -               a template from the standard input

Problems that a template says it knows of are left out, for all of it or for a resource:
  Metadata: {sm-constructs: {config: {ignore_checks: [SMC102]}}}

Exits with 0 when no error is found, 1 when there are errors (or warnings, with --fail-on warning), 2 when the
arguments are wrong, or something cannot be read or is no template; everything else is checked then, too."""


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


@cache
def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sm-constructs", description="Serve models on Amazon SageMaker with the AWS CDK.", allow_abbrev=False
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_local(commands)
    _add_shift(commands)
    _add_diff(commands)
    _add_check(commands)
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


def _add_shift(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from sm_constructs import shift

    command = _add(commands, "shift", "move the traffic of an endpoint between its variants", _SHIFT)
    command.add_argument("endpoint", metavar="ENDPOINT", help="the name of the endpoint")
    command.add_argument(
        "weights", metavar="VARIANT=WEIGHT", nargs="+", type=shift.parse_weight, help="the weight that a variant gets"
    )
    command.add_argument("--steps", type=shift.parse_steps, default=1, help="how many steps (default: 1)")
    command.add_argument(
        "--interval", type=shift.parse_interval, default="5m", help="the time between steps: 30s, 5m, 1h (default: 5m)"
    )
    command.add_argument(
        "--abort-on", metavar="ALARM", action="append", default=[], help="go back on this alarm; may be repeated"
    )
    _add_place(command)
    command.set_defaults(run="sm_constructs.shift:run", passes_arguments=False, error=command.error)


def _add_diff(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = _add(commands, "diff", "say what deploying a stack will do to its endpoints", _DIFF)
    command.add_argument("stack", metavar="STACK", help="the stack's name, or its id in the application")
    wanted = command.add_mutually_exclusive_group()
    wanted.add_argument(
        "--app", metavar="DIRECTORY", default="cdk.out", help="the synthesised application (default: cdk.out)"
    )
    wanted.add_argument("--template", metavar="PATH", help="the template that is to be deployed, in place of --app")
    command.add_argument("--deployed", metavar="PATH", help="the template that is deployed; AWS is not asked then")
    command.add_argument("--json", action="store_true", help="write JSON")
    _add_place(command)
    command.set_defaults(run="sm_constructs.diffing.command:run", passes_arguments=False)


def _add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = _add(commands, "check", "check any CloudFormation template", _CHECK)
    command.add_argument("paths", metavar="PATH", nargs="*", help="a template, a folder, or - (see above)")
    command.add_argument(
        "--format",
        choices=["text", "json", "sarif", "github"],
        default="text",
        help="what to write: text (the default), json, sarif (SARIF 2.1.0), github (annotations in GitHub's workflows)",
    )
    command.add_argument(
        "--severity",
        choices=["error", "warning"],
        default="warning",
        help="the least that is shown and counts (default: warning)",
    )
    command.add_argument(
        "--fail-on",
        choices=["error", "warning"],
        default="error",
        help="the least with which the command exits with 1 (default: error)",
    )
    command.add_argument(
        "--ignore",
        metavar="CODE",
        type=str.upper,
        action="append",
        default=[],
        help="leave out a rule, or all whose codes begin so; may be repeated",
    )
    command.add_argument("--region", help="where the templates will be deployed (default: as the application says)")
    command.add_argument("--account", help="in which account (default: as the application says)")
    command.add_argument(
        "--explain", metavar="CODE", type=str.upper, help="say what a rule is about and what it stands on, and no more"
    )
    command.set_defaults(run="sm_constructs.linting.command:run", passes_arguments=False, error=command.error)


def _add_place(command: argparse.ArgumentParser) -> None:
    command.add_argument("--region", help="the region (default: as boto3 finds it)")
    place = command.add_mutually_exclusive_group()
    place.add_argument("--profile", help="the profile of the AWS configuration")
    place.add_argument(
        "--local", action="store_true", help="use the embedded AWS that `sm-constructs local up` keeps running"
    )


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
