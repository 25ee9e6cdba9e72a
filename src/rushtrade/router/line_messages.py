"""The messages of the JSON-lines protocol: `docs/protocols/dart-lines.md` has every field with its unit.

Unknown fields are passed over. Numbers may be written with or without a fraction; shares are cut to whole ones.
"""

from __future__ import annotations

from typing import Any

import msgspec

from rushtrade.dart.learned import Learned
from rushtrade.dart.street import DARK, LIT, MAKER, Street, VenueTerms
from rushtrade.domain.numbers import PRICE_UNIT

BEYOND_SHARE = 0.3
"""Part of the probes of lit venues that fill less than was shown, from which on `shown` is thought not to be counted in them."""
BEHIND_SHARE = 0.25
"""Part of the outflow probes that fill nothing, from which on they are thought to be of orders behind the queue."""
REST_UNKNOWN = 0.5
"""Unfilled part of a probe over the best price's size, when the probe does not say."""
Number = float | int


class Probe(msgspec.Struct, frozen=True):
    """One probe, of a buy; those of sells are mirrored."""

    venue: str
    limit: str
    klass: str = ""
    shown: float = 0
    asked: float = 0
    filled: float = 0
    px_vs_ask_mils: float | None = None
    quotes_ran: bool | None = None
    rest_over_nbbo: float | None = None


class VenueLine(msgspec.Struct):
    """A venue, as `start` names it."""

    name: str
    kind: str
    take: Number = 0
    make: Number = 0
    lat: Number = 0
    feed: Number = 0


class Sides(msgspec.Struct):
    """What one venue shows."""

    ask: list[list[Number]] = []
    bid: list[list[Number]] = []


class ReportLine(msgspec.Struct):
    """What a venue says of a child."""

    cid: str
    state: str
    venue: str = ""
    fills: list[list[Number]] = []


class StartLine(msgspec.Struct):
    """An order arrives."""

    side: str
    qty: Number
    deadline_us: Number
    tick: Number
    venues: list[VenueLine]
    klass: str = ""
    book: dict[str, Sides] = {}


class UpdateLine(msgspec.Struct):
    """Something has happened, or the time wanted has come."""

    t_us: Number
    filled: Number = 0
    book: dict[str, Sides] | None = None
    reports: list[ReportLine] = []


class OrderLine(msgspec.Struct):
    """A child to send."""

    cid: str
    venue: str
    side: str
    qty: int
    price: float
    type: str
    t_us: int


class AnswerLine(msgspec.Struct):
    """What is to be sent, taken back, and when to ask again."""

    orders: list[OrderLine] = []
    cancels: list[str] = []
    wake_us: int | None = None


class EventLine(msgspec.Struct):
    """What kind of message a line is."""

    ev: str


class WorldLine(msgspec.Struct):
    """What the broker knows of a set of venues; rows are read one by one, so that a bad one spoils no other."""

    history: list[Any] = []


def read_probe(row: object) -> Probe | None:
    """Read one probe; one that makes no sense teaches nothing."""
    try:
        return msgspec.convert(row, Probe, strict=False)
    except msgspec.ValidationError:
        return None


EVENT = msgspec.json.Decoder(EventLine)
WORLD = msgspec.json.Decoder(WorldLine)
START = msgspec.json.Decoder(StartLine, strict=False)
UPDATE = msgspec.json.Decoder(UpdateLine, strict=False)


def answer_wanted(line: bytes) -> bool:
    """Whether whoever wrote a line waits for an answer; of a line that cannot be read it is thought so."""
    try:
        return EVENT.decode(line).ev not in {"world", "end"}
    except msgspec.DecodeError:
        return True


NOTHING = msgspec.json.encode(AnswerLine()) + b"\n"
"""The answer that sends nothing and asks for nothing."""


def write_books(street: Street, book: dict[str, Sides], sign: int) -> None:
    """Write what venues show, turned for a sale (`sign` -1); a venue that is not named shows nothing."""
    for at, venue in enumerate(street.venues):
        sides = book.get(venue.name)
        if sides is None or venue.kind != LIT:
            street.clear_book(at)
        elif sign > 0:
            street.set_book(at, _turned(sides.ask, sign), _turned(sides.bid, sign))
        else:
            street.set_book(at, _turned(sides.bid, sign), _turned(sides.ask, sign))


def _turned(levels: list[list[Number]], sign: int) -> list[tuple[int, int]]:
    return [(sign * round(row[0] * PRICE_UNIT), int(row[1])) for row in levels if len(row) > 1]


