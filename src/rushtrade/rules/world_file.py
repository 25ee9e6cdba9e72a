"""Reading a world from TOML: `load_world("us-2026")` for a built-in one, `load_world(path)` for one's own.

Every key is known or refused, every reference (a sequence's route code, a share's primary venue) is checked, fees are
checked against the access fee cap of their dates and must cover all dates of the world.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from rushtrade.domain.accounts import CommissionTerms
from rushtrade.domain.errors import RuleMissing
from rushtrade.domain.instruments import EquityClass, InstrumentKind
from rushtrade.domain.orders import Display, OrderType, TimeInForce
from rushtrade.domain.routes import RouteSequences
from rushtrade.rules.dated import DatedRow, DatedTable, RuleTableInvalid
from rushtrade.rules.market_structure import fee_above_cap
from rushtrade.rules.toml_tables import TomlTable, WorldInvalid
from rushtrade.rules.world import (
    MILLION,
    FeeTier,
    FlowSymbol,
    MakerTerms,
    PoolTerms,
    SpeedBump,
    Venue,
    VenueFees,
    World,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

VENUES_MAX = 64
"""Venue indexes must fit the columns of stamps and traces; no market has half as many."""
FEE_ROWS_MAX = 400
"""A row a month for more than thirty years."""
SYMBOLS_MAX = 1_000
"""The generated flow is for a desk, not for a whole market; files bring their own directory."""
COMMISSIONS_MAX = 100
"""Schemes a file may bring; a firm adds its own by command."""
MILS_MAX = 1_000
"""Ten cents a share: beyond any fee ever charged."""
PPM_MAX = 100_000
"""A tenth of the value: beyond any fee ever charged."""
LATENCY_US_MAX = 1_000_000
"""A second one way."""
STALE_MS_MAX = 3_600_000  # an hour of silence: nobody would call a quote fresh after that

TIERS_MAX = 20
"""More steps than any schedule has."""
MONTHLY_SHARES_MAX = 10**12
"""More than all exchanges trade in a month."""
SHARES_MAX = 999_999  # the largest order of the exchanges' protocols

KINDS = ("lit", "dark", "market_maker")
DISPLAYS = {display.name.lower(): display for display in Display}
ORDER_TYPES = {"market": OrderType.MARKET, "limit": OrderType.LIMIT}
TIMES_IN_FORCE = {"day": TimeInForce.DAY, "ioc": TimeInForce.IOC, "fok": TimeInForce.FOK}
EQUITY_CLASSES = {
    "listed": EquityClass.LISTED,
    "nasdaq": EquityClass.NASDAQ,
    "otc_bb": EquityClass.OTC_BB,
    "pink": EquityClass.PINK,
}
INSTRUMENT_KINDS = {kind.name.lower(): kind for kind in InstrumentKind}

WORLD_KEYS = ("name", "title", "from", "to", "venue", "dart", "commission", "symbol", "index")
VENUE_KEYS = (
    *("code", "route_code", "mic", "name", "kind", "weight", "latency_us", "feed_latency_us"),
    *("order_types", "times_in_force", "displays", "fees", "protected", "stale_ms"),
    *("jitter_us", "speed_bump", "pool", "maker"),
)
FEE_KEYS = (
    *("from", "to", "make_mils", "take_mils", "make_sub_dollar_ppm", "take_sub_dollar_ppm", "source", "tier"),
)
TIER_KEYS = ("shares", "make_mils", "take_mils")
SPEED_BUMP_KEYS = ("in_us", "out_us")
POOL_KEYS = ("crowd_ppm", "crowd_shares", "crowd_ms", "leak_ppm", "leak_shares")
MAKER_KEYS = ("accept_ppm", "improve_ppm", "shares_max")
SEQUENCE_KEYS = ("sequence", "punt", "legal")
COMMISSION_KEYS = ("name", "per_share", "per_trade", "order_min", "order_max")
SYMBOL_KEYS = ("symbol", "name", "equity_class", "kind", "primary", "price", "round_lot", "easy_to_borrow")


def built_in_worlds() -> tuple[str, ...]:
    """Return the names of the worlds that come with the product, in order of the alphabet."""
    folder = resources.files("rushtrade.rules").joinpath("worlds")
    return tuple(
        sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    )


def load_world(name_or_path: str | Path) -> World:
    """Read a built-in world by name, or any world by path (a text with a slash or ending in .toml, or a `Path`).

    Raises:
        WorldInvalid: no such world, a file that cannot be read or is not TOML, or a key or value that cannot be used.

    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or "/" in text or text.endswith(".toml"):
        try:
            return parse_world(Path(text).read_bytes(), text)
        except OSError as error:
            raise WorldInvalid(f"world file {text} cannot be read: {error.strerror}") from None
    if text not in built_in_worlds():
        raise WorldInvalid(
            f"there is no world {text!r}; built in are {', '.join(built_in_worlds())}, or give the path of a .toml file"
        )
    file = resources.files("rushtrade.rules").joinpath("worlds", f"{text}.toml")
    return parse_world(file.read_bytes(), f"{text}.toml")


