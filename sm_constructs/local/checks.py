"""The way into the embedded AWS: every request is checked as AWS checks it, and no failure is mute."""

from __future__ import annotations

import io
import json
import traceback
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from botocore.model import OperationNotFoundError

from sm_constructs.local import shapes

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: The services whose requests are checked against their model: those that hosting is made of.
CHECKED_SERVICES = ("sagemaker", "application-autoscaling")


class CheckedApplication:
    """Checks requests before another WSGI application answers them.

    Parameters
    ----------
    application : WSGIApplication
        Answers what passes.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._services = {
            shapes.service_model(service).metadata["targetPrefix"]: service for service in CHECKED_SERVICES
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        prefix, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        service = self._services.get(prefix)
        if service is not None:
            problems = self._check(service, operation, environ)
            if problems:
                body = json.dumps({"__type": "ValidationException", "message": shapes.error_message(problems)})
                return _refuse(start_response, "400 Bad Request", body)
        try:
            return self._application(environ, start_response)
        except Exception as error:
            traceback.print_exc()
            message = f"The embedded AWS cannot do this: {error}"
            if prefix:
                body = json.dumps({"__type": "NotImplemented", "message": message})
            else:
                error_xml = f"<Error><Code>NotImplemented</Code><Message>{escape(message)}</Message></Error>"
                body = f"<ErrorResponse>{error_xml}</ErrorResponse>"
            # No SDK tries again after this status, as it would after 500.
            return _refuse(start_response, "501 Not Implemented", body)

    @staticmethod
    def _check(service: str, operation: str, environ: WSGIEnvironment) -> list[str]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        try:
            params = json.loads(body or b"{}")
            return shapes.check(service, operation, params if isinstance(params, Mapping) else {})
        except (ValueError, OperationNotFoundError):
            return []  # moto answers nonsense itself


def _refuse(start_response: StartResponse, status: str, body: str) -> list[bytes]:
    content = body.encode()
    kind = "application/x-amz-json-1.1" if body.startswith("{") else "text/xml"
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(content)))])
    return [content]
