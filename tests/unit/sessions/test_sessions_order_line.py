"""An order line that is cut again and again, at a venue that lives on: nothing is executed twice, nothing is unknown in the end.

The venue is the exchanges' own floor, the wire between is made up: bytes go over in pieces, and both ways are lost when it is cut.
"""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from rushtrade.domain import commands as cmd
from rushtrade.floor.floor import Floor
from rushtrade.floor.soup_port import SoupPort
from rushtrade.marketplace.flow import Flow
from rushtrade.marketplace.generator import OPENING, GeneratedFlow
from rushtrade.marketplace.market import Market
from rushtrade.rules.world_file import load_world
from rushtrade.sessions import order_line
from rushtrade.sessions.order_line import BeganAnew, CameUp, LineState, OrderLine, WentDown
from rushtrade.sessions.ouch_session import NOT_SENT, OuchSession
from rushtrade.wire import order_entry as oe
from rushtrade.wire import ouch50 as ouch

SECOND = 1_000_000_000
VENUE, LOCATE, PRICE = 0, 1, 100_000
SHARES = 100


def floor(session="LIFE1"):
    world = load_world("us-2026")
    source = GeneratedFlow(world.symbols, 11, last_time=OPENING + 3_600 * SECOND)
    flow = Flow(source, 0)
    made = Floor(Market(world, flow.symbols, flow), session)
    made.open()
    return made


LIFE_NS_MAX = 600 * SECOND
"""An order a venue never answers would be waited for without end."""


class Wire:
    """Stands for a socket to the venue. Whoever has the wires can cut the newest."""

    def __init__(self, venue, dice):
        self.port = SoupPort(venue.session, lambda user, _password: venue.open_ouch(VENUE, user))
        self.out, self.back = bytearray(), bytearray()
        self.dice = dice
        self.is_cut = False

    def is_connected(self):
        return True

    def send(self, data):
        self.out += data

    def receive(self, room):
        """A piece of what was said goes over, then a piece of the answers comes back."""
        if self.is_cut:
            raise OSError(104, "the peer closed the connection")
        self.carry(self.dice.randint(0, len(self.out)))
        size = min(self.dice.randint(0, len(self.back)), len(room))
        room[:size] = self.back[:size]
        del self.back[:size]
        return size

    def carry(self, size):
        if size:
            self.port.receive_data(bytes(self.out[:size]))
            del self.out[:size]
        self.back += self.port.data_to_send()

    def close(self):
        self.port.gone()


class Member:
    """A house as small as can be: what it knows of its orders is what it was told."""

    def __init__(self, monkeypatch, seed):
        self.dice = Random(seed)
        self.venue = floor()
        self.wires = []
        monkeypatch.setattr(order_line, "StreamSocket", self._connect)
        self.line = OrderLine(("127.0.0.1", 1), "RUSH", self._words())
        self.now_ns = SECOND
        self.seq = 0
        self.open = {}
        self.executed = {}
        self.ended = {}
        self.sessions = []

    def _words(self):
        return OuchSession(VENUE, self.venue.market.symbols, 0)

    def _connect(self, _address, _unsent):
        self.wires.append(Wire(self.venue, self.dice))
        return self.wires[-1]

    def enter(self, time=oe.DAY, price=PRICE):
        self.seq += 1
        token = self.seq << 8
        row = np.zeros(1, oe.ORDER_ENTRY)
        row["kind"], row["side"], row["time_in_force"], row["locate"] = oe.ENTER, oe.BUY, time, LOCATE
        row["token"], row["price"], row["shares"], row["capacity"] = token, price, SHARES, ord("A")
        self.open[token] = "sent"
        self.line.send(row, self.now_ns)
        return token

    def cancel(self, token):
        row = np.zeros(1, oe.ORDER_ENTRY)
        row["kind"], row["token"], row["original_token"] = oe.CANCEL, token, token
        self.line.send(row, self.now_ns)

    def cut(self):
        self.wires[-1].is_cut = True

    def step(self):
        assert self.now_ns < LIFE_NS_MAX, "what is waited for never came"
        self.now_ns += 20_000_000
        self.seq += 1
        self.line.next_token = self.seq << 8
        self.line.step(self.now_ns)
        for said in self.line.take():
            if isinstance(said, list):
                for command in said:
                    self.hear(command)
            elif isinstance(said, BeganAnew):
                self.sessions.append(said.session)
                self.ended |= dict.fromkeys(self.open, "forgotten")
                self.open.clear()
            elif isinstance(said, CameUp):
                self.reconcile()
            else:
                assert isinstance(said, WentDown)

    def reconcile(self):
        """Every report that was missed has been heard: what the venue never had is over, the rest is cancelled again."""
        for token, state in list(self.open.items()):
            if not self.line.words.has(token):
                assert state == "sent", "what was accepted had reached it"
                self.ended[token] = "never reached"
                del self.open[token]

    def hear(self, command):
        token = getattr(command, "token", 0)
        if isinstance(command, cmd.ReportExecuted):
            self.executed[token] = self.executed.get(token, 0) + command.shares
            if self.executed[token] == SHARES:
                self.ended[token] = "filled"
                del self.open[token]
        elif isinstance(command, cmd.ReportAccepted):
            self.open[token] = "accepted"
        elif isinstance(command, cmd.ReportCanceled):
            assert command.leaves == 0
            assert self.open.pop(token) == "sent" or command.report_seq
            self.ended[token] = command.reason

    def sell(self, shares):
        """Somebody else sells into what rests."""
        other = self.venue.account(VENUE, "OTHER")
        number = other.said.next_number
        symbol = self.venue.market.symbols[LOCATE - 1]
        order = ouch.EnterOrder(number, "S", shares, symbol, PRICE, "3", "Y", "A", "Y", "N", "")
        other.receive(ouch.encode(order), self.venue.now_ns)
        other.settle()

    def told(self):
        """Everything the venue ever told the account."""
        said = self.venue.account(VENUE, "RUSH").said
        return [ouch.decode_outbound(said.message(number)) for number in range(1, said.next_number)]