def terms_of(venue: VenueLine) -> VenueTerms:
    """Read a venue: fees are rounded to whole mils, delays cut to whole microseconds."""
    return VenueTerms(
        venue.name, venue.kind, round(venue.take), round(venue.make), int(venue.lat), int(venue.feed)
    )


SPARE_WORLD = b"""{"ev":"world","history":[{"klass":"","venue":"D","limit":"mid","asked":9,"filled":1}]}"""
SPARE_ORDERS = (
    b"""{"ev":"start","side":"B","qty":9,"deadline_us":250000,"tick":0.01,"venues":[{"name":"L","kind":"lit"},
    {"name":"M","kind":"lit"},{"name":"D","kind":"dark"}],"book":{"L":{"ask":[[1.01,5]],"bid":[[1.0,5]]}}}""",
    b"""{"ev":"start","side":"B","qty":9,"deadline_us":9000000,"tick":0.01,"venues":[{"name":"L","kind":"lit"}],
    "book":{"L":{"ask":[[1.01,5]],"bid":[[1.0,5]]}}}""",
    b"""{"ev":"end"}""",
)
"""An order of each kind, so small that every kernel is met once."""


def take_probes(learned: Learned, probes: list[Probe], kinds: dict[str, str]) -> None:
    """Tell the estimates what probes have shown; those of venues not in `kinds` are left out.

    Two things are told from the rows themselves, because brokers write them down in either way: whether `asked` and `filled` of a lit venue
    count the shares shown (then nearly every probe fills at least those), and whether `filled` of an outflow is the outflow itself or
    the fill of an order behind the queue (then many are zero).
    """
    lit = [one for one in probes if one.limit == "ask" and kinds.get(one.venue) == LIT and one.shown > 0]
    short = sum(one.filled < min(one.asked, one.shown) for one in lit)
    beyond = short > BEYOND_SHARE * len(lit)
    flows = [one for one in probes if one.limit.startswith("outflow")]
    behind = sum(one.filled == 0 and one.asked > 0 for one in flows) > BEHIND_SHARE * max(len(flows), 1)
    for one in probes:
        kind = kinds.get(one.venue)
        if kind is None:
            continue
        if one.limit.startswith("outflow"):
            _take_outflow(learned, one, behind=behind)
        elif one.limit == "mid":
            learned.asked("mid", one.klass, one.venue, int(one.asked), int(min(one.filled, one.asked)))
        elif one.limit == "ask" and kind == MAKER:
            learned.asked("offer", one.klass, one.venue, int(one.asked), int(min(one.filled, one.asked)))
        elif one.limit == "ask":
            _take_hidden(learned, one, beyond=beyond)
        if one.px_vs_ask_mils is not None and one.filled > 0 and kind == MAKER:
            learned.improved(one.klass, one.venue, int(one.filled), -one.px_vs_ask_mils)
        if one.quotes_ran is not None and one.filled < one.asked:
            over = REST_UNKNOWN if one.rest_over_nbbo is None else one.rest_over_nbbo
            learned.unfilled(one.venue, over, ran=one.quotes_ran)


def guess_kinds(probes: list[Probe]) -> dict[str, str]:
    """Guess what kind each venue of a history is: so that probes can be read before an order says it."""
    kinds: dict[str, str] = {}
    for one in probes:
        if one.limit == "mid":
            kinds[one.venue] = DARK
        elif one.limit == "ask" and one.shown <= 0 and kinds.get(one.venue) != DARK:
            kinds[one.venue] = MAKER
        else:
            kinds.setdefault(one.venue, LIT)
    return kinds


def _take_hidden(learned: Learned, one: Probe, *, beyond: bool) -> None:
    """Tell what was found behind the shares shown."""
    wanted, filled = (one.asked, one.filled) if beyond else (one.asked - one.shown, one.filled - one.shown)
    if wanted > 0 and filled >= 0:
        learned.asked("behind", one.klass, one.venue, int(wanted), int(min(filled, wanted)))


def _take_outflow(learned: Learned, one: Probe, *, behind: bool) -> None:
    """Tell what left a queue: of an order that was not reached, half of the queue is thought to have left."""
    if not behind:
        learned.flowed(one.klass, one.venue, int(one.filled))
    else:
        learned.flowed(one.klass, one.venue, int(one.shown + one.filled if one.filled > 0 else one.shown / 2))
