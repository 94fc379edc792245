"""Batch transform: the requests for jobs that state machines and schedules send, since no resource type is a job.

A request stands in the definition of a state machine, written out or as a text, or in the input of a schedule. What a
state machine takes from its own input, ``….$`` in JSONPath and ``{% … %}`` in JSONata, is not known before it runs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from sm_constructs.instances import Instances
from sm_constructs.model_data import S3Location
from sm_constructs.reading.intrinsics import is_intrinsic, number_token, opaque, token
from sm_constructs.reading.models import read_location, read_model, read_network, unknown_model
from sm_constructs.reading.nodes import Found, Node, made, nothing
from sm_constructs.reading.resources import MODEL, SCHEDULE, STATE_MACHINES
from sm_constructs.reading.written import written
from sm_constructs.spec import once_each
from sm_constructs.transform import (
    SCHEDULER_KEYWORD,
    BatchDataCapture,
    DataProcessing,
    TransformInput,
    TransformOutput,
    TransformSchedule,
    TransformSpec,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sm_constructs.reading.resources import Resource, Template

CALL = "createTransformJob"
"""How the call is named where it is sent from."""

_DEEPEST = 60
_SENT_BY_MACHINE = re.compile(rf":states:::(?:aws-sdk:)?sagemaker:{CALL}(?P<waits>\.sync(?::2)?)?(?:\.\w+)?")
_SENT_BY_SCHEDULE = re.compile(rf":scheduler:::aws-sdk:sagemaker:{CALL}")
_KEYWORD = re.compile(rf"{SCHEDULER_KEYWORD}([a-z-]+)>")
_SUBSTITUTED = re.compile(r"\$\{(\w+)\}")


class JobRequest(NamedTuple):
    """A request for transform jobs."""

    sender: Resource
    """The state machine or the schedule."""
    node: Node
    """What it says."""
    waits: bool
    """Whether the sender waits for the end of the job."""


@once_each
def job_requests(template: Template) -> Iterator[JobRequest]:
    """Give the requests for transform jobs in a template, as far as they are written there."""
    if not template.mentions(CALL):
        return
    for schedule in template.of_type(SCHEDULE):
        target = schedule["Target"]
        request = _written(target["Input"]) if _SENT_BY_SCHEDULE.search(target["Arn"].said or "") else None
        if request is not None:
            yield JobRequest(schedule, request, waits=False)
    for machine, task in tasks(template):
        sent = _SENT_BY_MACHINE.search(task["Resource"].said or "")
        request = task["Arguments"] or task["Parameters"]
        if sent and isinstance(request.value, dict) and not request.is_intrinsic:
            yield JobRequest(machine, request, waits=sent["waits"] is not None)


@once_each
def tasks(template: Template) -> Iterator[tuple[Resource, Node]]:
    """Give the tasks of the state machines in a template, each with its machine."""
    return ((each, task) for each in template.of_type(*STATE_MACHINES) for task in _tasks(_definition(each)))


def _definition(machine: Resource) -> Node:
    given = machine["DefinitionSubstitutions"]
    texts = given.mapping().value or {}
    for name in ("Definition", "DefinitionString"):
        if found := _written(machine[name], texts):
            return found
    return machine["Definition"]


def _written(node: Node, texts: Mapping[str, str] | None = None) -> Node | None:
    """Give the mapping that is written in a place; nothing where there is none.

    A state machine puts texts in by name, a schedule what stands for its keywords.
    """
    path, value = written(node, lambda text: _filled_in(text, texts)) or ("", None)
    return Node(path, _known(value, texts, _DEEPEST)) if isinstance(value, dict) else None


def _known(value: Any, texts: Mapping[str, str] | None, depth: int) -> Any:  # noqa: ANN401 - JSON
    """Give a value with texts put in, and tokens for what is not known before it is carried out."""
    if isinstance(value, str):
        return _filled_in(value, texts)
    if not isinstance(value, dict | list) or is_intrinsic(value):
        return value
    if not depth:
        return opaque(value)
    if isinstance(value, list):
        return [_known(each, texts, depth - 1) for each in value]
    return dict(_known_member(name, each, texts, depth - 1) for name, each in value.items())


def _known_member(name: Any, value: Any, texts: Mapping[str, str] | None, depth: int) -> tuple[Any, Any]:  # noqa: ANN401
    if isinstance(name, str) and name.endswith(".$"):
        return name.removesuffix(".$"), opaque(value)
    return name, _known(value, texts, depth)


def _filled_in(text: str, texts: Mapping[str, str] | None) -> str:
    if text.startswith("{%"):
        return opaque(text)
    if texts is None:
        return _KEYWORD.sub(lambda match: token(match[1]), text)
    return _SUBSTITUTED.sub(lambda match: texts.get(match[1], token(match[1])), text)


def _tasks(machine: Node) -> Iterator[Node]:
    """Give the tasks of a state machine, those in its parallel and repeated parts too."""
    states = machine["States"]
    for name in states.value if isinstance(states.value, dict) else ():
        state = states[name]
        if state["Type"].said == "Task":
            yield state
        for part in (*state["Branches"].entries(), state["Iterator"], state["ItemProcessor"]):
            yield from _tasks(part)


def read_transforms(template: Template, *, region: str | None, account: str | None) -> Iterator[Found[TransformSpec]]:
    """Read the batch transforms in a template; in their paths, what follows `INSIDE` is a place in a text.

    Parameters
    ----------
    template : Template
        The template.
    region, account : str or None
        Where it will be deployed, if it is known.
    """
    for request in job_requests(template):
        node = request.node
        name = node["ModelName"]
        model = template.referred(MODEL, name.said)
        client = node["ModelClientConfig"]
        yield made(
            TransformSpec,
            node,
            model=unknown_model(name) if model is None else read_model(model),
            network=nothing(name) if model is None else read_network(model),
            instances=_read_instances(node["TransformResources"]),
            encryption_key=node["TransformResources"]["VolumeKmsKeyId"].text(),
            input=_read_input(node["TransformInput"]),
            output=_read_output(node["TransformOutput"]),
            job_name_prefix=_text(node["TransformJobName"]),
            schedule=_read_schedule(request.sender),
            strategy=node["BatchStrategy"].text(),
            max_payload_mb=node["MaxPayloadInMB"].number(),
            max_concurrent_transforms=node["MaxConcurrentTransforms"].number(),
            invocation_timeout=client["InvocationsTimeoutInSeconds"].time(),
            invocation_retries=client["InvocationsMaxRetries"].number(),
            environment=node["Environment"].mapping(),
            data_processing=_read_processing(node["DataProcessing"]),
            data_capture=_read_capture(node["DataCaptureConfig"]),
            region=Found(region, node),
            account=Found(account, node),
        )


def _text(node: Node) -> Found[str]:
    """Give a text; a token of its own where there is none."""
    text = node.text().value
    return Found(token(node.path) if text is None else text, node)


def _location(node: Node) -> Found[S3Location]:
    place, unknown = read_location(node).value, token(node.path)
    return Found(S3Location(unknown, unknown) if place is None else place, node)


def _read_instances(node: Node) -> Found[Instances]:
    count = node["InstanceCount"].number()
    return made(
        Instances,
        node,
        type=_text(node["InstanceType"]),
        count=Found(number_token(node.path), node["InstanceCount"]) if count.value is None else count,
        ami_version=node["TransformAmiVersion"].text(),
    )


def _read_input(node: Node) -> Found[TransformInput]:
    source = node["DataSource"]["S3DataSource"]
    is_listed = source["S3DataType"].said not in (None, "S3Prefix")
    unknown = token(node.path)
    return made(
        TransformInput,
        node,
        location=Found(S3Location(unknown, unknown), source["S3Uri"]) if is_listed else _location(source["S3Uri"]),
        manifest=_location(source["S3Uri"]) if is_listed else nothing(source["X"]),
        content_type=node["ContentType"].text(),
        compression=node["CompressionType"].text(),
        split=node["SplitType"].text(),
    )


def _read_output(node: Node) -> Found[TransformOutput]:
    return made(
        TransformOutput,
        node,
        location=_location(node["S3OutputPath"]),
        accept=node["Accept"].text(),
        assemble_with=node["AssembleWith"].text(),
        encryption_key=node["KmsKeyId"].text(),
    )


def _read_processing(node: Node) -> Found[DataProcessing | None]:
    if not node:
        return nothing(node)
    return made(
        DataProcessing,
        node,
        input_filter=node["InputFilter"].text(),
        output_filter=node["OutputFilter"].text(),
        join_source=node["JoinSource"].text(),
    )


def _read_capture(node: Node) -> Found[BatchDataCapture | None]:
    if not node:
        return nothing(node)
    return made(
        BatchDataCapture,
        node,
        destination=_location(node["DestinationS3Uri"]),
        encryption_key=node["KmsKeyId"].text(),
        generate_inference_id=node["GenerateInferenceId"].flag(),
    )


def _read_schedule(sender: Resource) -> Found[TransformSchedule | None]:
    if sender.type != SCHEDULE:
        return nothing(sender["X"])
    retries = sender["Target"]["RetryPolicy"]
    return made(
        TransformSchedule,
        sender,
        schedule=_text(sender["ScheduleExpression"]),
        start=sender["StartDate"].moment(),
        end=sender["EndDate"].moment(),
        time_zone=sender["ScheduleExpressionTimezone"].text(),
        flexible_window=sender["FlexibleTimeWindow"]["MaximumWindowInMinutes"].time(unit=60),
        retry_attempts=retries["MaximumRetryAttempts"].number(),
        max_event_age=retries["MaximumEventAgeInSeconds"].time(),
    )