def parse_world(content: bytes, file: str) -> World:
    """Read a world from the bytes of a TOML document; `file` names it in messages."""
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WorldInvalid(f"{file} is not TOML: {error}") from None
    table = TomlTable(file, "", document)
    first = table.day("from")
    last = table.day("to") if table.has("to") else None
    if last and last < first:
        raise table.fail("to", last.isoformat(), f"a date on or after {first.isoformat()}")
    venues = _venues(table, first, last)
    world = World(
        name=table.text("name"),
        title=table.text("title"),
        first=first,
        last=last,
        venues=venues,
        sequences=_sequences(table.table("dart"), venues),
        legend=tuple((venue.route_code, f"{venue.code}: {venue.name}") for venue in venues),
        commissions=_commissions(table),
        symbols=_symbols(table, venues),
        index=table.text("index") if table.has("index") else "",
    )
    table.close(WORLD_KEYS)
    return world


def _venues(world: TomlTable, first: dt.date, last: dt.date | None) -> tuple[Venue, ...]:
    tables = world.tables("venue", VENUES_MAX)
    venues = tuple(_venue(table, index, first, last) for index, table in enumerate(tables))
    _refuse_twice(world, "venue", "code", (venue.code for venue in venues))
    _refuse_twice(world, "venue", "route_code", (venue.route_code for venue in venues))
    _refuse_twice(world, "venue", "mic", (venue.mic for venue in venues))
    if not any(venue.weight for venue in venues):
        raise world.fail("venue", "weight 0 everywhere", "at least one venue with a weight above 0")
    return venues


def _venue(table: TomlTable, index: int, first: dt.date, last: dt.date | None) -> Venue:
    code = table.text("code")
    if not (
        code.isascii()
        and code.isupper()
        and code.replace("_", "").isalnum()
        and len(code) <= 12
        and len(code) > 1
    ):
        raise table.fail("code", code, "2 to 12 capital letters, digits or underscores")
    route_code = table.text("route_code")
    if not (len(route_code) == 1 and route_code.isascii() and route_code.isalpha()):
        raise table.fail("route_code", route_code, "one letter of A to Z or a to z")
    mic = table.text("mic")
    if not (len(mic) == 4 and mic.isascii() and mic.isalnum() and mic.upper() == mic):
        raise table.fail("mic", mic, "an ISO 10383 code of four capital letters or digits")
    kind = table.choice("kind", KINDS)
    venue = Venue(
        index=index,
        code=code,
        route_code=route_code,
        mic=mic,
        name=table.text("name"),
        kind=kind,
        weight=table.whole("weight", 0, 1_000_000),
        latency_us=table.whole("latency_us", 0, LATENCY_US_MAX),
        feed_latency_us=table.whole("feed_latency_us", 0, LATENCY_US_MAX),
        order_types=tuple(ORDER_TYPES[word] for word in table.choices("order_types", tuple(ORDER_TYPES))),
        times_in_force=tuple(
            TIMES_IN_FORCE[word] for word in table.choices("times_in_force", tuple(TIMES_IN_FORCE))
        ),
        displays=tuple(DISPLAYS[word] for word in table.choices("displays", tuple(DISPLAYS))),
        fees=_fees(table, code, first, last),
        protected=table.flag("protected") if table.has("protected") else kind == "lit",
        stale_ms=table.whole("stale_ms", 0, STALE_MS_MAX) if table.has("stale_ms") else 0,
        jitter_us=table.whole("jitter_us", 0, LATENCY_US_MAX) if table.has("jitter_us") else 0,
        speed_bump=_speed_bump(table.table("speed_bump")) if table.has("speed_bump") else None,
        pool=_pool(table.table("pool")) if table.has("pool") else None,
        maker=_maker(table.table("maker")) if table.has("maker") else None,
    )
    _check_kind(table, venue)
    table.close(VENUE_KEYS)
    return venue


