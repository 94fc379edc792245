"""What the value objects become in a stack: images, model data, containers, networks.

Each function gives plain values for the resources' properties, and what the execution role needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, cast
from weakref import WeakKeyDictionary

from aws_cdk import AssetHashType, AssetStaging, Aws, CfnMapping, FileAssetPackaging, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr_assets as ecr_assets

from sm_constructs.containers import AssetImage, EcrImage, ModelPackage, PublishedImage, UriImage
from sm_constructs.facts import images, instance_types
from sm_constructs.model_data import Archive, Directory, S3Archive, S3Prefix, UriData
from sm_constructs.packing import check_archive, pack
from sm_constructs.permissions import Arns, Needs
from sm_constructs.problems import InvalidHosting
from sm_constructs.registries import parse_ecr_uri
from sm_constructs.tokens import is_unresolved

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3
    from aws_cdk import aws_sns as sns
    from constructs import Construct

    from sm_constructs.containers import Container, ContainerImage
    from sm_constructs.instances import Instances
    from sm_constructs.model_data import ModelData, S3Location
    from sm_constructs.network import Network
    from sm_constructs.packing import Packed
    from sm_constructs.problems import Problem

Properties = dict[str, Any]
"""Properties of a CloudFormation resource, as the CDK's L1 constructs take them."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a construct is.

    Attributes
    ----------
    stack : Stack
        Its stack.
    arns : Arns
        The partition, region and account of the stack.
    path : tuple[str, ...]
        The ids of the scopes between the stack and the construct.
    """

    stack: Stack
    arns: Arns
    path: tuple[str, ...]

    @property
    def region(self) -> str | None:
        """The region, where it is known before deployment."""
        return None if is_unresolved(self.arns.region) else self.arns.region

    @property
    def account(self) -> str | None:
        """The account, where it is known before deployment."""
        return None if is_unresolved(self.arns.account) else self.arns.account


# Each question to the CDK crosses to Node; an app asks them once per scope, not once per endpoint.
_sites: WeakKeyDictionary[Construct, Site] = WeakKeyDictionary()


def site_of(scope: Construct) -> Site:
    """Say where a scope is."""
    if (known := _sites.get(scope)) is not None:
        return known
    stack = Stack.of(scope)
    if stack is scope or (here := _sites.get(stack)) is None:
        here = Site(stack, Arns(stack.partition, stack.region, stack.account), ())
        _sites[stack] = here
    if stack is not scope:
        below = scope.node.path.removeprefix(stack.node.path).strip("/")
        here = replace(here, path=tuple(below.split("/")))
        _sites[scope] = here
    return here


@dataclass(frozen=True, slots=True)
class Bound:
    """Properties, and what the execution role needs for them."""

    properties: Properties
    needs: Needs = field(default_factory=Needs)


def pack_artifacts(
    artifacts: Iterable[ModelData | None],
) -> tuple[dict[ModelData, Packed], list[Problem]]:
    """Pack or check the model data that lies on this machine, before anything is created.

    Returns
    -------
    tuple[dict[ModelData, Packed], list[Problem]]
        The archive of each, and what is wrong with the others.
    """
    packed: dict[ModelData, Packed] = {}
    problems: list[Problem] = []
    for data in artifacts:
        try:
            if isinstance(data, Directory):
                packed[data] = pack(data.path, framework=data.framework)
            elif isinstance(data, Archive):
                packed[data] = check_archive(data.path, framework=data.framework)
        except InvalidHosting as refused:
            problems += refused.problems
    for archive in packed.values():
        problems += archive.warnings
    return packed, problems


def bind_container(
    scope: Construct,
    site: Site,
    container: Container | ModelPackage,
    packed: Mapping[ModelData, Packed],
    *,
    suffix: str = "",
    instances: Instances | None = None,
) -> tuple[Properties, tuple[Needs, ...]]:
    """Write a container definition.

    Parameters
    ----------
    scope : Construct
        Where assets are made.
    site : Site
        Where `scope` is.
    container : Container or ModelPackage
        What to write.
    packed : Mapping[ModelData, Packed]
        The archives of model data on this machine.
    suffix : str
        Tells the assets of this container from those of the others in `scope`.
    instances : Instances, optional
        What it runs on; an image that is built here is built for their processor.

    Returns
    -------
    tuple[Properties, tuple[Needs, ...]]
        The definition, and what its parts need.
    """
    if isinstance(container, ModelPackage):
        package: Properties = {"modelPackageName": container.arn}
        if container.inference_specification is not None:
            package["inferenceSpecificationName"] = container.inference_specification
        parts = [Bound(package, Needs(model_packages=(_package_arn(container, site),)))]
    else:
        parts = [_bind_image(scope, site, container.image, f"Image{suffix}", instances)]
        if container.model_data is not None:
            parts.append(bind_model_data(scope, site, container.model_data, packed, f"ModelData{suffix}"))
        if container.models is not None:
            parts.append(_bind_store(site, container.models, cache=container.cache_models))
    definition: Properties = {}
    for part in parts:
        definition |= part.properties
    if container.environment:
        definition["environment"] = dict(container.environment)
    if container.hostname is not None:
        definition["containerHostname"] = container.hostname
    return definition, tuple(part.needs for part in parts)


def _package_arn(package: ModelPackage, site: Site) -> str:
    is_arn = package.arn.startswith("arn:") or is_unresolved(package.arn)
    return package.arn if is_arn else site.arns.of("sagemaker", f"model-package/{package.arn}")


def _bind_image(
    scope: Construct, site: Site, image: ContainerImage, asset_id: str, instances: Instances | None
) -> Bound:
    match image:
        case UriImage():
            return _bind_uri_image(image, site)
        case EcrImage(repository, tag, digest):
            if digest is not None:
                uri = repository.repository_uri_for_digest(digest)
            else:
                uri = repository.repository_uri_for_tag("latest" if tag is None else tag)
            return Bound({"image": uri}, Needs(repositories=(repository.repository_arn,)))
        case AssetImage(directory, options):
            return _build_image(scope, asset_id, directory, options, instances)
        case PublishedImage():
            return _bind_published_image(image, site)
        case _:
            message = f"an image is made by one of the ContainerImage.from_… methods, not {type(image).__name__}"
            raise TypeError(message)


def _bind_uri_image(image: UriImage, site: Site) -> Bound:
    uri, credentials = image.uri, image.registry_credentials
    parts = parse_ecr_uri(uri)
    if parts is not None:
        arn = site.arns.of("ecr", f"repository/{parts.repository}", region=parts.region, account=parts.account)
        return Bound({"image": uri}, Needs(repositories=(arn,)))
    if is_unresolved(uri):
        return Bound({"image": uri}, Needs(repositories=(site.arns.of("ecr", "repository/*", account="*"),)))
    config: Properties = {"repositoryAccessMode": "Vpc"}
    if credentials is None:
        return Bound({"image": uri, "imageConfig": config})
    arn = credentials if isinstance(credentials, str) else credentials.function_arn
    config["repositoryAuthConfig"] = {"repositoryCredentialsProviderArn": arn}
    return Bound({"image": uri, "imageConfig": config}, Needs(credentials=(arn,)))


def _build_image(
    scope: Construct, asset_id: str, directory: str, options: Mapping[str, Any], instances: Instances | None
) -> Bound:
    known = None if instances is None else instance_types().get(instances.type)
    arm = known is not None and known.arm
    platform = ecr_assets.Platform.LINUX_ARM64 if arm else ecr_assets.Platform.LINUX_AMD64
    asset = ecr_assets.DockerImageAsset(scope, asset_id, directory=directory, **{"platform": platform, **options})
    return Bound({"image": asset.image_uri}, Needs(repositories=(asset.repository.repository_arn,)))


def _bind_published_image(image: PublishedImage, site: Site) -> Bound:
    found = images.find(image.name, image.version, accelerator=image.accelerator, python=image.python, os=image.os)
    if image.account is not None:
        account = image.account
    elif site.region is not None:
        account = found.account(site.region)
    else:
        account = _account_at_deployment(site.stack, found)
    if site.region is not None and image.account is None:
        uri = found.uri(site.region)
    else:
        uri = f"{account}.dkr.ecr.{site.arns.region}.{Aws.URL_SUFFIX}/{found.repository}:{found.tag}"
    return Bound(
        {"image": uri},
        Needs(repositories=(site.arns.of("ecr", f"repository/{found.repository}", account=account),)),
    )


# One mapping per stack and table of accounts, however many endpoints use it.
_looked_up: WeakKeyDictionary[Stack, dict[frozenset[tuple[str, str]], str]] = WeakKeyDictionary()


def _account_at_deployment(stack: Stack, image: images.FrameworkImage) -> str:
    """Look the registry's account up by the region of the deployment, in a mapping of the stack."""
    known = _looked_up.setdefault(stack, {})
    table = frozenset(image.accounts.items())
    if table not in known:
        id = f"Registry-{image.repository}"
        if stack.node.try_find_child(id) is not None:
            id = f"{id}-{image.version}"
        accounts = {region: {"Account": account} for region, account in image.accounts.items()}
        known[table] = CfnMapping(stack, id, mapping=accounts).find_in_map(Aws.REGION, "Account")
    return known[table]


