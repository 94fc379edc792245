"""Images, environments, host names, model packages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sm_constructs.containers import Container, EcrImage, ModelPackage, PublishedImage, UriImage
from sm_constructs.facts import limit
from sm_constructs.facts.images import UnknownImage, accounts_in, find, registry_accounts
from sm_constructs.reading.intrinsics import PSEUDO_TOKEN
from sm_constructs.registries import EcrUri, parse_ecr_uri
from sm_constructs.rules.naming import badly_named
from sm_constructs.rules.registry import Finding, rule
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_text, is_unresolved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.spec import EndpointSpec

_SKLEARN = (
    "container=Container(ContainerImage.from_uri("
    "'{}.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3'))"
)
_UNKNOWN_VERSION = 'ContainerImage.from_framework("sklearn", "99")'


@once_each
def running(spec: EndpointSpec) -> Iterator[tuple[str, Container | ModelPackage]]:
    """Give every container and model package, with its place."""
    for at, model in spec.placed_models():
        for index, container in enumerate(model.containers):
            yield f"{at}.containers[{index}]", container


@once_each
def configured(spec: EndpointSpec) -> Iterator[Container | ModelPackage]:
    """Give every container and model package that has an environment."""
    return (container for _, container in running(spec) if container.environment)


@once_each
def packages(spec: EndpointSpec) -> Iterator[ModelPackage]:
    """Give every model package."""
    return (container for _, container in running(spec) if isinstance(container, ModelPackage))


@once_each
def by_uri(spec: EndpointSpec) -> Iterator[tuple[str, UriImage, EcrUri | None]]:
    """Give every image that is given by its URI, with its place and its parts if it is in Amazon ECR."""
    for at, container in running(spec):
        if isinstance(container, Container) and isinstance(container.image, UriImage):
            yield f"{at}.image", container.image, parse_ecr_uri(container.image.uri)


_REGISTRY = re.compile(r"(\d+)\.dkr[.-]ecr")
_DIGITS = 12
_NAMED = r"[^:@]+(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?"


@rule(
    "SMC401",
    "An image URI is registry/repository:tag, in at most 255 characters and without spaces",
    source='ContainerDefinition.Image; "Pulling an image", Amazon ECR user guide',
    facts=["realtime/image_uri_max"],
    good='container=Container(ContainerImage.from_uri("123456789012.dkr.ecr.eu-west-1.amazonaws.com/scorer:1.4"))',
    bad='container=Container(ContainerImage.from_uri("123456789012.dkr.ecr.eu-west-1.amazonaws.com/my scorer:1"))',
)
def image_uri(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the form of image URIs."""
    longest = limit("realtime", "image_uri_max")
    for at, image, _ in by_uri(spec):
        if image.uri.startswith(("https://", "http://")):
            yield Finding(at, f"begins with {image.uri.partition(':')[0]}://; an image begins with its registry")
        elif (match := _REGISTRY.match(image.uri)) is not None and len(match[1]) != _DIGITS:
            yield Finding(at, f"is in the registry of {match[1]}; an account has {_DIGITS} digits")
        elif not is_text(image.uri):
            continue
        elif len(image.uri) > longest:
            yield Finding(at, f"is {len(image.uri)} characters long; a URI has at most {longest}")
        elif not re.fullmatch(r"\S+", image.uri):
            yield Finding(at, f"is {image.uri!r}; a URI has at least one character and no spaces")


@rule(
    "SMC402",
    "A container has at most 100 environment variables",
    where=configured,
    source="ContainerDefinition.Environment",
    facts=["realtime/environment"],
    good='container=Container(image, environment={"LOG_LEVEL": "info"})',
    bad='container=Container(image, environment={f"V{i}": "" for i in range(101)})',
)
def environment_count(spec: EndpointSpec) -> Iterator[Finding]:
    """Check how many variables there are."""
    highest = limit("realtime", "environment")["entries"]
    for at, container in running(spec):
        if len(container.environment or {}) > highest:
            yield Finding(
                f"{at}.environment",
                f"has {len(container.environment or {})} entries; it has at most {highest}",
            )


