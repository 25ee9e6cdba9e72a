"""SoupBinTCP: both ends talk to each other, and neither takes what is not allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.wire.errors import MalformedError, TruncatedError, UnencodableError, WireError
from rushtrade.wire.soupbintcp import (
    NOT_AUTHORIZED,
    Debug,
    Heartbeat,
    LoginAccepted,
    LoginRejected,
    LoginRequested,
    Sequenced,
    SessionEnded,
    SoupClient,
    SoupServer,
    State,
    Unsequenced,
)


def tell(end, data, step=1 << 20):
    events = []
    for begin in range(0, len(data), step):
        end.receive_data(data[begin : begin + step])
        while (event := end.next_event()) is not None:
            events.append(event)
    return events


@pytest.mark.parametrize("step", [1, 3, 1 << 20])
def test_a_session_from_login_to_its_end(step):
    client, server = SoupClient(), SoupServer()
    assert tell(server, client.login("rush", "secret", "", 5), step) == [
        LoginRequested("rush", "secret", "", 5)
    ]
    assert tell(client, server.accept("DAY1", 5), step) == [LoginAccepted("DAY1", 5)]
    stream = server.send(b"one") + server.heartbeat() + server.debug("hello") + server.send(b"two")
    assert tell(client, stream, step) == [
        Sequenced(5, b"one"),
        Heartbeat(),
        Debug("hello"),
        Sequenced(6, b"two"),
    ]
    assert client.next_sequence == server.next_sequence == 7
    assert tell(server, client.send_unsequenced(b"order") + client.heartbeat(), step) == [
        Unsequenced(b"order"),
        Heartbeat(),
    ]
    assert tell(client, server.end_session(), step) == [SessionEnded()]
    assert client.state is server.state is State.CLOSED


def test_a_refused_login_closes_both_ends():
    client, server = SoupClient(), SoupServer()
    tell(server, client.login("rush", "wrong"))
    assert tell(client, server.reject(NOT_AUTHORIZED)) == [LoginRejected("A")]
    assert client.state is server.state is State.CLOSED


def test_a_logout_ends_the_session_for_the_server():
    client, server = SoupClient(), SoupServer()
    tell(server, client.login("rush", "secret"))
    tell(client, server.accept("DAY1", 1))
    assert tell(server, client.logout()) == [SessionEnded()]


def test_a_login_has_its_fields_where_the_specification_puts_them():
    assert SoupClient().login("user", "pass", "S", 12) == b"\0\x2fLuser  pass               S" + b"12".rjust(
        20
    )


def test_data_before_the_login_is_answered_is_not_allowed():
    with pytest.raises(MalformedError, match=r"'S' while NEW; allowed: AJ\+H"):
        tell(SoupClient(), SoupServer().send(b"early"))
    with pytest.raises(MalformedError, match="'U' while NEW"):
        tell(SoupServer(), SoupClient().send_unsequenced(b"early"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\0\x03Axx", "'A' takes 30 bytes, got 2"),
        (b"\0\x1fA" + b"DAY1".ljust(10) + b"many".rjust(20), "'many' is not a number"),
        (b"\0\x02J", None),
        (b"\0\x01J", "'J' takes 1 bytes"),
        (b"\0\0Z", "length 0"),
    ],
)
def test_malformed_answers_are_refused(data, said):
    client = SoupClient()
    if said is None:
        assert tell(client, data) == []
        client.receive_end()
        with pytest.raises(TruncatedError):
            client.next_event()
        return
    with pytest.raises(MalformedError, match=said):
        tell(client, data)


def test_names_and_messages_too_long_are_not_encoded():
    with pytest.raises(UnencodableError, match="user 'seven77' is longer than 6"):
        SoupClient().login("seven77", "x")
    with pytest.raises(UnencodableError, match="65535 bytes"):
        SoupServer().send(bytes(65535))


@given(st.binary(max_size=200))
def test_noise_is_an_event_or_a_fault_never_anything_else(data):
    for end in (SoupClient(), SoupServer()):
        assert told_or_fault(end, data) in {True, False}


def told_or_fault(end, data):
    try:
        return bool(tell(end, data))
    except WireError:
        return False
