"""The workstation's login and socket: cookie sessions, `/api/session`, `/api/market`, and `/ws`.

Theory of operation: a session is a random 256-bit id in an HttpOnly, SameSite=Strict cookie and a record here; it dies with
its time, with `DELETE`, or with the process. A socket is accepted even when it is going to be refused, so that the page
can read why in the close code; then a reader takes requests, each in a task of its own, while a writer
(`workstation_pushes`) sends answers and pushes.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec
import structlog
from litestar import Response, WebSocket, delete, get, post, websocket
from litestar.datastructures import Cookie
from litestar.exceptions import WebSocketDisconnect

from rushtrade.api.access import Actor, FrontDesk, RateLimit, desk_of
from rushtrade.api.credentials import check_password
from rushtrade.api.decoding import Number, parse_object, read_body
from rushtrade.api.entitlement_ports import Watcher
from rushtrade.api.faults import ApiFault, busy, stopped
from rushtrade.api.trading import Asked, answer
from rushtrade.domain.errors import HouseBusy, HouseStopped
from rushtrade.workstation import views
from rushtrade.workstation.pushes import ANSWERS_MAX, NO_SESSION, Connection
from rushtrade.workstation.refused import Refused
from rushtrade.workstation.requests import answer as answer_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rushtrade.workstation.hub import Hub

COOKIE: Final = "rushtrade_session"
SESSIONS_MAX: Final = 10_000
SOCKETS_OF_SESSION_MAX: Final = 8
LOGIN_BYTES_MAX: Final = 4 * 1024
DISPLAY_DIGITS: Final = 16
"""Of a session's digest, in the name under which its display of market data is counted."""
FRAME_BYTES_MAX: Final = 16 * 1024
REQUESTS_PER_SECOND, REQUESTS_BURST = 50.0, 100
_log = structlog.get_logger(__name__)
FOREIGN_ORIGIN, BAD_FRAME, TOO_MANY_SOCKETS = 4403, 4409, 4429


class Session(msgspec.Struct):
    """A login."""

    digest: bytes
    user: str
    name: str
    actor: Actor
    expires: float
    sockets: dict[Connection, None]


class Sessions:
    """All logins of this process."""

    def __init__(self, desk: FrontDesk) -> None:
        limits = desk.ports.limits
        self._desk = desk
        self._sessions: dict[bytes, Session] = {}
        self._of_user = RateLimit(limits.logins_per_minute_user / 60, limits.logins_per_minute_user)
        self._of_address = RateLimit(limits.logins_per_minute_address / 60, limits.logins_per_minute_address)

    async def log_in(self, user: str, password: str, address: str) -> tuple[str, Session]:
        """Check a password; give a new session and its secret id."""
        for limit, owner in ((self._of_address, address), (self._of_user, user)):
            if not limit.take(owner):
                wait = str(int(limit.wait(owner)) + 1)
                raise _fault(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    "too_many_attempts",
                    f"Too many attempts: try again in {wait} seconds.",
                    headers={"Retry-After": wait},
                )
        record = self._desk.ports.credentials.user(user)
        known = self._desk.store.image.accounts
        if not await check_password(record, password) or record is None:
            raise _fault(HTTPStatus.UNAUTHORIZED, "login_refused", "User or password is wrong.")
        account_ids = [number for number in record.account_ids if number in known]
        if not account_ids:
            raise _fault(HTTPStatus.UNAUTHORIZED, "login_refused", "The user has no account.")
        actor = Actor(
            f"account:{account_ids[0]}/user:{user}",
            account_ids[0],
            frozenset(account_ids),
            record.permissions,
            Watcher(user, account_ids[0]),
        )
        return self._open(user, record.name, actor)

    def _open(self, user: str, name: str, actor: Actor) -> tuple[str, Session]:
        secret = secrets.token_urlsafe(32)
        expires = time.time() + 3600 * self._desk.ports.limits.session_hours
        session = Session(_digest(secret), user, name, actor, expires, {})
        self._sessions[session.digest] = session
        if len(self._sessions) > SESSIONS_MAX:
            self.end(next(iter(self._sessions.values())))
        return secret, session

    def find(self, cookies: Mapping[str, str]) -> Session | None:
        """Find the session a cookie names."""
        secret = cookies.get(COOKIE, "")
        session = self._sessions.get(_digest(secret)) if secret else None
        if session is not None and session.expires <= time.time():
            self.end(session)
            return None
        return session

    def end(self, session: Session) -> None:
        """End a session and its sockets."""
        self._sessions.pop(session.digest, None)
        for connection in list(session.sockets):
            connection.end(NO_SESSION)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


