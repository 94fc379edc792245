"""The catalogues of which nothing was seen while the rules were written: every case, and where we point."""

from __future__ import annotations

from functools import cache

import pytest
from catalogue.blind import NAMES, bases, good, harmful, wrong

from sm_constructs import check_template

_CHOICE = "a choice: how much capacity, time or availability something is worth, is not in the template"
_DONE = "good templates do so too"
_KEY = "a warning: by AWS's documents, such a key does not encrypt local disks; older ones say that the call fails"
_SCALE = "a warning: there is a number of instances for which it is right, and scaling may have given it"
_BEYOND = "about networks, buckets, topics, keys and events themselves, for which there are other tools"

# What we do not find, and why.
NOT_WRONG = {
    "second": {
        "srv-marketplace": "an ARN does not tell a package of the Marketplace from one of the Model Registry",
        "sh-marketplace": "an ARN does not tell a package of the Marketplace from one of the Model Registry",
        "md-url-join": "what stands after s3:/ comes from another stack, and could begin with a slash",
        "md-x86-on-arm-xgboost": "the repository has images for more processors than its tag names",
        "gr-rolling-count": "the variant scales up; the API looks at the number there is when it is updated",
        "gr-wait-missing": "CloudFormation's documents and those of the API contradict each other: a warning",
    },
    "third": {
        "rt-routing-empty": "CloudFormation's documents and those of the API contradict each other: a warning",
        "gr-no-wait": "CloudFormation's documents and those of the API contradict each other: a warning",
        "kms-key-policy": "policies of keys are not looked at",
    },
    "fourth": {
        "kms-on-m5d": _KEY,
        "kms-on-g5": _KEY,
        "gpu-image-on-cpu": "a warning: what an image needs is told by its name alone",
        "tensor-parallel": "a warning: what a variable means is up to the image",
        "mme-object-url": "a warning: an archive's URL is a prefix as well",
        "canary-count": _SCALE,
        "rolling-count": _SCALE,
        "isolated-hub-download": "a warning: what a variable means is up to the image",
        "model-no-role": "a warning: neither CloudFormation nor the API asks for a role",
        "ic-copies-no-room": "a warning: the endpoint serves with the copies that have room",
    },
    "fifth": {},
    "sixth": {
        "w059": "which of a region's registries an image is in, is not known of every version",
        "w060": "which of a region's registries an image is in, is not known of every version",
        "w122": _SCALE,
        "w197": "the account is not known",
        "w264": "a warning: what a variable means is up to the image",
        "w265": "a warning: what a variable means is up to the image",
        "w269": "what a variable means is up to the image",
        "w266": "a warning: which versions fit is known by their names alone",
        "w274": "a warning: which versions fit is known by their names alone",
        "w268": "a warning: what an image needs is told by its name alone",
        "w272": "a warning: what an image needs is told by its name alone",
        "w285": "names of monitoring schedules are not looked at",
        "w303": _BEYOND,
        "w360": "the component may be elsewhere",
    },
    "seventh": {
        "aw121": "that a model has a licence, the template does not say",
        "aw236": "what the URI begins with comes from a parameter",
        "aw292": _BEYOND,
        "aw294": _BEYOND,
        "bw166": "CloudFormation's documents and those of the API contradict each other: a warning",
        "bw175": _SCALE,
        "bw238": "a warning: what a variable means is up to the image",
        "bw239": "a warning: what a variable means is up to the image",
        "bw240": "a warning: what an image needs is told by its name alone",
        "bw268": "a configuration of that name may be elsewhere",
        "bw284": "a warning: neither CloudFormation nor the API asks for a role",
        "bw323": "the policies of AWS are not all known",
    },
    "eighth": {
        "w021": "a warning: what an image needs is told by its name alone",
        "w022": "a warning: what a variable means is up to the image",
        "w023": "a warning: what a variable means is up to the image",
        "w024": "a warning: what a variable means is up to the image",
        "w095": _BEYOND,
        "w098": _BEYOND,
        "w137": "a warning: no document says what the least target is",
    },
}
NOT_HARMFUL = {
    "second": {
        "h-guardrail-marketplace": "an ARN does not tell a package of the Marketplace from one of the Model Registry",
        "h-policy-order-imported": "the role is imported by a name that only its policy tells",
        "h-alarm-other-endpoint": "another endpoint may be elsewhere",
        "h-board-stat": "bodies of dashboards are not looked at",
        "h-mme-one": "a recommendation, which every test endpoint breaks",
    },
    "third": {
        "alarm-other-endpoint": "another endpoint may be elsewhere",
        "alarm-nobody-hears": "people look at alarms without an action too",
        "alarm-math-ratio-vs-percent": "expressions are not looked into",
        "alarm-math-returns-wrong-series": "expressions are not looked into",
        "event-rule-source-case": _BEYOND,
        "image-of-other-region": "an image of a mapping by region is known only for the region of a case",
        "secret-resolved-into-environment": "the way that CloudFormation's documents show",
        "noecho-into-environment": "the way that CloudFormation's documents show",
        "ssm-access-on": "somebody asked for it",
        "managed-scaling-min-equals-max": "a fleet of fixed size is in order",
        "security-group-open": _BEYOND,
        "security-group-without-egress": _BEYOND,
        "subnets-in-one-zone": _BEYOND,
        "artifacts-expire": _BEYOND,
        "bucket-not-blocked": _BEYOND,
        "repository-open": _BEYOND,
        "repository-expires-images": _BEYOND,
        "topic-open": _BEYOND,
        "key-disabled": _BEYOND,
        "key-open": _BEYOND,
    },
    "fourth": {
        "one-instance": _CHOICE,
        "one-instance-map": _CHOICE,
        "one-subnet": _CHOICE,
        "one-zone": _CHOICE,
        "cost-p5-test": _CHOICE,
        "cost-max-capacity": _CHOICE,
        "cost-shadow-full-fleet": _CHOICE,
        "cost-shap-samples": _CHOICE,
        "scale-ic-instances-stay": _CHOICE,
        "schedule-to-one": _CHOICE,
        "scale-one-variant-only": _CHOICE,
        "async-concurrency-1000": _CHOICE,
        "mme-small-volume": _CHOICE,
        "startup-short": _CHOICE,
        "download-short": _CHOICE,
        "routing-random": _CHOICE,
        "scale-concurrency-huge": _CHOICE,
        "scale-target-huge": _CHOICE,
        "alarm-wake-missing-ok": _CHOICE,
        "alarm-no-actions": _DONE,
        "ab-dead-variant": _DONE,
        "async-no-failure-path": _DONE,
        "capture-off": _DONE,
        "role-delete-model": _DONE,
        "ssm-access": _DONE,
        "scale-steps-out-only": "its schedule lowers the range again",
        "schedule-past": "a template does not change with the time of day",
        "update-endpoint-renamed": "that it is a release, only the name of the parameter tells",
        "update-variant-renamed": "that it is a release, only the name of the parameter tells",
        "ab-weight-percent": "weights are relative to each other, whatever their scale",
        "cost-gpu-for-cpu-image": "AWS publishes no image of that name",
    },
    "fifth": {},
    "sixth": {
        "h050": _CHOICE,
        "h075": _CHOICE,
        "h138": _CHOICE,
        "h150": _CHOICE,
        "h153": _CHOICE,
        "h156": _CHOICE,
        "h164": _CHOICE,
        "h168": _CHOICE,
        "h087": _DONE,
        "h134": _DONE,
        "h139": _DONE,
        "h157": _DONE,
        "h141": "weights are relative to each other, whatever their scale",
        "h074": "how long is long, is a choice",
        "h091": "CloudWatch has that statistic of that metric",
        "h092": "CloudWatch has that statistic of that metric",
        "h099": "CloudWatch has that statistic of that metric",
        "h094": "what an expression computes is not looked into",
        "h116": "functions of the Serverless Application Model are not looked at",
        "h117": "functions of the Serverless Application Model are not looked at",
        "h167": "functions of the Serverless Application Model are not looked at",
        "h129": _BEYOND,
        "h148": _BEYOND,
        "h149": _BEYOND,
        "h154": "expressions are not looked into",
        "h158": "that it is for another partition, only a mapping tells",
        "h159": "that it is for another partition, only a mapping tells",
        "h160": "a configuration may be there for a later update",
    },
    "seventh": {
        "ah071": _BEYOND,
        "ah073": _BEYOND,
        "ah089": _BEYOND,
        "ah090": _BEYOND,
        "ah091": _BEYOND,
        "bh084": _BEYOND,
        "ah072": "functions of the Serverless Application Model are not looked at",
        "ah075": "functions of the Serverless Application Model are not looked at",
        "ah076": "functions of the Serverless Application Model are not looked at",
        "bh044": "a template does not change with the time of day",
        "bh046": "a template does not change with the time of day",
        "bh091": "somebody asked for it",
        "bh093": "no document says that isolation keeps Systems Manager out",
    },
    "eighth": {
        "h034": "how far apart is far enough, is a choice",
        "h039": "an exact capacity may be what is meant",
        "h074": _BEYOND,
        "h075": _BEYOND,
    },
}
# Where a good template has a warning nevertheless: its code, and why it is well-founded.
WARNED = {
    "sixth": {
        "g038": ("SMC882", "the alarms look each minute for metrics that come every five"),
        "g047": ("SMC712", "the rollout has alarms, and gives them no time"),
        "g066": ("SMC206", "nobody hears of failures"),
        "g107": ("SMC646", "the schedule sets the same each time"),
    },
    "seventh": {
        "ag033": ("SMC712", "the second half gets its traffic at once, before an alarm can go off"),
        "bg017": ("SMC713", "the download alone may take as long as the whole update"),
        "bg030": ("SMC087", "nine variants of one model on one type compare nothing"),
    },
    "eighth": {
        "cdk_scaling": ("SMC862", "AmazonSageMakerFullAccess is far more than serving a model needs"),
        "g017": ("SMC646", "the schedule sets the same each time"),
    },
}

