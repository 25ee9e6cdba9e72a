"""`/api/entitlements`: a subscriber's own file, what they answer and sign, and the desk that grants, takes away and charges.

Asked with the session cookie of a page or with the key headers of an API. What is one's own needs a login alone; everything about
others needs the permission `entitlements`. Every change is a command: what is refused comes back in the core's own sentence.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from litestar import Response, get, post
from litestar.enums import MediaType

from rushtrade.api.access import KEY_HEADER, Actor, FrontDesk, desk_of
from rushtrade.api.decoding import Whole, read_body, read_query
from rushtrade.api.faults import ApiFault, forbidden, not_found, unauthorized
from rushtrade.api.trading import Asked, answer
from rushtrade.domain.commands import (
    AnswerQuestionnaire,
    ChargeMarketData,
    GrantMarketData,
    RegisterSubscriber,
    RevokeMarketData,
    SignAgreement,
)
from rushtrade.domain.data_products import Billing, DataUse, SubscriberKind
from rushtrade.domain.events import MarketDataCharged
from rushtrade.entitlements.months import month_text, parse_month
from rushtrade.entitlements.statement import charged_view
from rushtrade.workstation.session import check_page_request, sessions_of

if TYPE_CHECKING:
    from rushtrade.api.entitlement_ports import EntitlementDesk
    from rushtrade.domain.commands import AnyCommand

DESK: Final = "entitlements"
_USES: Final = {"display": DataUse.DISPLAY, "non_display": DataUse.NON_DISPLAY}
_BILLINGS: Final = {"monthly": Billing.MONTHLY, "per_query": Billing.PER_QUERY}
_KINDS: Final = {
    "person": SubscriberKind.PERSON,
    "organisation": SubscriberKind.ORGANISATION,
    "trust": SubscriberKind.TRUST,
}


class Answers(msgspec.Struct, frozen=True):
    """Answers to a version of the questions. The desk may give a subscriber's, as signed on paper."""

    version: Whole
    answers: list[bool]
    subscriber_id: Whole = Whole(0)


class Signing(msgspec.Struct, frozen=True):
    """A version of an agreement to sign."""

    agreement: str
    version: Whole
    subscriber_id: Whole = Whole(0)


class NewSubscriber(msgspec.Struct, frozen=True):
    """A user to register, and the account their fees are charged to."""

    user: str
    account_id: Whole
    kind: Literal["person", "organisation", "trust"] = "person"


class NewGrant(msgspec.Struct, frozen=True):
    """A product to grant."""

    subscriber_id: Whole
    product: str
    use: Literal["display", "non_display"] = "display"
    displays_max: Whole = Whole(1)
    billing: Literal["monthly", "per_query"] = "monthly"


class Revocation(msgspec.Struct, frozen=True):
    """A product to take away."""

    subscriber_id: Whole
    product: str
    reason: str
    use: Literal["display", "non_display"] = "display"


class MonthCharge(msgspec.Struct, frozen=True):
    """A month to charge, to one subscriber or to all."""

    month: str
    subscriber_id: Whole = Whole(0)


class UsageQuery(msgspec.Struct, frozen=True):
    """Which month's report, and how."""

    month: str
    format: Literal["json", "csv", "pdf"] = "json"
    users: bool = False


# --- who asks -----------------------------------------------------------------------------------------------


def _who(request: Asked) -> Actor:
    """Find out who asks: by key headers, else by the page's session."""
    if KEY_HEADER in request.headers:
        return desk_of(request).admit(request, "read")
    session = sessions_of(request).find(request.cookies)
    if session is None:
        raise unauthorized()
    return session.actor


def _desk(request: Asked) -> tuple[Actor, FrontDesk, EntitlementDesk]:
    """Admit whoever may work on others' files."""
    actor = _who(request)
    if DESK not in actor.permissions:
        raise forbidden(f"forbidden: this needs the permission {DESK!r}")
    return actor, desk_of(request), _files(request)


def _files(request: Asked) -> EntitlementDesk:
    found = desk_of(request).ports.entitlement_desk
    if found is None:
        raise not_found("this process sells no market data: there are no entitlements here")
    return found


async def _body(request: Asked, kind: type[Any]) -> Any:
    check_page_request(request)
    return read_body(await request.body(), kind)


async def _own_id(request: Asked, actor: Actor) -> int:
    """Give the caller's number on the register; who is not on it yet is put there."""
    files = _files(request)
    number = files.subscriber_id(actor.watcher)
    if not number:
        watcher = actor.watcher
        user = watcher.user or f"account:{watcher.account_id}"
        command = RegisterSubscriber(user, SubscriberKind.PERSON, watcher.account_id)
        try:
            await desk_of(request).submit(command, actor)
        except ApiFault:
            if not files.subscriber_id(watcher):  # else somebody was quicker
                raise
        number = files.subscriber_id(watcher)
    return number


async def _whose(request: Asked, actor: Actor, subscriber_id: int) -> int:
    """Give whose file is meant: one's own, or another's for who may."""
    own = await _own_id(request, actor)
    if subscriber_id in {0, own}:
        return own
    _desk(request)
    return subscriber_id


def _file(request: Asked, subscriber_id: int) -> Response[Any]:
    found = _files(request).file(subscriber_id)
    if found is None:
        raise not_found(f"there is no subscriber {subscriber_id}")
    return answer(found)


# --- one's own --------------------------------------------------------------------------------------------


