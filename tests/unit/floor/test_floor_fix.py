"""Trading by FIX 4.2: what a firm says and what it hears, as text anybody of the trade can check."""

import pytest
from quiet_floors import SESSION, Client, quiet_floor

from rushtrade.floor.fix_port import FixPort
from rushtrade.floor.soup_port import SoupPort
from rushtrade.wire import fix42 as fix
from rushtrade.wire import ouch50 as ouch
from rushtrade.wire.fix42_session import FixSession, SessionState
from rushtrade.wire.fix42_store import MemoryStore

NOW = 1_795_000_000_000_000_000

# `>` the firm says, `<` it hears, `!` another firm says. Of reports: ExecType/OrdStatus ClOrdID (OrigClOrdID) and the fields named below.
SCENARIOS = {
    "an order rests, is executed in parts, and is over": """
        > D 11=A 55=AAPL 54=1 38=300 40=2 44=10.00
        < 8 0/0 A 151=300 14=0 6=0.00
        ! D 11=A 55=AAPL 54=2 38=100 40=2 44=10.00
        < 8 1/1 A 32=100 31=10.00 9882=A 151=200 14=100 6=10.00
        ! D 11=B 55=AAPL 54=2 38=500 40=2 44=9.99
        < 8 2/2 A 32=200 31=10.00 9882=A 151=0 14=300 6=10.00
        > F 11=B 41=A 55=AAPL 54=1
        < 9 B (A) 434=1 102=0 39=2
    """,
    "the average price is exact to six digits": """
        ! D 11=A 55=AAPL 54=2 38=100 40=2 44=10.00
        ! D 11=B 55=AAPL 54=2 38=200 40=2 44=10.01
        > D 11=A 55=AAPL 54=1 38=300 40=2 44=10.05
        < 8 0/0 A 151=300 14=0 6=0.00
        < 8 1/1 A 32=100 31=10.00 9882=R 151=200 14=100 6=10.00
        < 8 2/2 A 32=200 31=10.01 9882=R 151=0 14=300 6=10.006666
    """,
    "cancelled by the firm, under the cancel's own id": """
        > D 11=A 55=AAPL 54=1 38=300 40=2 44=10.00
        < 8 0/0 A 151=300 14=0 6=0.00
        > F 11=B 41=A 55=AAPL 54=1
        < 8 4/4 B (A) 151=0 14=0 6=0.00
        > F 11=C 41=NONE 55=AAPL 54=1
        < 9 C (NONE) 434=1 102=1 39=8
    """,
    "replaced, then known by its new id alone": """
        > D 11=A 55=AAPL 54=1 38=300 40=2 44=10.00
        < 8 0/0 A 151=300 14=0 6=0.00
        ! D 11=A 55=AAPL 54=2 38=100 40=2 44=10.00
        < 8 1/1 A 32=100 31=10.00 9882=A 151=200 14=100 6=10.00
        > G 11=B 41=A 55=AAPL 54=1 38=250 40=2 44=10.01
        < 8 5/5 B (A) 151=150 14=100 6=10.00
        > F 11=C 41=A 55=AAPL 54=1
        < 9 C (A) 434=1 102=1 39=8
        > F 11=D 41=B 55=AAPL 54=1
        < 8 4/4 D (B) 151=0 14=100 6=10.00
    """,
    "side and symbol cannot be changed": """
        > D 11=A 55=AAPL 54=1 38=300 40=2 44=10.00
        < 8 0/0 A 151=300 14=0 6=0.00
        > G 11=B 41=A 55=AAPL 54=2 38=250 40=2 44=10.01
        < 9 B (A) 434=2 102=0 39=0
        > H 11=A 55=AAPL 54=1
        < 8 0/0 A 151=300 14=0 6=0.00
    """,
    "immediate or cancel, fill or kill, market": """
        ! D 11=A 55=AAPL 54=2 38=100 40=2 44=10.00
        > D 11=A 55=AAPL 54=1 38=300 40=2 44=10.00 59=4
        < 8 0/0 A 151=300 14=0 6=0.00
        < 8 4/4 A 151=0 14=0 6=0.00
        > D 11=B 55=AAPL 54=1 38=50 40=2 44=10.00 59=3
        < 8 0/0 B 151=50 14=0 6=0.00
        < 8 2/2 B 32=50 31=10.00 9882=R 151=0 14=50 6=10.00
        > D 11=C 55=AAPL 54=1 38=100 40=1 59=3
        < 8 0/0 C 151=100 14=0 6=0.00
        < 8 1/1 C 32=50 31=10.00 9882=R 151=50 14=50 6=10.00
        < 8 4/4 C 151=0 14=50 6=10.00
    """,
    "hidden, reserve, posted only": """
        > D 11=A 55=AAPL 54=1 38=100 40=2 44=10.00 111=0
        < 8 0/0 A 151=100 14=0 6=0.00
        > D 11=B 55=AAPL 54=1 38=300 40=2 44=10.00 111=100
        < 8 0/0 B 151=300 14=0 6=0.00
        > D 11=C 55=AAPL 54=2 38=100 40=2 44=10.00 18=6
        < 8 0/0 C 151=100 14=0 6=0.00
        < 8 4/4 C 151=0 14=0 6=0.00
    """,
    "a ClOrdID is used once; sent again it is answered with how it stands": """
        > D 11=A 55=AAPL 54=1 38=300 40=2 44=10.00
        < 8 0/0 A 151=300 14=0 6=0.00
        > D 11=A 55=AAPL 54=1 38=300 40=2 44=10.00
        < 8 8/8 A 103=6 151=0 14=0 6=0.00
        > D 97=Y 11=A 55=AAPL 54=1 38=300 40=2 44=10.00
        < 8 0/0 A 151=300 14=0 6=0.00
    """,
    "what the venue does not take is refused in words": """
        > D 11=A 55=NONE 54=1 38=300 40=2 44=10.00
        < 8 8/8 A 103=1 151=0 14=0 6=0.00
        > D 11=B 55=AAPL 54=7 38=300 40=2 44=10.00
        < 8 8/8 B 103=0 151=0 14=0 6=0.00
        > D 11=C 55=AAPL 54=1 38=0 40=2 44=10.00
        < 8 8/8 C 103=0 151=0 14=0 6=0.00
        > D 11=E 55=AAPL 54=1 38=100 40=2 44=ten
        < 8 8/8 E 103=0 151=0 14=0 6=0.00
        > D 11=F 55=AAPL 54=5 38=100 40=2 44=10.00 114=Y
        < 8 8/8 F 103=0 151=0 14=0 6=0.00
        > D 11=G 55=AAPL 54=1 38=100 40=2 44=10.00 18=X
        < 8 8/8 G 103=0 151=0 14=0 6=0.00
        > D 11=H 55=AAPL 54=1 38=100 40=P
        < 8 8/8 H 103=0 151=0 14=0 6=0.00
        > D 55=AAPL 54=1 38=100 40=2
        < 3
        > V 262=X
        < j
        > H 11=Z 55=AAPL 54=1
        < 8 8/8 Z 151=0 14=0 6=0.00
    """,
}
TOLD = (103, 32, 31, 9882, 151, 14, 6)
REFUSED = (434, 102, 39)


