"""What runs: images, containers, model packages."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_ecr as ecr
    from aws_cdk import aws_lambda as lambda_

    from sm_constructs.model_data import ModelData


@dataclass(frozen=True, slots=True)
class ContainerImage:
    """A container image; made by one of the ``from_…`` methods."""

    @staticmethod
    def from_uri(uri: str, *, registry_credentials: lambda_.IFunction | str | None = None) -> ContainerImage:
        """Take an image from any registry, by its URI.

        Parameters
        ----------
        uri : str
            The image, with its registry and tag or digest; at most 255 characters, no spaces. An image in
            Amazon ECR lies in the region of the endpoint. Any other registry must be reachable from the VPC
            of the endpoint, so it needs ``network=Network(vpc)``. A URI of which nothing is known before deployment
            is taken for one in Amazon ECR, and the endpoint may pull from every repository of its region.
        registry_credentials : IFunction or str, optional
            The Lambda function (or its ARN) that gives the credentials for a private Docker registry.
            Default: the registry needs none.

        Examples
        --------
        >>> ContainerImage.from_uri("123456789012.dkr.ecr.eu-west-1.amazonaws.com/scorer:1.4")

        See Also
        --------
        AWS: "Use a private Docker registry for real-time inference containers" in the SageMaker developer guide.
        """
        return UriImage(uri, registry_credentials)

    @staticmethod
    def from_ecr_repository(
        repository: ecr.IRepository, *, tag: str | None = None, digest: str | None = None
    ) -> ContainerImage:
        """Take an image from an Amazon ECR repository.

        Parameters
        ----------
        repository : IRepository
            The repository, in the region of the endpoint.
        tag : str, optional
            The tag. Default: ``latest``, unless there is a digest.
        digest : str, optional
            The digest, ``sha256:`` and 64 hexadecimal digits; not together with `tag`. It says for certain
            which image runs.

        Examples
        --------
        >>> ContainerImage.from_ecr_repository(repository, tag="1.4")
        """
        return EcrImage(repository, tag, digest)

    @staticmethod
    def from_asset(directory: str, **options: Any) -> ContainerImage:  # noqa: ANN401 - the CDK's own options
        """Build an image from a directory with a Dockerfile when the app is deployed, and upload it.

        Parameters
        ----------
        directory : str
            The directory.
        **options
            The options of ``aws_ecr_assets.DockerImageAsset``, such as ``build_args``. ``platform`` follows
            the processor of the instances unless it is given.

        Examples
        --------
        >>> ContainerImage.from_asset("scorer", build_args={"VERSION": "1.4"})
        """
        return AssetImage(directory, options)

    @staticmethod
    def from_framework(
        name: str,
        version: str,
        *,
        accelerator: str = "cpu",
        python: str | None = None,
        os: str | None = None,
        account: str | None = None,
    ) -> ContainerImage:
        """Take a serving image that AWS publishes, from the registry of the endpoint's region.

        It works in every region and partition that AWS publishes the image in, also when the region of the
        stack is not known before deployment.

        Parameters
        ----------
        name : str
            The framework, such as ``"pytorch"``, ``"huggingface"``, ``"sklearn"``, ``"djl-lmi"``.
        version : str
            Its version, such as ``"2.6"``.
        accelerator : str, default "cpu"
            ``"cpu"``, ``"gpu"``, or what else is published for this framework.
        python : str, optional
            The Python version, such as ``"py312"``. Default: the newest published.
        os : str, optional
            The operating system of the image. Default: the newest published.
        account : str, optional
            The account of the registry, where you keep a copy. Default: AWS's own in each region.

        Examples
        --------
        >>> ContainerImage.from_framework("sklearn", "1.2-1")
        >>> ContainerImage.from_framework("pytorch", "2.6", accelerator="gpu")

        See Also
        --------
        AWS: "Docker registry paths and example code" in the SageMaker documentation; the table is generated from
        the image-URI files of the PyPI package ``sagemaker-core``.
        """
        return PublishedImage(name, version, accelerator, python, os, account)


@dataclass(frozen=True, slots=True)
class UriImage(ContainerImage):
    """An image by its URI; see `ContainerImage.from_uri`."""

    uri: str
    registry_credentials: lambda_.IFunction | str | None = None


@dataclass(frozen=True, slots=True)
class EcrImage(ContainerImage):
    """An image in a repository; see `ContainerImage.from_ecr_repository`."""

    repository: ecr.IRepository
    tag: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class AssetImage(ContainerImage):
    """An image to be built; see `ContainerImage.from_asset`."""

    directory: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PublishedImage(ContainerImage):
    """An image that AWS publishes; see `ContainerImage.from_framework`."""

    name: str
    version: str
    accelerator: str = "cpu"
    python: str | None = None
    os: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """An image, its model data and its environment.

    Parameters
    ----------
    image : ContainerImage
        The image.
    model_data : ModelData, optional
        The model's artifacts. Default: none; the model is in the image or is fetched by the container.
    environment : Mapping[str, str], optional
        Environment variables: at most 100, names and values of at most 1024 characters, 32 KB in all over
        the containers of a model. Default: none.
    hostname : str, optional
        The name of the container among those of its model. Default: none.
    models : ModelData, optional
        The store of a multi-model container: the prefix under which the archives of all its models lie; made by
        `ModelData.from_s3_prefix`. Default: the container serves one model, `model_data`.
    cache_models : bool, default True
        Whether a multi-model container keeps models in memory between requests.

    Examples
    --------
    >>> Container(ContainerImage.from_framework("sklearn", "1.2-1"), model_data=ModelData.from_directory("model"))

    See Also
    --------
    AWS: ``ContainerDefinition`` in the SageMaker API reference.
    """

    image: ContainerImage
    _: KW_ONLY
    model_data: ModelData | None = None
    environment: Mapping[str, str] | None = None
    hostname: str | None = None
    models: ModelData | None = None
    cache_models: bool = True


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """A version in the Model Registry, or a model from AWS Marketplace; stands where a `Container` does.

    Parameters
    ----------
    arn : str
        The ARN of the model package.
    environment : Mapping[str, str], optional
        Environment variables, as for `Container`. Default: none.
    hostname : str, optional
        The name of the container among those of its model. Default: none.
    inference_specification : str, optional
        Which of the package's inference specifications to run: 1 to 63 letters, digits and hyphens. Default: the
        package's main one.

    Examples
    --------
    >>> ModelPackage("arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3")

    See Also
    --------
    AWS: "Deploy a model from the Registry" in the SageMaker developer guide.
    """

    arn: str
    _: KW_ONLY
    environment: Mapping[str, str] | None = None
    hostname: str | None = None
    inference_specification: str | None = None


__all__ = [
    "AssetImage",
    "Container",
    "ContainerImage",
    "EcrImage",
    "ModelPackage",
    "PublishedImage",
    "UriImage",
]
