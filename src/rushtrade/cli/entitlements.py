"""`rushtrade entitlements`: who may see which market data, what it costs, and what exchanges are told of it.

Reads the journal of a house, which may be running; what changes something goes to the running house, or into the journal of a stopped one.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from rushtrade.app.data_directory import data_directory
from rushtrade.cli.data_desk import RegisterNow, open_desk, read_register
from rushtrade.cli.entitlement_months import Data, Json, charge, limits, publish, usage
from rushtrade.cli.terminal import answer_console, print_json, refuse_plainly
from rushtrade.domain.data_products import DataUse
from rushtrade.domain.errors import InvalidInput
from rushtrade.entitlements.coverage import every_right
from rushtrade.entitlements.questionnaire import QUESTIONNAIRES
from rushtrade.entitlements.statement import SubscriberFile, file_of, line_of, product_lines
from rushtrade.entitlements.subscriber import Subscriber
from rushtrade.rules.new_york import day_at

app = typer.Typer(
    name="entitlements",
    help="Who may see which market data, what it costs, and the month's usage report.",
    no_args_is_help=True,
)

User = Annotated[str, typer.Argument(help="A subscriber's user name.")]
Product = Annotated[str, typer.Argument(help="A product's code, as `products` lists it.")]


class Use(StrEnum):
    """What data is used for."""

    DISPLAY = "display"
    NON_DISPLAY = "non_display"


class BilledBy(StrEnum):
    """How a grant is charged."""

    MONTHLY = "monthly"
    PER_QUERY = "per_query"


class Kind(StrEnum):
    """Who subscribes."""

    PERSON = "person"
    ORGANISATION = "organisation"
    TRUST = "trust"


UseOption = Annotated[Use, typer.Option(help="Shown to a person, or read by a program.")]


def _now(data: Path | None) -> RegisterNow:
    return read_register(data_directory(data))


# --- reading ------------------------------------------------------------------------------------------------


@app.command()
def products(data: Data = None, json: Json = False) -> None:
    """List the products of the house's price list, with what a month costs today."""
    with refuse_plainly(json=json):
        found = _now(data)
        lines = product_lines(found.register, found.register.products, found.now_ns)
        if json:
            print_json({"products": lines})
            return
        table = Table(box=SIMPLE, pad_edge=False)
        for name in ("product", "title", "covers", "agreement"):
            table.add_column(name)
        for name in ("professional", "non-prof.", "program", "query"):
            table.add_column(name, justify="right", no_wrap=True)
        for line in lines:
            covers = "everything" if line.level == "house" else ", ".join((*line.tapes, *line.venues))
            prices = (line.professional, line.non_professional, line.non_display, line.query)
            table.add_row(line.code, line.title, covers, line.agreement, *prices)
        console = answer_console()
        console.print(table)
        if any(line.source == "illustrative" for line in lines):
            console.print(
                "Prices are illustrative; set your own: rushtrade entitlements publish FILE, or --price-list at the start."
            )


@app.command()
def users(data: Data = None, json: Json = False) -> None:
    """List the subscribers: class, when answers are due again, what they have."""
    with refuse_plainly(json=json):
        found = _now(data)
        lines = [
            line_of(found.register, subscriber, found.now_ns)
            for subscriber in found.register.subscribers.values()
        ]
        if json:
            print_json({"subscribers": lines})
            return
        table = Table(box=SIMPLE, pad_edge=False)
        for name in ("no.", "user", "kind", "account", "class", "due again", "products", "to sign"):
            table.add_column(name)
        for line in lines:
            due = f"{line.due_on or ''}{' DUE' if line.is_due else ''}"
            table.add_row(
                str(line.subscriber_id), line.user, line.kind, str(line.account_id), _words(line.status), due,
                ", ".join(line.products), ", ".join(line.unsigned),
            )  # fmt: skip
        answer_console().print(table)


@app.command()
def show(user: User, data: Data = None, json: Json = False) -> None:
    """Show a subscriber's file: class, agreements, products with the reason why not, what this month costs."""
    with refuse_plainly(json=json):
        found = _now(data)
        file = _file(found, found.subscriber(user))
        if json:
            print_json(file)
        else:
            _print_file(file)


def _file(found: RegisterNow, subscriber: Subscriber) -> SubscriberFile:
    rights = every_right(found.register, subscriber.subscriber_id, DataUse.DISPLAY, found.now_ns)
    return file_of(found.register, subscriber, rights, found.now_ns)


def _words(text: str) -> str:
    return text.replace("_", "-")


