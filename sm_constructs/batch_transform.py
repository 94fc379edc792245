"""Batch transform: a model that reads records from S3 and writes its results there, job by job."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from sm_constructs.binding import bind_container, key_arn, settle_network, site_of
from sm_constructs.containers import Container
from sm_constructs.durations import seconds
from sm_constructs.endpoints.roles import wait_for_policies
from sm_constructs.l1 import make
from sm_constructs.model_host import ModelHost, render_role
from sm_constructs.permissions import allow, execution_statements
from sm_constructs.spec import ModelSpec
from sm_constructs.transform import SCHEDULER_KEYWORD, TransformSchedule, TransformSpec, in_utc
from sm_constructs.transform_job import LOG_GROUP, job_needs, job_request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import IConstruct
    from typing_extensions import Unpack

    from sm_constructs.binding import Properties, Site
    from sm_constructs.containers import ModelPackage
    from sm_constructs.instances import Instances
    from sm_constructs.model_data import ModelData
    from sm_constructs.packing import Packed
    from sm_constructs.permissions import Needs
    from sm_constructs.transform import TransformInput, TransformOptions, TransformOutput
    from sm_constructs.transform_job import Request


@jsii.implements(iam.IGrantable, ec2.IConnectable)
class BatchTransform(Construct, ModelHost):
    """A model for batch transform, with what its jobs are like and what starts them.

    CloudFormation has no transform job: a job is started by the `schedule`, by the `task` of a state machine, or by
    whom `grant_start` lets.

    Parameters
    ----------
    scope : Construct
        The stack, or whatever it is part of.
    id : str
        Its id there.
    container : Container or ModelPackage, optional
        What runs; or `containers`.
    containers : Sequence[Container or ModelPackage], optional
        What runs one after the other, as in a `PipelineEndpoint`.
    instances : Instances
        What each job runs on: `type`, 1 to 100 as `count`, and `ami_version`.
    input : TransformInput
        The records.
    output : TransformOutput
        Where the results go.
    schedule : TransformSchedule or str, optional
        When jobs start. Default: none starts by itself.
    **options : TransformOptions
        What else may be said of the jobs: `strategy`, `max_payload_mb`, `max_concurrent_transforms`,
        `invocation_timeout`, `invocation_retries`, `environment`, `data_processing`, `data_capture`,
        `job_name_prefix`, `role`, `network`, `encryption_key`.

    Raises
    ------
    TypeError
        There are both `container` and `containers`, or neither.
    InvalidHosting
        AWS would refuse it; the error has every reason, and nothing was created.

    Examples
    --------
    >>> BatchTransform(
    ...     stack,
    ...     "Churn",
    ...     container=Container(
    ...         ContainerImage.from_framework("xgboost", "1.7-1"),
    ...         model_data=ModelData.from_s3("models", "churn/model.tar.gz"),
    ...     ),
    ...     instances=Instances("ml.m5.xlarge"),
    ...     input=TransformInput(S3Location(bucket, "customers/"), content_type="text/csv", split="Line"),
    ...     output=TransformOutput(S3Location(bucket, "scores/"), assemble_with="Line"),
    ...     schedule="cron(0 3 * * ? *)",
    ... )

    See Also
    --------
    AWS: "Batch transform for inference with Amazon SageMaker AI" in the SageMaker developer guide; "Using universal
    targets" in the EventBridge Scheduler user guide.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        container: Container | ModelPackage | None = None,
        containers: Sequence[Container | ModelPackage] | None = None,
        instances: Instances,
        input: TransformInput,  # noqa: A002 - AWS's word
        output: TransformOutput,
        schedule: TransformSchedule | str | None = None,
        **options: Unpack[TransformOptions],
    ) -> None:
        if (container is None) is (containers is None):
            message = f"{id}: give either container or containers"
            raise TypeError(message)
        site = site_of(scope)
        if options.get("network") is not None:
            options["network"] = settle_network(options["network"])
        options.setdefault("job_name_prefix", _job_name_prefix((*site.path, id)))
        spec = TransformSpec(
            model=_model(container, containers),
            instances=instances,
            input=input,
            output=output,
            schedule=TransformSchedule(schedule) if isinstance(schedule, str) else schedule,
            region=site.region,
            account=site.account,
            **options,
        )
        names = {"model.containers[0]": "container"} if container is not None else {"model.": ""}
        if isinstance(schedule, str):
            names["schedule.schedule"] = "schedule"
        artifacts = (each.model_data for each in spec.model.containers if isinstance(each, Container))
        packed, warnings = self._require(scope, id, spec, names, artifacts)
        super().__init__(scope, id)
        self._warn(warnings)
        self._site = site
        self._spec = spec
        self._model = self._render_model(packed)
        if spec.schedule is not None:
            self._render_schedule(spec.schedule)

    def _render_model(self, packed: Mapping[ModelData, Packed]) -> sagemaker.CfnModel:
        spec = self._spec
        definitions: list[Properties] = []
        needs: list[Needs] = [job_needs(spec, self._site)]
        for index, container in enumerate(spec.model.containers):
            definition, its_needs = bind_container(
                self,
                self._site,
                container,
                packed,
                suffix=f"-{index}" if index else "",
                instances=spec.instances,
            )
            definitions.append(definition)
            needs += its_needs
        network = self._render_network(spec.network)
        statements = execution_statements(
            needs,
            self._site.arns,
            log_groups=[LOG_GROUP],
            subnets=network["subnets"] if network else (),
            security_groups=network["securityGroupIds"] if network else (),
            volume_key=None if spec.encryption_key is None else key_arn(spec.encryption_key),
            metric_namespaces=[LOG_GROUP],  # the metrics of jobs have the name of their logs
        )
        role_arn = self._render_role(spec.role, statements)
        single = spec.model.mode == "single"
        model = make(
            sagemaker.CfnModel,
            self,
            "Model",
            execution_role_arn=role_arn,
            primary_container=definitions[0] if single else None,
            containers=None if single else definitions,
            vpc_config=network,
            enable_network_isolation=True if spec.network and spec.network.isolated else None,
        )
        if spec.role is not None:
            wait_for_policies(model, spec.role)
        return model

    def _render_schedule(self, schedule: TransformSchedule) -> None:
        site = self._site
        statements = [allow(["sagemaker:CreateTransformJob"], self._job_arns, **self._of_this_model)]
        target: Properties = {
            "arn": f"arn:{site.arns.partition}:scheduler:::aws-sdk:sagemaker:createTransformJob",
            "input": site.stack.to_json_string(self._request(f"{SCHEDULER_KEYWORD}execution-id>")),
        }
        retries = {
            "maximumRetryAttempts": schedule.retry_attempts,
            "maximumEventAgeInSeconds": seconds(schedule.max_event_age),
        }
        if retries := {name: value for name, value in retries.items() if value is not None}:
            target["retryPolicy"] = retries
        if schedule.dead_letter_queue is not None:
            queue = schedule.dead_letter_queue
            target["deadLetterConfig"] = {"arn": queue.queue_arn}
            statements.append(allow(["sqs:SendMessage"], [queue.queue_arn]))
            if queue.encryption_master_key is not None:
                statements.append(allow(["kms:Decrypt", "kms:GenerateDataKey"], [queue.encryption_master_key.key_arn]))
        role = render_role(self, "SchedulerRole", _scheduler_trust(site), "StartJobs", statements)
        window = seconds(schedule.flexible_window)
        make(
            scheduler.CfnSchedule,
            self,
            "Schedule",
            schedule_expression=schedule.schedule,
            schedule_expression_timezone=schedule.time_zone,
            start_date=None if schedule.start is None else f"{in_utc(schedule.start):%Y-%m-%dT%H:%M:%SZ}",
            end_date=None if schedule.end is None else f"{in_utc(schedule.end):%Y-%m-%dT%H:%M:%SZ}",
            flexible_time_window={"mode": "OFF"}
            if window is None
            else {"mode": "FLEXIBLE", "maximumWindowInMinutes": window / 60},
            target={**target, "roleArn": role.attr_arn},
        )

    def _request(self, run: str) -> Request:
        """Write the request for a job whose name ends in the id of its run."""
        name = f"{self._spec.job_name_prefix}-{run}"
        return job_request(self._spec, self._site, job_name=name, model_name=self.model_name)

    @property
    def _job_arns(self) -> list[str]:
        # The names in SageMaker's ARNs are in lower case, whatever the case of the name is.
        prefix = self._spec.job_name_prefix
        names = dict.fromkeys([prefix, prefix.lower()])
        return [self._site.arns.of("sagemaker", f"transform-job/{name}-*") for name in names]

    @property
    def _of_this_model(self) -> dict[str, Any]:
        by_name = self._site.arns.of("sagemaker", f"model/{self.model_name}")
        return {"ArnEquals": {"sagemaker:ModelArn": [self._model.ref, by_name]}}

    def task(
        self,
        scope: Construct,
        id: str,
        *,
        input_uri: str | None = None,
        output_uri: str | None = None,
        **options: Any,  # noqa: ANN401 - the CDK's own options
    ) -> tasks.SageMakerCreateTransformJob:
        """Make a Step Functions task that runs a job and waits for its end.

        The state machine's query language is JSONPath, the CDK's default. Each time the task runs, its job has another
        name.

        Parameters
        ----------
        scope : Construct
            The stack, or whatever the state machine is part of.
        id : str
            The id of the task there, and its name in the state machine.
        input_uri, output_uri : str, optional
            Other places than those of `input` and `output`, such as ``JsonPath.string_at("$.records")``; the execution
            role may read and write only under those. Default: those.
        **options
            What the CDK's ``SageMakerCreateTransformJob`` takes as a task, such as ``result_path``, ``task_timeout``
            and ``integration_pattern``.

        Returns
        -------
        SageMakerCreateTransformJob
            The task, to be chained with others.

        Raises
        ------
        ValueError
            A place holds a keyword of EventBridge Scheduler, which Step Functions does not replace.

        Examples
        --------
        >>> StateMachine(stack, "Nightly", definition_body=DefinitionBody.from_chainable(churn.task(stack, "Score")))

        See Also
        --------
        AWS: "Create and manage Amazon SageMaker AI jobs with Step Functions" in the Step Functions developer guide.
        """
        # A run of a state machine may run the task several times, and its name may be no name of a job.
        name = sfn.JsonPath.format(f"{self._spec.job_name_prefix}-{{}}", sfn.JsonPath.uuid())
        request = job_request(self._spec, self._site, job_name=name, model_name=self.model_name)
        if input_uri is not None:
            request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] = input_uri
        if output_uri is not None:
            request["TransformOutput"]["S3OutputPath"] = output_uri
        if SCHEDULER_KEYWORD in str(request):
            message = f"{id}: Step Functions does not replace {SCHEDULER_KEYWORD}…>; give input_uri or output_uri"
            raise ValueError(message)
        return _TransformTask(scope, id, request, self.role, options)

    def grant_start(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody start jobs of this model whose names begin with `job_name_prefix` and a hyphen.

        Parameters
        ----------
        grantee : IGrantable
            Who: a role, a user, a Lambda function.

        Returns
        -------
        Grant
            What was granted.

        Examples
        --------
        >>> churn.grant_start(function)

        See Also
        --------
        AWS: "Actions, resources, and condition keys for Amazon SageMaker", ``CreateTransformJob``.
        """
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["sagemaker:CreateTransformJob"],
            resource_arns=self._job_arns,
            conditions=self._of_this_model,
        )

    @property
    def model_name(self) -> str:
        """The name of the model."""
        return self._model.attr_model_name

    @property
    def job_name_prefix(self) -> str:
        """The beginning of the jobs' names."""
        return self._spec.job_name_prefix

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The execution role, as one to whom something can be granted."""
        return self.role.grant_principal

    @property
    def connections(self) -> ec2.Connections:
        """The security groups of the containers, to which network access can be given.

        Raises
        ------
        ValueError
            The jobs run in no VPC.
        """
        return self._connected()

    def _waiting(self) -> list[IConstruct]:
        return [self._model]


class _TransformTask(tasks.SageMakerCreateTransformJob):
    """The CDK's task with a request of our own.

    The CDK writes no data processing, data capture or machine image, and other defaults than SageMaker's as soon as one
    of timeout and retries is given.
    """

    def __init__(
        self, scope: Construct, id: str, request: Request, role: iam.IRole, options: Mapping[str, Any]
    ) -> None:
        source = request["TransformInput"]["DataSource"]["S3DataSource"]
        self._job_request = request
        settings: dict[str, Any] = {
            "integration_pattern": sfn.IntegrationPattern.RUN_JOB,
            "transform_job_name": request["TransformJobName"],
            "model_name": request["ModelName"],
            "transform_input": {"transform_data_source": {"s3_data_source": {"s3_uri": source["S3Uri"]}}},
            "transform_output": {"s3_output_path": request["TransformOutput"]["S3OutputPath"]},
            "role": role,
        }
        super().__init__(scope, id, **{**settings, **options})

    def to_state_json(self, top_level_query_language: sfn.QueryLanguage | None = None) -> Mapping[str, Any]:
        """Give the state as it stands in the definition of the state machine."""
        state: Mapping[str, Any] = super().to_state_json(top_level_query_language)
        return {**state, "Parameters": sfn.FieldUtils.render_object(self._job_request)}


def _model(
    container: Container | ModelPackage | None, containers: Sequence[Container | ModelPackage] | None
) -> ModelSpec:
    if containers is not None:
        return ModelSpec(containers=tuple(containers), mode="serial")
    return ModelSpec(containers=() if container is None else (container,))


def _job_name_prefix(path: Sequence[str]) -> str:
    """Make the beginning of the jobs' names of the ids of the construct; 26 characters, since each name has 63."""
    name = re.sub("[^a-z0-9]+", "-", "-".join(path).lower()).strip("-")
    return name[:26].strip("-") or "transform"


def _scheduler_trust(site: Site) -> dict[str, Any]:
    """Let EventBridge Scheduler take the role, for schedules of this account and of the group that this one is in.

    AWS: "Confused deputy prevention in EventBridge Scheduler": the condition names a group, never one schedule.
    """
    group = site.arns.of("scheduler", "schedule-group/default")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": site.arns.account, "aws:SourceArn": group}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
