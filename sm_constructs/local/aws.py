"""An embedded AWS that is running, seen from outside: its address, clients for it, and the CDK run against it."""

from __future__ import annotations

import json
import os
import urllib.request
from typing import TYPE_CHECKING, Any

from sm_constructs.local import cdk, leash

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.client import BaseClient

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"

_BOOTSTRAP_STACK = "CDKToolkit"


class Aws:
    """A running embedded AWS.

    Parameters
    ----------
    port : int
        Its port on this machine.
    account : str, default "123456789012"
        The account that everything in it belongs to.
    region : str, default "us-east-1"
        The region of clients and of stacks that name none.
    """

    def __init__(self, port: int, *, account: str = DEFAULT_ACCOUNT, region: str = DEFAULT_REGION) -> None:
        self.port = port
        self.account = account
        self.region = region
        self._clients: dict[tuple[str, str], BaseClient] = {}

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables with which any AWS client, in any language, reaches the embedded AWS."""
        # The word localhost matters: moto tells by it that a template's URL names the bucket in its path.
        address = f"http://localhost:{self.port}"
        return {
            "AWS_ENDPOINT_URL": address,
            "AWS_ENDPOINT_URL_S3": address,
            "AWS_ENDPOINT_URL_S3_FOR_CLOUDFORMATION": address,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            # The CDK remembers the account of an access key, so each account has another.
            "AWS_ACCESS_KEY_ID": f"EMBEDDED{self.account}",
            "AWS_SECRET_ACCESS_KEY": "embedded",
            # Nothing of the user's own configuration, and no look at the metadata of the machine.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "localhost,127.0.0.1",
        }

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of this process, changed so that clients reach the embedded AWS and nothing else."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in {"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "no_proxy"}
            and not name.startswith("AWS_ENDPOINT_URL")
        }
        return inherited | self.variables

    def client(self, service: str, *, region: str | None = None) -> BaseClient:
        """Give a boto3 client of the embedded AWS, the same for the same service and region.

        Parameters
        ----------
        service : str
            The service, such as ``"sagemaker"``.
        region : str, default this AWS's region
            The region.
        """
        key = (service, self.region if region is None else region)
        if key not in self._clients:
            self._clients[key] = self._make_client(*key)
        return self._clients[key]

    def bootstrap(self) -> None:
        """Run ``cdk bootstrap`` for account and region, unless that is done.

        Raises
        ------
        RuntimeError
            If the command fails; the message is what it wrote.
        """
        if self._bootstrap_stack() is not None:
            return
        environment = f"aws://{self.account}/{self.region}"
        # From the root directory, where there is no cdk.json: an application would be synthesised for nothing.
        code, written = leash.run(
            cdk.command("bootstrap", environment), environment=cdk.environment(self.environment), directory="/"
        )
        if code != 0:
            message = f"cdk bootstrap failed:\n{written}"
            raise RuntimeError(message)

    def deploy(self, app: str | os.PathLike[str], *arguments: str) -> tuple[int, str]:
        """Run ``cdk deploy`` for an application, without asking for approval.

        Parameters
        ----------
        app : str | PathLike
            What the CDK takes as ``--app``: a command, or the directory of a synthesised application.
        *arguments : str
            More of the CDK's arguments, such as names of stacks or ``--all``.

        Returns
        -------
        tuple[int, str]
            The exit code, and what the command wrote.
        """
        self.bootstrap()
        return self._run_cdk("deploy", "--require-approval", "never", "--app", os.fspath(app), *arguments)

    def destroy(self, app: str | os.PathLike[str], *arguments: str) -> tuple[int, str]:
        """Run ``cdk destroy`` for an application, as `deploy` does."""
        return self._run_cdk("destroy", "--force", "--app", os.fspath(app), *arguments)

    def reset(self) -> None:
        """Remove everything in all regions; only what `bootstrap` made, here, is made again."""
        bootstrapped = self._bootstrap_stack()
        if bootstrapped is None:
            self._post("/moto-api/reset")
            return
        cloudformation: Any = self.client("cloudformation")
        template = cloudformation.get_template(StackName=_BOOTSTRAP_STACK)["TemplateBody"]
        self._post("/moto-api/reset")
        cloudformation.create_stack(
            StackName=_BOOTSTRAP_STACK,
            TemplateBody=template if isinstance(template, str) else json.dumps(template),
            Parameters=bootstrapped["Parameters"],
        )

    def _make_client(self, service: str, region: str) -> BaseClient:
        import boto3  # not above: a tenth of a second, which a command without clients saves
        from botocore.config import Config

        session: Any = boto3.session.Session(
            aws_access_key_id=self.variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.variables["AWS_SECRET_ACCESS_KEY"],
            region_name=region,
        )
        client: BaseClient = session.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            config=Config(s3={"addressing_style": "path"}, proxies={}),
        )
        return client

    def _run_cdk(self, *arguments: str) -> tuple[int, str]:
        return leash.run(cdk.command(*arguments), environment=cdk.environment(self.environment))

    def _bootstrap_stack(self) -> Mapping[str, Any] | None:
        cloudformation: Any = self.client("cloudformation")
        try:
            (stack,) = cloudformation.describe_stacks(StackName=_BOOTSTRAP_STACK)["Stacks"]
        except cloudformation.exceptions.ClientError:
            return None
        found: Mapping[str, Any] = stack
        return found if found["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"} else None

    def _post(self, path: str) -> None:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method="POST")
        no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        no_proxy.open(request).close()
