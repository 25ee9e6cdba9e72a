"""May they? A table from what is on file to the answer, and the sentence with its remedy."""

from __future__ import annotations

import msgspec
import pytest

from rushtrade.domain import commands as cmd
from rushtrade.domain.data_products import DataUse
from support.data_words import NO, DataDesk, agreement
from support.tables import rows

# What anna has done and got, step by step; then the answer for a product: now, late or no, and words of the sentence.
DECISIONS = """
    # on file                              | product   | answer | words
    nothing                                | SIMULATED | now    |
    nothing                                | TAPE-C    | late   | not yours to see: register as a subscriber of market data and ask the desk to grant it; until then it is shown 15 minutes late
    nothing                                | AAA-BOOK  | no     | Book of the Alpha Exchange (AAA-BOOK) is not yours to see: register
    registered                             | TAPE-C    | late   | answer the questionnaire and sign the agreement UTP, version 1 and ask the desk to grant it
    registered answered                    | TAPE-C    | late   | see: sign the agreement UTP, version 1 and ask the desk
    registered answered signed             | TAPE-C    | late   | see: ask the desk to grant it;
    registered answered signed             | AAA-BOOK  | no     | see: ask the desk to grant it
    registered answered signed granted     | TAPE-C    | now    |
    registered answered signed granted     | AAA-BOOK  | now    |
    registered answered signed granted     | BBB-BOOK  | no     | ask the desk to grant it
    registered answered signed granted revoked | TAPE-C | late   | ask the desk to grant it again; it was taken away (unpaid)
    registered answered signed granted revoked | AAA-BOOK | no   | again; it was taken away (unpaid)
    registered answered signed granted revoked granted | AAA-BOOK | now |
    registered barred                      | SIMULATED | no     | the desk took it away (abuse); ask the desk
    registered barred unbarred             | SIMULATED | now    |
    registered answered signed granted     | TAPE-X    | no     | there is no product 'TAPE-X'; there are: AAA-BOOK, BBB-BOOK
    # a new version of the agreement, with 30 days to sign it
    registered answered signed granted newer       | TAPE-C | now  |
    registered answered signed granted newer grace | TAPE-C | late | sign the agreement UTP, version 2
    registered answered signed granted newer grace signed-2 | TAPE-C | now |
    registered answered newer              | TAPE-C    | late   | sign the agreement UTP, version 2
    # answers that are due again make a professional, who still sees
    registered answered signed granted year | TAPE-C   | now    |
"""


def step(desk, word):
    """Do what a word of the table says."""
    display = DataUse.DISPLAY
    if word == "registered":
        desk.subscriber(answers=None, sign=())
    elif word == "answered":
        desk.ok(cmd.AnswerQuestionnaire(1, 1, NO))
    elif word == "signed":
        for code in ("UTP", "ALPHA"):
            desk.ok(cmd.SignAgreement(1, code, 1))
    elif word == "signed-2":
        desk.ok(cmd.SignAgreement(1, "UTP", 2))
    elif word == "granted":
        for product in ("TAPE-C", "AAA-BOOK"):
            desk.grant(1, product)
    elif word == "revoked":
        for product in ("TAPE-C", "AAA-BOOK"):
            desk.ok(cmd.RevokeMarketData(1, product, display, "unpaid"))
    elif word == "barred":
        desk.ok(cmd.RevokeMarketData(1, "SIMULATED", display, "abuse"))
    elif word == "unbarred":
        desk.grant(1, "SIMULATED")
    elif word == "newer":
        desk.ok(cmd.DefineDataAgreement(agreement("UTP", 2, "2026-12-01")))
        desk.set_day("2026-12-30")
    elif word == "grace":
        desk.set_day("2026-12-31")
    elif word == "year":
        desk.set_day("2027-12-01")


@pytest.mark.parametrize(("on_file", "product", "answer", "words"), rows(DECISIONS))
def test_may_they(on_file, product, answer, words):
    desk = DataDesk()
    for word in on_file.split():
        step(desk, word)
    decision = desk.may(len(desk.register.subscribers), product)
    assert ("now" if decision.allowed else "late" if decision.delayed else "no") == answer
    assert words in decision.reason
    assert bool(decision.reason) == (answer != "now")


def test_an_earlier_instant_keeps_its_answer():
    desk = DataDesk()
    number = desk.subscriber()
    instants = []
    for word in ("", "granted", "revoked", "granted"):
        step(desk, word)
        desk.house.now_ns += 1
        instants.append((desk.house.now_ns, desk.may(number, "TAPE-C").allowed))
    assert [allowed for _, allowed in instants] == [False, True, False, True]
    for at_ns, allowed in instants:
        assert desk.register.holds(number, "TAPE-C", DataUse.DISPLAY, at_ns) == allowed


def test_display_and_program_are_granted_apart():
    desk = DataDesk()
    number = desk.subscriber()
    desk.grant(number, "TAPE-C", DataUse.NON_DISPLAY)
    assert desk.may(number, "TAPE-C", DataUse.NON_DISPLAY).allowed
    assert not desk.may(number, "TAPE-C", DataUse.DISPLAY).allowed
    assert "grant it for a program" in desk.may(number, "AAA-BOOK", DataUse.NON_DISPLAY).reason


def test_a_key_without_a_user_is_of_the_first_subscriber_its_account_is_charged_for():
    desk = DataDesk()
    anna, bert = desk.subscriber("anna"), desk.subscriber("bert")
    register = desk.register
    assert register.subscriber_of("bert", 1).subscriber_id == bert
    assert register.subscriber_of("", 1).subscriber_id == anna
    assert register.subscriber_of("", 2) is None
    assert register.subscriber_of("nobody", 1) is None, (
        "a user who is no subscriber does not look with another's rights"
    )


def test_equal_registers_give_equal_images():
    first, second = DataDesk(), DataDesk()
    for desk in (first, second):
        desk.grant(desk.subscriber(), "TAPE-C")
    encode = msgspec.msgpack.encode
    assert encode(first.register.image()) == encode(second.register.image())
