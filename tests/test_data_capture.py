"""Captured data, metrics, explanations, core dumps and revisions, as they stand in the template."""

from datetime import timedelta

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms, aws_s3
from specs import IMAGE, MODEL_DATA, spec_of
from templates import Synthesised

from sm_constructs import (
    AsyncEndpoint,
    ClarifyExplainer,
    Container,
    DataCapture,
    InferenceComponent,
    InferenceComponentEndpoint,
    Instances,
    InvalidHosting,
    MetricsConfig,
    ModelPackage,
    MultiModelEndpoint,
    MultiVariantEndpoint,
    PipelineEndpoint,
    RealTimeEndpoint,
    S3Location,
    Variant,
)
from sm_constructs.model_data import ModelData
from sm_constructs.rules import check

MODEL = "AWS::SageMaker::Model"
CONFIG = "AWS::SageMaker::EndpointConfig"
CONTAINER = Container(IMAGE, model_data=MODEL_DATA)
LARGE = Instances("ml.m5.large")
PLACE = S3Location("logs", "captured/")


def real_time(stack, **options):
    return RealTimeEndpoint(stack, "Churn", **{"container": CONTAINER, "instances": LARGE, **options})


def found(**arguments):
    return {(problem.code, problem.path) for problem in check(spec_of(**arguments))}


class TestDataCapture:
    def test_by_default_all_of_both(self, stack):
        real_time(stack, data_capture=DataCapture(PLACE))
        synthesised = Synthesised(stack)
        assert synthesised.properties(CONFIG)["DataCaptureConfig"] == {
            "EnableCapture": True,
            "DestinationS3Uri": "s3://logs/captured/",
            "InitialSamplingPercentage": 100,
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        }
        assert synthesised.allowed("s3:PutObject") == ["arn:${AWS::Partition}:s3:::logs/captured/*"]
        assert synthesised.allowed("kms:GenerateDataKey") == []

    def test_everything(self, stack):
        key = aws_kms.Key(stack, "Key")
        capture = DataCapture(
            PLACE,
            percent=0,
            modes=["InputAndOutput"],
            encryption_key=key,
            json_content_types=["application/json"],
            csv_content_types=["text/csv"],
        )
        real_time(stack, data_capture=capture)
        synthesised = Synthesised(stack)
        (id,) = synthesised.ids("AWS::KMS::Key")
        assert synthesised.properties(CONFIG)["DataCaptureConfig"] == {
            "EnableCapture": True,
            "DestinationS3Uri": "s3://logs/captured/",
            "InitialSamplingPercentage": 0,
            "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
            "KmsKeyId": {"Fn::GetAtt": [id, "Arn"]},
            "CaptureContentTypeHeader": {
                "JsonContentTypes": ["application/json"],
                "CsvContentTypes": ["text/csv"],
            },
        }
        assert synthesised.allowed("kms:GenerateDataKey") == [f"${{{id}.Arn}}"]

    def test_a_bucket_brings_its_key(self, stack):
        bucket = aws_s3.Bucket(stack, "Logs", encryption=aws_s3.BucketEncryption.KMS)
        real_time(stack, data_capture=DataCapture(S3Location(bucket, "a/")))
        synthesised = Synthesised(stack)
        (id,) = synthesised.ids("AWS::KMS::Key")
        assert "KmsKeyId" not in synthesised.properties(CONFIG)["DataCaptureConfig"]
        assert synthesised.allowed("kms:GenerateDataKey") == [f"${{{id}.Arn}}"]
        assert synthesised.allowed("s3:PutObject") == [f"${{{synthesised.ids('AWS::S3::Bucket')[0]}.Arn}}/a/*"]

    @pytest.mark.parametrize(
        ("capture", "code", "path"),
        [
            (DataCapture(PLACE, percent=-1), "SMC810", "percent"),
            (DataCapture(PLACE, percent=0.5), "SMC810", "percent"),
            (DataCapture(PLACE, modes=[]), "SMC811", "modes"),
            (DataCapture(PLACE, modes=["Input"] * 33), "SMC811", "modes"),
            (DataCapture(PLACE, modes=["Input", "input"]), "SMC811", "modes[1]"),
            (DataCapture(PLACE, csv_content_types=["text/csv"] * 11), "SMC812", "csv_content_types"),
            (DataCapture(PLACE, csv_content_types=["a/" + "b" * 255]), "SMC812", "csv_content_types[0]"),
            (DataCapture(PLACE, json_content_types=["json"]), "SMC812", "json_content_types[0]"),
            (DataCapture(S3Location("logs", "a" * 503)), "SMC813", "destination"),
        ],
    )
    def test_what_is_refused(self, capture, code, path):
        assert found(data_capture=capture) == {(code, f"data_capture.{path}")}

    @pytest.mark.parametrize(
        "capture",
        [
            DataCapture(S3Location("logs", "a" * 502), percent=100),
            DataCapture(PLACE, json_content_types=["a/" + "b" * 254] * 10, modes=["Output"] * 32),
            DataCapture(PLACE, percent=cdk.Token.as_number({"Ref": "P"})),
        ],
    )
    def test_what_is_allowed(self, capture):
        assert found(data_capture=capture) == set()

    @pytest.mark.parametrize(
        "make",
        [
            lambda stack, o: AsyncEndpoint(stack, "A", container=CONTAINER, instances=LARGE, output=PLACE, **o),
            lambda stack, o: PipelineEndpoint(stack, "P", containers=[CONTAINER, CONTAINER], instances=LARGE, **o),
            lambda stack, o: MultiModelEndpoint(
                stack,
                "M",
                container=Container(IMAGE),
                models=ModelData.from_s3_prefix("models", "all/"),
                instances=LARGE,
                **o,
            ),
        ],
        ids=["asynchronous", "pipeline", "multi-model"],
    )
    def test_kinds_that_keep_nothing(self, stack, make):
        with pytest.raises(InvalidHosting, match="SMC020 data_capture makes data capture, which"):
            make(stack, {"data_capture": DataCapture(PLACE)})


