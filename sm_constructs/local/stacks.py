"""CloudFormation as the embedded AWS has it: stacks that are created, updated, rolled back and deleted as on AWS.

moto reports success whatever happens: it has no rollback, deletes before it creates, and leaves dependents as they are.
This module drives the deployment; what a resource is and how it is resolved stands in `stack_resources`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
from collections.abc import Callable, Collection, Mapping
from typing import Any, cast

from moto.cloudformation import models as moto_models
from moto.cloudformation import urls as moto_urls
from moto.cloudformation.exceptions import AlreadyExistsException, CloudFormationError, ValidationError
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Event
from moto.cloudformation.parsing import Export, OutputMap
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_stack_id
from moto.core.responses import ActionResult, EmptyResult

from sm_constructs.local.stack_resources import (
    Definition,
    ResourceFailed,
    StackResources,
    Standing,
    check_template,
    custom_name,
    dependency_order,
    needs_replacement,
)


class Stack(moto_models.Stack):
    """A stack; see the AWS guide on stack failure options for the states it goes through."""

    resource_map: StackResources

    @staticmethod
    def cloudformation_name_type() -> str:
        """Tell that no property gives the stack its name; moto wants this of all its classes."""
        return ""

    def is_created(self) -> bool:
        """Tell whether the stack stands; moto wants this of all its classes."""
        return str(self.status).endswith("_COMPLETE") and "ROLLBACK" not in self.status

    @property
    def stack_parameters(self) -> dict[str, str]:
        """The parameters as they were given, which is how they are given again; moto has them resolved."""
        slots = self.resource_map.template.get("Parameters", {})
        return {
            name: str(self.resource_map.input_parameters.get(name, slot.get("Default", "")))
            for name, slot in slots.items()
        }

    @property
    def parameter_list(self) -> list[dict[str, str]]:
        """The parameters as DescribeStacks shows them."""
        hidden = self.resource_map.no_echo_parameter_keys
        return [
            {"ParameterKey": name, "ParameterValue": "****" if name in hidden else value}
            for name, value in self.stack_parameters.items()
        ]

    def deploy(self, operation: str, template: str, parameters: dict[str, Any], exports: dict[str, Export]) -> None:
        """Create or update the stack; when a resource fails, go back to what was before.

        Parameters
        ----------
        operation : str
            ``"CREATE"`` or ``"UPDATE"``.
        template : str
            The template's text.
        parameters : dict[str, Any]
            Its parameters.
        exports : dict[str, Export]
            What stacks of this region export; the stack's own exports are put in.
        """
        definitions = self.parse_template(template)
        self.resource_map.cross_stack_resources = exports
        self._enter(f"{operation}_IN_PROGRESS", "User Initiated")
        before = (self.resource_map.template, self.resource_map.input_parameters)
        deployment = _Deployment(self.resource_map, self._report)
        try:
            deployment.bring(self.resource_map.read(definitions, parameters))
            self._publish(definitions, exports)
        except Exception as error:
            self._roll_back(operation, deployment, error, before)
            return
        self.template, self.template_dict, self.parameters = template, definitions, parameters
        self.description = definitions.get("Description")
        if deployment.obsolete:
            self._enter(f"{operation}_COMPLETE_CLEANUP_IN_PROGRESS")
            deployment.clean_up()
        self._enter(f"{operation}_COMPLETE")

    def create_resources(self) -> None:
        """Create the stack from the template that it was made with, as the instances of stack sets are."""
        self.deploy("CREATE", str(self.template), self.parameters, self.cross_stack_resources)

    def update(
        self,
        template: str,
        role_arn: str | None = None,
        parameters: dict[str, Any] | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        """Answer UpdateStack."""
        exports = self.resource_map.cross_stack_resources or {}
        self.deploy("UPDATE", template, self.parameters if parameters is None else parameters, exports)
        self.role_arn = role_arn
        self.tags = self.tags if tags is None else tags

    def delete(self) -> None:
        """Delete the stack with its resources, those last on which others depend."""
        self._enter("DELETE_IN_PROGRESS", "User Initiated")
        failed = _delete_all(list(self.resource_map.standing.values()), self.resource_map, self._report)
        if failed:
            self._enter("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}].")
        else:
            self._enter("DELETE_COMPLETE")

    def _roll_back(self, operation: str, deployment: _Deployment, error: Exception, before: tuple[Any, Any]) -> None:
        state = "ROLLBACK" if operation == "CREATE" else "UPDATE_ROLLBACK"
        if isinstance(error, ResourceFailed):
            reason = f"The following resource(s) failed to {error.action}: [{error.logical_id}]."
        else:
            reason = _words(error)
        self._enter(f"{state}_IN_PROGRESS", reason)
        if deployment.undo():
            self._enter(f"{state}_COMPLETE")
        else:
            self._enter(f"{state}_FAILED")
        template, parameters = before
        if template:
            self.resource_map.read(template, parameters)

    def _publish(self, template: dict[str, Any], exports: dict[str, Export]) -> None:
        """Resolve the outputs, and export what they export."""
        outputs = OutputMap(self.resource_map, template, self.stack_id)
        for name in outputs.outputs:
            _ = outputs[name]
        mine = {export.name: export for export in outputs.exports}
        for name in mine:
            if name in exports and exports[name].exporting_stack_id != self.stack_id:
                raise ValidationError(message=f"Export with name {name} is already exported by another stack.")
        self.withdraw(exports)
        exports.update(mine)
        self.output_map = outputs

    def withdraw(self, exports: dict[str, Export]) -> None:
        """Take the stack's exports back."""
        for name in [name for name, export in exports.items() if export.exporting_stack_id == self.stack_id]:
            del exports[name]

    def _enter(self, status: str, reason: str | None = None) -> None:
        self.status, self.status_reason = status, reason
        self._add_stack_event(status, resource_status_reason=reason)
        self._keep_order()

    def _report(self, resource: Standing | None, logical_id: str, kind: str, status: str, reason: str | None) -> None:
        self.events.append(
            Event(
                stack_id=self.stack_id,
                stack_name=self.name,
                logical_resource_id=logical_id,
                physical_resource_id="" if resource is None else resource.physical_id,
                resource_type=kind,
                resource_status=status,
                resource_status_reason=reason,
                resource_properties=None,
            )
        )
        self._keep_order()

    def _keep_order(self) -> None:
        """Give the newest event a time after that of the one before; clients sort events by their milliseconds."""
        *_, before, newest = [None, *self.events]
        if before is not None:
            newest.timestamp = max(newest.timestamp, before.timestamp + dt.timedelta(milliseconds=1))


