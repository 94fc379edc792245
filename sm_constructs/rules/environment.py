"""What the environment variables of containers say to well-known servers, and what does not belong there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sm_constructs.containers import Container
from sm_constructs.rules.containers import by_uri, running
from sm_constructs.rules.instances import known_types
from sm_constructs.rules.registry import Finding, rule
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.spec import EndpointSpec

_URI = "ContainerImage.from_uri('123456789012.dkr.ecr.eu-west-1.amazonaws.com/{}')"
_CONTAINER = f"container=Container({_URI.format('scorer:1.4')}, environment={{}})"
_ELASTIC_INFERENCE_IMAGE = re.compile(r"[a-z]+-inference-eia")
_HUB_VARIABLES = ("HF_MODEL_ID", "SM_VLLM_MODEL", "OPTION_MODEL_ID")
_SHARD_VARIABLES = (
    "SM_NUM_GPUS",
    "OPTION_TENSOR_PARALLEL_DEGREE",
    "TENSOR_PARALLEL_DEGREE",
    "SM_VLLM_TENSOR_PARALLEL_SIZE",
)
_KEY_WORDS = r"ACCESS|API|AUTH|BEARER|HF|HUB|HUGGING_?FACE|GITHUB|GITLAB|REFRESH|SECRET|WANDB"
_SECRET = re.compile(
    rf"(.*_)?(PASSWORD|PASSWD|SECRET|SECRET_(ACCESS_)?KEY|API_?KEY|PRIVATE_KEY)|(.*_)?({_KEY_WORDS})_TOKEN",
    re.IGNORECASE,
)

_URL_WITH_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@{}$<>*]+@", re.IGNORECASE)


@once_each
def _variables(spec: EndpointSpec) -> Iterator[tuple[str, str, str]]:
    """Give every environment variable of which the name is known: its place, its name, its value."""
    for at, container in running(spec):
        for name, value in (container.environment or {}).items():
            if isinstance(name, str) and isinstance(value, str):
                yield f"{at}.environment[{name!r}]", name, value


@rule(
    "SMC415",
    "An image is not made for Elastic Inference",
    severity="warning",
    where=by_uri,
    source="ProductionVariant.AcceleratorType: Elastic Inference is no longer available",
    facts=["realtime/accelerator_type"],
    good=f"container=Container({_URI.format('tensorflow-inference:2.14')})",
    bad=f"container=Container({_URI.format('tensorflow-inference-eia:2.3.0-cpu')})",
)
def elastic(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of images for accelerators that are no longer there."""
    for at, _, parts in by_uri(spec):
        if parts is not None and _ELASTIC_INFERENCE_IMAGE.fullmatch(parts.repository):
            yield Finding(at, f"is {parts.repository}, made for Elastic Inference, which is no longer available")


@rule(
    "SMC416",
    "An isolated container has its model at hand",
    severity="warning",
    where=_variables,
    source="CreateModel.EnableNetworkIsolation: no inbound or outbound network calls to or from the containers",
    good=_CONTAINER.replace("{}", "{'HF_MODEL_ID': '/opt/ml/model'}") + ", network=Network(isolated=True)",
    bad=_CONTAINER.replace("{}", "{'HF_MODEL_ID': 'acme/chat-7b'}") + ", network=Network(isolated=True)",
)
def at_hand(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of models that are on a hub which the container cannot reach."""
    if spec.network is None or spec.network.isolated is not True:
        return
    for at, name, value in _variables(spec):
        if name in _HUB_VARIABLES and is_text(value) and value and not value.startswith(("/", "s3://")):
            yield Finding(at, f"is {value!r}, which the isolated container cannot download")


@rule(
    "SMC417",
    "A secret does not stand in the environment",
    severity="warning",
    where=_variables,
    source='DescribeModel shows the environment; "Use dynamic references to get values", CloudFormation user guide',
    good=_CONTAINER.replace("{}", "{'API_KEY_PARAMETER': '/shop/api-key'}"),
    bad=_CONTAINER.replace("{}", "{'DB_PASSWORD': 'hunter2'}"),
)
def secret(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of what everyone can read who may describe the model."""
    for at, name, value in _variables(spec):
        if _SECRET.fullmatch(name) and is_text(value) and value and not value.startswith(("arn:", "/", "{{")):
            yield Finding(at, "is a secret by its name, and everyone reads it who may see the template or the model")
        elif is_text(value) and _URL_WITH_PASSWORD.match(value):
            yield Finding(at, "has a password in its URL, and everyone reads it who may see the template or the model")


@rule(
    "SMC332",
    "A model is split over no more GPUs than an instance has",
    severity="warning",
    where=_variables,
    source="The settings of the servers in AWS's images for large models; the GPUs of instance types",
    facts=["instances/table"],
    good=_CONTAINER.replace("{}", "{'SM_NUM_GPUS': '4'}") + ", instances=Instances('ml.g5.12xlarge')",
    bad=_CONTAINER.replace("{}", "{'SM_NUM_GPUS': '4'}") + ", instances=Instances('ml.g5.2xlarge')",
)
def shards(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of more shards than GPUs."""
    for at, variant in spec.placed_variants():
        if variant.model is None or variant.instances is None:
            continue
        kinds = [kind for kind in known_types(variant.instances) if kind.gpus is not None and not kind.neuron_devices]
        for index, container in enumerate(variant.model.containers):
            environment = container.environment or {} if isinstance(container, Container) else {}
            for name in _SHARD_VARIABLES:
                value = environment.get(name)
                few = [kind for kind in kinds if str(value).isdecimal() and kind.gpus and int(str(value)) > kind.gpus]
                for kind in few[:1]:
                    place = f"{at}.model.containers[{index}].environment[{name!r}]"
                    yield Finding(place, f"is {value}, and {kind.name} has {kind.gpus} GPU{'s' * (kind.gpus != 1)}")
