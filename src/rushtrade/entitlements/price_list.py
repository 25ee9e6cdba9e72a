"""A price list read from a TOML file: agreements with their texts, products with their prices, and how displays are counted.

Strict: every key is asked for once, and what nobody asked for is refused by name. What a product and an agreement must be is
`catalogue`'s business, and is checked here too, so that a faulty file is refused before anything is written.
"""

from __future__ import annotations

import hashlib
import tomllib
from importlib import resources
from pathlib import Path
from typing import Final, Literal, cast

import msgspec

from rushtrade.domain.data_products import DataAgreement, DataPrice, DataProduct, Level
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.instants import SECOND, day_number
from rushtrade.entitlements.catalogue import GRACE_DAYS_MAX, agreement_problem, product_problem
from rushtrade.entitlements.view import TAPES
from rushtrade.rules.toml_tables import TomlTable

BUILT_IN: Final = "us-equities"
AGREEMENTS_MAX, PRODUCTS_MAX, ROWS_MAX = 200, 500, 120
"""Bounds of a file: every exchange of the world with its versions fits."""
TEXT_MAX: Final = 100_000
"""Characters of an agreement's text: the longest there are have some sixty pages."""
FILE_BYTES_MAX: Final = 4 * 1024 * 1024
LEASE_SECONDS_MAX: Final = 3_600
VERSION_MAX: Final = 10_000


class DisplayRule(msgspec.Struct, frozen=True):
    """Which displays are served when a user has more of them open than were granted, and when one counts as gone."""

    served: Literal["newest", "oldest"] = "newest"
    lease_ns: int = 60 * SECOND


class PriceList(msgspec.Struct, frozen=True):
    """One file. `texts` are the agreements' texts by code and version."""

    name: str
    note: str
    displays: DisplayRule
    agreements: tuple[DataAgreement, ...]
    products: tuple[DataProduct, ...]
    texts: dict[tuple[str, int], str]


def load_price_list(source: str | Path = BUILT_IN) -> PriceList:
    """Read a built-in list by name, or a file."""
    path = Path(source)
    if path.suffix == ".toml" or path.exists():
        name, raw = str(path), path.read_bytes()
    elif source == BUILT_IN:
        name = f"{BUILT_IN}.toml"
        raw = (resources.files("rushtrade.entitlements") / "data" / name).read_bytes()
    else:
        raise InvalidInput(f"price list {str(source)!r} is neither built in ({BUILT_IN}) nor a TOML file")
    if len(raw) > FILE_BYTES_MAX:
        raise InvalidInput(f"{name} has {len(raw):,} bytes; {FILE_BYTES_MAX:,} would pass")
    try:
        entries = tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{name} is no TOML file: {error}") from None
    return read_price_list(TomlTable(name, "", entries))


def read_price_list(table: TomlTable) -> PriceList:
    """Read a parsed file."""
    name, note = table.text("name"), table.text("note", empty=True) if table.has("note") else ""
    displays = _displays(table.table("displays")) if table.has("displays") else DisplayRule()
    agreements: dict[str, list[DataAgreement]] = {}
    texts: dict[tuple[str, int], str] = {}
    for entry in table.tables("agreement", AGREEMENTS_MAX) if table.has("agreement") else []:
        agreement, text = _agreement(entry)
        versions = agreements.setdefault(agreement.code, [])
        _require(entry, agreement_problem(agreement, versions))
        versions.append(agreement)
        texts[agreement.code, agreement.version] = text
    products: dict[str, DataProduct] = {}
    for entry in table.tables("product", PRODUCTS_MAX):
        product = _product(entry)
        _require(entry, product_problem(product, agreements))
        if product.code in products:
            raise entry.fail("code", product.code, "a code that no other product has")
        products[product.code] = product
    table.close(("name", "note", "displays", "agreement", "product"))
    listed = tuple(row for versions in agreements.values() for row in versions)
    return PriceList(name, note, displays, listed, tuple(products.values()), texts)


def text_digest(text: str) -> str:
    """Give the digest under which a text is known in the journal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _require(table: TomlTable, problem: str) -> None:
    if problem:
        raise InvalidInput(f"{table.file}: {table.place}: {problem}")


def _displays(table: TomlTable) -> DisplayRule:
    served = table.choice("served", ("newest", "oldest"))
    lease = table.whole("lease_seconds", 5, LEASE_SECONDS_MAX)
    table.close(("served", "lease_seconds"))
    return DisplayRule(cast('Literal["newest", "oldest"]', served), lease * SECOND)


def _agreement(table: TomlTable) -> tuple[DataAgreement, str]:
    code, exchange, title = table.text("code"), table.text("exchange"), table.text("title")
    version, first = table.whole("version", 1, VERSION_MAX), table.day("first")
    grace_days, text = table.whole("grace_days", 0, GRACE_DAYS_MAX), _reflowed(table.text("text"))
    if not 0 < len(text) <= TEXT_MAX:
        raise table.fail("text", text[:40], f"a text of 1 to {TEXT_MAX:,} characters")
    table.close(("code", "exchange", "title", "version", "first", "grace_days", "text"))
    return DataAgreement(
        code, version, exchange, title, day_number(first), grace_days, text_digest(text)
    ), text


def _reflowed(text: str) -> str:
    """Take line breaks out of paragraphs: how a file is laid out is no part of what is signed."""
    paragraphs = (" ".join(part.split()) for part in text.split("\n\n"))
    return "\n\n".join(part for part in paragraphs if part)


_LEVELS: Final = {"level_1": Level.LEVEL_1, "depth": Level.DEPTH, "house": Level.HOUSE}


def _product(table: TomlTable) -> DataProduct:
    product = DataProduct(
        code=table.text("code"),
        exchange=table.text("exchange"),
        title=table.text("title"),
        level=_LEVELS[table.choice("level", tuple(_LEVELS))],
        tapes=table.choices("tapes", TAPES) if table.has("tapes") else (),
        venues=_texts(table, "venues"),
        agreement=table.text("agreement", empty=True) if table.has("agreement") else "",
        is_open=table.flag("open") if table.has("open") else False,
        is_delayed=table.flag("delayed") if table.has("delayed") else False,
        prices=tuple(_price(row) for row in table.tables("price", ROWS_MAX)) if table.has("price") else (),
    )
    table.close(
        ("code", "exchange", "title", "level", "tapes", "venues", "agreement", "open", "delayed", "price")
    )
    return product


def _price(table: TomlTable) -> DataPrice:
    price = DataPrice(
        day_number(table.day("first")),
        table.money("professional"),
        table.money("non_professional"),
        table.money("non_display"),
        table.money("query_professional") if table.has("query_professional") else 0,
        table.money("query_non_professional") if table.has("query_non_professional") else 0,
        table.flag("per_display") if table.has("per_display") else False,
        table.text("source"),
    )
    table.close(DataPrice.__struct_fields__[1:])
    return price


def _texts(table: TomlTable, key: str) -> tuple[str, ...]:
    return table.texts(key) if table.has(key) else ()
