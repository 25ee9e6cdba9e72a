"""FIX 4.2 messages and sessions: scripts of what either end says, as text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.wire import fix42 as fix
from rushtrade.wire.errors import UnencodableError
from rushtrade.wire.fix42_session import FixSession, SessionState
from rushtrade.wire.fix42_store import MemoryStore, instant, keep_for_later, stamp

NOW = 1_795_000_000_000_000_000
TIME = stamp(NOW)
EARLIER = stamp(NOW - 5_000_000_000)

# `>` the peer says, `<` the session answers, `=` the application is given, `send` the application sends, `beats N`, and at the end how it stands.
# Fields without a header: type, number, then tag=value; `late` is PossDupFlag with an earlier OrigSendingTime.
SCRIPTS = {
    "logon, orders, logout": """
        > A 1 98=0 108=30
        < A 1 98=0 108=30
        > D 2 11=X
        = D 11=X
        > 5 3
        < 5 2
        OVER
    """,
    "the first message must be a logon": """
        > D 1 11=X
        OVER
    """,
    "a logon with a negative heartbeat is refused in words": """
        > A 1 98=0 108=-1
        < 5 1 58=HeartBtInt (108) is 0 to 3600 seconds
        OVER
    """,
    "a test request is answered with its name": """
        > A 1 98=0 108=30
        < A 1 98=0 108=30
        > 1 2 112=HELLO
        < 0 2 112=HELLO
        > 1 3
        < 3 3 45=3 372=1 371=112 373=1 58=Required tag missing
        OPEN
    """,
    "a logon too high is answered, then the gap is asked for": """
        > A 3 98=0 108=30
        < A 1 98=0 108=30
        < 2 2 7=1 16=0
        > D 1 late 11=A
        = D late 11=A
        > D 2 late 11=B
        = D late 11=B
        > D 4 11=C
        = D 11=C
        OPEN
    """,
    "a gap is asked for once, and what came early is given in order": """
        > A 1 98=0 108=30
        < A 1 98=0 108=30
        > D 4 11=C
        < 2 2 7=2 16=0
        > D 5 11=D
        > D 2 late 11=A
        = D late 11=A
        > D 3 late 11=B
        = D late 11=B
        = D 11=C
        = D 11=D
        OPEN
    """,
    "a gap filled with nothing": """
        > A 1 98=0 108=30
        < A 1 98=0 108=30
        > D 5 11=C
        < 2 2 7=2 16=0
        > 4 2 late 123=Y 36=5
        = D 11=C
        OPEN
    """,
    "too low without PossDup ends the session": """
        > A 1 98=0 108=30
        < A 1 98=0 108=30
        > D 1 11=X
        < 5 2 58=MsgSeqNum too low, expecting 2 but received 1
        OVER
    """,
    "too low with PossDup is passed over": """
        > A 1 98=0 108=30
        < A 1 98=0 108=30
        > D 1 late 11=X
        OPEN
    """,
    "PossDup without the first sending time": """
        > A 1 98=0 108=30
        < A 1 98=0 108=30
        > D 2 43=Y 11=X
        < 3 2 45=2 372=D 371=122 373=1 58=Required tag missing
        > D 2 11=X
        = D 11=X
        OPEN
    """,
    "what was sent is sent again, session messages as one gap": """
        > A 1 98=0 108=30
        < A 1 98=0 108=30
        send 8 17=1
        < 8 2 17=1
        > 1 2 112=T
        < 0 3 112=T
        > 1 3 112=U
        < 0 4 112=U
        send 8 17=2
        < 8 5 17=2
        > 2 4 7=1 16=0
        < 4 1 again 123=Y 36=2
        < 8 2 again 17=1
        < 4 3 again 123=Y 36=5
        < 8 5 again 17=2
        > 2 5 7=2 16=3
        < 8 2 again 17=1
        < 4 3 again 123=Y 36=4
        OPEN
    """,
    "a request that comes early is answered at once: both ends may have a gap": """
        > A 1 98=0 108=30
        < A 1 98=0 108=30
        send 8 17=1
        < 8 2 17=1
        > 2 4 7=2 16=0
        < 8 2 again 17=1
        < 2 3 7=2 16=0
        > 4 2 late 123=Y 36=4
        > D 5 11=X
        = D 11=X
        OPEN
    """,
    "a reset ignores its own number; a lower one is refused": """
        > A 1 98=0 108=30
        < A 1 98=0 108=30
        > 4 99 36=10
        > D 10 11=X
        = D 11=X
        > 4 11 36=5
        < 3 2 45=11 372=4 371=36 373=5 58=Value is incorrect (out of range): NewSeqNo 5
        OPEN
    """,
    "a logon with a reset inside a session": """
        > A 1 98=0 108=30
        < A 1 98=0 108=30
        > D 2 11=X
        = D 11=X
        > A 1 98=0 108=30 141=Y
        < A 1 98=0 108=30 141=Y
        > D 2 11=Y
        = D 11=Y
        OPEN
    """,
    "an empty field": """
        > A 1 98=0 108=30
        < A 1 98=0 108=30
        > D 2 11=
        < 3 2 45=2 372=D 371=11 373=4 58=Tag specified without a value
        > D 3 11=X
        = D 11=X
        OPEN
    """,
    "a garbled message uses no number": """
        > A 1 98=0 108=30
        < A 1 98=0 108=30
        garbled D 2 11=X
        > D 2 11=Y
        = D 11=Y
        OPEN
    """,
    "a stranger inside the session": """
        > A 1 98=0 108=30
        < A 1 98=0 108=30
        > D 2 49=OTHER 11=X
        < 3 2 45=2 372=D 373=9 58=CompID problem
        < 5 3 58=CompID problem
        OVER
    """,
    "heartbeats, a question, and the end of a silent peer": """
        > A 1 98=0 108=10
        < A 1 98=0 108=10
        beats 10
        < 0 2
        beats 3
        < 1 3 112=beat 3
        beats 10
        < 0 4
        beats 1
        OPEN
        beats 1
        OVER
    """,
    "nobody logs on": """
        beats 11
        OVER
    """,
}


def spell(words):
    """A message of the peer."""
    kind, number, *rest = words
    text = " ".join(rest)
    fields = [(fix.SENDER, "PEER"), (fix.TARGET, "US"), (fix.MSG_SEQ_NUM, number), (fix.SENDING_TIME, TIME)]
    given = re.findall(r"(late|\d+=[^=]*?)(?= \d+=| late|$)", text)
    for word in given:
        if word == "late":
            fields += [(fix.POSS_DUP, "Y"), (fix.ORIG_SENDING_TIME, EARLIER)]
        else:
            tag, value = word.split("=")
            fields = [field for field in fields if field[0] != int(tag)]
            fields.append((int(tag), value))
    parts = "".join(f"{tag}={value}\x01" for tag, value in [(35, kind), *fields])
    head = f"8=FIX.4.2\x019={len(parts)}\x01{parts}".encode()
    return head + b"10=%03d\x01" % (sum(head) & 255)


def shown(message, mark):
    skipped = {fix.SENDER, fix.TARGET, fix.MSG_SEQ_NUM, fix.SENDING_TIME, fix.POSS_DUP, fix.ORIG_SENDING_TIME}
    number = message.get(fix.MSG_SEQ_NUM)
    words = [mark, message.type] + ([number] if mark == "<" else [])
    if message.get(fix.POSS_DUP):
        words.append("late" if mark == "=" else "again")
    return " ".join(words + [f"{tag}={value}" for tag, value in message.fields if tag not in skipped])


def read(data):
    reader = fix.FixReader()
    reader.receive_data(data)
    found = []
    while (message := reader.next_message()) is not None:
        found.append(message)
    assert reader.garbled == 0
    return found


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_session_where(name):
    store = MemoryStore()
    session = FixSession("US", lambda sender, _target: store if sender == "PEER" else None)
    lines = [line.strip() for line in SCRIPTS[name].strip().splitlines()]
    told, heard = [], []
    for line in lines:
        mark, *words = line.split()
        if mark in "<=":
            told.append(line)
            continue
        if mark in SessionState.__members__:
            assert session.state.name == mark
            continue
        given = []
        if mark == ">":
            given = session.receive_data(spell(words), NOW)
        elif mark == "garbled":
            given = session.receive_data(spell(words).replace(b"11=X", b"11=Z"), NOW)
            assert session.garbled == 1
        elif mark == "send":
            session.send(
                words[0], [(int(tag), value) for tag, value in (w.split("=") for w in words[1:])], NOW
            )
        else:
            for _ in range(int(words[0])):
                session.beat(NOW)
        heard += [shown(message, "<") for message in read(session.data_to_send())]
        heard += [shown(message, "=") for message in given]
    assert heard == told


def test_two_ends_talk_and_what_was_missed_is_delivered_after_a_reconnect():
    ours, theirs = MemoryStore(), MemoryStore()
    executed = []
    for life in range(3):
        acceptor = FixSession("US", lambda _sender, _target: theirs)
        initiator = FixSession("PEER", lambda _peer, _own: ours, peer="US")
        initiator.logon(NOW)
        initiator.send("D", [(11, f"first {life}")], NOW)
        for _ in range(6):
            executed += acceptor.receive_data(initiator.data_to_send(), NOW)
            initiator.receive_data(acceptor.data_to_send(), NOW)
        assert acceptor.state is initiator.state is SessionState.OPEN
        initiator.send("D", [(11, f"lost {life}")], NOW)
        initiator.data_to_send()  # on a wire that breaks
        keep_for_later(theirs, "8", [(17, f"away {life}")], NOW)
    assert [message.get(11) for message in executed] == ["first 0", "lost 0", "first 1", "lost 1", "first 2"]


def test_reports_written_while_the_peer_was_away_are_delivered_when_it_is_back():
    ours, theirs = MemoryStore(), MemoryStore()
    for number in range(3):
        keep_for_later(theirs, "8", [(17, str(number))], NOW)
    acceptor = FixSession("US", lambda _sender, _target: theirs)
    initiator = FixSession("PEER", lambda _peer, _own: ours, peer="US")
    initiator.logon(NOW)
    reports = []
    for _ in range(4):
        acceptor.receive_data(initiator.data_to_send(), NOW)
        reports += initiator.receive_data(acceptor.data_to_send(), NOW)
    assert [message.get(17) for message in reports] == ["0", "1", "2"]


VALUES = st.text(st.characters(min_codepoint=2, max_codepoint=255), min_size=1, max_size=20)


@given(st.lists(st.tuples(st.sampled_from([11, 38, 58, 1, 446]), VALUES), max_size=10), st.integers(1, 7))
def test_messages_come_back_as_they_were_written_in_whatever_pieces(fields, step):
    raw = fix.encode("D", fields) * 2
    reader, found = fix.FixReader(), []
    for at in range(0, len(raw), step):
        reader.receive_data(raw[at : at + step])
        while (message := reader.next_message()) is not None:
            found.append(message)
    assert found == [fix.FixMessage("FIX.4.2", "D", tuple(fields))] * 2
    assert reader.garbled == 0


def test_data_may_hold_the_separator():
    raw = fix.encode("D", [(95, "5"), (96, "a\x01b=c"), (11, "X")])
    (message,) = read(raw)
    assert message.fields == ((95, "5"), (96, "a\x01b=c"), (11, "X"))


@given(st.binary(max_size=200))
def test_garbage_never_stops_the_next_message(garbage):
    reader = fix.FixReader()
    good = fix.encode("D", [(11, "X")])
    reader.receive_data(garbage + b"\x01" + good + good)
    found = []
    while (message := reader.next_message()) is not None:
        found.append(message)
    if b"8=" not in garbage:
        assert found[-1:] == [fix.FixMessage("FIX.4.2", "D", ((11, "X"),))]


@pytest.mark.parametrize("field", [(11, ""), (11, "a\x01b"), (0, "x"), (11, "\u20ac")])
def test_a_field_that_cannot_be_sent_is_refused(field):
    with pytest.raises(UnencodableError, match=r"^field (11|0)="):
        fix.encode("D", [field])


@given(st.integers(0, 4_000_000_000_000))
def test_instants_come_back_to_the_millisecond(milliseconds):
    assert instant(stamp(milliseconds * 1_000_000)) == milliseconds * 1_000_000


@given(st.binary(max_size=300))
def test_a_session_takes_any_bytes(data):
    session = FixSession("US", lambda _sender, _target: MemoryStore())
    session.receive_data(spell(["A", "1", "98=0", "108=30"]), NOW)
    session.receive_data(data, NOW)
    read(session.data_to_send())
