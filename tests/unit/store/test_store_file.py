"""The file: caught up, reopened, rebuilt — always the same rows."""

import sqlite3

import pytest
from test_store_fold import PRICE, accept

from api_house import AAPL, ACCOUNT, House
from rushtrade.domain.frames import FRAME_FORMAT, encode_body
from rushtrade.store import queries, rows, schema
from rushtrade.store.store import Cursor, Store, StoreUnreadable


class Tape:
    """A journal of frames, as far as a store reads one."""

    class Frame:
        def __init__(self, seq, body, form=FRAME_FORMAT):
            self.seq, self.body, self.format = seq, encode_body(body), form

    def __init__(self, bodies, form=FRAME_FORMAT):
        self.kept = [self.Frame(seq, body, form) for seq, body in enumerate(bodies, 1)]

    def last(self):
        return self.kept[-1] if self.kept else self.Frame.__new__(self.Frame)

    def frames(self, after_seq=0, upto_seq=None):
        return iter(frame for frame in self.kept if after_seq < frame.seq <= (upto_seq or len(self.kept)))


@pytest.fixture
def busy_house():
    house = House()
    for number in range(30):
        order_id = accept(house, shares=10 + number)
        house.fill(order_id, 10, PRICE)
    accept(house)
    return house


def dump(store):
    """Everything a store holds, table by table."""
    store.write()
    tables = {}
    for kind, table in schema.TABLES.items():
        keys = [column.name for column in table.primary_key]
        found = store.select(kind)
        tables[table.name] = sorted(
            (schema.values_of(row) for row in found), key=lambda row: row[: len(keys)]
        )
    return tables


def test_a_store_caught_up_equals_the_one_that_lived_it(busy_house, tmp_path):
    store = Store(tmp_path / "views.sqlite")
    assert store.catch_up(Tape(busy_house.frames)) == len(busy_house.frames)
    assert dump(store) == dump(busy_house.store)
    assert store.cursor == busy_house.store.cursor


def test_a_store_goes_on_where_its_file_ends(busy_house, tmp_path):
    path = tmp_path / "views.sqlite"
    half = len(busy_house.frames) // 2
    first = Store(path)
    first.catch_up(Tape(busy_house.frames[:half]))
    first.close()
    second = Store(path)
    assert second.cursor.frame_seq == half
    assert second.catch_up(Tape(busy_house.frames)) == len(busy_house.frames) - half
    assert dump(second) == dump(busy_house.store)
    assert second.order(busy_house.seq).order_id == busy_house.seq


def test_rows_that_were_not_written_come_back_from_the_journal(busy_house, tmp_path):
    path = tmp_path / "views.sqlite"
    lost = Store(path)
    for seq, body in enumerate(busy_house.frames, 1):
        lost.apply(body, seq)
    assert lost.image.waiting() > 0
    again = Store(path)
    again.catch_up(Tape(busy_house.frames))
    assert dump(again) == dump(busy_house.store)


def test_a_frame_applied_twice_changes_nothing(busy_house):
    before = dump(busy_house.store)
    busy_house.store.apply(busy_house.frames[-1], len(busy_house.frames))
    assert dump(busy_house.store) == before


@pytest.mark.parametrize("harm", ["version", "garbage", "journal"])
def test_a_file_of_another_time_is_rebuilt(busy_house, tmp_path, harm):
    path = tmp_path / "views.sqlite"
    store = Store(path)
    store.catch_up(Tape(busy_house.frames))
    store.close()
    frames = busy_house.frames
    if harm == "version":
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE cursor SET version = version + 1")
        connection.close()
    elif harm == "garbage":
        path.write_bytes(b"this is no database" * 1000)
    else:
        frames = busy_house.frames[:12]
    again = Store(path)
    again.catch_up(Tape(frames))
    assert again.cursor.frame_seq == len(frames)
    fresh = Store(None)
    fresh.catch_up(Tape(frames))
    assert dump(again) == dump(fresh)


def test_a_format_it_does_not_know_is_refused(busy_house):
    with pytest.raises(StoreUnreadable, match="format 99"):
        Store(None).catch_up(Tape(busy_house.frames[:1], form=99))


def test_finished_orders_leave_memory_and_stay_findable(busy_house):
    store = busy_house.store
    store.write()
    living = set(store.image.orders)
    assert all(store.image.orders[number].leaves for number in living)
    finished = queries.orders(store, ACCOUNT, queries.OrderFilter(status="closed"))
    assert finished
    assert living.isdisjoint(row.order_id for row in finished)
    assert store.order(finished[0].order_id) == finished[0]


def test_a_long_run_keeps_memory_bounded():
    house = House()
    for _ in range(3_000):
        order_id = accept(house, shares=1)
        house.fill(order_id, 1, PRICE)
    image = house.store.image
    assert image.waiting() < 6_000
    assert len(image.orders) < 2_000
    assert len(image.children) < 2_000
    assert queries.count_orders(house.store, ACCOUNT) == 3_000


def test_lists_have_bounds(busy_house):
    many = queries.OrderFilter(status="all", limit=10_000)
    assert len(queries.orders(busy_house.store, ACCOUNT, many)) == 31
    assert len(queries.orders(busy_house.store, ACCOUNT, queries.OrderFilter(status="all", limit=5))) == 5
    chosen, left_out = queries.blotter(busy_house.store, ACCOUNT, 10)
    assert (len(chosen), left_out) == (10, 21)
    assert [row.order_id for row in chosen] == sorted(row.order_id for row in chosen)


def test_order_lists_filter_by_id_time_instrument_and_side(busy_house):
    store = busy_house.store
    ids = [
        row.order_id for row in queries.orders(store, ACCOUNT, queries.OrderFilter(status="all", limit=500))
    ]
    assert ids == sorted(ids, reverse=True)
    older = queries.OrderFilter(status="all", before_order_id=ids[5], limit=3)
    assert [row.order_id for row in queries.orders(store, ACCOUNT, older)] == ids[6:9]
    newer = queries.OrderFilter(status="all", after_order_id=ids[5], newest_first=False)
    assert [row.order_id for row in queries.orders(store, ACCOUNT, newer)] == ids[:5][::-1]
    moment = store.order(ids[3]).submitted_ns
    after = queries.OrderFilter(status="all", after_ns=moment)
    assert [row.order_id for row in queries.orders(store, ACCOUNT, after)] == ids[:3]
    until = queries.OrderFilter(status="all", until_ns=moment, limit=1)
    assert [row.order_id for row in queries.orders(store, ACCOUNT, until)] == [ids[4]]
    assert queries.orders(store, ACCOUNT, queries.OrderFilter(status="all", side=1)) == []
    assert queries.orders(store, ACCOUNT, queries.OrderFilter(status="all", instrument_ids=(AAPL + 1,))) == []


def test_listeners_hear_every_event_with_the_order_as_of_it():
    house = House()
    heard = []
    end = house.store.subscribe(
        lambda change: heard.append((type(change.event).__name__, change.order and change.order.filled))
    )
    order_id = accept(house, shares=20)
    house.fill(order_id, 10, PRICE)
    house.fill(order_id, 10, PRICE)
    end()
    accept(house)
    assert heard == [("OrderAccepted", 0), ("OrderRouted", 0), ("OrderFilled", 10), ("OrderFilled", 20)]


def test_a_new_store_has_read_nothing():
    store = Store(None)
    assert store.cursor == Cursor()
    assert store.select(rows.OrderRow) == []
