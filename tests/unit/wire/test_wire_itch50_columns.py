"""ITCH 5.0 in bulk against the decoder of single messages; broken streams stop where they break."""

import random

import pytest

from rushtrade.wire import itch50
from rushtrade.wire.errors import MalformedError, TruncatedError, WireError
from rushtrade.wire.framing import END_OF_SESSION, frame, frame_all
from rushtrade.wire.itch50_columns import Columns, count_types

COLUMN_OF = {"reference": "reference", "new_reference": "new_reference", "match": "match", "shares": "shares",
             "price": "price", "locate": "locate", "timestamp": "timestamp"}  # fmt: skip
VALUED = {"A", "F", "E", "C", "X", "D", "U", "P", "Q", "B"}


def random_messages(seed, count):
    rng = random.Random(seed)
    codes = sorted(itch50.LENGTHS)
    picked = [rng.choice(codes) for _ in range(count)]
    return [bytes([code]) + rng.randbytes(itch50.LENGTHS[code] - 1) for code in picked]


def signed(value):
    return value - (1 << 64) if value >> 63 else value


def decode_until_fault(columns, data):
    try:
        return columns.decode(data), None
    except WireError as fault:
        return fault.offset, fault


def expected_row(message):
    decoded = itch50.decode(message)
    row = dict.fromkeys(COLUMN_OF, 0)
    for field, column in COLUMN_OF.items():
        if field in {"locate", "timestamp"} or decoded.type in VALUED:
            row[column] = signed(getattr(decoded, field, 0))
    side = 2
    if decoded.type in {"A", "F", "P"}:
        side = 0 if decoded.side == "B" else 1
    flags = {"C": "printable", "Q": "cross_type", "S": "event", "W": "breached_level"}
    flag = message[-5] if decoded.type == "C" else message[-1] if decoded.type in flags else 0
    return row | {"type": message[0], "side": side, "flag": flag}


def test_columns_say_what_the_single_decoder_says():
    messages = random_messages(1, 5000)
    columns = Columns(len(messages))
    stream = frame_all(messages)
    assert columns.decode(stream) == len(stream)
    for index, message in enumerate(messages):
        expected = expected_row(message)
        assert {name: int(getattr(columns, name)[index]) for name in expected} == expected
    begins = [sum(len(m) + 2 for m in messages[:k]) for k in range(20)]
    assert columns.offset[:20].tolist() == begins


def test_a_stream_longer_than_the_columns_comes_in_pieces():
    messages = random_messages(2, 1000)
    stream = frame_all(messages)
    columns, begin, types = Columns(64), 0, []
    while begin < len(stream):
        begin = columns.decode(stream, begin)
        types += columns.type.tolist()
    assert types == [message[0] for message in messages]


def test_counting_agrees_with_the_messages_and_the_end_of_session_is_no_fault():
    messages = random_messages(3, 500)
    counts, consumed, total, _ = count_types(frame_all(messages) + END_OF_SESSION)
    assert total == 500
    assert consumed == len(frame_all(messages))
    assert {chr(code): int(counts[code]) for code in counts.nonzero()[0]} == {
        chr(code): sum(message[0] == code for message in messages)
        for code in {message[0] for message in messages}
    }
    columns = Columns(1000)
    columns.decode(frame_all(messages) + END_OF_SESSION)
    assert len(columns.type) == 500


def test_prefixes_of_zero_are_read_by_type():
    messages = random_messages(4, 200)
    columns = Columns(1000)
    columns.decode(b"".join(b"\0\0" + message for message in messages))
    assert columns.type.tolist() == [message[0] for message in messages]


def test_every_truncation_stops_at_the_message_it_cuts():
    messages = random_messages(5, 12)
    stream = frame_all(messages)
    begins = {0}
    for message in messages:
        begins.add(max(begins) + len(message) + 2)
    columns = Columns(100)
    for cut in range(len(stream)):
        whole = max(begin for begin in begins if begin <= cut)
        if cut in begins:
            assert columns.decode(stream[:cut]) == cut
            continue
        with pytest.raises(TruncatedError) as fault:
            columns.decode(stream[:cut])
        assert fault.value.offset == whole
        assert len(columns.type) == sum(begin < whole for begin in begins)


def test_an_unknown_type_and_a_wrong_length_say_where_and_what():
    good = frame(b"D" + bytes(18))
    columns = Columns(10)
    with pytest.raises(MalformedError, match=r"unknown message type: 'Z' \(0x5a\) \(at byte 21\)"):
        columns.decode(good + frame(b"Z" + bytes(18)))
    with pytest.raises(MalformedError, match=r"length.*'D'.*18 bytes \(at byte 21\)"):
        columns.decode(good + frame(b"D" + bytes(17)))
    assert len(columns.type) == 1


def test_flipped_bytes_and_noise_stop_or_decode_but_never_run_past_the_end():
    rng = random.Random(6)
    stream = frame_all(random_messages(7, 40))
    columns = Columns(2000)
    for _ in range(2000):
        damaged = bytearray(stream)
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        noise = rng.randbytes(rng.randrange(200))
        for data in (bytes(damaged), noise):
            stop, fault = decode_until_fault(columns, data)
            assert stop == len(data) if fault is None else 0 <= stop < len(data)
            assert columns.offset.tolist() == sorted(columns.offset.tolist())
