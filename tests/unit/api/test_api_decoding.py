"""Bodies and query strings are read exactly or refused with a sentence."""

import json
from decimal import Decimal
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushtrade.api.decoding import DEPTH_MAX, DecimalText, Number, Whole, parse_object, read_body, read_query
from rushtrade.api.faults import ApiFault


class Body(msgspec.Struct):
    side: Literal["buy", "sell"]
    price: DecimalText | None = None
    shares: Whole = Whole(0)
    flag: bool = False


def refusal(function, *arguments):
    with pytest.raises(ApiFault) as caught:
        function(*arguments)
    return caught.value.status, caught.value.message


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=0, max_value=10**9))
def test_a_decimal_is_read_as_it_was_written_as_number_or_string(number):
    text = format(number, "f")
    for written in (text, f'"{text}"'):
        assert Decimal(read_body(f'{{"side":"buy","price":{written}}}'.encode(), Body).price) == number


def test_null_and_unknown_fields_equal_absence():
    body = read_body(b'{"side":"sell","price":null,"shares":null,"more":[1,{}]}', Body)
    assert (body.price, body.shares) == (None, 0)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"{", "format is invalid"),
        (b"[]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b'{"side":"buy","side":"sell"}', "key 'side' comes twice"),
        (b'{"price":NaN}', "NaN is not JSON"),
        (b'{"price":-Infinity}', "-Infinity is not JSON"),
        (b'{"price":\xff}', "not UTF-8"),
        (b'{"a":' * 17 + b"1" + b"}" * 17, "nested deeper than 16 levels"),
        (b"[" * 60_000, "nested deeper"),
        (b'{"a":01}', "format is invalid"),
        (b"{'a':1}", "format is invalid"),
    ],
)
def test_what_is_not_a_plain_json_object_is_unparseable(raw, said):
    status, message = refusal(parse_object, raw)
    assert status == 400
    assert said in message


def test_a_body_over_its_bound_is_413():
    assert refusal(parse_object, b" " * 65_537)[0] == 413


def test_the_deepest_body_that_passes_passes():
    assert parse_object(b'{"a":' * DEPTH_MAX + b"1" + b"}" * DEPTH_MAX)
    assert parse_object(('{"a":"' + "[{" * 100 + '"}').encode())


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"{}", "side is required"),
        (b'{"side":"hold"}', "side 'hold' is not known: buy or sell would pass"),
        (b'{"side":1}', "side 1 is not known"),
        (b'{"side":"buy","price":true}', "a decimal number is wanted, not True"),
        (b'{"side":"buy","price":[1]}', "a decimal number is wanted, not list"),
        (b'{"side":"buy","shares":1.5}', "a whole number is wanted, not 1.5"),
        (b'{"side":"buy","shares":1e3}', "a whole number is wanted, not 1e3"),
        (b'{"side":"buy","shares":' + b"9" * 5000 + b"}", "a whole number is wanted"),
        (b'{"side":"buy","flag":"yes"}', "flag"),
    ],
)
def test_a_field_that_does_not_fit_is_named_with_its_value(raw, said):
    status, message = refusal(read_body, raw, Body)
    assert status == 422
    assert said in message


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_any_json_is_an_object_or_a_refusal(value):
    raw = json.dumps(value).encode()
    assert outcome_of(raw) in {dict, 400}


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_a_refusal(raw):
    assert outcome_of(raw) in {dict, 400}


def outcome_of(raw):
    try:
        return type(parse_object(raw))
    except ApiFault as fault:
        return fault.status


class Query(msgspec.Struct):
    nested: bool = False
    limit: Whole = Whole(5)
    direction: Literal["asc", "desc"] = "desc"


@pytest.mark.parametrize(
    ("text", "meant"), [("True", True), ("true", True), ("1", True), ("False", False), ("0", False)]
)
def test_booleans_of_a_query_are_taken_in_any_case(text, meant):
    assert read_query([("nested", text), ("params", "")], Query).nested is meant


def test_a_query_is_read_and_refused_like_a_body():
    assert read_query([("limit", "7"), ("direction", "asc"), ("other", "x")], Query) == Query(
        limit=Whole(7), direction="asc"
    )
    assert "true or false would pass" in refusal(read_query, [("nested", "maybe")], Query)[1]
    assert "a whole number is wanted" in refusal(read_query, [("limit", "7.5")], Query)[1]
    assert "asc or desc would pass" in refusal(read_query, [("direction", "up")], Query)[1]


def test_a_number_keeps_its_text():
    found = parse_object(b'{"a":1.10,"b":1E5}')
    assert isinstance(found["a"], Number)
    assert (found["a"].text, found["b"].text) == ("1.10", "1E5")