@get("/api/entitlements", include_in_schema=False)
async def show_own_file(request: Asked) -> Response[Any]:
    """Show the caller's file."""
    return _file(request, await _own_id(request, _who(request)))


@post("/api/entitlements/questionnaire", status_code=HTTPStatus.OK, include_in_schema=False)
async def answer_questions(request: Asked) -> Response[Any]:
    """Take answers to the questionnaire; give the file as it is then."""
    actor = _who(request)
    body: Answers = await _body(request, Answers)
    number = await _whose(request, actor, body.subscriber_id)
    return await _do(
        request, actor, AnswerQuestionnaire(number, int(body.version), tuple(body.answers)), number
    )


@post("/api/entitlements/agreements", status_code=HTTPStatus.OK, include_in_schema=False)
async def sign_agreement(request: Asked) -> Response[Any]:
    """Take a signature; give the file as it is then."""
    actor = _who(request)
    body: Signing = await _body(request, Signing)
    number = await _whose(request, actor, body.subscriber_id)
    return await _do(request, actor, SignAgreement(number, body.agreement, int(body.version)), number)


async def _do(request: Asked, actor: Actor, command: AnyCommand, subscriber_id: int) -> Response[Any]:
    await desk_of(request).submit(command, actor)
    return _file(request, subscriber_id)


# --- the desk -----------------------------------------------------------------------------------------------


@get("/api/entitlements/products", include_in_schema=False)
async def list_products(request: Asked) -> Response[Any]:
    """List the price list."""
    _who(request)
    return answer({"products": _files(request).products()})


@get("/api/entitlements/subscribers", include_in_schema=False)
async def list_subscribers(request: Asked) -> Response[Any]:
    """List every subscriber in one line."""
    return answer({"subscribers": _desk(request)[2].subscribers()})


@get("/api/entitlements/subscribers/{subscriber_id:int}", include_in_schema=False)
async def show_file(request: Asked) -> Response[Any]:
    """Show a subscriber's file."""
    _desk(request)
    return _file(request, request.path_params["subscriber_id"])


@post("/api/entitlements/subscribers", status_code=HTTPStatus.OK, include_in_schema=False)
async def register_subscriber(request: Asked) -> Response[Any]:
    """Register a user."""
    actor, desk, files = _desk(request)
    body: NewSubscriber = await _body(request, NewSubscriber)
    await desk.submit(RegisterSubscriber(body.user, _KINDS[body.kind], int(body.account_id)), actor)
    return answer({"subscribers": [row for row in files.subscribers() if row.user == body.user]})


@post("/api/entitlements/grants", status_code=HTTPStatus.OK, include_in_schema=False)
async def grant_product(request: Asked) -> Response[Any]:
    """Grant a product; give the subscriber's file as it is then."""
    actor, _, _ = _desk(request)
    body: NewGrant = await _body(request, NewGrant)
    command = GrantMarketData(
        int(body.subscriber_id),
        body.product,
        _USES[body.use],
        int(body.displays_max),
        _BILLINGS[body.billing],
    )
    return await _do(request, actor, command, int(body.subscriber_id))


@post("/api/entitlements/revocations", status_code=HTTPStatus.OK, include_in_schema=False)
async def revoke_product(request: Asked) -> Response[Any]:
    """Take a product away, at once; give the subscriber's file as it is then."""
    actor, _, _ = _desk(request)
    body: Revocation = await _body(request, Revocation)
    command = RevokeMarketData(int(body.subscriber_id), body.product, _USES[body.use], body.reason)
    return await _do(request, actor, command, int(body.subscriber_id))


@post("/api/entitlements/charges", status_code=HTTPStatus.OK, include_in_schema=False)
async def charge_month(request: Asked) -> Response[Any]:
    """Charge a month, each product of each subscriber once; list what was charged."""
    actor, desk, _ = _desk(request)
    body: MonthCharge = await _body(request, MonthCharge)
    month = parse_month(body.month)
    outcome = await desk.submit(ChargeMarketData(month, int(body.subscriber_id)), actor)
    charged = [event for event in outcome.events if isinstance(event, MarketDataCharged)]
    return answer(charged_view(month, outcome.seq, charged))


@get("/api/entitlements/usage", include_in_schema=False)
async def show_usage(request: Asked) -> Response[Any]:
    """Give a month's usage report as JSON, CSV or PDF."""
    _, _, files = _desk(request)
    query = read_query(request.query_params.multi_items(), UsageQuery)
    month = parse_month(query.month)
    report = await files.usage(month)
    if query.format == "json":
        return answer(report.as_json())
    from rushtrade.entitlements.usage_files import usage_csv, usage_pdf  # noqa: PLC0415  - typst is loaded when a page is set

    if query.format == "csv":
        return _download(usage_csv(report, users=query.users), "text/csv; charset=utf-8", month, "csv")
    return _download(usage_pdf(report), "application/pdf", month, "pdf")


def _download(content: bytes, kind: str, month: int, ending: str) -> Response[Any]:
    name = f"market-data-usage-{month_text(month)}.{ending}"
    return Response(
        content,
        media_type=kind if kind.startswith("application") else MediaType.TEXT,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Content-Type": kind},
    )


HANDLERS: Final = [
    show_own_file,
    answer_questions,
    sign_agreement,
    list_products,
    list_subscribers,
    show_file,
    register_subscriber,
    grant_product,
    revoke_product,
    charge_month,
    show_usage,
]
