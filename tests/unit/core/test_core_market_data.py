"""Commands of market data: what is refused in which words, that a refusal changes nothing, and that a journal tells it all again."""

from __future__ import annotations

import datetime as dt
import re

import msgspec
import pytest

from rushtrade.core.replay import read_body, restore, verify
from rushtrade.core.snapshot import decode_state, encode_state, state_hash
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.accounts import AccountLimits, AccountState
from rushtrade.domain.data_products import Billing, DataUse, Level, SubscriberKind, UsageRow
from rushtrade.domain.frame_trail import Trail
from rushtrade.domain.instants import day_number
from support.data_words import NO, PRODUCTS, YES, DataDesk, agreement, changed, price

DISPLAY, PROGRAM = DataUse.DISPLAY, DataUse.NON_DISPLAY
TODAY = day_number(dt.date(2026, 11, 20))
LONG = "x" * 201
C, BOOK, HOUSE = PRODUCTS["TAPE-C"], PRODUCTS["AAA-BOOK"], PRODUCTS["SIMULATED"]
PERSON, FIRM = SubscriberKind.PERSON, SubscriberKind.ORGANISATION


def use(row, day=TODAY):
    return cmd.ObserveUsage(day, (row,))


def newer(**fields):
    return cmd.DefineDataAgreement(msgspec.structs.replace(agreement("UTP", 2, "2026-12-01"), **fields))