@pytest.mark.parametrize("seed", range(12))
def test_cut_again_and_again_it_knows_in_the_end_what_the_venue_did(monkeypatch, seed):
    member = Member(monkeypatch, seed)
    dice = member.dice
    for _ in range(400):
        chance = dice.random()
        if chance < 0.35:
            member.enter(dice.choice([oe.DAY, oe.IOC]), PRICE)
        elif chance < 0.45 and member.open:
            member.cancel(dice.choice(list(member.open)))
        elif chance < 0.55:
            member.sell(dice.randint(1, 250))
        elif chance < 0.62 and member.wires:
            member.cut()
        member.step()
    while member.open:
        for token in member.open:
            member.cancel(token)
        member.step()
    told = member.told()
    executed = {}
    for message in told:
        if isinstance(message, ouch.OrderExecuted):
            token = message.user_ref_num
            executed[token] = executed.get(token, 0) + message.quantity
    assert member.executed == executed, "what the venue executed was heard, once"
    accepted = [message.user_ref_num for message in told if isinstance(message, ouch.OrderAccepted)]
    assert len(accepted) == len(set(accepted))
    for token, how in member.ended.items():
        assert (token in accepted) == (how not in {"never reached", NOT_SENT}), how
    assert {"never reached", NOT_SENT, "filled"} <= set(member.ended.values())
    assert member.sessions == ["LIFE1"]


def test_a_venue_that_begins_anew_is_heard_from_its_first_message_on(monkeypatch):
    member = Member(monkeypatch, 5)
    token = member.enter()
    while member.line.state is not LineState.UP:
        member.step()
    token = member.enter()
    while member.open.get(token) != "accepted":
        member.step()
    member.venue = floor("LIFE2")
    member.cut()
    while member.line.state is not LineState.UP or member.line.session != "LIFE2":
        member.step()
    assert member.sessions == ["LIFE1", "LIFE2"]
    assert member.ended[token] == "forgotten"
    again = member.enter()
    while member.open.get(again) != "accepted":
        member.step()


def test_a_restarted_house_goes_on_where_it_stood_and_knows_its_orders_by_their_tokens(monkeypatch):
    member = Member(monkeypatch, 7)
    while member.line.state is not LineState.UP:
        member.step()
    token = member.enter()
    while member.open.get(token) != "accepted":
        member.step()
    member.sell(40)
    while not member.executed:
        member.step()
    words = member._words()
    words.adopt(token, SHARES - 40, 40, 0)
    session, number = member.line.session, member.line.next_number
    member.sell(10)
    member.line = OrderLine(("127.0.0.1", 1), "RUSH", words, session, number)
    while member.executed[token] < 50 or member.line.state is not LineState.UP:
        member.step()
    assert member.line.next_number == member.venue.account(VENUE, "RUSH").said.next_number
    assert member.sessions == ["LIFE1"], "it is the same life"


def test_a_number_the_venue_would_pass_over_is_never_sent(monkeypatch):
    member = Member(monkeypatch, 9)
    while member.line.state is not LineState.UP:
        member.step()
    member.enter()
    member.seq = 0
    token = member.enter()
    member.step()
    assert member.ended[token].startswith("its number is not above the last one")


def test_who_logs_in_again_takes_the_account_over_and_the_old_connection_is_not_read(monkeypatch):
    member = Member(monkeypatch, 11)
    while member.line.state is not LineState.UP:
        member.step()
    old = member.wires[-1]
    member.enter()
    late = bytes(old.out) or b""
    assert late, "the order is still on its way"
    member.cut()
    while member.line.state is not LineState.UP or member.wires[-1] is old:
        member.step()
    old.port.receive_data(late)
    assert [message.type for message in member.told()].count("A") == 0
    assert list(member.ended.values()) == ["never reached"]