class Firm:
    """A FIX client whose lines never break unless told to."""

    def __init__(self, floor, name, store=None, venue=0, target="NASDAQ"):
        self.port = FixPort(lambda user, to: floor.open_fix(venue, user, to), lambda: floor.now_ns)
        self.store = store or MemoryStore()
        self.session = FixSession(name, lambda _peer, _own: self.store, peer=target)
        self.session.logon(NOW)
        self.heard = []
        self.talk()

    def say(self, kind, fields):
        self.session.send(kind, fields, NOW)
        self.talk()

    def talk(self):
        while data := self.session.data_to_send():
            self.port.receive_data(data)
            self.listen()

    def listen(self):
        self.heard += self.session.receive_data(self.port.data_to_send(), NOW)


def fields_of(words):
    return [(int(tag), value) for tag, value in (word.split("=") for word in words)]


def shown(message):
    if message.type == "8":
        original = f" ({message.get(41)})" if message.get(41) else ""
        head = f"< 8 {message.get(150)}/{message.get(39)} {message.get(11)}{original}"
        return " ".join([head, *(f"{tag}={message.get(tag)}" for tag in TOLD if message.get(tag))])
    if message.type == "9":
        head = f"< 9 {message.get(11)} ({message.get(41)})"
        return " ".join([head, *(f"{tag}={message.get(tag)}" for tag in REFUSED)])
    return f"< {message.type}"


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_firm_hears(name):
    floor = quiet_floor()
    firm, other = Firm(floor, "RUSH"), Firm(floor, "OTHER")
    told = []
    for line in SCENARIOS[name].strip().splitlines():
        mark, kind, *words = line.split()
        if mark == "<":
            told += [] if kind == "3" else [line.strip()]
        else:
            rejected = firm.port.session.rejected
            (firm if mark == ">" else other).say(kind, fields_of(words))
            firm.listen()
            if kind == "D" and not any(word.startswith("11=") for word in words):
                assert firm.port.session.rejected == rejected + 1
    assert [shown(message) for message in firm.heard] == told
    for message in firm.heard:
        if message.type in "9j" or message.get(150) == "8":
            assert message.get(58), "a refusal says why"
    assert len({message.get(17) for message in firm.heard if message.type == "8"}) == sum(
        message.type == "8" for message in firm.heard
    )


