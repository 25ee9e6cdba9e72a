"""Length-prefixed streams cut into messages, however the bytes arrive."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.wire.errors import MalformedError, TruncatedError, UnencodableError
from rushtrade.wire.framing import END, END_OF_SESSION, NEED_DATA, MessageReader, frame, frame_all

messages_lists = st.lists(st.binary(min_size=1, max_size=80), max_size=12)


def take_all(reader):
    return list(reader), reader.next_message()


@given(messages_lists, st.lists(st.integers(0, 400), max_size=8))
def test_a_stream_gives_the_same_messages_however_it_is_cut(messages, cuts):
    stream = frame_all(messages)
    reader = MessageReader()
    taken = []
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    for begin, end in pairwise(places):
        reader.receive_data(stream[begin:end])
        taken += list(reader)
    assert taken == messages
    assert reader.next_message() is NEED_DATA
    reader.receive_end()
    assert reader.next_message() is END
    assert reader.offset == len(stream)


@given(messages_lists.filter(bool), st.data())
def test_a_stream_that_ends_inside_a_message_says_where_the_message_begins(messages, data):
    stream = frame_all(messages)
    cut = data.draw(st.integers(0, len(stream) - 1))
    reader = MessageReader()
    reader.receive_data(stream[:cut])
    whole = list(reader)
    assert whole == messages[: len(whole)]
    reader.receive_end()
    begin = sum(len(message) + 2 for message in whole)
    if cut == begin:
        assert reader.next_message() is END
    else:
        with pytest.raises(TruncatedError) as fault:
            reader.next_message()
        assert fault.value.offset == begin


def test_a_zero_prefix_at_the_very_end_is_the_end_of_the_session():
    reader = MessageReader()
    reader.receive_data(frame(b"x") + END_OF_SESSION)
    assert take_all(reader) == ([b"x"], NEED_DATA)
    reader.receive_end()
    assert reader.next_message() is END


def test_prefixes_never_filled_in_are_read_by_the_message_type():
    reader = MessageReader({ord("a"): 3, ord("b"): 1})
    reader.receive_data(b"\0\0abc" + b"\0\0b" + b"\0\2ok")
    assert list(reader) == [b"abc", b"b", b"ok"]


def test_a_zero_prefix_before_something_unknown_is_malformed():
    reader = MessageReader({ord("a"): 3})
    reader.receive_data(b"\0\1x" + b"\0\0zzz")
    assert reader.next_message() == b"x"
    with pytest.raises(MalformedError, match=r"0x7a.*at byte 3"):
        reader.next_message()


@pytest.mark.parametrize("size", [0, 65536])
def test_what_two_bytes_cannot_say_is_not_framed(size):
    with pytest.raises(UnencodableError, match=str(size)):
        frame(bytes(size))