#: Takes an event: the resource as far as it stands, its logical id, its type, the status and the reason.
_Report = Callable[[Standing | None, str, str, str, str | None], None]


class _Deployment:
    """One way from the resources that stand to those that a template wants, and back."""

    def __init__(self, resources: StackResources, report: _Report) -> None:
        self._resources = resources
        self._report = report
        self._undo: list[Callable[[], None]] = []
        #: What is deleted once everything else has succeeded.
        self.obsolete: list[Standing] = []

    def bring(self, wanted: Mapping[str, Definition]) -> None:
        """Create, update and replace, in the order given; what is no longer wanted stays for `clean_up`."""
        for logical_id, definition in wanted.items():
            standing = self._resources.standing.get(logical_id)
            action = "create" if standing is None else "update"
            try:
                self._bring_one(logical_id, definition, standing)
            except Exception as error:
                status = f"{action.upper()}_FAILED"
                self._report(standing, logical_id, definition["Type"], status, _words(error))
                raise ResourceFailed(logical_id, action) from error
        for logical_id, standing in list(self._resources.standing.items()):
            if logical_id not in wanted:
                self.obsolete.append(standing)

    def undo(self) -> bool:
        """Go back to what stood before; tell whether that succeeded."""
        self.obsolete.clear()
        success = True
        for step in reversed(self._undo):
            try:
                step()
            except Exception:
                success = False
        return success

    def clean_up(self) -> None:
        """Delete what was replaced and what is no longer wanted; AWS, too, only reports when that fails."""
        _delete_all(self.obsolete, self._resources, self._report)

    def _bring_one(self, logical_id: str, definition: Definition, standing: Standing | None) -> None:
        properties = self._resources.resolve(definition)
        if standing is None:
            self._create(logical_id, definition, properties)
        elif standing.type != definition["Type"]:
            raise ValidationError(message=f"Update of resource type is not permitted: {logical_id}")
        elif standing.properties == properties:
            standing.definition = definition
        elif needs_replacement(standing, properties):
            self._replace(standing, definition, properties)
        else:
            self._update(standing, definition, properties)

    def _create(self, logical_id: str, definition: Definition, properties: dict[str, Any]) -> None:
        kind = definition["Type"]
        self._report(None, logical_id, kind, "CREATE_IN_PROGRESS", None)
        standing = self._resources.create_resource(logical_id, definition, properties)
        self._undo.append(functools.partial(self._delete_created, standing))
        self._report(standing, logical_id, kind, "CREATE_COMPLETE", None)

    def _replace(self, old: Standing, definition: Definition, properties: dict[str, Any]) -> None:
        name = custom_name(old, properties)
        if name is not None:
            raise ValidationError(
                message="CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {name} and update the stack again."
            )
        reason = "Requested update requires the creation of a new physical resource; hence creating one."
        self._report(old, old.logical_id, old.type, "UPDATE_IN_PROGRESS", reason)
        new = self._resources.create_resource(old.logical_id, definition, properties)
        self._undo.append(functools.partial(self._put_back, old, new))
        self.obsolete.append(old)
        self._report(new, new.logical_id, new.type, "UPDATE_COMPLETE", None)

    def _update(self, standing: Standing, definition: Definition, properties: dict[str, Any]) -> None:
        self._report(standing, standing.logical_id, standing.type, "UPDATE_IN_PROGRESS", None)
        # Before the attempt: one that fails half-way is undone, too.
        before = (standing.definition, standing.properties)
        self._undo.append(functools.partial(self._update_back, standing, *before))
        self._resources.update_resource(standing, definition, properties)
        self._report(standing, standing.logical_id, standing.type, "UPDATE_COMPLETE", None)

    def _delete_created(self, standing: Standing) -> None:
        if _delete_all([standing], self._resources, self._report, kept={"Retain"}):
            raise ResourceFailed(standing.logical_id, "delete")

    def _put_back(self, old: Standing, new: Standing) -> None:
        self._delete_created(new)
        self._resources.keep(old)

    def _update_back(self, standing: Standing, definition: Definition, properties: dict[str, Any]) -> None:
        try:
            self._resources.update_resource(standing, definition, properties)
        except Exception as error:
            self._report(standing, standing.logical_id, standing.type, "UPDATE_FAILED", _words(error))
            raise
        self._report(standing, standing.logical_id, standing.type, "UPDATE_COMPLETE", None)