def _check_kind(table: TomlTable, venue: Venue) -> None:
    """Refuse settings that are another kind's, and a venue that nobody could trade at."""
    if (venue.pool is not None) != (venue.kind == "dark"):
        raise table.fail(
            "pool", venue.pool or "missing", f"a dark venue alone to have it, not a {venue.kind} one"
        )
    if venue.maker is not None and venue.kind != "market_maker":
        raise table.fail("maker", venue.maker, f"a market_maker venue, not a {venue.kind} one")
    if venue.speed_bump is not None and venue.kind != "lit":
        raise table.fail("speed_bump", venue.speed_bump, f"a lit venue, not a {venue.kind} one")
    unseen = venue.pool is not None or venue.maker is not None
    if unseen and venue.weight:
        raise table.fail(
            "weight", venue.weight, "0: a venue that shows no orders gets none of a recorded flow"
        )
    if venue.kind == "market_maker" and not unseen and not venue.weight:
        raise table.fail(
            "weight", 0, "a weight above 0, for the quotes a market maker without [venue.maker] stands with"
        )


def _speed_bump(table: TomlTable) -> SpeedBump:
    bump = SpeedBump(table.whole("in_us", 0, LATENCY_US_MAX), table.whole("out_us", 0, LATENCY_US_MAX))
    table.close(SPEED_BUMP_KEYS)
    return bump


def _pool(table: TomlTable) -> PoolTerms:
    terms = PoolTerms(
        crowd_ppm=table.whole("crowd_ppm", 0, MILLION),
        crowd_shares=table.whole("crowd_shares", 1, SHARES_MAX),
        crowd_ms=table.whole("crowd_ms", 1, STALE_MS_MAX),
        leak_ppm=table.whole("leak_ppm", 0, MILLION),
        leak_shares=table.whole("leak_shares", 0, SHARES_MAX),
    )
    table.close(POOL_KEYS)
    return terms


