"""ITCH 5.0, one message at a time: the field tables, and bytes that survive the round trip."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.wire import itch50
from rushtrade.wire.errors import MalformedError, UnencodableError

SPECIFIED_LENGTHS = {
    "S": 12, "R": 39, "H": 25, "Y": 20, "L": 26, "V": 35, "W": 12, "K": 28, "J": 35, "h": 21, "A": 36, "F": 40,
    "E": 31, "C": 36, "X": 23, "D": 19, "U": 35, "P": 44, "Q": 40, "B": 19, "I": 50, "N": 20, "O": 48,
}  # fmt: skip
"""Length column of the public specification, message by message."""

any_message = st.sampled_from(sorted(itch50.LENGTHS)).flatmap(
    lambda code: st.binary(min_size=itch50.LENGTHS[code] - 1, max_size=itch50.LENGTHS[code] - 1).map(
        lambda rest: bytes([code]) + rest
    )
)


def test_all_23_messages_have_the_length_the_specification_gives():
    assert {chr(code): size for code, size in itch50.LENGTHS.items()} == SPECIFIED_LENGTHS
    assert len(itch50.MESSAGES) == 23


@given(any_message)
def test_any_bytes_of_a_known_type_and_right_length_survive_decode_and_encode(message):
    assert itch50.encode(itch50.decode(message)) == message


def test_an_add_order_reads_field_by_field():
    message = bytes.fromhex("41000d00021f1a93709ad8400000000000000142000000c84141504c2020202000595084")
    assert itch50.decode(message) == itch50.AddOrder(
        locate=13,
        tracking=2,
        timestamp=0x1F1A93709AD8,
        reference=0x4000000000000001,
        side="B",
        shares=200,
        stock="AAPL",
        price=5853316,
    )


def test_a_replace_carries_old_reference_before_new():
    message = itch50.encode(
        itch50.OrderReplace(1, 0, 5, reference=10, new_reference=11, shares=100, price=20_000)
    )
    assert message.hex() == "5500010000000000000005000000000000000a000000000000000b0000006400004e20"


def test_an_imbalance_and_a_cross_have_wide_shares():
    cross = itch50.CrossTrade(1, 0, 5, shares=1 << 40, stock="X", price=7, match=9, cross_type="O")
    assert itch50.decode(itch50.encode(cross)) == cross
    assert len(itch50.encode(cross)) == 40


@given(st.binary(min_size=1, max_size=60))
def test_anything_else_is_refused_by_name(message):
    code = message[0]
    if itch50.LENGTHS.get(code) == len(message):
        assert itch50.decode(message).type == chr(code)
        return
    with pytest.raises(MalformedError) as refusal:
        itch50.decode(message, offset=77)
    assert refusal.value.offset == 77
    assert repr(chr(code)) in str(refusal.value)


def test_a_wrong_length_says_what_would_pass():
    with pytest.raises(MalformedError, match=r"AddOrder 'A' takes 36 bytes, got 35 \(at byte 1,000\)"):
        itch50.decode(b"A" + bytes(34), offset=1000)


def test_an_empty_message_is_refused():
    with pytest.raises(MalformedError, match="empty"):
        itch50.decode(b"")


@pytest.mark.parametrize(
    ("message", "named"),
    [
        (itch50.OrderDelete(1, 0, 5, reference=-1), "OrderDelete.reference = -1"),
        (itch50.OrderDelete(1, 0, 1 << 48, reference=1), "OrderDelete.timestamp"),
        (itch50.OrderCancel(1, 0, 5, reference=1, shares=1 << 32), "OrderCancel.shares"),
        (itch50.RetailInterest(1, 0, 5, stock="TOOLONGNAME", interest="B"), "RetailInterest.stock"),
        (itch50.RetailInterest(1, 0, 5, stock="Ω", interest="B"), "RetailInterest.stock"),
    ],
)
def test_a_value_that_does_not_fit_its_field_is_named(message, named):
    with pytest.raises(UnencodableError, match=named):
        itch50.encode(message)