# Subscriber 1 has answered and signed all; 2 has done nothing; 3 is a firm that has signed nothing.
REFUSALS = [
    # products
    (changed(C, code="lower"), "code has 1 to 40 of A–Z, 0–9 and '-', unlike 'lower'"),
    (changed(C, code="X" * 41), "code has 1 to 40"),
    (changed(C, exchange=""), "exchange has 1 to 40"),
    (changed(C, title="two\nlines"), "title has 1 to 120 printable"),
    (changed(C, tapes=("C", "C")), "some of A, B, C, none twice"),
    (changed(C, tapes=("D",)), "some of A, B, C"),
    (changed(C, tapes=()), "names its tapes, and no venues"),
    (changed(C, venues=("XNAS",)), "names its tapes, and no venues"),
    (changed(BOOK, venues=()), "names its venues, and no tapes"),
    (changed(BOOK, tapes=("A",)), "names its venues, and no tapes"),
    (changed(BOOK, venues=("xnas",)), "market identifier codes"),
    (changed(BOOK, is_delayed=True), "only Level I is shown late"),
    (changed(HOUSE, venues=("XNAS",)), "covered whole"),
    (changed(C, agreement="NYSE"), "needs the agreement 'NYSE', which is not defined"),
    (changed(C, prices=()), "has no price; a product without one is open to all"),
    (changed(C, prices=(price("2026-01-01", "1", "1"),) * 121), "121 rows of prices; 120 would pass"),
    (changed(C, prices=(price("2026-01-01", "1", "1"),) * 2), "is not after the one before"),
    (changed(C, prices=(price("2026-01-01", "-1", "1"),)), r"a price is \$0.00 to \$10,000,000.00"),
    (changed(C, prices=(price("2026-01-01", "10000000.01", "1"),)), r"a price is \$0.00 to \$10,000,000.00"),
    (
        changed(C, prices=(msgspec.structs.replace(price("2026-01-01", "1", "1"), source=""),)),
        "name their source",
    ),
    # agreements
    (newer(version=1), "next version of UTP is 2, not 1"),
    (newer(version=3), "next version of UTP is 2, not 3"),
    (newer(first_day=day_number(dt.date(2020, 1, 1))), "after the one before, from 2020-01-02 on"),
    (newer(grace_days=-1), "-1 days of grace are outside 0 to 366"),
    (newer(digest="AB" * 32), "64 hexadecimal digits"),
    (newer(title=""), "title has 1 to 120"),
    (newer(code="utp"), "code and exchange have 1 to 40"),
    # subscribers
    (cmd.RegisterSubscriber("", PERSON, 1), "name has 1 to 200 printable"),
    (cmd.RegisterSubscriber("a\tb", PERSON, 1), "name has 1 to 200 printable"),
    (cmd.RegisterSubscriber(LONG, PERSON, 1), "name has 1 to 200 printable"),
    (cmd.RegisterSubscriber("anna", FIRM, 1), "user 'anna' is subscriber 1 already"),
    (cmd.RegisterSubscriber("zoe", PERSON, 9), "no account 9 to charge the fees of 'zoe' to"),
    # answers and signatures
    (cmd.AnswerQuestionnaire(9, 1, NO), "there is no subscriber 9"),
    (cmd.AnswerQuestionnaire(2, 2, NO), "questions in force are version 1, not 2"),
    (cmd.AnswerQuestionnaire(2, 1, NO[:11]), "12 questions need as many answers, not 11"),
    (cmd.AnswerQuestionnaire(3, 1, NO), "firm is an organisation, always professional"),
    (cmd.SignAgreement(9, "UTP", 1), "there is no subscriber 9"),
    (cmd.SignAgreement(2, "NYSE", 1), "there is no agreement 'NYSE'; there are: ALPHA, UTP"),
    (cmd.SignAgreement(2, "UTP", 2), "version 2 of UTP cannot be signed now; version 1 would pass"),
    (cmd.SignAgreement(2, "UTP", 0), "version 1 would pass"),
    (cmd.SignAgreement(1, "UTP", 1), "anna has signed version 1 of UTP before"),
    # grants
    (cmd.GrantMarketData(9, "TAPE-C", DISPLAY, 1, Billing.MONTHLY), "there is no subscriber 9"),
    (
        cmd.GrantMarketData(1, "TAPE-X", DISPLAY, 1, Billing.MONTHLY),
        "no product 'TAPE-X'; there are: AAA-BOOK",
    ),
    (
        cmd.GrantMarketData(1, "TAPE-C", DISPLAY, -1, Billing.MONTHLY),
        r"-1 displays are outside 0 \(no limit\)",
    ),
    (cmd.GrantMarketData(1, "TAPE-C", DISPLAY, 1_001, Billing.MONTHLY), "1001 displays are outside"),
    (
        cmd.GrantMarketData(2, "TAPE-C", DISPLAY, 1, Billing.MONTHLY),
        "must answer the questionnaire and sign the agreement UTP, version 1",
    ),
    (
        cmd.GrantMarketData(2, "TAPE-A", DISPLAY, 1, Billing.MONTHLY),
        "bert yet: they must answer the questionnaire$",
    ),
    (
        cmd.GrantMarketData(3, "TAPE-C", DISPLAY, 1, Billing.MONTHLY),
        "firm yet: they must sign the agreement UTP",
    ),
    (cmd.GrantMarketData(1, "TAPE-A", DISPLAY, 2, Billing.MONTHLY), "anna has TAPE-A on these terms already"),
    (
        cmd.GrantMarketData(1, "AAA-BOOK", DISPLAY, 1, Billing.PER_QUERY),
        "AAA-BOOK has no price by the query; it is granted by the month",
    ),
    (
        cmd.GrantMarketData(1, "TAPE-A", PROGRAM, 1, Billing.PER_QUERY),
        "for a program is charged by the month",
    ),
    # taking away
    (cmd.RevokeMarketData(9, "TAPE-A", DISPLAY, "test"), "there is no subscriber 9"),
    (cmd.RevokeMarketData(1, "TAPE-X", DISPLAY, "test"), "there is no product 'TAPE-X'"),
    (cmd.RevokeMarketData(1, "TAPE-A", DISPLAY, ""), "for a reason"),
    (cmd.RevokeMarketData(1, "TAPE-A", DISPLAY, LONG), "for a reason, of 1 to 200"),
    (cmd.RevokeMarketData(1, "TAPE-A", PROGRAM, "test"), "anna has no TAPE-A for non-display use"),
    (cmd.RevokeMarketData(2, "TAPE-A", DISPLAY, "test"), "bert has no TAPE-A for display"),
    # use
    (use(UsageRow(9, "TAPE-A", DISPLAY, 1, 0)), "there is no subscriber 9"),
    (use(UsageRow(1, "TAPE-X", DISPLAY, 1, 0)), "there is no product 'TAPE-X'"),
    (use(UsageRow(1, "TAPE-A", DISPLAY, -1, 0)), "counted from 0"),
    (use(UsageRow(1, "TAPE-A", DISPLAY, 1, 10**12 + 1)), "counted from 0"),
    (use(UsageRow(1, "TAPE-A", DISPLAY, 1, 0), TODAY + 1), "is not today or a day before"),
    (use(UsageRow(1, "TAPE-A", DISPLAY, 1, 0), -1), "is not today or a day before"),
    (
        cmd.ObserveUsage(TODAY, (UsageRow(1, "TAPE-A", DISPLAY, 1, 0),) * 4_097),
        "4097 rows of use are too many",
    ),
    # charges
    (cmd.ChargeMarketData(202613, 0), "202613 is no month; a month is year × 100"),
    (cmd.ChargeMarketData(0, 0), "0 is no month"),
    (
        cmd.ChargeMarketData(202611, 0),
        "2026-11 is not over yet in this house, where it is 2026-11-20; a month is charged from the first",
    ),
    (cmd.ChargeMarketData(202610, 9), "there is no subscriber 9"),
    (cmd.ChargeMarketData(202610, 0), "nothing is owed for 2026-10: nothing was charged"),
]