def _delete_all(
    obsolete: list[Standing],
    resources: StackResources,
    report: _Report,
    kept: Collection[str] = ("Retain", "RetainExceptOnCreate"),
) -> list[str]:
    """Delete resources, dependents first; give the logical ids of those that could not be deleted.

    ``kept`` are the policies that spare a resource. Snapshots of what is deleted do not exist here.
    """
    definitions = {standing.logical_id: standing.definition for standing in obsolete}
    rank = {logical_id: index for index, logical_id in enumerate(dependency_order(definitions))}
    failed = []
    for standing in sorted(obsolete, key=lambda standing: rank[standing.logical_id], reverse=True):
        tell = functools.partial(report, standing, standing.logical_id, standing.type)
        replaced = resources.standing.get(standing.logical_id) is not standing
        policy = standing.definition.get("UpdateReplacePolicy" if replaced else "DeletionPolicy")
        if policy in kept:
            tell("DELETE_SKIPPED", None)
            resources.forget(standing)
            continue
        tell("DELETE_IN_PROGRESS", None)
        try:
            possible = resources.delete_resource(standing)
        except Exception as error:
            tell("DELETE_FAILED", _words(error))
            failed.append(standing.logical_id)
            continue
        resources.forget(standing)
        if possible:
            tell("DELETE_COMPLETE", None)
        else:
            tell("DELETE_SKIPPED", "The embedded AWS cannot delete resources of this type.")
    return failed


def _words(error: Exception) -> str:
    """Say what an exception means, as the reason of an event."""
    message = getattr(error, "message", None) or str(error)
    return str(message) if message else type(error).__name__


class _ChangeSetNotFound(CloudFormationError):  # noqa: N818 - AWS calls it so
    code = "ChangeSetNotFoundException"
    message = "ChangeSet [{change_set}] does not exist"