class TestMetricsConfig:
    def test_what_is_said(self, stack):
        config = MetricsConfig(enhanced=True, detailed=False, publish_every=timedelta(minutes=5))
        real_time(stack, metrics_config=config)
        assert Synthesised(stack).properties(CONFIG)["MetricsConfig"] == {
            "EnableEnhancedMetrics": True,
            "EnableDetailedObservability": False,
            "MetricPublishFrequencyInSeconds": 300,
        }

    def test_what_is_not_said_is_not_there(self, stack):
        real_time(stack, metrics_config=MetricsConfig(enhanced=False))
        assert Synthesised(stack).properties(CONFIG)["MetricsConfig"] == {"EnableEnhancedMetrics": False}

    @pytest.mark.parametrize("every", [0, 5, 20, 301])
    def test_other_times_are_refused(self, every):
        config = MetricsConfig(publish_every=timedelta(seconds=every))
        assert found(metrics_config=config) == {("SMC340", "metrics_config.publish_every")}

    @pytest.mark.parametrize("every", [10, 30, 60, 120, 180, 240, 300])
    def test_the_times_that_there_are(self, every):
        assert found(metrics_config=MetricsConfig(publish_every=timedelta(seconds=every))) == set()


class TestExplainer:
    def test_of_csv(self, stack):
        explainer = ClarifyExplainer(
            baseline="1,2",
            mime_type="text/csv",
            samples=50,
            use_logit=False,
            seed=0,
            enable="`true`",
            max_record_count=10,
            max_payload_mb=25,
            probability_index=0,
            label_index=1,
            label_headers=["no", "yes"],
            feature_headers=["a", "b"],
        )
        real_time(stack, explainer=explainer)
        assert Synthesised(stack).properties(CONFIG)["ExplainerConfig"] == {
            "ClarifyExplainerConfig": {
                "EnableExplanations": "`true`",
                "InferenceConfig": {
                    "MaxRecordCount": 10,
                    "MaxPayloadInMB": 25,
                    "ProbabilityIndex": 0,
                    "LabelIndex": 1,
                    "LabelHeaders": ["no", "yes"],
                    "FeatureHeaders": ["a", "b"],
                },
                "ShapConfig": {
                    "ShapBaselineConfig": {"MimeType": "text/csv", "ShapBaseline": "1,2"},
                    "NumberOfSamples": 50,
                    "UseLogit": False,
                    "Seed": 0,
                },
            }
        }

    def test_of_json_lines_with_texts_and_a_baseline_in_s3(self, stack):
        explainer = ClarifyExplainer(
            baseline_location=S3Location("models", "baseline.jsonl"),
            text_language="de",
            text_granularity="sentence",
            content_template='{"t":$features}',
            features_attribute="t",
            feature_types=["text"],
            probability_attribute="p",
            label_attribute="l",
        )
        real_time(stack, explainer=explainer)
        synthesised = Synthesised(stack)
        assert synthesised.properties(CONFIG)["ExplainerConfig"]["ClarifyExplainerConfig"] == {
            "InferenceConfig": {
                "ContentTemplate": '{"t":$features}',
                "FeaturesAttribute": "t",
                "FeatureTypes": ["text"],
                "ProbabilityAttribute": "p",
                "LabelAttribute": "l",
            },
            "ShapConfig": {
                "ShapBaselineConfig": {"ShapBaselineUri": "s3://models/baseline.jsonl"},
                "TextConfig": {"Language": "de", "Granularity": "sentence"},
            },
        }
        assert "arn:${AWS::Partition}:s3:::models/baseline.jsonl" in synthesised.allowed("s3:GetObject")

    @pytest.mark.parametrize(
        ("arguments", "code", "path"),
        [
            ({"baseline": None}, "SMC830", "baseline"),
            ({"baseline_location": PLACE}, "SMC830", "baseline"),
            ({"baseline": ""}, "SMC830", "baseline"),
            ({"baseline": "1" * 4097}, "SMC830", "baseline"),
            ({"mime_type": "application/json"}, "SMC831", "mime_type"),
            ({"text_language": "english", "text_granularity": "token"}, "SMC831", "text_language"),
            ({"text_language": "en", "text_granularity": "word"}, "SMC831", "text_granularity"),
            ({"text_language": "en"}, "SMC831", "text_granularity"),
            ({"max_payload_mb": 0}, "SMC832", "max_payload_mb"),
            ({"max_payload_mb": 26}, "SMC832", "max_payload_mb"),
            ({"max_record_count": 0}, "SMC832", "max_record_count"),
            ({"samples": 0}, "SMC832", "samples"),
            ({"samples": 1.5}, "SMC832", "samples"),
            ({"probability_index": -1}, "SMC832", "probability_index"),
            ({"label_index": -1}, "SMC832", "label_index"),
            ({"label_headers": ["a"] * 17}, "SMC833", "label_headers"),
            ({"label_headers": [""]}, "SMC833", "label_headers[0]"),
            ({"feature_headers": ["a"] * 257}, "SMC833", "feature_headers"),
            ({"feature_headers": ["a", "a" * 65]}, "SMC833", "feature_headers[1]"),
            ({"feature_types": ["text"] * 257}, "SMC833", "feature_types"),
            ({"enable": "a" * 65}, "SMC834", "enable"),
            ({"features_attribute": ""}, "SMC834", "features_attribute"),
            ({"content_template": "a" * 65}, "SMC834", "content_template"),
            ({"probability_attribute": ""}, "SMC834", "probability_attribute"),
            ({"label_attribute": ""}, "SMC834", "label_attribute"),
            ({"feature_types": ["text", "number"]}, "SMC835", "feature_types[1]"),
            ({"feature_types": ["numerical"]}, "SMC835", "feature_types"),
        ],
    )
    def test_what_is_refused(self, arguments, code, path):
        explainer = ClarifyExplainer(**{"baseline": "1,2", **arguments})
        assert found(explainer=explainer) == {(code, f"explainer.{path}")}

    def test_limits_are_allowed(self):
        explainer = ClarifyExplainer(
            baseline="1" * 4096,
            max_payload_mb=1,
            samples=1,
            max_record_count=1,
            label_index=0,
            label_headers=["a" * 64] * 16,
            feature_headers=["a"] * 256,
            feature_types=["text"] + ["categorical"] * 255,
            enable="a" * 64,
        )
        assert found(explainer=explainer) == set()