@rule(
    "SMC403",
    "An environment variable is named as a shell would have it, in at most 1024 characters",
    where=configured,
    source="ContainerDefinition.Environment: EnvironmentKey",
    facts=["realtime/environment"],
    good='container=Container(image, environment={"_LEVEL_2": "info"})',
    bad='container=Container(image, environment={"LOG-LEVEL": "info"})',
)
def environment_names(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the names of variables."""
    shape = limit("realtime", "environment")
    for at, container in running(spec):
        for name in container.environment or {}:
            if not is_text(name):
                continue
            if len(name) > shape["key_max"]:
                yield Finding(
                    f"{at}.environment",
                    f"has a name of {len(name)} characters; a name has at most {shape['key_max']}",
                )
            elif not re.fullmatch(shape["key_pattern"], name):
                yield Finding(
                    f"{at}.environment",
                    f"names a variable {name!r}; a name is letters, digits and _, no digit first",
                )


@rule(
    "SMC404",
    "The value of an environment variable is a text of at most 1024 characters",
    where=configured,
    source="ContainerDefinition.Environment: EnvironmentValue",
    facts=["realtime/environment"],
    good='container=Container(image, environment={"WORKERS": "2"})',
    bad='container=Container(image, environment={"WORKERS": 2})',
)
def environment_values(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the values of variables."""
    longest = limit("realtime", "environment")["value_max"]
    for at, container in running(spec):
        for name, value in (container.environment or {}).items():
            if is_unresolved(value):
                continue
            if not isinstance(value, str):
                yield Finding(f"{at}.environment[{name!r}]", f"is {value!r}; a value is a string")
            elif len(value) > longest:
                yield Finding(
                    f"{at}.environment[{name!r}]",
                    f"has {len(value)} characters; a value has at most {longest}",
                )


@rule(
    "SMC405",
    "The environments of all containers of a model have at most 32 KB",
    where=configured,
    source="CreateModel: the maximum payload size for all Environment key-value maps",
    facts=["realtime/environment"],
    good='container=Container(image, environment={f"V{i}": "x" * 1000 for i in range(30)})',
    bad='container=Container(image, environment={f"V{i}": "x" * 1000 for i in range(40)})',
)
def environment_size(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the size of all variables together."""
    said = limit("realtime", "environment")["all_maps_total"]
    most = int(said.split()[0]) * 1024
    for at, model in spec.placed_models():
        size = sum(
            len(text.encode(errors="surrogatepass"))
            for container in model.containers
            for pair in (container.environment or {}).items()
            for text in pair
            if is_text(text)
        )
        if size > most:
            yield Finding(
                f"{at}.containers[0].environment",
                f"has {size} bytes in all; together they have at most {said}",
            )


@rule(
    "SMC406",
    "A container's host name has 1 to 63 letters, digits and hyphens",
    source="ContainerDefinition.ContainerHostname",
    facts=["multi_container/hostname"],
    good='container=Container(image, hostname="scorer-1")',
    bad='container=Container(image, hostname="scorer_1")',
)
def hostname(spec: EndpointSpec) -> Iterator[Finding]:
    """Check host names."""
    shape = limit("multi_container", "hostname")
    for at, container in running(spec):
        yield from badly_named(f"{at}.hostname", container.hostname, shape["pattern"], shape["max"])


@rule(
    "SMC407",
    "An image outside Amazon ECR needs a VPC",
    source="ImageConfig.RepositoryAccessMode: Vpc needs a VpcConfig",
    facts=["realtime/private_registry"],
    good=(
        'container=Container(ContainerImage.from_uri("registry.example.com/scorer:1.4")), '
        'network=Network(subnets=["subnet-0123456789abcdef0"], security_groups=["sg-0123456789abcdef0"])'
    ),
    bad='container=Container(ContainerImage.from_uri("registry.example.com/scorer:1.4"))',
)
def registry_in_vpc(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that a private registry can be reached."""
    for at, image, ecr in by_uri(spec):
        if is_text(image.uri) and ecr is None and not (spec.network and spec.network.has_vpc):
            yield Finding(
                at,
                f"is {image.uri!r}, which is not in Amazon ECR; SageMaker pulls from another registry only through a "
                "VPC: give network=Network(vpc)",
            )


@rule(
    "SMC408",
    "Credentials are for a private registry, not for Amazon ECR",
    source="ImageConfig.RepositoryAuthConfig: only with RepositoryAccessMode Vpc",
    facts=["realtime/private_registry"],
    good=(
        'container=Container(ContainerImage.from_uri("registry.example.com/scorer:1.4", '
        'registry_credentials="arn:aws:lambda:eu-west-1:123456789012:function:login")), '
        'network=Network(subnets=["subnet-0123456789abcdef0"], security_groups=["sg-0123456789abcdef0"])'
    ),
    bad=(
        'container=Container(ContainerImage.from_uri("123456789012.dkr.ecr.eu-west-1.amazonaws.com/scorer:1.4", '
        'registry_credentials="arn:aws:lambda:eu-west-1:123456789012:function:login"))'
    ),
)
def credentials_for_ecr(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that credentials have a use."""
    for at, image, ecr in by_uri(spec):
        if image.registry_credentials is not None and ecr is not None:
            yield Finding(
                f"{at}.registry_credentials",
                "is given for an image in Amazon ECR, which needs none; leave it out",
            )


@rule(
    "SMC409",
    "AWS publishes the framework's image, in the region of the endpoint",
    source='"Docker registry paths and example code", SageMaker documentation',
    good="container=Container(ContainerImage.from_framework('sklearn', '1.2-1'))",
    bad=f"container=Container({_UNKNOWN_VERSION})",
)
def framework_published(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that a framework's image exists, where that is known."""
    for at, container in running(spec):
        if not isinstance(container, Container) or not isinstance(container.image, PublishedImage):
            continue
        image = container.image
        try:
            found = find(image.name, image.version, accelerator=image.accelerator, python=image.python, os=image.os)
            if spec.region is not None and image.account is None:
                found.uri(spec.region)
        except UnknownImage as unknown:
            yield Finding(f"{at}.image", f"is not published: {unknown}")


@rule(
    "SMC410",
    "An image in Amazon ECR lies in the region of the endpoint",
    source="CreateModel: the image and the model data are in the region of the model",
    facts=["realtime/same_region"],
    good='region="eu-west-1", container=Container(image)',
    bad='region="us-east-1", container=Container(image)',
)
def image_region(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the region of image URIs."""
    region, why = spec.region, f"the endpoint is in {spec.region}"
    for at, image, ecr in by_uri(spec):
        if ecr is None or not is_text(ecr.region):
            continue
        if region is None:  # where nobody says where the endpoint is, it is where its first image is
            region, why = ecr.region, f"another one is in {ecr.region}"
        if ecr.region != region:
            yield Finding(at, f"is {image.uri!r} in {ecr.region}, but {why}")


@rule(
    "SMC418",
    "An image that AWS publishes is in a registry of its region",
    where=by_uri,
    source='"Docker registry paths and example code", SageMaker documentation',
    good=_SKLEARN.format("141502667606"),
    bad=_SKLEARN.format("683313688378"),
)
def registry_of_region(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the accounts in the URIs of published images; in which of a region's registries one is, may change."""
    for at, _, parts in by_uri(spec):
        if parts is None or not is_text(parts.region) or parts.account not in registry_accounts():
            continue
        there = accounts_in(parts.region)
        if there and parts.account not in there:
            said = f"is in the registry of {parts.account}, which is not one of those in {parts.region}"
            yield Finding(at, f"{said}: {', '.join(sorted(there))}")


@rule(
    "SMC411",
    "An image has a tag or a digest, not both, and a digest is sha256: and 64 digits",
    source='"Pulling an image", Amazon ECR user guide',
    good='container=Container(ContainerImage.from_ecr_repository(repository, digest="sha256:" + "0" * 64))',
    bad='container=Container(ContainerImage.from_ecr_repository(repository, tag="1.4", digest="sha256:" + "0" * 64))',
)
def tag_or_digest(spec: EndpointSpec) -> Iterator[Finding]:
    """Check how images in a repository are named."""
    for at, named, _ in by_uri(spec):
        name = named.uri.rpartition("/")[2]
        if is_text(name) and name and not re.fullmatch(_NAMED, name):
            yield Finding(at, f"is {named.uri!r}; a repository is followed by :tag, or by @sha256: and 64 digits")
    for at, container in running(spec):
        if not isinstance(container, Container) or not isinstance(container.image, EcrImage):
            continue
        image = container.image
        if image.tag is not None and image.digest is not None:
            yield Finding(f"{at}.image", "is given both a tag and a digest; give one of them")
        elif is_text(image.digest) and not re.fullmatch(r"sha256:[0-9a-f]{64}", image.digest):
            yield Finding(f"{at}.image", f"has the digest {image.digest!r}; it is sha256: and 64 hexadecimal digits")
        elif is_text(image.tag) and not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", image.tag):
            yield Finding(
                f"{at}.image",
                f"has the tag {image.tag!r}; it is 1 to 128 letters, digits, _, . and -; a digest has its own argument",
            )


@rule(
    "SMC412",
    "An image says which version it is",
    severity="warning",
    source="AWS::SageMaker::Model: a new image under the same tag changes no property, so nothing is updated",
    good='container=Container(ContainerImage.from_uri("123456789012.dkr.ecr.eu-west-1.amazonaws.com/scorer:1.4"))',
    bad='container=Container(ContainerImage.from_uri("123456789012.dkr.ecr.eu-west-1.amazonaws.com/scorer:latest"))',
)
def latest(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of the tag ``latest``."""
    for at, container in running(spec):
        if not isinstance(container, Container):
            continue
        match container.image:
            case EcrImage(tag=tag, digest=None):
                moving = tag in (None, "latest")
            case UriImage(uri=str(uri)):
                # The name of a stack, its account and its region have no tag in them.
                name = PSEUDO_TOKEN.sub("known", uri).rpartition("/")[2]
                untagged = is_text(name) and name.partition(":")[2] == ""
                moving = "@" not in name and (untagged or name.endswith(":latest"))
            case _:
                moving = False
        if moving:
            yield Finding(
                f"{at}.image",
                "has the tag latest; a newer image under it will not reach the endpoint at a deployment, but may "
                "reach single instances when it scales: give a version or a digest",
            )


@rule(
    "SMC413",
    "A model package is given by its ARN or its name",
    where=packages,
    source="ContainerDefinition.ModelPackageName",
    facts=["realtime/model_package_name"],
    good='container=ModelPackage("arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3")',
    bad='container=ModelPackage("churn v3")',
)
def model_package(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the ARNs of model packages."""
    shape = limit("realtime", "model_package_name")
    for at, container in running(spec):
        if isinstance(container, ModelPackage) and is_text(container.arn):
            arn = container.arn
            if len(arn) > shape["max"] or not re.fullmatch(shape["pattern"], arn):
                yield Finding(
                    f"{at}.arn",
                    f"is {arn!r}; it is such as arn:aws:sagemaker:eu-west-1:123456789012:model-package/name/3, "
                    f"at most {shape['max']} characters",
                )


@rule(
    "SMC414",
    "An inference specification has 1 to 63 letters, digits and hyphens",
    where=packages,
    source="ContainerDefinition.InferenceSpecificationName",
    facts=["multi_container/hostname"],
    good='container=ModelPackage("churn", inference_specification="gpu")',
    bad='container=ModelPackage("churn", inference_specification="on gpu")',
)
def inference_specification(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the names of inference specifications; they are formed like host names."""
    shape = limit("multi_container", "hostname")
    for at, container in running(spec):
        if isinstance(container, ModelPackage):
            name = container.inference_specification
            yield from badly_named(f"{at}.inference_specification", name, shape["pattern"], shape["max"])
