"""OUCH 5.0: what is written comes back, byte for byte, and what is none is refused in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.wire import ouch50 as ouch
from rushtrade.wire import ouch50_options as tags
from rushtrade.wire.errors import MalformedError, UnencodableError, WireError
from rushtrade.wire.ouch50_options import Option

SIZES = """
firm   O 45  U 38  X 9  M 10  C 17  D 9  E 9  Q 1
venue  S 10  A 62  U 66  C 18  D 32  E 34  B 36  J 29  P 13  I 13  T 30  M 18  R 14  X 25  G 17  K 17  Q 13
"""


def texts(width):
    return st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=width)


@st.composite
def options(draw):
    known = st.sampled_from(sorted(tags.OPTION_SHAPES))
    found = []
    for tag in draw(st.lists(st.one_of(known, st.sampled_from([8, 99, 255])), max_size=6)):
        kind, size = tags.OPTION_SHAPES.get(tag, ("", 0))
        if not kind:
            found.append(Option(tag, draw(st.binary(max_size=254))))
        elif kind == "text":
            found.append(Option(tag, draw(texts(size))))
        else:
            low = -(1 << (8 * size - 1)) if kind == "signed" else 0
            high = (1 << (8 * size - (kind == "signed"))) - 1
            found.append(Option(tag, draw(st.integers(low, high))))
    return tuple(found)


@st.composite
def messages(draw):
    layouts = draw(st.sampled_from([ouch.INBOUND, ouch.OUTBOUND]))
    layout = layouts[draw(st.sampled_from(sorted(layouts)))]
    sizes = dict(zip("HIQ", (2, 4, 8), strict=True))
    numbers = [code for code in layout.packer.format if code in sizes]
    values = []
    for width in layout.text_widths:
        top = (1 << (8 * sizes[numbers.pop(0)])) - 1 if not width else 0
        values.append(draw(texts(width)) if width else draw(st.integers(0, top)))
    return layout.message(*values, draw(st.one_of(st.none(), options())))


def decode(message, kind):
    return ouch.decode_inbound(message) if issubclass(kind, ouch.FromFirm) else ouch.decode_outbound(message)


def test_messages_are_as_long_as_the_specification_says():
    for line, layouts in zip(SIZES.split("\n")[1:3], (ouch.INBOUND, ouch.OUTBOUND), strict=True):
        words = line.split()[1:]
        told = {ord(words[at]): int(words[at + 1]) for at in range(0, len(words), 2)}
        assert {code: layout.packer.size for code, layout in layouts.items()} == told


@given(messages())
def test_every_message_comes_back_as_it_was_written(message):
    raw = ouch.encode(message)
    again = decode(raw, type(message))
    assert again == message
    assert ouch.encode(again) == raw


def test_an_order_with_options_has_the_bytes_of_the_specification():
    order = ouch.EnterOrder(
        1, "B", 100, "AAPL", 1_503_400, "0", "Y", "A", "N", "N", "CLORD1",
        (Option(tags.USER_REF_INDEX, 5), Option(tags.PEG_OFFSET, -100)),
    )  # fmt: skip
    raw = ouch.encode(order)
    assert raw == (
        b"O\0\0\0\1B\0\0\0\x64AAPL    \0\0\0\0\0\x16\xf0\xa80YANNCLORD1        "
        b"\0\x09\x02\x1c\x05\x05\x07\xff\xff\xff\x9c"
    )
    assert ouch.decode_inbound(raw) == order


def test_a_message_may_end_before_the_length_of_its_options():
    assert ouch.decode_inbound(b"X\0\0\0\1\0\0\0\0") == ouch.CancelOrder(1, 0)
    assert ouch.decode_inbound(b"X\0\0\0\1\0\0\0\0\0\0") == ouch.CancelOrder(1, 0, ())


def test_letters_mean_different_messages_in_either_direction():
    enable = ouch.encode(ouch.EnableOrderEntry(12, "FRMA"))
    assert ouch.decode_inbound(enable).type == "E"
    with pytest.raises(MalformedError, match="OrderExecuted b'E' takes 34 bytes at least, got 11"):
        ouch.decode_outbound(enable)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "begins no OUCH 5.0 message of a firm"),
        (b"A" + bytes(61), "begins no OUCH 5.0 message of a firm"),
        (b"X\0\0", "CancelOrder b'X' takes 9 bytes at least, got 3"),
        (b"Q\0", "the options' length does not say that 0 bytes follow"),
        (b"Q\0\5\0", "the options' length does not say that 1 bytes follow"),
        (b"Q\0\1\0", "an option says it has 0 bytes"),
        (b"Q\0\3\3\x1c\1", "an option says it has 3 bytes, 2 are there"),
        (b"Q\0\4\3\x1c\1\1", "option 28 takes 1 bytes, got 2"),
    ],
)
def test_what_is_no_message_is_refused_in_words(raw, words):
    with pytest.raises(MalformedError, match=words):
        ouch.decode_inbound(raw)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (ouch.CancelOrder(1 << 32, 0), "does not fit its fields"),
        (ouch.MassCancel(1, "FIRMS", ""), "MassCancel.firm = 'FIRMS' is longer than 4 characters"),
        (ouch.MassCancel(1, "\u20ac", ""), "is not Latin-1"),
        (ouch.AccountQuery((Option(tags.GROUP_ID, 1 << 16),)), "option 24 = 65536 does not fit 2 bytes"),
        (ouch.AccountQuery((Option(tags.FIRM, 1),)), "option 2 is text, not 1"),
        (ouch.AccountQuery((Option(99, "x"),)), "option 99 is bytes, not 'x'"),
        (ouch.AccountQuery((Option(99, bytes(255)),)), "values 254 bytes at most"),
        (ouch.AccountQuery((Option(99, bytes(254)),) * 300), "options of 76,800 bytes; 65,535 fit"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(message, words):
    with pytest.raises(UnencodableError, match=words):
        ouch.encode(message)


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_refused(raw):
    for read in (ouch.decode_inbound, ouch.decode_outbound):
        try:
            message = read(raw)
        except WireError:
            continue
        assert read(ouch.encode(message)) == message
