"""Inference components: several models that share the instances of one endpoint, each with its copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from sm_constructs.alarms import ComponentAlarms
from sm_constructs.binding import site_of
from sm_constructs.endpoints.base import EndpointBase, HostingEndpoint, ImportedEndpoint
from sm_constructs.endpoints.options import spec_of
from sm_constructs.permissions import INVOKE, INVOKE_STREAM
from sm_constructs.spec import VariantSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import Construct
    from typing_extensions import Unpack

    from sm_constructs.components import InferenceComponent, ScaleIn
    from sm_constructs.endpoints.options import EndpointOptions
    from sm_constructs.instances import Instances
    from sm_constructs.scaling import Scaling


class _InvokedByComponent(EndpointBase):
    """An endpoint whose callers name an inference component; mixed in."""

    def grant_invoke(self, grantee: iam.IGrantable, *, components: Sequence[str] | None = None) -> iam.Grant:
        """Let somebody send requests to the inference components and get the answers.

        Parameters
        ----------
        grantee : IGrantable
            Who: a role, a user, a Lambda function.
        components : Sequence[str], optional
            The components that may be asked, by their names here; of an endpoint that exists already, by their
            physical names. Default: all.

        Returns
        -------
        Grant
            What was granted.

        Raises
        ------
        ValueError
            There is no such component.

        Examples
        --------
        >>> endpoint.grant_invoke(function, components=["llama"])

        See Also
        --------
        AWS: "Actions, resources, and condition keys for Amazon SageMaker", ``InvokeEndpoint``: its resources are the
        endpoint and the inference component.
        """
        return self._grant(INVOKE, grantee, components)

    def grant_invoke_stream(self, grantee: iam.IGrantable, *, components: Sequence[str] | None = None) -> iam.Grant:
        """Let somebody get the answers piece by piece, as they are made; otherwise as `grant_invoke`."""
        return self._grant(INVOKE_STREAM, grantee, components)

    def _grant(self, action: str, grantee: iam.IGrantable, components: Sequence[str] | None) -> iam.Grant:
        arns = [self.endpoint_arn, *self._component_arns(components)]
        return iam.Grant.add_to_principal(grantee=grantee, actions=[action], resource_arns=arns)

    def _component_arns(self, components: Sequence[str] | None) -> list[str]:
        """Give the ARNs of components, or of all."""
        raise NotImplementedError


class ImportedInferenceComponentEndpoint(_InvokedByComponent, ImportedEndpoint, ComponentAlarms):
    """An endpoint with inference components that exists already; its components have their physical names."""

    def _component(self, name: str) -> str:
        return name

    def _component_arns(self, components: Sequence[str] | None) -> list[str]:
        arns = site_of(self).arns
        # All on the endpoint, which has to be allowed as well, so that those of others are not.
        return [arns.of("sagemaker", f"inference-component/{name}") for name in components or ["*"]]


class InferenceComponentEndpoint(_InvokedByComponent, HostingEndpoint, ComponentAlarms):
    """Models that share instances; each has its own copies, resources and scaling, down to zero.

    Parameters
    ----------
    scope : Construct
        The stack, or whatever it is part of.
    id : str
        Its id there.
    instances : Instances
        What they share.
    components : Sequence[InferenceComponent]
        The models; a component that is an adapter comes after its `base`.
    scaling : Scaling, optional
        The range of the number of instances, from 0; SageMaker itself keeps as many as the copies need, so there are
        no policies. Default: the number stays as it is.
    scale_in : ScaleIn, optional
        How SageMaker takes instances away; with `scaling`. Default: SageMaker's choice.
    **options : EndpointOptions
        What may be said of any endpoint: its name, role, network, rollout and the rest of `EndpointOptions`.

    Raises
    ------
    InvalidHosting
        AWS would refuse it; the error has every reason, and nothing was created.

    Examples
    --------
    >>> InferenceComponentEndpoint(
    ...     stack,
    ...     "Chat",
    ...     instances=Instances("ml.g5.12xlarge"),
    ...     scaling=Scaling(0, 4),
    ...     components=[
    ...         InferenceComponent(
    ...             "llama",
    ...             container=container,
    ...             accelerators=1,
    ...             memory_mb=16384,
    ...             scaling=Scaling(0, 8, policies=[TargetTracking.concurrent_requests_per_copy(5)]),
    ...         ),
    ...     ],
    ... )

    See Also
    --------
    AWS: "Deploy models with inference components" and "Scale an endpoint to zero instances" in the SageMaker
    developer guide.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        instances: Instances,
        components: Sequence[InferenceComponent],
        scaling: Scaling | None = None,
        scale_in: ScaleIn | None = None,
        **options: Unpack[EndpointOptions],
    ) -> None:
        variant = VariantSpec(instances=instances, scaling=scaling, scale_in=scale_in)
        spec = spec_of(scope, "inference-components", variant, options=options, components=tuple(components))
        names = {
            f"components[{index}].model.containers[0]": f"components[{index}].container"
            for index in range(len(components))
        }
        super().__init__(scope, id, spec, {**names, "variants[0].": ""})

    @property
    def components(self) -> tuple[InferenceComponent, ...]:
        """The inference components."""
        return self._spec.components

    @property
    def component_names(self) -> Mapping[str, str]:
        """What callers put into ``InferenceComponentName``, by the names that were given here."""
        return {name: str(made.inference_component_name) for name, made in self._components.items()}

    def _component(self, name: str) -> str:
        return self.component_names[name]

    def _component_arns(self, components: Sequence[str] | None) -> list[str]:
        wanted = list(self._components) if components is None else components
        if unknown := sorted(set(wanted) - set(self._components)):
            message = f"{self.node.path} has no components {unknown}; it has {sorted(self._components)}"
            raise ValueError(message)
        return [self._components[name].ref for name in wanted]

    @staticmethod
    def from_endpoint_name(scope: Construct, id: str, endpoint_name: str) -> ImportedInferenceComponentEndpoint:
        """Take an endpoint that exists already; see `RealTimeEndpoint.from_endpoint_name`."""
        return ImportedInferenceComponentEndpoint(scope, id, endpoint_name)
