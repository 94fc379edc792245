"""Keeping requests and answers."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms

    from sm_constructs.model_data import S3Location


@dataclass(frozen=True, slots=True)
class DataCapture:
    """Keep requests and answers in S3, to look at them later.

    Parameters
    ----------
    destination : S3Location
        Where they go; the execution role may write there, and nowhere else.
    percent : int, default 100
        How much of the traffic is kept, 0 to 100.
    modes : Sequence[str], default ("Input", "Output")
        What is kept: ``"Input"``, ``"Output"`` or ``"InputAndOutput"``.
    encryption_key : IKey or str, optional
        The KMS key (or its ARN) that encrypts them. Default: what the bucket does.
    json_content_types, csv_content_types : Sequence[str], default ()
        The content types that are kept as JSON or as text, up to 10 each; all others are kept in base64.

    Examples
    --------
    >>> DataCapture(S3Location(bucket, "captured/"), percent=10, json_content_types=["application/json"])

    See Also
    --------
    AWS: "Capture data from real-time endpoint" in the SageMaker developer guide. It stops where the disk of an
    instance is three quarters full; and Model Monitor, which need not read what it keeps, takes no new customers.
    """

    destination: S3Location
    _: KW_ONLY
    percent: int = 100
    modes: Sequence[str] = ("Input", "Output")
    encryption_key: kms.IKey | str | None = None
    json_content_types: Sequence[str] = ()
    csv_content_types: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("modes", "json_content_types", "csv_content_types"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