class TestCoreDumps:
    def test_where_they_go(self, stack):
        key = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        real_time(stack, instances=Instances("ml.m5.large", core_dump=S3Location("dumps", "churn/"), core_dump_key=key))
        synthesised = Synthesised(stack)
        (variant,) = synthesised.properties(CONFIG)["ProductionVariants"]
        assert variant["CoreDumpConfig"] == {"DestinationS3Uri": "s3://dumps/churn/", "KmsKeyId": key}
        assert synthesised.allowed("s3:PutObject") == ["arn:${AWS::Partition}:s3:::dumps/churn/*"]
        assert synthesised.allowed("kms:GenerateDataKey") == [key]

    def test_what_is_refused(self):
        far = Instances("ml.m5.large", core_dump=S3Location("dumps", "a" * 502))
        assert found(instances=far) == {("SMC341", "variants[0].instances.core_dump")}
        keyed = Instances(
            "ml.m5.large", core_dump_key="arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        )
        assert found(instances=keyed) == {("SMC341", "variants[0].instances.core_dump_key")}


class TestRevision:
    def environments(self, stack):
        models = Synthesised(stack).template.find_resources(MODEL).values()
        containers = (
            container
            for model in models
            for container in model["Properties"].get("Containers", [model["Properties"].get("PrimaryContainer")])
        )
        return [container.get("Environment") for container in containers]

    def test_every_container_is_told(self, stack):
        package = ModelPackage("arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3")
        variants = [
            Variant("a", instances=LARGE, container=Container(IMAGE, environment={"LEVEL": "info"})),
            Variant("b", instances=LARGE, container=package),
        ]
        shadowed = [Variant("c", instances=LARGE, container=CONTAINER)]
        MultiVariantEndpoint(stack, "M", variants=variants, revision="7")
        shadow = Variant("d", instances=LARGE, container=CONTAINER)
        MultiVariantEndpoint(stack, "S", variants=shadowed, shadow=shadow, revision="8")
        PipelineEndpoint(stack, "P", containers=[CONTAINER, CONTAINER], instances=LARGE, revision="9")
        InferenceComponentEndpoint(
            stack,
            "C",
            instances=Instances("ml.g5.12xlarge"),
            components=[
                InferenceComponent("llama", container=CONTAINER, memory_mb=1024),
                InferenceComponent("legal", base="llama", adapter=ModelData.from_s3("b", "a.tar.gz")),
            ],
            revision="10",
        )
        environments = self.environments(stack)
        told = [environment.pop("SM_CONSTRUCTS_REVISION") for environment in environments]
        assert sorted(told, key=int) == ["7", "7", "8", "8", "9", "9", "10"]
        assert sorted(environments, key=len) == [{}, {}, {}, {}, {}, {}, {"LEVEL": "info"}]

    def test_without_one_nothing_is_said(self, stack):
        real_time(stack)
        assert self.environments(stack) == [None]

    def test_it_counts_as_a_variable(self, stack):
        full = Container(IMAGE, environment={f"V{number}": "" for number in range(100)})
        real_time(stack, container=full)
        with pytest.raises(InvalidHosting, match=r"SMC402 container\.environment has 101 entries"):
            RealTimeEndpoint(stack, "Other", container=full, instances=LARGE, revision="2")