def _maker(table: TomlTable) -> MakerTerms:
    terms = MakerTerms(
        accept_ppm=table.whole("accept_ppm", 0, MILLION),
        improve_ppm=table.whole("improve_ppm", 0, MILLION // 2),
        shares_max=table.whole("shares_max", 1, SHARES_MAX),
    )
    table.close(MAKER_KEYS)
    return terms


def _fees(venue: TomlTable, code: str, first: dt.date, last: dt.date | None) -> DatedTable[VenueFees]:
    rows = [_fee_row(table) for table in venue.tables("fees", FEE_ROWS_MAX)]
    try:
        fees = DatedTable("venue fees", rows, key=code)
    except RuleTableInvalid as error:
        raise WorldInvalid(f"{venue.file}: {venue.place}.fees: {error}") from None
    open_end = last is None and rows[-1].last is not None
    if open_end or not fees.covers(first, last or max(first, rows[-1].first)):
        until = last.isoformat() if last else "further notice"
        raise venue.fail(
            "fees", f"rows for {fees.covered()}", f"rows for every day from {first.isoformat()} to {until}"
        )
    return fees


def _fee_row(table: TomlTable) -> DatedRow[VenueFees]:
    first = table.day("from")
    row = DatedRow(
        first=first,
        last=table.day("to") if table.has("to") else None,
        value=VenueFees(
            make_mils=table.whole("make_mils", -MILS_MAX, MILS_MAX),
            take_mils=table.whole("take_mils", -MILS_MAX, MILS_MAX),
            make_sub_dollar_ppm=table.whole("make_sub_dollar_ppm", -PPM_MAX, PPM_MAX),
            take_sub_dollar_ppm=table.whole("take_sub_dollar_ppm", -PPM_MAX, PPM_MAX),
            tiers=_tiers(table),
        ),
        source=table.text("source"),
    )
    try:
        above = fee_above_cap(
            first,
            row.last,
            max([row.value.take_mils, *(tier.take_mils for tier in row.value.tiers)]),
            row.value.take_sub_dollar_ppm,
        )
    except RuleMissing as error:
        raise table.fail("from", first.isoformat(), f"a date with a known access fee cap ({error})") from None
    if above is not None:
        raise table.fail(*above)
    table.close(FEE_KEYS)
    return row


def _tiers(fees: TomlTable) -> tuple[FeeTier, ...]:
    tiers: list[FeeTier] = []
    for table in fees.tables("tier", TIERS_MAX) if fees.has("tier") else ():
        tier = FeeTier(
            shares=table.whole("shares", 1, MONTHLY_SHARES_MAX),
            make_mils=table.whole("make_mils", -MILS_MAX, MILS_MAX),
            take_mils=table.whole("take_mils", -MILS_MAX, MILS_MAX),
        )
        if tiers and tier.shares <= tiers[-1].shares:
            raise table.fail(
                "shares", tier.shares, f"more than the {tiers[-1].shares:,} of the tier before it"
            )
        table.close(TIER_KEYS)
        tiers.append(tier)
    return tuple(tiers)


def _sequences(dart: TomlTable, venues: tuple[Venue, ...]) -> tuple[RouteSequences, ...]:
    known = "".join(venue.route_code for venue in venues)
    sequences = []
    for word, equity_class in EQUITY_CLASSES.items():
        table = dart.table(word)
        legal = table.text("legal", empty=True)
        _require_codes(table, "legal", legal, known)
        sequence = table.text("sequence", empty=True)
        _require_codes(table, "sequence", sequence, legal)
        punt = table.text("punt", empty=True)
        _require_codes(table, "punt", punt, legal)
        table.close(SEQUENCE_KEYS)
        sequences.append(RouteSequences(equity_class, sequence, punt, legal))
    dart.close(tuple(EQUITY_CLASSES))
    return tuple(sequences)


def _require_codes(table: TomlTable, key: str, codes: str, legal: str) -> None:
    if len(dict.fromkeys(codes)) != len(codes) or any(code not in legal for code in codes):
        passes = (
            f"different route codes out of {legal!r} (case matters)"
            if legal
            else "to be empty: no code is legal here"
        )
        raise table.fail(key, codes, passes)


def _commissions(world: TomlTable) -> tuple[CommissionTerms, ...]:
    schemes = []
    for number, table in enumerate(world.tables("commission", COMMISSIONS_MAX), start=1):
        terms = CommissionTerms(
            scheme_id=number,
            name=table.text("name"),
            per_share=table.money("per_share"),
            per_trade=table.money("per_trade"),
            order_min=table.money("order_min"),
            order_max=table.money("order_max"),
        )
        if 0 < terms.order_max < terms.order_min:
            raise table.fail(
                "order_max", terms.order_max, f"0 (no maximum) or at least order_min ({terms.order_min})"
            )
        table.close(COMMISSION_KEYS)
        schemes.append(terms)
    _refuse_twice(world, "commission", "name", (terms.name for terms in schemes))
    return tuple(schemes)


def _symbols(world: TomlTable, venues: tuple[Venue, ...]) -> tuple[FlowSymbol, ...]:
    codes = tuple(venue.code for venue in venues)
    symbols = tuple(_symbol(table, codes) for table in world.tables("symbol", SYMBOLS_MAX))
    _refuse_twice(world, "symbol", "symbol", (entry.symbol for entry in symbols))
    return symbols


def _symbol(table: TomlTable, codes: tuple[str, ...]) -> FlowSymbol:
    symbol = table.text("symbol")
    if not (
        len(symbol) <= 8
        and symbol.isascii()
        and symbol.upper() == symbol
        and symbol.replace(".", "").isalnum()
    ):
        raise table.fail(
            "symbol", symbol, "1 to 8 capital letters, digits or points (the width of ITCH's field)"
        )
    entry = FlowSymbol(
        symbol=symbol,
        name=table.text("name"),
        equity_class=EQUITY_CLASSES[table.choice("equity_class", tuple(EQUITY_CLASSES))],
        kind=INSTRUMENT_KINDS[table.choice("kind", tuple(INSTRUMENT_KINDS))],
        primary_venue=table.choice("primary", codes),
        price=table.price("price"),
        round_lot=table.whole("round_lot", 1, 1_000),
        easy_to_borrow=table.flag("easy_to_borrow"),
    )
    table.close(SYMBOL_KEYS)
    return entry


def _refuse_twice(world: TomlTable, array: str, key: str, values: Iterable[str]) -> None:
    seen: dict[str, int] = {}
    for index, value in enumerate(values):
        if value in seen:
            raise world.fail(f"{array}[{index}].{key}", value, f"a value not used by {array}[{seen[value]}]")
        seen[value] = index
