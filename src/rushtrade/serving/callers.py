"""Who asks for market data: a program with a key, or a person's page with its login."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from rushtrade.api.access import KEY_HEADER, Actor, FrontDesk, authorize, desk_of
from rushtrade.api.faults import unauthorized

if TYPE_CHECKING:
    from collections.abc import Mapping

    from litestar.connection import ASGIConnection
    from litestar.handlers.base import BaseRouteHandler

ACTION: Final = "market_data"


class Login(Protocol):
    """A person's login."""

    actor: Actor


class Logins(Protocol):
    """All logins; `workstation.session.Sessions` is one."""

    def find(self, cookies: Mapping[str, str]) -> Login | None:
        """Find the login a cookie names."""


def own_origin(headers: Mapping[str, str]) -> bool:
    """Tell whether a request comes from a page of this very server."""
    origin = urlsplit(headers.get("origin", ""))
    return origin.scheme in {"http", "https"} and origin.netloc == headers.get("host", "")


def admit(connection: ASGIConnection[Any, Any, Any, Any]) -> tuple[FrontDesk, Actor]:
    """Let a program with a key in, within its rate; or a person's page, by its login. Asked once a request."""
    if "admitted" not in connection.state:
        connection.state["admitted"] = _admit(connection)
    admitted: tuple[FrontDesk, Actor] = connection.state["admitted"]
    return admitted


def _admit(connection: ASGIConnection[Any, Any, Any, Any]) -> tuple[FrontDesk, Actor]:
    desk = desk_of(connection)
    headers = connection.headers
    if KEY_HEADER in headers or "authorization" in headers:
        return desk, desk.admit(connection, ACTION)
    actor = logged_in(connection)
    if actor is None:
        raise unauthorized()
    authorize(actor, ACTION, actor.account_id)
    return desk, actor


def let_in(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard a route: strangers are sent away before their question is read."""
    admit(connection)


def logged_in(connection: ASGIConnection[Any, Any, Any, Any]) -> Actor | None:
    """Find who is logged in on the page a request comes from."""
    logins: Logins = connection.app.state.sessions
    login = logins.find(connection.cookies)
    return None if login is None else login.actor
