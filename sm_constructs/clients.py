"""The AWS that a command talks to: the one that boto3 finds, or the embedded one if that is asked for.

Never the embedded one by itself: a command that changes what serves must not depend on what else is running.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def clients(*, local: bool, region: str | None, profile: str | None) -> Callable[[str], Any]:
    """Give what makes a boto3 client of a service, by the service's name.

    Parameters
    ----------
    local : bool
        Whether to use the embedded AWS that ``sm-constructs local up`` keeps running for the current directory.
        Otherwise boto3's own ways lead there: profile, environment variables, ``AWS_ENDPOINT_URL`` among them.
    region, profile : str, optional
        As for boto3.

    Raises
    ------
    RuntimeError
        If no embedded AWS is running, or boto3 finds no region or no such profile.
    """
    if local:
        from sm_constructs.local import find

        aws = find()
        if aws is None:
            message = "No embedded AWS is running for this directory. `sm-constructs local up` keeps one running."
            raise RuntimeError(message)
        return lambda service: aws.client(service, region=region)

    with aws_errors():
        import boto3

        session: Any = boto3.session.Session(profile_name=profile, region_name=region)
    if session.region_name is None:
        message = "No region is known. Give --region, or set AWS_REGION."
        raise RuntimeError(message)
    return session.client  # type: ignore[no-any-return]


@contextmanager
def aws_errors() -> Iterator[None]:
    """Raise what AWS, or the way to it, answers as a `RuntimeError`, which the command line shows."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise RuntimeError(str(error)) from error
