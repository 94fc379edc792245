"""What is seen of an endpoint: captured requests, explanations, core dumps, metrics; and what the role needs for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sm_constructs.binding import key_arn, place_of
from sm_constructs.durations import seconds
from sm_constructs.permissions import Needs

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

    from sm_constructs.binding import Properties, Site
    from sm_constructs.data_capture import DataCapture
    from sm_constructs.explainer import ClarifyExplainer
    from sm_constructs.instances import Instances
    from sm_constructs.metrics_config import MetricsConfig
    from sm_constructs.model_data import S3Location


def _given(**properties: object) -> Properties:
    """Give the properties that are said."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in properties.items()
        if value is not None and value != ()
    }


def _written(location: S3Location, key: kms.IKey | str | None, site: Site) -> Needs:
    """Say what the execution role needs to write to a place."""
    place = place_of(location, site)
    own = () if key is None else (key_arn(key),)
    return Needs(writes=((place.bucket_arn, place.prefix),), write_keys=(*place.kms_keys, *own))


def render_data_capture(capture: DataCapture, site: Site) -> Properties:
    """Write a data capture configuration."""
    types = _given(jsonContentTypes=capture.json_content_types, csvContentTypes=capture.csv_content_types)
    return _given(
        enableCapture=True,
        destinationS3Uri=place_of(capture.destination, site).uri,
        initialSamplingPercentage=capture.percent,
        captureOptions=[{"captureMode": mode} for mode in capture.modes],
        kmsKeyId=None if capture.encryption_key is None else key_arn(capture.encryption_key),
        captureContentTypeHeader=types or None,
    )


def capture_needs(capture: DataCapture, site: Site) -> Needs:
    """Say what the execution role needs to keep requests and answers."""
    return _written(capture.destination, capture.encryption_key, site)


def render_core_dump(instances: Instances, site: Site) -> Properties:
    """Write where core dumps go, if they are kept."""
    if instances.core_dump is None:
        return {}
    key = instances.core_dump_key
    dump = _given(
        destinationS3Uri=place_of(instances.core_dump, site).uri, kmsKeyId=None if key is None else key_arn(key)
    )
    return {"coreDumpConfig": dump}


def core_dump_needs(instances: Instances | None, site: Site) -> Needs:
    """Say what the execution role needs to keep core dumps."""
    if instances is None or instances.core_dump is None:
        return Needs()
    return _written(instances.core_dump, instances.core_dump_key, site)


def render_metrics_config(config: MetricsConfig) -> Properties:
    """Write which metrics are published."""
    return _given(
        enableEnhancedMetrics=config.enhanced,
        enableDetailedObservability=config.detailed,
        metricPublishFrequencyInSeconds=seconds(config.publish_every),
    )


def render_explainer(explainer: ClarifyExplainer, site: Site) -> Properties:
    """Write the configuration of the explainer."""
    where = explainer.baseline_location
    text = _given(language=explainer.text_language, granularity=explainer.text_granularity)
    shap = _given(
        shapBaselineConfig=_given(
            mimeType=explainer.mime_type,
            shapBaseline=explainer.baseline,
            shapBaselineUri=None if where is None else place_of(where, site).uri,
        ),
        numberOfSamples=explainer.samples,
        useLogit=explainer.use_logit,
        seed=explainer.seed,
        textConfig=text or None,
    )
    inference = _given(
        featuresAttribute=explainer.features_attribute,
        contentTemplate=explainer.content_template,
        maxRecordCount=explainer.max_record_count,
        maxPayloadInMb=explainer.max_payload_mb,
        probabilityIndex=explainer.probability_index,
        labelIndex=explainer.label_index,
        probabilityAttribute=explainer.probability_attribute,
        labelAttribute=explainer.label_attribute,
        labelHeaders=explainer.label_headers,
        featureHeaders=explainer.feature_headers,
        featureTypes=explainer.feature_types,
    )
    clarify = _given(enableExplanations=explainer.enable, inferenceConfig=inference or None, shapConfig=shap)
    return {"clarifyExplainerConfig": clarify}


def explainer_needs(explainer: ClarifyExplainer, site: Site) -> Needs:
    """Say what the execution role needs to read the baseline."""
    if explainer.baseline_location is None:
        return Needs()
    place = place_of(explainer.baseline_location, site)
    return Needs(objects=((place.bucket_arn, place.prefix),), keys=place.kms_keys)
