"""Price lists: the built-in one is sound, a faulty one is refused with the file, the key and what would pass."""

from __future__ import annotations

import tomllib

import pytest

from rushtrade.domain.errors import InvalidInput
from rushtrade.entitlements.catalogue import agreement_problem, product_problem
from rushtrade.entitlements.price_list import BUILT_IN, load_price_list, read_price_list, text_digest
from rushtrade.rules.toml_tables import TomlTable
from rushtrade.rules.world_file import load_world

GOOD = """
name = "own"
note = "ours"
[displays]
served = "oldest"
lease_seconds = 30
[[agreement]]
code = "UTP"
exchange = "UTP"
title = "Terms"
version = 1
first = 2020-01-01
grace_days = 30
text = '''
One paragraph
in two lines.

Another.
'''
[[product]]
code = "C"
exchange = "UTP"
title = "Level I of tape C"
level = "level_1"
tapes = ["C"]
agreement = "UTP"
delayed = true
[[product.price]]
first = 2020-01-01
professional = "24.00"
non_professional = "1.00"
non_display = "500"
query_professional = "0.0075"
per_display = true
source = "a contract"
"""


def read(text):
    return read_price_list(TomlTable("own.toml", "", tomllib.loads(text)))


def test_the_built_in_list_covers_the_venues_and_tapes_of_the_built_in_world():
    found = load_price_list()
    agreements = {}
    for row in found.agreements:
        assert agreement_problem(row, agreements.get(row.code, [])) == ""
        agreements.setdefault(row.code, []).append(row)
        assert text_digest(found.texts[row.code, row.version]) == row.digest
    assert all(product_problem(product, agreements) == "" for product in found.products)
    venues = {mic for product in found.products for mic in product.venues}
    assert venues == {venue.mic for venue in load_world("us-2026").venues if venue.kind == "lit"}
    assert {tape for product in found.products for tape in product.tapes} == {"A", "B", "C"}
    assert [product.code for product in found.products if product.is_open] == ["SIMULATED"]
    assert all(row.source == "illustrative" for product in found.products for row in product.prices)


def test_a_file_is_read_to_the_last_key():
    found = read(GOOD)
    assert (found.name, found.displays.served, found.displays.lease_ns) == ("own", "oldest", 30 * 10**9)
    assert found.texts["UTP", 1] == "One paragraph in two lines.\n\nAnother.", "layout is no part of a text"
    (product,) = found.products
    (price,) = product.prices
    assert (price.professional, price.non_display, price.query_professional, price.per_display) == (
        24_000_000, 500_000_000, 7_500, True,
    )  # fmt: skip


FAULTS = [
    ('name = "own"', "", "name is missing"),
    ('note = "ours"', "note = 7", "note = 7; this needs a string"),
    ('served = "oldest"', 'served = "loudest"', "this needs one of newest, oldest"),
    ("lease_seconds = 30", "lease_seconds = 1", "a whole number from 5 to 3600"),
    ("version = 1", "version = 2", "the next version of UTP is 1, not 2"),
    ("first = 2020-01-01\ngrace", 'first = "soon"\ngrace', "this needs a date"),
    ("grace_days = 30", "grace_days = 400", "a whole number from 0 to 366"),
    ('level = "level_1"', 'level = "gold"', "this needs one of level_1, depth, house"),
    ('tapes = ["C"]', 'tapes = ["C", "C"]', "a list of different words out of A, B, C"),
    ('tapes = ["C"]', 'venues = ["XNAS"]', "names its tapes, and no venues"),
    ('agreement = "UTP"', 'agreement = "NYSE"', "needs the agreement 'NYSE', which is not defined"),
    ('professional = "24.00"\n', "professional = 24\n", "a decimal number in quotes"),
    ('source = "a contract"', "", "source is missing"),
    ('source = "a contract"', 'source = "a contract"\ndiscount = "1"', "to be one of the known keys"),
    ('code = "C"', 'code = "c c"', "code has 1 to 40 of A–Z, 0–9 and '-'"),
    ("[[product]]", "colour = 1\n[[product]]", "colour"),
]


@pytest.mark.parametrize(("good", "bad", "words"), FAULTS)
def test_a_fault_is_named(good, bad, words):
    assert good in GOOD
    with pytest.raises(InvalidInput, match=r"own\.toml") as refused:
        read(GOOD.replace(good, bad, 1))
    assert words in str(refused.value)


def test_a_code_names_one_product():
    again = GOOD[GOOD.index("[[product]]") :]
    with pytest.raises(InvalidInput, match="a code that no other product has"):
        read(GOOD + again)


def test_a_list_that_is_none_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match=rf"neither built in \({BUILT_IN}\) nor a TOML file"):
        load_price_list("platinum")
    file = tmp_path / "own.toml"
    file.write_text("= nonsense")
    with pytest.raises(InvalidInput, match="is no TOML file"):
        load_price_list(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidInput, match="is no TOML file"):
        load_price_list(file)
