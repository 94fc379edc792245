"""One transform job: the request that starts it, and what its execution role needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_constructs.binding import key_arn, place_of
from sm_constructs.durations import seconds
from sm_constructs.permissions import Needs
from sm_constructs.transform import SCHEDULER_KEYWORD

if TYPE_CHECKING:
    from sm_constructs.binding import Place, Site
    from sm_constructs.transform import TransformSpec

Request = dict[str, Any]
"""The parameters of a request, under AWS's names."""

LOG_GROUP = "/aws/sagemaker/TransformJobs"
"""Where the containers of all transform jobs of an account write their logs, and the namespace of their metrics."""


def job_request(spec: TransformSpec, site: Site, *, job_name: str, model_name: str) -> Request:
    """Write the request of CreateTransformJob."""
    return _given(
        TransformJobName=job_name,
        ModelName=model_name,
        BatchStrategy=spec.strategy,
        MaxPayloadInMB=spec.max_payload_mb,
        MaxConcurrentTransforms=spec.max_concurrent_transforms,
        ModelClientConfig=_given(
            InvocationsTimeoutInSeconds=seconds(spec.invocation_timeout),
            InvocationsMaxRetries=spec.invocation_retries,
        ),
        Environment=dict(spec.environment or {}),
        TransformInput=_input(spec, site),
        TransformOutput=_given(
            S3OutputPath=place_of(spec.output.location, site).uri,
            Accept=spec.output.accept,
            AssembleWith=spec.output.assemble_with,
            KmsKeyId=None if spec.output.encryption_key is None else key_arn(spec.output.encryption_key),
        ),
        TransformResources=_given(
            InstanceType=spec.instances.type,
            InstanceCount=spec.instances.count,
            TransformAmiVersion=spec.instances.ami_version,
            VolumeKmsKeyId=None if spec.encryption_key is None else key_arn(spec.encryption_key),
        ),
        DataProcessing=_processing(spec),
        DataCaptureConfig=_capture(spec, site),
    )


def _input(spec: TransformSpec, site: Site) -> Request:
    manifest = spec.input.manifest
    source = {
        "S3DataType": "S3Prefix" if manifest is None else "ManifestFile",
        "S3Uri": place_of(spec.input.location if manifest is None else manifest, site).uri,
    }
    return _given(
        DataSource={"S3DataSource": source},
        ContentType=spec.input.content_type,
        CompressionType=spec.input.compression,
        SplitType=spec.input.split,
    )


def _processing(spec: TransformSpec) -> Request:
    processing = spec.data_processing
    if processing is None:
        return {}
    return _given(
        InputFilter=processing.input_filter,
        OutputFilter=processing.output_filter,
        JoinSource=processing.join_source,
    )


def _capture(spec: TransformSpec, site: Site) -> Request:
    capture = spec.data_capture
    if capture is None:
        return {}
    return _given(
        DestinationS3Uri=place_of(capture.destination, site).uri,
        KmsKeyId=None if capture.encryption_key is None else key_arn(capture.encryption_key),
        GenerateInferenceId=True if capture.generate_inference_id else None,
    )


def _given(**parameters: Any) -> Request:  # noqa: ANN401 - JSON
    return {name: value for name, value in parameters.items() if value is not None and value != {}}


def job_needs(spec: TransformSpec, site: Site) -> Needs:
    """Say what the execution role needs to read the records and write the results."""
    records, results = place_of(spec.input.location, site), [place_of(spec.output.location, site)]
    objects = [(records.bucket_arn, _everything_under(records))]
    keys = [*records.kms_keys]
    if spec.input.manifest is not None:
        manifest = place_of(spec.input.manifest, site)
        objects.append((manifest.bucket_arn, manifest.prefix))
        keys += manifest.kms_keys
    own_keys = [spec.output.encryption_key]
    if spec.data_capture is not None:
        results.append(place_of(spec.data_capture.destination, site))
        own_keys.append(spec.data_capture.encryption_key)
    return Needs(
        objects=tuple(objects),
        keys=tuple(keys),
        writes=tuple((place.bucket_arn, _known(place.prefix)) for place in results),
        write_keys=(
            *(key for place in results for key in place.kms_keys),
            *(key_arn(key) for key in own_keys if key is not None),
        ),
    )


def _known(prefix: str) -> str:
    """Give what of a prefix is the same in every run."""
    return prefix.partition(SCHEDULER_KEYWORD)[0]


def _everything_under(place: Place) -> str:
    # A prefix of records need not end with a folder: data/2026 means data/2026-01.csv too.
    prefix = _known(place.prefix)
    return prefix if prefix.endswith("/") or not prefix else f"{prefix}*"
