"""An AWS embedded in the package: moto's server, with what hosting models needs and moto lacks.

The real ``cdk deploy`` deploys to it, and any AWS client talks to it. Nothing leaves the machine.
"""

from sm_constructs.local.aws import Aws
from sm_constructs.local.embedded import EmbeddedAws, find

__all__ = ["Aws", "EmbeddedAws", "find"]