def _fault(
    status: HTTPStatus, reason: str, message: str, headers: Mapping[str, str] | None = None
) -> ApiFault:
    return ApiFault(status, status.value, message, headers, reason=reason)


def _session_view(session: Session, desk: FrontDesk) -> dict[str, Any]:
    image = desk.store.image
    return {
        "user": session.user,
        "name": session.name,
        "permissions": sorted(session.actor.permissions),
        "expires_us": int(session.expires * 1_000_000),
        "accounts": [
            views.account_name(image.accounts[number], image) for number in sorted(session.actor.account_ids)
        ],
    }


def _cookie(desk: FrontDesk, value: str, max_age: int) -> Cookie:
    secure = desk.ports.limits.cookie_secure
    return Cookie(
        COOKIE, path="/", value=value, max_age=max_age, httponly=True, samesite="strict", secure=secure
    )


def own_origin(headers: Mapping[str, str]) -> bool:
    """Tell whether a request comes from a page of this very server."""
    origin = urlsplit(headers.get("origin", ""))
    return origin.scheme in {"http", "https"} and origin.netloc == headers.get("host", "")


def check_page_request(request: Asked) -> None:
    """Refuse a change that another site's page asks for, or a form."""
    if "origin" in request.headers and not own_origin(request.headers):
        raise _fault(HTTPStatus.FORBIDDEN, "foreign_origin", "The request comes from another site.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise _fault(HTTPStatus.FORBIDDEN, "bad_request", "Content-Type application/json is required.")


class LoginBody(msgspec.Struct, frozen=True):
    """User and password."""

    user: str
    password: str


def sessions_of(request: Any) -> Sessions:
    """Give the app's sessions."""
    found: Sessions = request.app.state.sessions
    return found


@post("/api/session", status_code=HTTPStatus.OK, include_in_schema=False)
async def log_in(request: Asked) -> Response[Any]:
    """Log in."""
    desk = desk_of(request)
    check_page_request(request)
    raw = await request.body()
    if len(raw) > LOGIN_BYTES_MAX:
        raise _fault(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "bad_request", "The body is larger than 4 KiB.")
    try:
        body = read_body(raw, LoginBody)
    except ApiFault as fault:
        raise _fault(HTTPStatus.BAD_REQUEST, "bad_request", f"{fault.message}.") from None
    address = request.client.host if request.client else ""
    former = sessions_of(request).find(request.cookies)
    secret, session = await sessions_of(request).log_in(body.user, body.password, address)
    if former is not None:
        sessions_of(request).end(former)
    response = answer(_session_view(session, desk))
    response.set_cookie(_cookie(desk, secret, 3600 * desk.ports.limits.session_hours))
    return response


def _required(request: Asked) -> Session:
    session = sessions_of(request).find(request.cookies)
    if session is None:
        raise _fault(HTTPStatus.UNAUTHORIZED, "no_session", "You are not logged in.")
    return session


@get("/api/session", include_in_schema=False)
async def show_session(request: Asked) -> Response[Any]:
    """Show who is logged in."""
    return answer(_session_view(_required(request), desk_of(request)))


@delete("/api/session", status_code=HTTPStatus.NO_CONTENT, include_in_schema=False)
async def log_out(request: Asked) -> Response[None]:
    """Log out, and close the session's sockets."""
    if "origin" in request.headers and not own_origin(request.headers):
        raise _fault(HTTPStatus.FORBIDDEN, "foreign_origin", "The request comes from another site.")
    session = sessions_of(request).find(request.cookies)
    if session is not None:
        sessions_of(request).end(session)
    response: Response[None] = Response(None, status_code=HTTPStatus.NO_CONTENT)
    response.set_cookie(_cookie(desk_of(request), "", 0))
    return response


@get("/api/market", include_in_schema=False)
async def show_market(request: Asked) -> Response[Any]:
    """Say which market this is; needs no login."""
    return answer(views.market_view(desk_of(request)))


# --- the socket ----------------------------------------------------------------------------------------------


@websocket("/ws")
async def serve_socket(socket: WebSocket[Any, Any, Any]) -> None:
    """Serve one workstation."""
    session = sessions_of(socket).find(socket.cookies)
    await socket.accept()
    if not own_origin(socket.headers):
        await socket.close(FOREIGN_ORIGIN, "foreign origin")
    elif session is None:
        await socket.close(NO_SESSION, "no session")
    elif len(session.sockets) >= SOCKETS_OF_SESSION_MAX:
        await socket.close(TOO_MANY_SOCKETS, "too many sockets")
    else:
        await _serve(socket, session)


async def _serve(socket: WebSocket[Any, Any, Any], session: Session) -> None:
    hub: Hub = socket.app.state.hub
    display = session.digest.hex()[:DISPLAY_DIGITS]
    connection = Connection(hub, socket, session.actor, session.user, session.name, session.expires, display)
    session.sockets[connection] = None
    hub.connections[connection] = None
    writer = asyncio.create_task(connection.run())
    reader = asyncio.create_task(_read(connection))
    try:
        await asyncio.wait({writer, reader}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        session.sockets.pop(connection, None)
        hub.connections.pop(connection, None)
        connection.close()
        for task in (writer, reader):
            task.cancel()
        for end in await asyncio.gather(writer, reader, return_exceptions=True):
            if isinstance(end, Exception) and not isinstance(end, WebSocketDisconnect | OSError):
                _log.warning("socket ended", account=connection.account_id, exc_info=end)
        with contextlib.suppress(Exception):
            async with asyncio.timeout(1.0):
                await socket.close(connection.close_code or 1000)


async def _read(connection: Connection) -> None:
    """Take requests until the socket ends, each in a task of its own."""
    rate = RateLimit(REQUESTS_PER_SECOND, REQUESTS_BURST)
    at_work: set[asyncio.Task[None]] = set()
    last_id = 0
    while True:
        try:
            raw = await connection.socket.receive_data("text")
        except WebSocketDisconnect:
            return
        request = _request(raw)
        if request is None or request[0] <= last_id:
            connection.end(BAD_FRAME)
            return
        last_id, do, arguments = request
        if not rate.take(""):
            connection.answer(_error(last_id, Refused(0, "rate_limited", "50 requests a second would pass.")))
        elif len(at_work) >= ANSWERS_MAX:
            connection.answer(
                _error(last_id, Refused(0, "busy", "128 requests are unanswered: nothing happened."))
            )
        else:
            task = asyncio.create_task(_do(connection, last_id, do, arguments))
            at_work.add(task)
            task.add_done_callback(at_work.discard)


def _request(raw: str | bytes) -> tuple[int, str, dict[str, Any]] | None:
    """Read a frame: id, what to do, arguments. None when it is no request at all."""
    if len(raw) > FRAME_BYTES_MAX:
        return None
    try:
        found = parse_object(raw)
    except ApiFault:
        return None
    number, do = found.pop("id", None), found.pop("do", "")
    if (
        type(number) is not Number
        or not number.text.isdigit()
        or len(number.text) > 15
        or type(do) is not str
    ):
        return None
    return int(number.text), do, found


async def _do(connection: Connection, number: int, do: str, arguments: dict[str, Any]) -> None:
    try:
        done = await answer_request(connection, do, arguments)
    except Refused as refused:
        connection.answer(_error(number, refused))
    except (HouseBusy, HouseStopped) as fault:
        sentence = busy() if isinstance(fault, HouseBusy) else stopped()
        connection.answer(_error(number, Refused(0, "busy", sentence.message)))
    except Exception as defect:  # noqa: BLE001 - a defect answers one request, it does not end the socket
        _log.error("request failed", do=do, account=connection.account_id, exc_info=defect)
        connection.answer(
            _error(number, Refused(0, "defect", "An error of the house: it has been recorded."))
        )
    else:
        connection.answer({"id": number, "ok": done})


def _error(number: int, refused: Refused) -> dict[str, Any]:
    return {
        "id": number,
        "error": {"code": refused.code, "reason": refused.reason, "message": refused.message},
    }


HANDLERS: Final = [log_in, show_session, log_out, show_market, serve_socket]