# Where two places do not go together, and we point at the other one.
OTHER_ENDS = {
    "sixth": {
        "w009": ["Resources/Target/Properties"],
        "w075": ["Resources/Model/Properties/PrimaryContainer/ModelDataUrl"],
        "w077": ["Resources/Model/Properties/PrimaryContainer/ModelDataUrl"],
        "w079": ["Resources/Model/Properties/PrimaryContainer/ModelDataUrl"],
        "w092": ["Resources/Policy/Properties/StepScalingPolicyConfiguration"],
        "w189": ["Resources/VideoModel0E1F2A3B/Properties/PrimaryContainer"],
        "w230": ["Resources/PricingConfig/Properties/ShadowProductionVariants"],
        "w247": ["Resources/CopyTarget/Properties/ScalableDimension"],
        "w258": ["Resources/LlmModel/Properties/PrimaryContainer/ModelDataSource"],
        "w332": ["Resources/SearchTarget/Properties"],
    },
    "seventh": {
        "bw314": ["Resources/ModelEE7A9D8C/Properties/PrimaryContainer"],
        "bw316": ["Resources/ChampionModel/Properties/PrimaryContainer/ModelDataUrl"],
        "bw319": ["Resources/ScorerComponentA0B1C2D3/Properties/Specification/Container/Image"],
    },
    "eighth": {
        "w010": ["Resources/Config/Properties/ProductionVariants/0"],
        "w085": ["Resources/PipelineModel/Properties/Containers"],
        "w086": ["Resources/SentimentModel/Properties/PrimaryContainer/ModelDataUrl"],
        "w089": ["Resources/SentimentModel/Properties/PrimaryContainer/ModelDataUrl"],
        "w096": ["Resources/TritonModel/Properties/PrimaryContainer/ModelDataUrl"],
    },
}


