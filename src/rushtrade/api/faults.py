"""Refusals of the HTTP APIs: always JSON with `code` and `message`, whatever went wrong.

`code` has eight digits, the HTTP status first; 40010001 comes with 422 for history's sake. A refusal of the house
itself carries the status, the code and the sentence of its `RejectReason`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.enums import MediaType
from litestar.exceptions import HTTPException

from rushtrade.domain.errors import HouseBusy, HouseStopped, InvalidInput, RushTradeError
from rushtrade.domain.rejects import RejectReason, api_code, http_status

if TYPE_CHECKING:
    from collections.abc import Mapping

UNPARSEABLE: Final = 40010000
FIELD: Final = 40010001
UNAUTHORIZED: Final = 40110000
FORBIDDEN: Final = 40310000
NOT_FOUND: Final = 40410000
CONFLICTING: Final = 42210000
TOO_MANY: Final = 42910000
BUSY: Final = 50310000

_log = structlog.get_logger(__name__)


class ApiFault(RushTradeError):  # noqa: N818 - it is a fault, said so
    """A request is refused. `extras` are further keys of the body."""

    def __init__(
        self, status: int, code: int, message: str, headers: Mapping[str, str] | None = None, **extras: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.extras = extras

    def body(self) -> dict[str, Any]:
        """Give the JSON body."""
        return {"code": self.code, "message": self.message, **self.extras}


def invalid(message: str) -> ApiFault:
    """A field of the request does not pass."""
    return ApiFault(HTTPStatus.UNPROCESSABLE_ENTITY, FIELD, message)


def not_taken(message: str, **extras: Any) -> ApiFault:
    """The request is well formed, and the house does not do that."""
    return ApiFault(HTTPStatus.UNPROCESSABLE_ENTITY, CONFLICTING, message, **extras)


def forbidden(message: str, **extras: Any) -> ApiFault:
    """The caller may not."""
    return ApiFault(HTTPStatus.FORBIDDEN, FORBIDDEN, message, **extras)


def not_found(message: str) -> ApiFault:
    """It does not exist, or not for this caller."""
    return ApiFault(HTTPStatus.NOT_FOUND, NOT_FOUND, message)


def unauthorized() -> ApiFault:
    """No key, a wrong key, a wrong secret: which of them is nobody's business."""
    return ApiFault(HTTPStatus.UNAUTHORIZED, UNAUTHORIZED, "request is not authorized")


def busy() -> ApiFault:
    """The inbox is full; nothing happened."""
    message = "the house is busy: nothing was entered, try again"
    return ApiFault(HTTPStatus.SERVICE_UNAVAILABLE, BUSY, message, headers={"Retry-After": "1"})


def stopped() -> ApiFault:
    """The house takes no commands."""
    message = "the house takes no commands now: it is stopping or not yet started"
    return ApiFault(HTTPStatus.SERVICE_UNAVAILABLE, BUSY, message, headers={"Retry-After": "5"})


def rejected(reason: RejectReason, text: str, **extras: Any) -> ApiFault:
    """The house refused the command."""
    return ApiFault(http_status(reason), api_code(reason), text, **extras)


def _respond(status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> Response[bytes]:
    return Response(
        msgspec.json.encode(body), status_code=status, headers=dict(headers), media_type=MediaType.JSON
    )


def answer_fault(request: Request[Any, Any, Any], fault: ApiFault) -> Response[bytes]:
    """Answer a refusal."""
    del request
    return _respond(fault.status, fault.body(), fault.headers)


def answer_busy(request: Request[Any, Any, Any], fault: HouseBusy) -> Response[bytes]:
    """Answer for a full inbox."""
    del fault
    return answer_fault(request, busy())


def answer_stopped(request: Request[Any, Any, Any], fault: HouseStopped) -> Response[bytes]:
    """Answer for a house that has stopped."""
    del fault
    return answer_fault(request, stopped())


def answer_invalid_input(request: Request[Any, Any, Any], fault: InvalidInput) -> Response[bytes]:
    """Answer a value that the domain would not take."""
    return answer_fault(request, invalid(str(fault)))


def answer_http(request: Request[Any, Any, Any], fault: HTTPException) -> Response[bytes]:
    """Answer what the framework refused: unknown routes, wrong methods, oversized bodies."""
    status = fault.status_code
    message = {
        HTTPStatus.NOT_FOUND: f"there is no endpoint {request.method} {request.scope['path'][:200]}",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{request.method} is not a method of {request.scope['path'][:200]}",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "request body is larger than 64 KB",
    }.get(HTTPStatus(status), fault.detail or HTTPStatus(status).phrase)
    code = NOT_FOUND if status == HTTPStatus.NOT_FOUND else status * 100_000
    return _respond(status, {"code": code, "message": message}, fault.headers or {})


def answer_defect(request: Request[Any, Any, Any], fault: Exception) -> Response[bytes]:
    """Answer a defect of ours: the log has the trace, the caller gets no more than that it is ours."""
    _log.error("request failed", method=request.method, path=request.scope["path"], exc_info=fault)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _respond(status, {"code": 50010000, "message": "internal server error"}, {})


HANDLERS: Final[dict[int | type[Exception], Any]] = {
    ApiFault: answer_fault,
    HouseBusy: answer_busy,
    HouseStopped: answer_stopped,
    InvalidInput: answer_invalid_input,
    HTTPException: answer_http,
    Exception: answer_defect,
}
