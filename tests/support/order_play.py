"""Playing a case of an order table on a house of its own, checking the books after every step."""

from __future__ import annotations

from rushtrade.domain.accounts import AccountKind
from support.books_check import check_books
from support.order_words import Desk
from support.small_house import SmallHouse
from support.tables import Case


def played(case: Case) -> list[tuple[str, str]]:
    """Play a case; give its steps with what really came out."""
    house = SmallHouse()
    house.found()
    desk = Desk(house, house.open_account(AccountKind.MARGIN, 10_000, short_permitted=True))
    steps = []
    for line, _ in case.steps:
        steps.append((line, desk.play(line)))
        check_books(house.state)
    return steps
