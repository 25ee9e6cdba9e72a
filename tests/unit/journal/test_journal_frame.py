import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.journal import GENESIS_HASH, MAX_BODY_BYTES, ORIGIN, Frame, FrameInvalid, Snapshot

FIELDS = {
    "format": 3,
    "epoch": 2,
    "seq": 7,
    "time_ns": 1_000,
    "previous_hash": bytes(range(32)),
    "body": b"order",
}


def test_the_hash_is_sha256_of_the_documented_header_and_the_body():
    header = struct.pack(">8sIQQQ32sI", b"RT-FRAME", 3, 2, 7, 1_000, bytes(range(32)), 5)
    assert Frame(**FIELDS).hash == hashlib.sha256(header + b"order").digest()


def test_the_encoding_of_a_frame_never_changes():
    assert Frame(**FIELDS).hash.hex() == "253a8cfac7fd264b6bc4d94f146a707faa3739a6911e3a7f62607c4e08a16d5a"
    assert GENESIS_HASH.hex() == "1ebaca4b68df0db15f7b782055083efa79b8d6f3f3e7eb960276f34db01d7146"


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("format", 4),
        ("epoch", 3),
        ("seq", 8),
        ("time_ns", 1_001),
        ("previous_hash", bytes(32)),
        ("body", b"Order"),
        ("body", b"order\0"),
        ("body", b""),
    ],
)
def test_every_field_is_under_the_hash(field, other):
    assert Frame(**FIELDS).hash != Frame(**{**FIELDS, field: other}).hash


@given(body=st.binary(max_size=200), time_ns=st.integers(0, 2**63 - 1), format_=st.integers(0, 2**32 - 1))
def test_a_frame_follows_the_position_it_was_made_after(body, time_ns, format_):
    first = Frame.after(ORIGIN, format=format_, epoch=1, time_ns=time_ns, body=body)
    second = Frame.after(first.position, format=format_, epoch=1, time_ns=time_ns, body=body)
    assert (first.seq, first.previous_hash) == (1, GENESIS_HASH)
    assert (second.seq, second.previous_hash) == (2, first.hash)
    assert first.hash != second.hash
    assert (first.position.epoch, first.position.time_ns) == (1, time_ns)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("format", -1, "format is -1"),
        ("format", 2**32, "between 0 and 4294967295"),
        ("epoch", 0, "epoch is 0; it must lie between 1"),
        ("seq", 0, "seq is 0"),
        ("seq", 2**63, "seq is 9223372036854775808"),
        ("seq", True, "must be an int, not bool"),
        ("seq", 1.0, "must be an int, not float"),
        ("time_ns", -1, "time_ns is -1"),
        ("time_ns", None, "must be an int, not NoneType"),
        ("previous_hash", b"short", "must be 32 bytes"),
        ("previous_hash", "x" * 32, "must be 32 bytes"),
        ("body", "text", "must be bytes, not str"),
        ("body", bytearray(b"x"), "must be bytes, not bytearray"),
        ("body", bytes(MAX_BODY_BYTES + 1), "at most 67108864"),
    ],
)
def test_a_field_out_of_range_is_refused_by_name(field, value, says):
    with pytest.raises(FrameInvalid, match=says):
        Frame(**{**FIELDS, field: value})


def test_a_frame_cannot_be_given_a_hash_or_changed():
    with pytest.raises(TypeError):
        Frame(**FIELDS, hash=bytes(32))
    with pytest.raises(AttributeError):
        Frame(**FIELDS).body = b"other"


def test_the_body_does_not_flood_a_log_line():
    assert "order" not in repr(Frame(**FIELDS))


@pytest.mark.parametrize(
    ("field", "value"),
    [("seq", -1), ("format", -1), ("state_hash", b""), ("body", "text"), ("seq", 2**63)],
)
def test_a_snapshot_refuses_what_cannot_be_stored(field, value):
    fields = {"seq": 0, "format": 1, "state_hash": bytes(32), "body": b""}
    Snapshot(**fields)
    with pytest.raises(FrameInvalid, match=field):
        Snapshot(**{**fields, field: value})


def test_a_snapshot_is_bound_to_the_frame_it_stands_at():
    snapshot = Snapshot(seq=3, format=1, state_hash=bytes(32), body=b"state")
    assert snapshot.digest(bytes(32)) != snapshot.digest(GENESIS_HASH)
