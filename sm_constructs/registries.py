"""Image URIs in Amazon ECR, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = r"\$\{Token\[[^\]]+\]\}"  # noqa: S105 - a CDK token, no secret
_ECR_URI = re.compile(
    rf"(?P<account>\d{{12}}|{_TOKEN})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+|{_TOKEN})"
    rf"\.(?:[a-z0-9.-]+|{_TOKEN})/(?P<repository>[^:@]+)(?::[^@]+)?(?:@.+)?"
)


@dataclass(frozen=True, slots=True)
class EcrUri:
    """The parts of the URI of an image in Amazon ECR; each may be a CDK token."""

    account: str
    region: str
    repository: str


@lru_cache
def parse_ecr_uri(uri: str) -> EcrUri | None:
    """Take an image URI apart; ``None`` where the registry is not Amazon ECR, or not known before deployment.

    >>> parse_ecr_uri("123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/scorer:1.4")
    EcrUri(account='123456789012', region='eu-west-1', repository='team/scorer')
    """
    match = _ECR_URI.fullmatch(uri)
    return None if match is None else EcrUri(match["account"], match["region"], match["repository"])
