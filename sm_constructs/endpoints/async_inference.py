"""Asynchronous inference: where the answers go, and what the role needs for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_constructs.binding import key_arn, place_of, topic_arn
from sm_constructs.permissions import Needs

if TYPE_CHECKING:
    from sm_constructs.binding import Properties, Site
    from sm_constructs.spec import AsyncInference


def render_async(asynchronous: AsyncInference, site: Site) -> Properties:
    """Write the asynchronous part of an endpoint configuration."""
    output: Properties = {"s3OutputPath": place_of(asynchronous.output, site).uri}
    if asynchronous.failures is not None:
        output["s3FailurePath"] = place_of(asynchronous.failures, site).uri
    if asynchronous.output_encryption_key is not None:
        output["kmsKeyId"] = key_arn(asynchronous.output_encryption_key)
    notification: Properties = {}
    if asynchronous.success_topic is not None:
        notification["successTopic"] = topic_arn(asynchronous.success_topic)
    if asynchronous.error_topic is not None:
        notification["errorTopic"] = topic_arn(asynchronous.error_topic)
    if asynchronous.include_response_in:
        notification["includeInferenceResponseIn"] = list(asynchronous.include_response_in)
    if notification:
        output["notificationConfig"] = notification
    properties: Properties = {"outputConfig": output}
    if asynchronous.max_concurrent_invocations_per_instance is not None:
        most = asynchronous.max_concurrent_invocations_per_instance
        properties["clientConfig"] = {"maxConcurrentInvocationsPerInstance": most}
    return properties


def async_needs(asynchronous: AsyncInference, site: Site) -> Needs:
    """Say what the execution role needs to read requests, write answers and tell of them."""
    outputs = [place_of(each, site) for each in (asynchronous.output, asynchronous.failures) if each is not None]
    inputs = [place_of(each, site) for each in asynchronous.inputs]
    topics = [each for each in (asynchronous.success_topic, asynchronous.error_topic) if each is not None]
    own_key = asynchronous.output_encryption_key
    return Needs(
        objects=tuple((place.bucket_arn, place.prefix) for place in inputs),
        keys=tuple(key for place in inputs for key in place.kms_keys),
        writes=tuple((place.bucket_arn, place.prefix) for place in outputs),
        write_keys=(
            *(key for place in outputs for key in place.kms_keys),
            *(() if own_key is None else (key_arn(own_key),)),
        ),
        topics=tuple(topic_arn(topic) for topic in topics),
    )
