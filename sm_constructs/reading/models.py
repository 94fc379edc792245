"""Models: containers, images, model data, and the network they are in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sm_constructs.containers import Container, ContainerImage, ModelPackage, UriImage
from sm_constructs.model_data import ModelData, S3Archive, S3Location, S3Prefix, UriData
from sm_constructs.network import Network
from sm_constructs.reading.intrinsics import token
from sm_constructs.reading.nodes import Found, Node, Table, made, nothing, several
from sm_constructs.registries import parse_ecr_uri
from sm_constructs.spec import ModelSpec
from sm_constructs.tokens import is_unresolved

if TYPE_CHECKING:
    from sm_constructs.reading.resources import Resource

_S3 = "s3://"


def unknown_model(node: Node) -> Found[ModelSpec]:
    """Give a model that is not in the template: one container, of which nothing is known."""
    node.mark()
    container = Container(ContainerImage())
    return Found(ModelSpec(containers=(container,)), node)


def read_model(resource: Resource) -> Found[ModelSpec]:
    """Read a model."""
    resource["ExecutionRoleArn"].mark()
    path = resource.path
    together = resource["Containers"]
    if not together:
        return made(ModelSpec, path, containers=several(path, [read_container(resource["PrimaryContainer"])]))
    mode = resource["InferenceExecutionConfig"]["Mode"]
    mode.says("Serial")
    if len(together.entries()) == 1 and not mode.says("Direct"):  # a pipeline of one is a model of one container
        return made(ModelSpec, path, containers=several(together, [read_container(together.entries()[0])]))
    return made(
        ModelSpec,
        path,
        containers=several(together, [read_container(each) for each in together.entries()]),
        mode=Found("direct" if mode.says("Direct") else "serial", mode),
    )


def read_container(node: Node) -> Found[Container | ModelPackage]:
    """Read a container, or the model package that stands in its place."""
    if node["ModelPackageName"]:
        return made(
            ModelPackage,
            node,
            (node, _CONTAINER),
            arn=node["ModelPackageName"].text(),
            inference_specification=node["InferenceSpecificationName"].text(),
        )
    parts: dict[str, Found[Any]] = {"image": _read_image(node)}
    if node["Mode"].says("MultiModel"):
        parts["models"] = _model_data(node["ModelDataUrl"], tree=True)
        caching = node["MultiModelConfig"]["ModelCacheSetting"]
        caching.says("Enabled")
        parts["cache_models"] = Found(not caching.says("Disabled"), caching)
    else:
        node["Mode"].says("SingleModel")
        parts["model_data"] = _read_model_data(node)
    return made(Container, node, (node, _CONTAINER), **parts)


_CONTAINER = Table(environment=("Environment", Node.mapping), hostname=("ContainerHostname", Node.text))


def _read_image(node: Node) -> Found[ContainerImage]:
    uri, config = node["Image"].text(), node["ImageConfig"]
    if uri.value is None:
        return Found(ContainerImage(), uri)
    if not config:
        return made(UriImage, uri, uri=uri, registry_credentials=config)
    credentials = config["RepositoryAuthConfig"]["RepositoryCredentialsProviderArn"].text()
    in_ecr = is_unresolved(uri.value) or parse_ecr_uri(uri.value) is not None
    config["RepositoryAccessMode"].says("Platform" if in_ecr else "Vpc")
    return made(UriImage, uri, uri=uri, registry_credentials=credentials)


def _read_model_data(node: Node) -> Found[Any]:
    source = node["ModelDataSource"]
    source = source["S3DataSource"] if source else source
    if not source:
        return _model_data(node["ModelDataUrl"], tree=False)
    tree = source["S3DataType"].says("S3Prefix")
    if not tree:
        source["S3DataType"].says("S3Object")
    if not tree and source["CompressionType"].said == "None":  # one object as it is, for which there is no argument
        return Found(ModelData.from_uri(token(source.path)), source["S3Uri"])
    source["CompressionType"].says("None" if tree else "Gzip")
    if tree and source["ModelAccessConfig"]["AcceptEula"].flag().value and (uri := source["S3Uri"].text()).value:
        return Found(S3Prefix(*_bucket_and_key(uri.value), accept_eula=True), uri)
    return _model_data(source["S3Uri"], tree=tree)


def _model_data(node: Node, *, tree: bool) -> Found[Any]:
    """Give model data by its URI, unless that would be taken for a tree where it is none, or for none where it is."""
    uri = node.text()
    if uri.value is None:
        return nothing(node)
    if uri.value.endswith("/") is tree or not (uri.value.startswith(_S3) or is_unresolved(uri.value)):
        return Found(ModelData.from_uri(uri.value), uri)
    bucket, key = _bucket_and_key(uri.value)
    return Found(S3Prefix(bucket, key) if tree else S3Archive(bucket, key), uri)


def read_archive(node: Node) -> Found[UriData | None]:
    """Read the archive of an adapter or of a component."""
    found: Found[UriData | None] = _model_data(node, tree=False)
    return found


def read_location(node: Node) -> Found[S3Location | None]:
    """Read a place in S3."""
    uri = node.text()
    if uri.value is None:
        return Found(None, uri)
    return Found(S3Location(*_bucket_and_key(uri.value)), uri)


def _bucket_and_key(uri: str) -> tuple[str, str]:
    """Take a URI apart; what is not known before deployment, or is no S3 URI, stands for its parts as a whole."""
    bucket, slash, key = uri.removeprefix(_S3).partition("/")
    if uri.startswith(_S3) and (slash or not is_unresolved(uri)):
        return bucket, key
    return uri, uri if is_unresolved(uri) else ""


def read_network(resource: Resource) -> Found[Network | None]:
    """Read the network of a model or of an endpoint configuration."""
    vpc, isolated = resource["VpcConfig"], resource["EnableNetworkIsolation"].flag()
    if not vpc and not isolated.value:
        return nothing(vpc)
    return made(
        Network,
        vpc,
        subnets=vpc["Subnets"].texts(),
        security_groups=vpc["SecurityGroupIds"].texts(),
        isolated=isolated,
    )