def test_reports_of_the_time_a_firm_was_away_are_delivered_when_it_is_back():
    floor = quiet_floor()
    firm, other = Firm(floor, "RUSH"), Firm(floor, "OTHER")
    order = ["55=AAPL", "54=1", "38=300", "40=2", "44=10.00"]
    firm.say("D", fields_of(["11=A", *order]))
    firm.port.gone()
    other.say("D", fields_of(["11=A", "55=AAPL", "54=2", "38=100", "40=2", "44=10.00"]))
    again = Firm(floor, "RUSH", firm.store)
    assert again.session.state is SessionState.OPEN
    assert [shown(message) for message in again.heard] == [
        "< 8 1/1 A 32=100 31=10.00 9882=A 151=200 14=100 6=10.00"
    ]
    assert again.heard[0].get(fix.POSS_DUP) == "Y"


def test_an_order_lost_on_the_wire_is_asked_for_and_executed_once():
    floor = quiet_floor()
    firm = Firm(floor, "RUSH")
    firm.session.send("D", fields_of(["11=A", "55=AAPL", "54=1", "38=300", "40=2", "44=10.00"]), NOW)
    firm.session.data_to_send()  # the wire broke with it
    firm.port.gone()
    again = Firm(floor, "RUSH", firm.store)
    for _ in range(3):
        again.talk()
        again.listen()
    assert [shown(message) for message in again.heard] == ["< 8 0/0 A 151=300 14=0 6=0.00"]


def test_the_second_connection_of_a_firm_is_dropped_without_a_word():
    floor = quiet_floor()
    first = Firm(floor, "RUSH")
    second = Firm(floor, "RUSH")
    assert second.port.leaving
    assert second.port.data_to_send() == b""
    first.say("H", fields_of(["11=A", "55=AAPL", "54=1"]))
    assert len(first.heard) == 1


@pytest.mark.parametrize(("name", "target"), [("RUSH", "XARC"), ("R-1", "NASDAQ"), ("TOOLONG", "XNAS")])
def test_strangers_are_sent_away(name, target):
    firm = Firm(quiet_floor(), name, target=target)
    assert firm.port.leaving
    assert firm.session.state is SessionState.CALLING


def test_one_firm_by_two_ports_hears_each_on_its_own():
    floor = quiet_floor()
    by_ouch = Client(SoupPort(SESSION, lambda name, _password: floor.open_ouch(0, name)))
    by_ouch.login("RUSH")
    by_fix = Firm(floor, "RUSH", target="XNAS")
    by_fix.say("D", fields_of(["11=A", "55=AAPL", "54=1", "38=300", "40=2", "44=10.00"]))
    (accepted, executed) = by_ouch.heard(
        ouch.EnterOrder(1, "S", 100, "AAPL", 100_000, "0", "Y", "A", "N", "N", "ONE")
    )
    assert (accepted.type, executed.type) == ("A", "E")
    by_fix.listen()
    assert [message.get(150) for message in by_fix.heard] == ["0", "1"]
