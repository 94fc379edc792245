"""Explanations of predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sm_constructs.model_data import S3Location


@dataclass(frozen=True, slots=True, kw_only=True)
class ClarifyExplainer:
    """Explain each prediction by how much each feature did to it, with SageMaker Clarify's Kernel SHAP.

    The explainer asks the model for predictions of changed records; where a record stands in a request, and a
    prediction in an answer, is what most of the arguments say.

    Parameters
    ----------
    baseline : str, optional
        The records that others are compared with, as text of up to 4096 characters. One of `baseline` and
        `baseline_location` is needed.
    baseline_location : S3Location, optional
        The object in S3 with these records; the execution role may read it.
    mime_type : "text/csv" or "application/jsonlines", optional
        What the baseline is. Default: ``"text/csv"``.
    samples : int, optional
        How many changed records are made. Default: SageMaker's choice.
    use_logit : bool, optional
        Whether the logit function is applied to predictions. Default: no.
    seed : int, optional
        Where the random numbers start, so that explanations are repeatable. Default: somewhere.
    text_language : str, optional
        The language of features that are text, such as ``"en"``. Default: no feature is text.
    text_granularity : "token", "sentence" or "paragraph", optional
        What of a text is a feature. It and `text_language` go together.
    enable : str, optional
        The JMESPath expression that says which records are explained. Default: all.
    features_attribute : str, optional
        The JMESPath expression of the features in a request of JSON Lines.
    content_template : str, optional
        How a record of JSON Lines is written; needed for a model that takes them.
    max_record_count : int, optional
        How many records the model takes in one request. Default: SageMaker's choice.
    max_payload_mb : int, optional
        How large a request to the model may be, 1 to 25 MB. Default: 6.
    probability_index, label_index : int, optional
        The column of the probability, or of the labels, in an answer of CSV, from 0.
    probability_attribute, label_attribute : str, optional
        The JMESPath expression of the probability, or of the labels, in an answer of JSON Lines.
    label_headers : Sequence[str], default ()
        The names of the classes, up to 16.
    feature_headers : Sequence[str], default ()
        The names of the features, up to 256.
    feature_types : Sequence[str], default ()
        Whether each feature is ``"numerical"``, ``"categorical"`` or ``"text"``; at least one is text.

    Examples
    --------
    >>> ClarifyExplainer(baseline="5.8,3.0,4.3,1.3", samples=100, feature_headers=["sl", "sw", "pl", "pw"])

    See Also
    --------
    AWS: "Online explainability with SageMaker Clarify" in the SageMaker developer guide.
    """

    baseline: str | None = None
    baseline_location: S3Location | None = None
    mime_type: Literal["text/csv", "application/jsonlines"] | None = None
    samples: int | None = None
    use_logit: bool | None = None
    seed: int | None = None
    text_language: str | None = None
    text_granularity: Literal["token", "sentence", "paragraph"] | None = None
    enable: str | None = None
    features_attribute: str | None = None
    content_template: str | None = None
    max_record_count: int | None = None
    max_payload_mb: int | None = None
    probability_index: int | None = None
    label_index: int | None = None
    probability_attribute: str | None = None
    label_attribute: str | None = None
    label_headers: Sequence[str] = ()
    feature_headers: Sequence[str] = ()
    feature_types: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("label_headers", "feature_headers", "feature_types"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
