"""Where model data lies in S3, and how it is named. What is in an archive is checked when it is packed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sm_constructs.containers import Container
from sm_constructs.facts import limit
from sm_constructs.model_data import S3Archive, S3Prefix, UriData
from sm_constructs.reading.intrinsics import TOKEN, may_end
from sm_constructs.rules.containers import running
from sm_constructs.rules.registry import Finding, rule
from sm_constructs.spec import once_each
from sm_constructs.tokens import is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sm_constructs.model_data import ModelData
    from sm_constructs.spec import EndpointSpec

_ARCHIVE = ".tar.gz"


@once_each
def stored(spec: EndpointSpec) -> Iterator[tuple[str, ModelData]]:
    """Give all model data, with its place."""
    for at, container in running(spec):
        if isinstance(container, Container) and container.model_data is not None:
            yield f"{at}.model_data", container.model_data
    for index, component in enumerate(spec.components):
        if component.adapter is not None:
            yield f"components[{index}].adapter", component.adapter


def is_tree(data: ModelData | None) -> bool:
    """Say whether model data is a tree of files, not an archive."""
    return isinstance(data, S3Prefix) or (isinstance(data, UriData) and data.is_prefix)


@once_each
def keys(spec: EndpointSpec) -> Iterator[tuple[str, str, str]]:
    """Give every key or prefix in S3 that is known, with its place and its full URI as far as it is known."""
    for at, data in stored(spec):
        match data:
            case S3Archive(bucket=bucket, key=key) | S3Prefix(bucket=bucket, prefix=key) if is_text(key):
                name = bucket if is_text(bucket) else ""
                yield at, key, f"s3://{name}/{key}"
            case UriData(uri=uri) if is_text(uri):
                yield at, uri.partition("://")[2].partition("/")[2], uri
            case _:
                pass


@rule(
    "SMC440",
    "Model data is given by an S3 URI of at most 1024 characters",
    source="ContainerDefinition.ModelDataUrl and S3ModelDataSource.S3Uri",
    facts=["artifacts/model_data_url", "artifacts/s3_data_source"],
    good='container=Container(image, model_data=ModelData.from_uri("s3://models/churn/model.tar.gz"))',
    bad='container=Container(image, model_data=ModelData.from_uri("models/churn/model.tar.gz"))',
)
def uri_form(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the form of S3 URIs."""
    longest = limit("artifacts", "model_data_url")["max"]
    for at, _, uri in keys(spec):
        if not re.match(r"s3://[^/]*/", uri):
            yield Finding(at, f"is {uri!r}; it is s3://bucket/key")
        elif len(uri) > longest:
            yield Finding(at, f"is {len(uri)} characters long; a URI has at most {longest}")


@rule(
    "SMC441",
    "An archive's key ends in .tar.gz, a tree's prefix in /",
    source='ContainerDefinition.ModelDataUrl: "a single gzip compressed tar archive (.tar.gz suffix)"',
    facts=["artifacts/tar_gz", "artifacts/s3_data_source", "mme/model_data_url_trailing_slash"],
    good='container=Container(image, model_data=ModelData.from_s3("models", "churn/model.tar.gz"))',
    bad='container=Container(image, model_data=ModelData.from_s3("models", "churn/model.zip"))',
)
def uri_end(spec: EndpointSpec) -> Iterator[Finding]:
    """Check the end of S3 URIs."""
    for at, data in stored(spec):
        match data:
            case S3Archive(key=key) if isinstance(key, str) and not may_end(key, _ARCHIVE):
                key = TOKEN.sub("…", key)
                yield Finding(at, f"has the key {key!r}; an archive's key ends in {_ARCHIVE} (a tree: from_s3_prefix)")
            case UriData(uri=uri) if isinstance(uri, str) and not may_end(uri, _ARCHIVE) and not may_end(uri, "/"):
                yield Finding(at, f"is {TOKEN.sub('…', uri)!r}; an archive ends in {_ARCHIVE}, a tree of files in /")
            case S3Prefix(prefix=""):
                yield Finding(at, "has an empty prefix; give the prefix of the model's files")
            case _:
                pass


@rule(
    "SMC442",
    "No part of a key is empty, . or .., longer than 255 bytes, or has a NUL",
    source="S3ModelDataSource.S3Uri: names that are no file names",
    facts=["artifacts/s3_data_source_bad_names"],
    good='container=Container(image, model_data=ModelData.from_s3_prefix("models", "llama/v2"))',
    bad='container=Container(image, model_data=ModelData.from_s3_prefix("models", "llama//v2"))',
)
def key_parts(spec: EndpointSpec) -> Iterator[Finding]:
    """Check that the parts of keys of uncompressed trees can be file names."""
    longest = limit("artifacts", "s3_data_source_bad_names")["name_max_bytes"]
    for at, data in stored(spec):
        if isinstance(data, S3Prefix):
            key = data.prefix
        elif isinstance(data, UriData) and data.is_prefix:
            key = data.uri.partition("://")[2].partition("/")[2]
        else:
            continue
        if not is_text(key) or not key:
            continue
        for part in key.removesuffix("/").split("/"):
            if part in ("", ".", "..") or "\0" in part or len(part.encode(errors="surrogatepass")) > longest:
                yield Finding(at, f"has the prefix {key!r}; {part!r} cannot be the name of a folder")


@rule(
    "SMC443",
    "Model data say which version they are",
    severity="warning",
    source="AWS::SageMaker::Model: new data under the same key change no property, so nothing is updated",
    good='container=Container(image, model_data=ModelData.from_s3("models", "churn/1.4/model.tar.gz"))',
    bad='container=Container(image, model_data=ModelData.from_s3("models", "churn/latest/model.tar.gz"))',
)
def latest(spec: EndpointSpec) -> Iterator[Finding]:
    """Warn of keys under which the data change."""
    for at, data in stored(spec):
        place = data.uri if isinstance(data, UriData) else data.key if isinstance(data, S3Archive) else None
        if place is not None and "latest" in place.lower().split("/"):
            yield Finding(at, "is the latest: when it changes, nothing is updated, and new instances take another one")
