"""Data capture, explanations, and which metrics are published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_constructs.data_capture import DataCapture
from sm_constructs.explainer import ClarifyExplainer
from sm_constructs.metrics_config import MetricsConfig
from sm_constructs.reading.models import read_location
from sm_constructs.reading.nodes import Found, made, nothing, several

if TYPE_CHECKING:
    from sm_constructs.reading.nodes import Node


def read_data_capture(node: Node) -> Found[DataCapture | None]:
    """Read a data capture configuration, unless it is switched off."""
    if not node or node["EnableCapture"].says("false"):
        return nothing(node)
    node["EnableCapture"].says("true")
    destination = read_location(node["DestinationS3Uri"])
    if destination.value is None:
        return nothing(node)
    modes = [option["CaptureMode"].text() for option in node["CaptureOptions"].entries()]
    types = node["CaptureContentTypeHeader"]
    return made(
        DataCapture,
        node,
        destination=destination,
        percent=node["InitialSamplingPercentage"].number(),
        modes=several(node["CaptureOptions"], [mode for mode in modes if mode.value is not None]),
        encryption_key=node["KmsKeyId"].text(),
        json_content_types=types["JsonContentTypes"].texts(),
        csv_content_types=types["CsvContentTypes"].texts(),
    )


def read_metrics_config(node: Node) -> Found[MetricsConfig | None]:
    """Read which metrics are published."""
    if not node:
        return nothing(node)
    return made(
        MetricsConfig,
        node,
        enhanced=node["EnableEnhancedMetrics"].flag(),
        detailed=node["EnableDetailedObservability"].flag(),
        publish_every=node["MetricPublishFrequencyInSeconds"].time(),
    )


def read_explainer(node: Node) -> Found[ClarifyExplainer | None]:
    """Read the configuration of the explainer."""
    clarify = node["ClarifyExplainerConfig"]
    if not clarify:
        return nothing(node)
    shap, inference = clarify["ShapConfig"], clarify["InferenceConfig"]
    baseline, text = shap["ShapBaselineConfig"], shap["TextConfig"]
    parts: dict[str, Found[Any]] = {
        "baseline": baseline["ShapBaseline"].text(),
        "baseline_location": read_location(baseline["ShapBaselineUri"]),
        "mime_type": baseline["MimeType"].text(),
        "samples": shap["NumberOfSamples"].number(),
        "use_logit": shap["UseLogit"].flag(),
        "seed": shap["Seed"].number(),
        "text_language": text["Language"].text(),
        "text_granularity": text["Granularity"].text(),
        "enable": clarify["EnableExplanations"].text(),
        "features_attribute": inference["FeaturesAttribute"].text(),
        "content_template": inference["ContentTemplate"].text(),
        "max_record_count": inference["MaxRecordCount"].number(),
        "max_payload_mb": inference["MaxPayloadInMB"].number(),
        "probability_index": inference["ProbabilityIndex"].number(),
        "label_index": inference["LabelIndex"].number(),
        "probability_attribute": inference["ProbabilityAttribute"].text(),
        "label_attribute": inference["LabelAttribute"].text(),
        "label_headers": inference["LabelHeaders"].texts(),
        "feature_headers": inference["FeatureHeaders"].texts(),
        "feature_types": inference["FeatureTypes"].texts(),
    }
    return made(ClarifyExplainer, node, **parts)