def bind_model_data(
    scope: Construct, site: Site, data: ModelData, packed: Mapping[ModelData, Packed], asset_id: str
) -> Bound:
    """Write where model data lies."""
    match data:
        case S3Archive(bucket, key):
            return _archive(_named(bucket), _arn(bucket, site), key, _encryption(bucket))
        case S3Prefix(bucket, prefix, accept_eula):
            bound = _tree(_named(bucket), _arn(bucket, site), prefix, _encryption(bucket))
            if accept_eula:
                bound.properties["modelDataSource"]["s3DataSource"]["modelAccessConfig"] = {"acceptEula": True}
            return bound
        case UriData(uri):
            bucket_name, _, key = uri.partition("://")[2].partition("/")
            if is_unresolved(uri) and not key:
                # Nothing is known of it before deployment, not even its bucket.
                return Bound({"modelDataUrl": uri}, Needs(objects=((f"arn:{site.arns.partition}:s3:::*", "*"),)))
            arn = f"arn:{site.arns.partition}:s3:::{bucket_name}"
            return (_tree if data.is_prefix else _archive)(bucket_name, arn, key, ())
        case Directory() | Archive():
            return _upload(scope, site, packed[data], asset_id)
        case _:
            message = f"model data is made by one of the ModelData.from_… methods, not {type(data).__name__}"
            raise TypeError(message)


