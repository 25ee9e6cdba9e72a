"""The best quotes of a stored day are those the market said live: same rule, same rows."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from rushtrade.market import ticks
from rushtrade.market.nbbo_series import NbboSeries, VenueQuote
from rushtrade.market.stored_best import best_rows
from rushtrade.ticks.columns import ColumnsReader
from rushtrade.ticks.import_itch import ItchFileRows
from rushtrade.ticks.importing import Given, import_files
from rushtrade.ticks.schemas import F_LAST, F_TOP, NO_PRICE, SCHEMAS
from rushtrade.ticks.writer import TickWriter
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame_all
from rushtrade.wire.itch50 import AddOrder, OrderExecuted, StockDirectory, StockTradingAction, encode
from support.random_streams import RandomStream
from support.stored_days import DAY, MIDNIGHT, SYMBOLS, market, pieces_of, store_day

SAID = ["ts_event", "bid_px_00", "ask_px_00", "bid_sz_00", "ask_sz_00", "bid_pb_00", "ask_pb_00", "state"]
HOUR_10 = 10 * 3_600 * 10**9


def live_rows(packets: list[FeedPacket], venues: int) -> np.ndarray:
    """What a market says that hears packets; instruments by their symbols' letters."""
    data, found = market(venues), []
    for packet in packets:
        data.receive(packet)
        changes = data.take_bbo_changes()
        found.append(best_rows(changes, changes["instrument"], np.arange(1, venues + 1), 0))
    rows = np.concatenate(found)
    return rows[np.argsort(rows["ts_event"], kind="stable")]  # as a sealed day lies


def stored_rows(root, symbol: str) -> list[tuple]:
    with ticks.open_store(root) as store:
        table = store.bbo(symbol)
    columns = []
    for name in SAID:
        column = table[name]
        if name.endswith("px_00"):
            columns.append(ticks.prices_of(column).tolist())
        elif name == "ts_event":
            columns.append(column.cast("int64").to_pylist())
        else:
            columns.append(column.to_pylist())
    return list(zip(*columns, strict=True))