def _print_file(file: SubscriberFile) -> None:
    console = answer_console()
    asked = file.questionnaire
    console.print(Text.assemble((file.user, "bold"), f": {file.kind}, charged to account {file.account_id}"))
    since = f", answered {asked.answered_on}, due again {asked.due_on}" if asked.answered_on else ""
    console.print(f"  class       {_words(asked.status)}{since}")
    for row in file.agreements:
        signed = f"version {row.signed_version} signed {row.signed_on}" if row.signed_on else "not signed"
        console.print(f"  agreement   {row.code} version {row.version}: {signed}")
    table = Table(box=SIMPLE, pad_edge=False)
    for name in ("product", "is", "costs a month", "why not"):
        table.add_column(name)
    for product in file.products:
        table.add_row(product.code, product.state, product.yours or "", product.reason)
    console.print(table)
    for owed in file.owed:
        console.print(f"  {owed.month}: {owed.product} {_words(owed.status)} {owed.amount}")


# --- subscribers --------------------------------------------------------------------------------------------


@app.command()
def register(
    user: User,
    account: Annotated[int, typer.Option(help="Account the fees are charged to.")],
    kind: Annotated[
        Kind, typer.Option(help="Who subscribes; only a person can be non-professional.")
    ] = Kind.PERSON,
    data: Data = None,
    json: Json = False,
) -> None:
    """Register a user of market data."""
    with refuse_plainly(json=json):
        with open_desk(data_directory(data)) as desk:
            desk.register(user, kind, account)
        _tell(data, user, f"{user} is registered", json=json)


@app.command()
def questionnaire(
    user: User,
    answers: Annotated[
        str,
        typer.Option(
            help="Twelve answers in order, y or n: such as nnnnnnnnnnnn. Without: print the questions."
        ),
    ] = "",
    data: Data = None,
    json: Json = False,
) -> None:
    """Give a subscriber's answers, as signed on paper; or print the questions."""
    with refuse_plainly(json=json):
        found = _now(data)
        form = QUESTIONNAIRES.on(day_at(found.now_ns))
        if not answers:
            if json:
                print_json({"version": form.version, "questions": form.questions})
            else:
                console = answer_console(soft_wrap=True)
                for number, question in enumerate(form.questions, start=1):
                    console.print(f"{number:3}. {question}")
                console.print("Non-professional: a person whose every answer is no.")
            return
        with open_desk(data_directory(data)) as desk:
            desk.answer(found.subscriber(user).subscriber_id, form.version, _answers(answers))
        _tell(data, user, f"the answers of {user} are on file", json=json)


def _answers(text: str) -> Sequence[bool]:
    if any(letter not in "yn" for letter in text):
        raise InvalidInput(f"answers {text[:40]!r} are not letters y and n, such as nnnnnnnnnnnn")
    return [letter == "y" for letter in text]


@app.command()
def sign(
    user: User,
    agreement: Annotated[str, typer.Argument(help="An agreement's code.")],
    version: Annotated[int, typer.Option(help="Version; default: the one in force.")] = 0,
    data: Data = None,
    json: Json = False,
) -> None:
    """Sign an agreement for a subscriber, as on paper."""
    with refuse_plainly(json=json):
        found = _now(data)
        versions = found.register.agreements.get(agreement, [])
        wanted = version or (versions[-1].version if versions else 1)
        with open_desk(data_directory(data)) as desk:
            desk.sign(found.subscriber(user).subscriber_id, agreement, wanted)
        _tell(data, user, f"{user} has signed {agreement} version {wanted}", json=json)


@app.command()
def grant(
    user: User,
    product: Product,
    use: UseOption = Use.DISPLAY,
    displays: Annotated[int, typer.Option(help="Displays at once; 0 = no limit.")] = 1,
    billing: Annotated[
        BilledBy, typer.Option(help="Charged by the month, or by the query.")
    ] = BilledBy.MONTHLY,
    data: Data = None,
    json: Json = False,
) -> None:
    """Let a subscriber have a product; granted again, its terms change."""
    with refuse_plainly(json=json):
        number = _now(data).subscriber(user).subscriber_id
        with open_desk(data_directory(data)) as desk:
            desk.grant(number, product, use, displays, billing)
        _tell(data, user, f"{user} has {product}", json=json)


@app.command()
def revoke(
    user: User,
    product: Product,
    reason: Annotated[str, typer.Option(help="Why; the subscriber is told.")],
    use: UseOption = Use.DISPLAY,
    data: Data = None,
    json: Json = False,
) -> None:
    """Take a product away, at once: the next message is not sent."""
    with refuse_plainly(json=json):
        number = _now(data).subscriber(user).subscriber_id
        with open_desk(data_directory(data)) as desk:
            desk.revoke(number, product, use, reason)
        _tell(data, user, f"{user} has {product} no more", json=json)


def _tell(data: Path | None, user: str, text: str, *, json: bool) -> None:
    """Say what was done, or give the subscriber's file as it is then."""
    if json:
        found = _now(data)
        print_json(_file(found, found.subscriber(user)))
    else:
        answer_console(soft_wrap=True).print(f"{text}.")


for _command in (publish, charge, usage, limits):
    app.command()(_command)