def _bind_store(site: Site, models: ModelData, *, cache: bool) -> Bound:
    """Write the store of a multi-model container: a prefix, given as if it were one object."""
    match models:
        case S3Prefix(bucket, prefix):
            url, arn, kms_keys = f"s3://{_named(bucket)}/{prefix}", _arn(bucket, site), _encryption(bucket)
        case UriData(url):
            bucket_name, _, prefix = url.partition("://")[2].partition("/")
            arn, kms_keys = f"arn:{site.arns.partition}:s3:::{bucket_name}", ()
        case _:
            message = f"a store of models is made by ModelData.from_s3_prefix, not {type(models).__name__}"
            raise TypeError(message)
    properties: Properties = {"mode": "MultiModel", "modelDataUrl": url}
    if not cache:
        properties["multiModelConfig"] = {"modelCacheSetting": "Disabled"}
    return Bound(properties, Needs(objects=((arn, prefix),), keys=kms_keys))


@dataclass(frozen=True, slots=True)
class Place:
    """A location in S3, as resources and statements name it."""

    uri: str
    bucket_arn: str
    prefix: str
    kms_keys: tuple[str, ...]


def place_of(location: S3Location, site: Site) -> Place:
    """Say where a location is."""
    return Place(
        f"s3://{_named(location.bucket)}/{location.prefix}",
        _arn(location.bucket, site),
        location.prefix,
        _encryption(location.bucket),
    )


def topic_arn(topic: sns.ITopic | str | Literal[True]) -> str:
    """Give the ARN of a topic; one that was asked for is made by now."""
    return topic if isinstance(topic, str) else cast("sns.ITopic", topic).topic_arn


def key_arn(key: kms.IKey | str) -> str:
    """Give the ARN of a key."""
    return key if isinstance(key, str) else key.key_arn


def _named(bucket: s3.IBucket | str) -> str:
    return bucket if isinstance(bucket, str) else bucket.bucket_name


def _arn(bucket: s3.IBucket | str, site: Site) -> str:
    return f"arn:{site.arns.partition}:s3:::{bucket}" if isinstance(bucket, str) else bucket.bucket_arn


def _encryption(bucket: s3.IBucket | str) -> tuple[str, ...]:
    key: kms.IKey | None = None if isinstance(bucket, str) else bucket.encryption_key
    return () if key is None else (key.key_arn,)


def _archive(bucket: str, arn: str, key: str, kms_keys: tuple[str, ...]) -> Bound:
    return Bound({"modelDataUrl": f"s3://{bucket}/{key}"}, Needs(objects=((arn, key),), keys=kms_keys))


def _tree(bucket: str, arn: str, prefix: str, kms_keys: tuple[str, ...]) -> Bound:
    source = {"s3Uri": f"s3://{bucket}/{prefix}", "s3DataType": "S3Prefix", "compressionType": "None"}
    return Bound({"modelDataSource": {"s3DataSource": source}}, Needs(objects=((arn, prefix),), keys=kms_keys))


def _upload(scope: Construct, site: Site, archive: Packed, asset_id: str) -> Bound:
    staged = AssetStaging(
        scope,
        asset_id,
        source_path=str(archive.path),
        asset_hash=archive.digest,
        asset_hash_type=AssetHashType.CUSTOM,
    )
    # The CDK names an object by its hash and the last suffix of its file, so aws_s3_assets.Asset makes it <hash>.gz;
    # SageMaker takes only .tar.gz. The first half of the suffix therefore goes with the hash.
    location = site.stack.synthesizer.add_file_asset(
        source_hash=f"{staged.asset_hash}.tar",
        file_name=staged.relative_staged_path(site.stack),
        packaging=FileAssetPackaging.FILE,
    )
    bucket = location.bucket_name
    return _archive(bucket, f"arn:{site.arns.partition}:s3:::{bucket}", location.object_key, ())


def settle_network(network: Network) -> Network:
    """Replace a choice of subnets by the ids of those it chooses."""
    subnets: Sequence[str] | None = None
    if network.vpc is not None and (network.subnets is None or isinstance(network.subnets, ec2.SubnetSelection)):
        choice = network.subnets or ec2.SubnetSelection()
        subnets = network.vpc.select_subnets(
            availability_zones=choice.availability_zones,
            one_per_az=choice.one_per_az,
            subnet_filters=choice.subnet_filters,
            subnet_group_name=choice.subnet_group_name,
            subnets=choice.subnets,
            subnet_type=choice.subnet_type,
        ).subnet_ids
    elif network.subnets is not None and not isinstance(network.subnets, ec2.SubnetSelection):
        subnets = [subnet if isinstance(subnet, str) else subnet.subnet_id for subnet in network.subnets]
    return replace(network, subnets=subnets)
