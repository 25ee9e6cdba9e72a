"""What somebody may see in a running house: rights that act at once, displays at once, use taken to the journal."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rushtrade.api.entitlement_ports import Watcher
from rushtrade.api.ports import BUSY, Outcome
from rushtrade.app.entitlements_port import EntitlementsPort
from rushtrade.domain import commands as cmd
from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.data_products import Billing, DataUse
from rushtrade.domain.instants import MINUTE, SECOND
from rushtrade.entitlements.coverage import Coverage
from rushtrade.entitlements.price_list import DisplayRule
from rushtrade.entitlements.view import ALL_VENUES, EVERYTHING, NOTHING, View
from support.data_actions import administer_data
from support.data_words import DataDesk, agreement
from support.waiting import until
from support.whole_firm import WholeFirm

MICS = ("XXXA", "XXXB", "XXXC")
ANNA = Watcher("anna", 1)
DISPLAY = DataUse.DISPLAY


class Place:
    """A desk with a port over its core, a clock of the machine that the test moves, and a journal of what was submitted."""

    def __init__(self, served="newest", *, is_own=False, desk=None):
        self.desk = desk or DataDesk()
        self.machine_ns = 0
        self.submitted = []
        self.busy = False
        house = self.desk.house
        self.port = EntitlementsPort(
            lambda: house.state.market_data,
            Coverage(MICS, is_own=is_own),
            self._submit,
            lambda: house.now_ns,
            DisplayRule(served, 60 * SECOND),
            lambda: self.machine_ns,
            is_account=lambda number: number in house.state.accounts,
        )
        house.core.subscribe(lambda _: self.port.review())
        self.told = []

    async def _submit(self, command, actor):
        if self.busy:
            return BUSY
        self.submitted.append((command, actor))
        events = self.desk.house.do(command, actor)
        return Outcome(self.desk.house.core.next_seq - 1, self.desk.house.now_ns, events)

    def open(self, watcher=ANNA, session="s1"):
        return self.port.open(watcher, session, lambda: self.told.append(session))

    async def settle(self):
        for _ in range(4):
            await asyncio.sleep(0)


def run(scene):
    asyncio.run(scene())


def test_rights_are_those_of_the_products():
    async def scene():
        place = Place()
        number = place.desk.subscriber()
        viewer = place.open()
        nobody = View((0, 0, 0), 0, (ALL_VENUES, 0, ALL_VENUES))
        assert viewer.view == nobody, "late data needs nothing"
        place.desk.grant(number, "TAPE-C")
        assert viewer.view == View((0, 0, ALL_VENUES), 0, (ALL_VENUES, 0, ALL_VENUES))
        place.desk.grant(number, "AAA-BOOK")
        assert viewer.view == View((1, 1, ALL_VENUES), 1, (ALL_VENUES, 1, ALL_VENUES)), (
            "a book brings its venue's trades"
        )
        assert viewer.view.shows(0, "A")
        assert not viewer.view.shows(1, "A")
        assert place.told == ["s1", "s1"]

    run(scene)


def test_revoking_acts_at_once_and_says_what_to_do():
    async def scene():
        place = Place()
        number = place.desk.subscriber()
        place.desk.grant(number, "TAPE-C")
        viewer = place.open()
        place.told.clear()
        assert viewer.view.top("C") == ALL_VENUES
        place.desk.ok(cmd.RevokeMarketData(number, "TAPE-C", DISPLAY, "unpaid"))
        assert place.told == ["s1"], "told when the frame was released, before anybody asks"
        assert viewer.view.top("C") == 0
        assert viewer.refusal("C") == (
            "Level I of tape C (TAPE-C) is not yours to see: ask the desk to grant it again; it was taken away "
            "(unpaid); until then it is shown 15 minutes late."
        )
        assert viewer.refusal("B") == "", "no product of this list covers tape B"
        assert "AAA-BOOK" in viewer.refusal("C", depth=True)

    run(scene)


def test_an_own_market_asks_for_nothing():
    async def scene():
        place = Place(is_own=True)
        assert place.open().view == EVERYTHING
        assert place.port.query(Watcher("", 1)).view == EVERYTHING
        number = place.desk.subscriber()
        place.desk.ok(cmd.RevokeMarketData(number, "SIMULATED", DISPLAY, "abuse"))
        assert place.port.query(ANNA).view == NOTHING
        assert "the desk took it away (abuse)" in place.port.query(ANNA).refusal("A")

    run(scene)


def test_a_house_without_a_price_list_shows_everything():
    async def scene():
        place = Place()
        place.desk.register.products.clear()
        assert place.open().view == EVERYTHING

    run(scene)


def test_rights_change_with_the_day():
    async def scene():
        place = Place()
        number = place.desk.subscriber()
        place.desk.grant(number, "TAPE-C")
        place.desk.ok(cmd.DefineDataAgreement(agreement("UTP", 2, "2026-12-01")))
        viewer = place.open()
        place.desk.set_day("2026-12-30")
        assert viewer.view.top("C") == ALL_VENUES, "within the grace"
        place.desk.set_day("2026-12-31")
        assert viewer.view.top("C") == 0
        assert "sign the agreement UTP, version 2" in viewer.refusal("C")

    run(scene)


# --- displays -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("served", "shown"), [("newest", "-XX"), ("oldest", "XX-")])
def test_displays_at_once(served, shown):
    async def scene():
        place = Place(served)
        number = place.desk.subscriber()
        place.desk.grant(number, "TAPE-C", displays=2)
        viewers = [place.open(session=name) for name in ("s1", "s2", "s3")]

        def lit():
            return "".join("X" if viewer.view.top("C") else "-" for viewer in viewers)

        assert lit() == shown
        dark = viewers[shown.index("-")]
        assert (
            "is shown on 2 displays at once, and others of yours are served before this one"
            in dark.refusal("C")
        )
        assert dark.view.delayed("C") == ALL_VENUES, "a dark display has late data"
        place.told.clear()
        viewers[1].close()
        del viewers[1]
        assert lit() == "XX", "one closed, the other is served again"
        assert place.told == [f"s{shown.index('-') + 1}"]

    run(scene)


def test_sockets_of_one_login_are_one_display():
    async def scene():
        place = Place()
        number = place.desk.subscriber()
        place.desk.grant(number, "TAPE-C", displays=1)
        first, second = place.open(session="login"), place.open(session="login")
        other = place.open(Watcher("bert", 1), "login")
        assert first.view.top("C")
        assert second.view.top("C")
        assert not other.view.top("C"), "another user's rights are his own"
        first.close()
        assert second.view.top("C")
        first.close()
        assert second.view.top("C"), "closing is safe to repeat"

    run(scene)


def test_a_silent_session_gives_its_display_back():
    async def scene():
        place = Place("oldest")
        number = place.desk.subscriber()
        place.desk.grant(number, "TAPE-C", displays=1)
        old, new = place.open(session="old"), place.open(session="new")
        assert (bool(old.view.top("C")), bool(new.view.top("C"))) == (True, False)
        place.machine_ns += 40 * SECOND
        new.beat()
        place.machine_ns += 40 * SECOND
        running = asyncio.create_task(place.port.run())
        await until(lambda: bool(new.view.top("C")), "the old one, not heard of for 80 seconds, to be let go")
        running.cancel()

    run(scene)


def test_a_grant_by_the_query_serves_no_stream():
    async def scene():
        place = Place()
        number = place.desk.subscriber()
        place.desk.grant(number, "TAPE-C", billing=Billing.PER_QUERY)
        assert place.port.query(ANNA).view.top("C") == ALL_VENUES
        viewer = place.open()
        assert viewer.view.top("C") == 0
        assert "is granted by the query; a screen or a stream needs it by the month" in viewer.refusal("C")

    run(scene)


# --- use ------------------------------------------------------------------------------------------------------


def usage(place, number, product, *, late=False):
    found = place.desk.register.subscribers[number].usage(product, DISPLAY, is_delayed=late)
    return None if found is None else (found.usage.displays, found.usage.queries)


def test_use_is_the_most_displays_at_once_and_every_query():
    async def scene():
        place = Place()
        number = place.desk.subscriber()
        place.desk.grant(number, "TAPE-C", displays=0)
        one, two = place.open(session="one"), place.open(session="two")
        one.close()
        for _ in range(3):
            place.port.query(ANNA).asked("C")
        place.port.query(ANNA).asked("A")
        two.asked("C")
        await place.port.flush()
        assert usage(place, number, "TAPE-C") == (2, 3)
        assert usage(place, number, "TAPE-A", late=True) == (2, 1), "what is seen late is counted as late"
        assert usage(place, number, "TAPE-A") is None
        before = len(place.submitted)
        await place.port.flush()
        assert len(place.submitted) == before, "what says nothing new is not written"

    run(scene)


def test_a_restarted_meter_goes_on_from_the_journal():
    async def scene():
        place = Place()
        number = place.desk.subscriber()
        place.desk.grant(number, "TAPE-C", displays=0)
        place.open()
        for _ in range(5):
            place.port.query(ANNA).asked("C")
        await place.port.close()
        again = Place(desk=place.desk)
        again.port.query(ANNA).asked("C")
        await again.port.flush()
        assert usage(again, number, "TAPE-C") == (1, 6)

    run(scene)


def test_use_waits_while_the_house_is_busy():
    async def scene():
        place = Place()
        number = place.desk.subscriber()
        place.desk.grant(number, "TAPE-C", displays=0)
        place.open()
        place.busy = True
        await place.port.flush()
        assert usage(place, number, "TAPE-C") is None
        place.busy = False
        await place.port.flush()
        assert usage(place, number, "TAPE-C") == (1, 0)

    run(scene)


def test_use_of_a_day_goes_to_that_day():
    async def scene():
        place = Place()
        number = place.desk.subscriber()
        place.desk.grant(number, "TAPE-C", displays=0)
        viewer = place.open()
        place.desk.set_day("2026-12-01")
        assert viewer.view.top("C")
        await place.settle()
        await place.port.flush()
        months = place.desk.register.subscribers[number].month_use
        assert months["TAPE-C", DISPLAY, 202611] == (1, 0)
        assert months["TAPE-C", DISPLAY, 202612] == (1, 0), (
            "a display that stays open is one of the next day too"
        )

    run(scene)


def test_whoever_looks_for_the_first_time_is_put_on_the_register():
    async def scene():
        place = Place(is_own=True)
        place.open(Watcher("zoe", 1))
        place.open(Watcher("zoe", 1), "s2")
        place.open(Watcher("", 99), "s3")
        await place.settle()
        assert [subscriber.user for subscriber in place.desk.register.subscribers.values()] == ["zoe"]
        await place.port.flush()
        assert usage(place, 1, "SIMULATED") == (2, 0)
        newcomer = place.port.query(Watcher("yves", 1))
        newcomer.asked("A")
        newcomer.asked("C")
        await place.settle()
        await place.port.flush()
        assert usage(place, 2, "SIMULATED") == (0, 2), (
            "also what was asked before the name was on the register"
        )

    run(scene)


# --- what must always hold --------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_a_view_never_shows_more_than_the_register_says_at_that_moment(seed):
    """Random products, signatures, grants, revocations, weeks and displays: what a socket may see is what the register allows."""

    async def scene():
        chance = Random(seed)
        firm = WholeFirm()
        firm.house.open_account(AccountKind.CASH, 1_000)
        place = Place(chance.choice(["newest", "oldest"]), desk=_Desk(firm))
        viewers = []
        for _ in range(40):
            administer_data(firm, chance)
            dice = chance.random()
            if dice < 0.3 and len(viewers) < 6:
                watcher = Watcher(
                    f"user {chance.randint(1, 9)}",
                    chance.randint(1, 3),
                    chance.choice(["display", "non_display"]),
                )
                viewers.append((watcher, place.open(watcher, f"s{len(viewers)}")))
            elif dice < 0.4 and viewers:
                viewers.pop(chance.randrange(len(viewers)))[1].close()
            for watcher, viewer in viewers:
                _check(place, watcher, viewer.view)
                _check(place, watcher, place.port.query(watcher).view)
        await place.settle()

    run(scene)


class _Desk:
    """A firm in the shape of a desk."""

    def __init__(self, firm):
        self.house = firm.house


def _check(place, watcher, view):
    state = place.desk.house.state
    register, now_ns = state.market_data, place.desk.house.now_ns
    subscriber = register.subscriber_of(watcher.user, watcher.account_id)
    number = 0 if subscriber is None else subscriber.subscriber_id
    use = DataUse.DISPLAY if watcher.use == "display" else DataUse.NON_DISPLAY
    has = {code for code in register.products if register.may(number, code, use, now_ns).allowed}
    for venue, book in enumerate(("AAA-BOOK", "BBB-BOOK", None)):
        assert not view.depth >> venue & 1 or book in has
        for tape, product in (("A", "TAPE-A"), ("B", None), ("C", "TAPE-C")):
            assert not view.shows(venue, tape) or has & {product, book}


def test_the_delay_is_a_quarter_of_an_hour():
    assert Place().port.delay_ns == 15 * MINUTE