@cache
def found_in_base(catalogue: str, name: str) -> frozenset[tuple[str, str]]:
    return frozenset((problem.code, problem.path) for problem in check_template(bases(catalogue)[name]))


def found(case):
    before = found_in_base(case.catalogue, case.base)
    return [problem for problem in check_template(case.template) if (problem.code, problem.path) not in before]


GOOD = [(catalogue, name, good) for catalogue in NAMES for name in good(catalogue)]
# Those of the third lack what its cases add.
BASES = [
    (catalogue, name, bases)
    for catalogue in NAMES
    for name in sorted(bases(catalogue).keys() - good(catalogue).keys())
    if catalogue != "third"
]


@pytest.mark.parametrize(("catalogue", "name", "of"), [*GOOD, *BASES])
def test_a_good_template_has_no_problem(catalogue, name, of):
    code, _ = WARNED.get(catalogue, {}).get(name, (None, None))
    found = check_template(of(catalogue)[name])
    assert {(problem.code, problem.severity) for problem in found} == ({(code, "warning")} if code else set())


def sure(cases, exceptions):
    return [
        pytest.param(case, id=f"{case.catalogue}-{case.id}")
        for catalogue in NAMES
        for case in cases(catalogue)
        if case.doubt is None and case.id not in exceptions[catalogue]
    ]


@pytest.mark.parametrize("case", sure(wrong, NOT_WRONG))
def test_what_aws_refuses_is_an_error_at_its_place(case):
    paths = [problem.path for problem in found(case) if problem.severity == "error"]
    places = [*case.places, *OTHER_ENDS.get(case.catalogue, {}).get(case.id, ())]
    assert any(path.startswith(place) or place.startswith(path) for path in paths for place in places)


@pytest.mark.parametrize("case", sure(harmful, NOT_HARMFUL))
def test_what_hurts_is_a_problem(case):
    assert found(case) != []


@pytest.mark.parametrize("catalogue", NAMES)
@pytest.mark.parametrize(
    ("cases", "exceptions", "severities"),
    [(wrong, NOT_WRONG, {"error"}), (harmful, NOT_HARMFUL, {"error", "warning"})],
    ids=["wrong", "harmful"],
)
def test_what_is_said_not_to_be_found_is_not_found(catalogue, cases, exceptions, severities):
    """An exception that holds no longer goes."""
    told = {case.id for case in cases(catalogue) if severities & {problem.severity for problem in found(case)}}
    assert set(exceptions[catalogue]) <= {case.id for case in cases(catalogue)} - told
