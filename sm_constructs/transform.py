"""Batch transform: where its records come from and go to, when it runs, and the plain description of all of it."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from datetime import timezone
from typing import TYPE_CHECKING, Literal, TypedDict

from sm_constructs.spec import EndpointSpec, ModelSpec, VariantSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sqs as sqs

    from sm_constructs.durations import Time
    from sm_constructs.instances import Instances
    from sm_constructs.model_data import S3Location
    from sm_constructs.network import Network

BatchStrategy = Literal["MultiRecord", "SingleRecord"]
SplitType = Literal["None", "Line", "RecordIO", "TFRecord"]

SCHEDULER_KEYWORD = "<aws.scheduler."
"""How the keywords begin that EventBridge Scheduler replaces in what it sends."""


@dataclass(frozen=True, slots=True)
class TransformInput:
    """The records, and how they are sent.

    Parameters
    ----------
    location : S3Location
        Where the records lie; every object whose key begins with the prefix. The execution role may read there. In a
        scheduled job the prefix may hold keywords of EventBridge Scheduler, see `TransformOutput`.
    manifest : S3Location, optional
        A manifest: the object, under `location` or elsewhere, that lists which objects of `location` are meant.
        Default: all of them.
    content_type : str, optional
        The MIME type that each request has, such as ``"text/csv"``. Default: SageMaker's choice.
    compression : "None" or "Gzip", optional
        How the objects are compressed; the container gets them unpacked. Default: not at all.
    split : "None", "Line", "RecordIO" or "TFRecord", optional
        What an object is split into records at. Default: each object is one request.

    Examples
    --------
    >>> TransformInput(S3Location(bucket, "customers/"), content_type="text/csv", split="Line")

    See Also
    --------
    AWS: ``TransformInput`` and ``TransformS3DataSource`` in the SageMaker API reference.
    """

    location: S3Location
    _: KW_ONLY
    manifest: S3Location | None = None
    content_type: str | None = None
    compression: Literal["None", "Gzip"] | None = None
    split: SplitType | None = None


@dataclass(frozen=True, slots=True)
class TransformOutput:
    """Where the results go, and how they are written.

    Parameters
    ----------
    location : S3Location
        Where they go: for each object of the input one whose key ends in ``.out``; a later job overwrites what an
        earlier one wrote there. In a scheduled job, keywords such as ``<aws.scheduler.execution-id>`` in the prefix are
        replaced, so each run can have a folder of its own; the execution role may write under what stands before them.
    accept : str, optional
        The MIME type that each request asks for. Default: SageMaker's choice.
    assemble_with : "None" or "Line", optional
        Whether a line break follows each result. Default: the results follow each other as they are.
    encryption_key : IKey, optional
        The KMS key that encrypts the results. Default: the one of the bucket, if it has one.

    Examples
    --------
    >>> TransformOutput(S3Location(bucket, "scores/"), accept="text/csv", assemble_with="Line")
    >>> TransformOutput(S3Location(bucket, "scores/<aws.scheduler.scheduled-time>/"))

    See Also
    --------
    AWS: ``TransformOutput`` in the SageMaker API reference; "Adding context attributes" in the EventBridge Scheduler
    user guide.
    """

    location: S3Location
    _: KW_ONLY
    accept: str | None = None
    assemble_with: Literal["None", "Line"] | None = None
    encryption_key: kms.IKey | str | None = None


@dataclass(frozen=True, slots=True)
class DataProcessing:
    """What of a record goes to the model, and what goes out with the answer. The records are CSV or JSON.

    Parameters
    ----------
    input_filter : str, optional
        The part of a record that the model gets, as JSONPath. Default: ``$``, all of it.
    output_filter : str, optional
        The part of the result, joined or not, that is written, as JSONPath. Default: ``$``, all of it.
    join_source : "Input" or "None", optional
        ``"Input"`` puts the answer beside its record. Default: the answer stands alone.

    Examples
    --------
    >>> DataProcessing(input_filter="$[1:]", join_source="Input", output_filter="$[0,-1]")

    See Also
    --------
    AWS: "Associate prediction results with input records" in the SageMaker developer guide.
    """

    _: KW_ONLY
    input_filter: str | None = None
    output_filter: str | None = None
    join_source: Literal["Input", "None"] | None = None


@dataclass(frozen=True, slots=True)
class BatchDataCapture:
    """Recording of the requests and answers of transform jobs.

    Parameters
    ----------
    destination : S3Location
        Where the records go.
    encryption_key : IKey, optional
        The KMS key for it. Default: none.
    generate_inference_id : bool, default False
        Whether each result gets an id, by which ground truth can be merged.

    Examples
    --------
    >>> BatchDataCapture(S3Location(bucket, "captured/"))

    See Also
    --------
    AWS: ``BatchDataCaptureConfig`` in the SageMaker API reference.
    """

    destination: S3Location
    _: KW_ONLY
    encryption_key: kms.IKey | str | None = None
    generate_inference_id: bool = False


@dataclass(frozen=True, slots=True)
class TransformSchedule:
    """When jobs start, and what happens when one does not.

    Parameters
    ----------
    schedule : str
        When: ``cron(…)`` with six fields, ``rate(…)``, or ``at(yyyy-mm-ddThh:mm:ss)``.
    start, end : datetime, optional
        The time in which the schedule holds; without a time zone it is UTC. Default: from now on, for ever.
    time_zone : str, optional
        The time zone of `schedule`, such as ``"Europe/Berlin"``. Default: UTC.
    flexible_window : Duration or timedelta, optional
        How much later a job may start, 1 to 1440 whole minutes. Default: it starts on time.
    retry_attempts : int, optional
        How often the start of a job is tried again, 0 to 185. Default: 185.
    max_event_age : Duration or timedelta, optional
        For how long it is tried, 60 to 86400 seconds. Default: a day.
    dead_letter_queue : IQueue, optional
        Where the starts go that failed for good; a standard queue. Default: nobody is told.

    Examples
    --------
    >>> TransformSchedule("cron(0 3 * * ? *)", time_zone="Europe/Berlin", retry_attempts=3)

    See Also
    --------
    AWS: "Schedule types" and "Configuring a schedule's dead-letter queue" in the EventBridge Scheduler user guide.
    """

    schedule: str
    _: KW_ONLY
    start: datetime | None = None
    end: datetime | None = None
    time_zone: str | None = None
    flexible_window: Time | None = None
    retry_attempts: int | None = None
    max_event_age: Time | None = None
    dead_letter_queue: sqs.IQueue | None = None


class TransformOptions(TypedDict, total=False):
    """What may be said of a batch transform besides what runs, on what, and over which records.

    Attributes
    ----------
    strategy : "MultiRecord" or "SingleRecord"
        Whether a request carries as many records as fit or one; needs `TransformInput.split`. Default: SageMaker's
        choice.
    max_payload_mb : int
        How large a request may be, 0 to 100 MB; 0 sends it in chunks. Default: what the container asks for, else 6.
    max_concurrent_transforms : int
        How many requests each instance gets at once; with `max_payload_mb` at most 100 MB together. Default: what
        the container asks for, else 1.
    invocation_timeout : Duration or timedelta
        How long a request may take, 1 to 3600 seconds. Default: 600 seconds.
    invocation_retries : int
        How often a failed request is sent again, 0 to 3. Default: 3.
    environment : Mapping[str, str]
        Environment variables of each job, on top of the containers' own: at most 16. Default: none.
    data_processing : DataProcessing
        What of a record goes to the model, and what goes out with the answer. Default: all of it, the answer alone.
    data_capture : BatchDataCapture
        Where the requests and answers are recorded. Default: nowhere.
    job_name_prefix : str
        The beginning of the jobs' names, at most 26 letters, digits and hyphens; each run adds an id of its own.
        Default: the ids of the construct.
    role : IRole
        The execution role. It gets the permissions that it lacks, unless it is imported as immutable.
        Default: a role of its own, with just what the jobs need.
    network : Network
        A VPC for the containers, network isolation, or both. Default: SageMaker's own network.
    encryption_key : IKey
        The KMS key that encrypts the EBS volumes of the instances; not for types with local NVMe disks.
        Default: an AWS managed key.
    """

    strategy: BatchStrategy
    max_payload_mb: int
    max_concurrent_transforms: int
    invocation_timeout: Time
    invocation_retries: int
    environment: Mapping[str, str]
    data_processing: DataProcessing
    data_capture: BatchDataCapture
    job_name_prefix: str
    role: iam.IRole
    network: Network
    encryption_key: kms.IKey


def in_utc(moment: datetime) -> datetime:
    """Give a moment in UTC, which one without a time zone already is."""
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformSpec:
    """One batch transform.

    Attributes
    ----------
    model : ModelSpec
        What runs.
    job_name_prefix : str
        The beginning of the jobs' names.
    instances, input, output, schedule
        As the arguments of `BatchTransform`.
    strategy, max_payload_mb, max_concurrent_transforms, invocation_timeout, invocation_retries, environment
        As in `TransformOptions`.
    data_processing, data_capture, role, network, encryption_key
        As in `TransformOptions`.
    region, account : str | None
        The region and the account it will be in, where they are known before deployment.
    """

    model: ModelSpec
    instances: Instances
    input: TransformInput
    output: TransformOutput
    job_name_prefix: str
    schedule: TransformSchedule | None = None
    strategy: BatchStrategy | None = None
    max_payload_mb: int | None = None
    max_concurrent_transforms: int | None = None
    invocation_timeout: Time | None = None
    invocation_retries: int | None = None
    environment: Mapping[str, str] | None = None
    data_processing: DataProcessing | None = None
    data_capture: BatchDataCapture | None = None
    role: iam.IRole | None = None
    network: Network | None = None
    encryption_key: kms.IKey | str | None = None
    region: str | None = None
    account: str | None = None

    def as_endpoint(self) -> EndpointSpec:
        """Give a real-time endpoint of the same model: CreateModel refuses the same things of both."""
        return EndpointSpec(
            kind="real-time",
            variants=(VariantSpec(model=self.model, instances=self.instances),),
            network=self.network,
            region=self.region,
            account=self.account,
        )


__all__ = [
    "BatchDataCapture",
    "DataProcessing",
    "TransformInput",
    "TransformOptions",
    "TransformOutput",
    "TransformSchedule",
    "TransformSpec",
]