@pytest.fixture
def desk():
    desk = DataDesk("2026-11-20")
    desk.subscriber("anna")
    desk.subscriber("bert", answers=None, sign=())
    desk.subscriber("firm", FIRM, sign=())
    desk.grant(1, "TAPE-A", displays=2)
    return desk


@pytest.mark.parametrize(("command", "words"), REFUSALS)
def test_a_refusal_says_why_and_changes_nothing(desk, command, words):
    before = encode_state(desk.state, 1)
    refusal = desk.refusal(command)
    assert re.search(words, refusal), refusal
    now = msgspec.json.encode(msgspec.msgpack.decode(encode_state(desk.state, 1)))
    then = msgspec.msgpack.decode(before)
    then["now_ns"] = desk.state.now_ns
    assert now == msgspec.json.encode(then)


def test_a_snapshot_and_the_journal_tell_the_same(desk):
    desk.ok(
        cmd.ObserveUsage(
            TODAY, (UsageRow(1, "TAPE-A", DISPLAY, 2, 7), UsageRow(1, "TAPE-C", DISPLAY, 1, 0, True))
        )
    )
    desk.ok(cmd.RevokeMarketData(1, "SIMULATED", DISPLAY, "a test"))
    desk.ok(cmd.AnswerQuestionnaire(1, 1, YES))
    desk.ok(newer())
    desk.set_day("2026-12-01")
    desk.ok(cmd.ChargeMarketData(202611, 0))
    core = desk.house.core
    now = state_hash(core.state, core.next_seq)
    assert state_hash(*decode_state(encode_state(core.state, core.next_seq))) == now
    assert state_hash(*restore(desk.house.journal)) == now
    assert verify(desk.house.journal).state_hash == now.hex()


def test_a_grant_given_again_changes_its_terms(desk):
    desk.grant(1, "TAPE-A", displays=5)
    old, new = desk.register.subscribers[1].grants
    assert (old.displays_max, bool(old.to_ns), old.reason) == (2, True, "changed")
    assert (new.displays_max, new.to_ns) == (5, 0)
    assert old.to_ns == new.from_ns


def test_use_that_says_nothing_new_is_not_journaled(desk):
    row = UsageRow(1, "TAPE-A", DISPLAY, 2, 7)
    assert [event.usage for event in desk.ok(use(row))] == [row]
    assert desk.ok(use(row)) == []
    assert desk.ok(use(UsageRow(1, "TAPE-A", DISPLAY, 1, 3))) == []
    (event,) = desk.ok(use(UsageRow(1, "TAPE-A", DISPLAY, 1, 9)))
    assert event.usage == UsageRow(1, "TAPE-A", DISPLAY, 2, 9), "what a restarted meter lacks is not lost"
    assert desk.ok(use(row, TODAY - 1)) == [], "a day that is past is over"


def test_a_closing_account_takes_market_data_away_from_its_users():
    desk = DataDesk("2026-11-20")
    second = desk.house.open_account(desk.state.accounts[1].kind, 0)
    (event,) = desk.ok(cmd.RegisterSubscriber("anna", PERSON, second))
    desk.ok(cmd.AnswerQuestionnaire(event.subscriber_id, 1, NO))
    desk.grant(event.subscriber_id, "TAPE-A")
    assert desk.may(event.subscriber_id, "TAPE-A").allowed
    close = cmd.ChangeAccount(second, AccountState.CLOSED, False, 1, AccountLimits(), "left")
    assert any(isinstance(each, ev.MarketDataRevoked) for each in desk.ok(close))
    decision = desk.may(event.subscriber_id, "TAPE-A")
    assert not decision.allowed
    assert "the account they are charged to was closed" in decision.reason
    assert "is closed" in desk.refusal(
        cmd.GrantMarketData(event.subscriber_id, "TAPE-A", DISPLAY, 1, Billing.MONTHLY)
    )


def test_levels_keep_their_numbers():
    assert [(level.name, level.value) for level in Level] == [("LEVEL_1", 1), ("DEPTH", 2), ("HOUSE", 3)]


def test_what_concerns_a_subscriber_concerns_the_account_they_are_charged_to(desk):
    desk.ok(cmd.ObserveUsage(TODAY, (UsageRow(1, "TAPE-A", DISPLAY, 2, 7),)))
    desk.ok(cmd.RevokeMarketData(1, "TAPE-A", DISPLAY, "a test"))
    trail, told = Trail(), {}
    for frame in desk.house.journal.frames():
        for entry in read_body(frame).entries:
            told[type(entry.command).__name__] = trail.follow(entry)[1]
    names = (
        "RegisterSubscriber",
        "AnswerQuestionnaire",
        "SignAgreement",
        "GrantMarketData",
        "RevokeMarketData",
    )
    assert {name: told[name] for name in (*names, "ObserveUsage")} == {
        key: {1} for key in (*names, "ObserveUsage")
    }
    assert told["DefineDataProduct"] == set()