def said(rows: np.ndarray) -> list[tuple]:
    return [
        tuple(cell.decode() if isinstance(cell, bytes) else cell for cell in row)
        for row in rows[SAID].tolist()
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_recorded_day_says_the_best_quotes_the_market_said_as_it_went(tmp_path, seed):
    pieces = pieces_of(seed)
    store_day(tmp_path, pieces)
    rows = live_rows([piece.packet for piece in pieces], 2)
    for number, symbol in SYMBOLS.items():
        live = rows[rows["instrument_id"] == number]
        assert len(live) > 50
        assert stored_rows(tmp_path, symbol) == said(live)


def test_files_of_two_venues_make_one_market_in_the_order_of_time(tmp_path):
    """Files lie one behind the other; a market hears venues side by side."""
    heard, files = [], []
    for venue in range(2):
        stream = RandomStream(50 + venue, nonsense=0.0)
        messages = [*stream.directory(), *(stream.message() for _ in range(2_000))]
        for number, message in enumerate(messages, 1):
            time = int.from_bytes(message[5:11], "big")
            heard.append((time, venue, number, FeedPacket(venue, number, 1, frame_all([message]))))
        files.append(tmp_path / f"{venue}.itch")
        files[-1].write_bytes(frame_all(messages))
    with TickWriter(tmp_path / "store", DAY) as writer:
        for venue, file in enumerate(files):
            rows = ItchFileRows(writer, f"V{venue}", MIDNIGHT)
            rows.take(file.read_bytes())
            rows.finish()
        ticks.finish_day(writer, 1)
    live = live_rows([packet for _, _, _, packet in sorted(heard, key=lambda each: each[:3])], 2)
    assert len({tuple(row) for row in live[["bid_pb_00", "ask_pb_00"]].tolist()}) >= 4
    for number, symbol in SYMBOLS.items():
        assert stored_rows(tmp_path / "store", symbol) == said(live[live["instrument_id"] == number])


def _add(number: int, second: int, side: str, shares: int, price: int) -> bytes:
    return encode(AddOrder(1, 0, HOUR_10 + second * 10**9, number, side, shares, "S1", price))


def test_odd_lots_make_no_national_best_and_stand_in_the_venues_own_quote(tmp_path):
    """17 CFR 242.600(b): round lots by the directory of the day; `tbbo` is the venue's own, every share."""
    directory = encode(
        StockDirectory(1, 0, HOUR_10, "S1", "Q", "N", 40, "N", "C", "Z", "P", "N", "N", "1", "N", 0, "N")
    )
    messages = [
        directory,
        _add(1, 1, "B", 100, 99_0000),
        _add(2, 2, "S", 80, 101_0000),
        _add(3, 3, "B", 39, 100_0000),  # one share short of a lot
        _add(4, 4, "B", 1, 99_5000),  # with it, a lot stands at 99.50 or better
        encode(OrderExecuted(1, 0, HOUR_10 + 5 * 10**9, 2, 10, 7)),
    ]
    file = tmp_path / "day.itch"
    file.write_bytes(frame_all(messages))
    import_files(tmp_path / "store", [file], Given(date=DAY), derive=ticks.derive_all)
    assert [(row[1], row[3], row[2], row[4], row[7]) for row in stored_rows(tmp_path / "store", "S1")] == [
        (99 * 10**9, 80, NO_PRICE, 0, "one_sided"),
        (99 * 10**9, 80, 101 * 10**9, 80, "good"),
        (99 * 10**9, 120, 101 * 10**9, 80, "good"),
        (99_500_000_000, 40, 101 * 10**9, 80, "good"),
        (99_500_000_000, 40, 101 * 10**9, 40, "good"),
    ]
    with ticks.open_store(tmp_path / "store") as store:
        (trade,) = store.rows("tbbo", "S1").to_pylist()
    assert (str(trade["bid_px_00"]), trade["bid_sz_00"], trade["ask_sz_00"]) == ("100.000000000", 39, 80)


def test_quotes_of_venues_make_the_series_the_plain_rule_makes(tmp_path):
    chance, quotes, time = Random(8), [], MIDNIGHT + HOUR_10
    for _ in range(3_000):
        time += chance.choice((0, 1_000_000, 5_000_000_000, 30_000_000_000))
        bid, ask = (chance.choice((0, 1, 1, 1)) * chance.randrange(990, 1010) for _ in range(2))
        quotes.append(
            (time, chance.randrange(1, 5), bid * 10**7, 100 * chance.randrange(1, 9), ask * 10**7, 100)
        )
    rows = SCHEMAS["mbp-1"].empty(len(quotes))
    names = ("ts_event", "publisher_id", "bid_px_00", "bid_sz_00", "ask_px_00", "ask_sz_00")
    for name, values in zip(names, zip(*quotes, strict=True), strict=True):
        rows[name] = values
        if "_px_" in name:
            rows[name] = np.where(rows[name] == 0, NO_PRICE, rows[name])
    rows["instrument_id"], rows["flags"], rows["action"] = 1, F_TOP | F_LAST, b"A"
    with TickWriter(tmp_path, DAY) as writer:
        writer.instrument("S1")
        for number in range(1, 5):
            writer.publisher(f"V{number}")
        writer.append("mbp-1", rows)
        ticks.finish_day(writer, 1)
    given = (VenueQuote(time, str(venue), *rest) for time, venue, *rest in quotes)
    wanted = {}
    for row in NbboSeries().feed(given):
        wanted[row.time] = (row.bid or NO_PRICE, row.ask or NO_PRICE, row.bid_size, row.ask_size)
    found = {row[0]: row[1:5] for row in stored_rows(tmp_path, "S1")}
    times, changes = sorted(wanted.keys() | found.keys()), 0
    one = other = None
    for each in times:
        before = one
        one, other = wanted.get(each, one), found.get(each, other)
        assert one == other
        changes += one != before
    assert changes > 500


def test_a_day_at_prices_of_no_stock_has_books_and_no_national_best(tmp_path):
    with TickWriter(tmp_path, DAY) as writer:
        rows = SCHEMAS["mbo"].empty(1)
        rows["instrument_id"], rows["publisher_id"] = writer.instrument("CLF1"), writer.publisher("GLBX")
        rows["action"], rows["side"], rows["flags"], rows["order_id"] = b"A", b"B", F_LAST, 1
        rows["price"], rows["size"], rows["ts_event"] = -37_630_000_000, 1, MIDNIGHT + HOUR_10
        writer.append("mbo", rows)
        writer.flush(1)
        ticks.derive_all(writer)
        writer.flush(2)
        assert ColumnsReader(writer.day / "live").rows("bbo") == 0
        assert writer.rows("mbo") == 1


def test_a_moment_says_what_the_best_quotes_of_the_day_said_halts_and_all(tmp_path):
    messages = [
        encode(
            StockDirectory(1, 0, HOUR_10, "S1", "Q", "N", 100, "N", "C", "Z", "P", "N", "N", "1", "N", 0, "N")
        ),
        _add(1, 1, "B", 100, 99_0000),
        _add(2, 2, "S", 100, 101_0000),
        encode(StockTradingAction(1, 0, HOUR_10 + 3 * 10**9, "S1", "H", " ", "T1")),
        encode(StockTradingAction(1, 0, HOUR_10 + 5 * 10**9, "S1", "T", " ", "")),
    ]
    file = tmp_path / "day.itch"
    file.write_bytes(frame_all(messages))
    import_files(tmp_path / "store", [file], Given(date=DAY), derive=ticks.derive_all)
    states = {}
    with ticks.open_store(tmp_path / "store") as store:
        for second in (2, 4, 6):
            states[second] = store.at(MIDNIGHT + HOUR_10 + second * 10**9, "S1").nbbo.state
    assert states == {2: "good", 4: "halted", 6: "good"}
    assert [row[-1] for row in stored_rows(tmp_path / "store", "S1")] == [
        "one_sided",
        "good",
        "halted",
        "good",
    ]


def test_the_last_sale_of_a_moment_follows_corrections_and_cancels(tmp_path):
    """A correction is a notice and a trade of one sequence: the trade stands where the one it replaces stood."""
    rows = SCHEMAS["trades"].empty(5)
    rows["sequence"] = [1, 2, 3, 3, 4]
    rows["ts_event"] = MIDNIGHT + HOUR_10 + rows["sequence"] * 10**9
    rows["action"] = [b"T", b"T", b"X", b"T", b"X"]
    rows["trade_id"] = [1, 2, 1, 3, 2]  # 1 is corrected, then 2 taken back
    rows["price"] = np.array([10, 11, NO_PRICE // 10**9, 9, NO_PRICE // 10**9]) * 10**9
    rows["size"], rows["publisher_id"], rows["message"] = 100, 1, b"T"
    with TickWriter(tmp_path, DAY) as writer:
        rows["instrument_id"] = writer.instrument("S1")
        writer.publisher("V1")
        quote = SCHEMAS["mbp-1"].empty(1)
        quote["ts_event"], quote["publisher_id"], quote["instrument_id"] = MIDNIGHT + HOUR_10, 1, 1
        writer.append("mbp-1", quote)
        writer.append("trades", rows)
        ticks.finish_day(writer, 1)
    with ticks.open_store(tmp_path) as store:
        last = [store.at(MIDNIGHT + HOUR_10 + second * 10**9, "S1").last_price for second in (1, 2, 3, 4)]
        (bar,) = store.bars("S1", "1d").to_pylist()
    assert [price // 10**9 for price in last] == [10, 11, 11, 9]
    assert (str(bar["high"]), bar["volume"]) == ("9.000000000", 100)