class StackBackend(CloudFormationBackend):
    """moto's backend, whose stacks deploy themselves."""

    _url_module = moto_urls  # moto looks for it beside the class's own module

    def create_stack(
        self,
        name: str,
        template: str,
        parameters: dict[str, Any],
        notification_arns: list[str] | None = None,
        tags: dict[str, str] | None = None,
        role_arn: str | None = None,
        enable_termination_protection: bool | None = False,  # noqa: FBT001, FBT002 - moto's signature
        timeout_in_mins: int | None = None,
        stack_policy_body: str | None = None,
    ) -> Stack:
        """Answer CreateStack."""
        if any(stack.name == name for stack in self.stacks.values()):
            message = f"Stack [{name}] already exists"
            raise AlreadyExistsException(message)
        check_template(Stack.parse_template(template))
        stack = Stack(
            stack_id=generate_stack_id(name, self.region_name, self.account_id),
            name=name,
            template={},
            parameters=parameters,
            account_id=self.account_id,
            region_name=self.region_name,
            notification_arns=notification_arns,
            tags=tags,
            role_arn=role_arn,
            enable_termination_protection=enable_termination_protection,
            timeout_in_mins=timeout_in_mins,
            stack_policy_body=stack_policy_body,
        )
        self.stacks[stack.stack_id] = stack
        stack.deploy("CREATE", template, parameters, self.exports)
        return stack

    def update_stack(
        self,
        name: str,
        template: str,
        role_arn: str | None,
        parameters: list[dict[str, Any]],
        tags: dict[str, str] | None,
    ) -> moto_models.Stack:
        """Answer UpdateStack."""
        check_template(Stack.parse_template(template))
        return super().update_stack(name, template, role_arn, parameters, tags)

    def create_change_set(
        self,
        stack_name: str,
        change_set_name: str,
        template: str,
        parameters: dict[str, str],
        description: str,
        change_set_type: str,
        notification_arns: list[str] | None = None,
        tags: dict[str, str] | None = None,
        role_arn: str | None = None,
    ) -> tuple[str, str]:
        """Answer CreateChangeSet; a template that cannot be deployed leaves no stack behind, not even in review."""
        check_template(Stack.parse_template(template))
        return super().create_change_set(
            stack_name,
            change_set_name,
            template,
            parameters,
            description,
            change_set_type,
            notification_arns,
            tags,
            role_arn,
        )

    def execute_change_set(self, change_set_name: str, stack_name: str | None = None) -> None:
        """Answer ExecuteChangeSet."""
        change_set = self.find_change_set(change_set_name, stack_name)
        stack = cast("Stack", self.stacks[change_set.stack_id])
        stack.deploy(change_set.change_set_type, change_set.template, change_set.parameters, self.exports)
        stack.tags = change_set.tags or {}
        change_set.execution_status = "EXECUTE_COMPLETE"

    def delete_stack(self, name_or_stack_id: str) -> None:
        """Answer DeleteStack; a stack of which something could not be deleted stays."""
        for stack in cast("list[Stack]", list(self.stacks.values())):
            if name_or_stack_id in {stack.name, stack.stack_id}:
                if stack.enable_termination_protection:
                    message = f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
                    raise ValidationError(message=message)
                stack.delete()
                if stack.status == "DELETE_COMPLETE":
                    stack.withdraw(self.exports)
                    self.deleted_stacks[stack.stack_id] = self.stacks.pop(stack.stack_id)

    def find_change_set(self, name: str, stack_name: str | None) -> ChangeSet:
        """Find a change set by ARN, or by name within its stack; moto takes any stack's of that name."""
        for change_set in reversed(self.change_sets.values()):
            if name == change_set.change_set_id:
                return change_set
            if name == change_set.change_set_name and stack_name in {
                None,
                change_set.stack_name,
                change_set.stack_id,
            }:
                return change_set
        raise _ChangeSetNotFound(change_set=name)


class StackResponse(CloudFormationResponse):
    """moto's answers, with change sets found within their stack, and termination protection."""

    def describe_change_set(self) -> ActionResult:
        """Answer DescribeChangeSet."""
        return ActionResult(self._change_set())

    def delete_change_set(self) -> ActionResult:
        """Answer DeleteChangeSet, which on AWS succeeds when there is none."""
        with contextlib.suppress(_ChangeSetNotFound):
            self.cloudformation_backend.delete_change_set(self._change_set().change_set_id)
        return EmptyResult()

    def update_termination_protection(self) -> ActionResult:
        """Answer UpdateTerminationProtection, which the CDK sends and moto does not know."""
        stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
        stack.enable_termination_protection = self._get_param("EnableTerminationProtection")
        return ActionResult({"StackId": stack.stack_id})

    def _change_set(self) -> ChangeSet:
        backend = cast("StackBackend", self.cloudformation_backend)
        return backend.find_change_set(self._get_param("ChangeSetName"), self._get_param("StackName"))
