"""Members on the exchanges' lines: logon, orders, reports that are never lost, and faults that end only their own line."""

import numpy as np
import pytest
from exchange_feed_lines import feed_lines

from rushtrade.domain.errors import InvalidInput
from rushtrade.marketplace.flow import Flow
from rushtrade.marketplace.generator import OPENING, GeneratedFlow
from rushtrade.marketplace.host import REPORTS_KEPT_MAX, Host, ReportLog
from rushtrade.marketplace.market import Market
from rushtrade.rules.world_file import load_world
from rushtrade.wire import order_entry as oe
from rushtrade.wire import venue_link as link

SECOND = 1_000_000_000
AAPL = 3
VENUES = len(load_world("us-2026").venues)


def new_host(**options):
    world = load_world("us-2026")
    flow = Flow(GeneratedFlow(world.symbols, 11, last_time=OPENING + 60 * SECOND), 0)
    market = Market(world, flow.symbols, flow)
    market.open()
    return Host(market, "2026-11-20 a", **options)


def frames(member):
    """Everything a member is sent, as (kind, body)."""
    reader = link.FrameReader()
    reader.receive_data(member.data_to_send())
    found = []
    while (received := reader.next_frame()) is not None:
        found.append(received)
    return found


def logged_on(host, firm=1, **wishes):
    member = host.connect()
    member.receive_data(link.json_frame(link.LOGON, link.Logon(firm, **wishes)))
    return member, frames(member)


def rows(count, firm=1, **fields):
    batch = np.zeros(count, oe.ORDER_ENTRY)
    batch["kind"], batch["firm"], batch["locate"] = oe.ENTER, firm, AAPL
    batch["token"] = np.arange(1, count + 1)
    for name, value in fields.items():
        batch[name] = value
    return batch


def orders_frame(venue, batch):
    return link.rows_frame(link.ORDERS, venue, oe.to_bytes(batch))


def reports_in(received):
    """Report rows among the frames, by venue."""
    found = {}
    for kind, body in received:
        if kind == link.REPORTS:
            venue, data = link.venue_and_rows(body)
            found.setdefault(venue, []).extend(oe.reports_from_bytes(data).tolist())
    return found


def goodbye(received):
    return next((body.decode() for kind, body in received if kind == link.GOODBYE), "")


def test_a_logon_is_answered_with_the_market_its_books_and_the_time():
    host = new_host()
    host.advance(OPENING + SECOND)
    _, received = logged_on(host)
    kinds = b"".join(kind for kind, _ in received)
    assert kinds == b"A" + b"B" * VENUES + b"T"
    accepted = link.from_json(received[0][1], link.Accepted)
    assert accepted.symbols[AAPL - 1] == "AAPL"
    assert accepted.simulated
    assert accepted.now_ns == OPENING + SECOND
    images = [link.feed_packet(body) for kind, body in received if kind == link.IMAGE]
    assert [image.venue for image in images] == list(range(VENUES))
    assert all(len(feed_lines(image.payload)) == image.count for image in images)


def test_feed_after_the_image_begins_where_the_image_says():
    host = new_host()
    host.advance(OPENING + SECOND)
    member, received = logged_on(host)
    begin = {
        p.venue: p.sequence for p in (link.feed_packet(body) for kind, body in received if kind == link.IMAGE)
    }
    host.advance(OPENING + 2 * SECOND)
    feeds = [link.feed_packet(body) for kind, body in frames(member) if kind == link.FEED]
    lit = [venue.index for venue in load_world("us-2026").venues if venue.kind == "lit"]
    assert [packet.venue for packet in feeds] == lit, "pools and wholesalers show nothing"
    assert {packet.venue: packet.sequence for packet in feeds} == {venue: begin[venue] for venue in lit}


def test_orders_are_answered_and_other_firms_hear_nothing_of_them_but_the_feed():
    host = new_host()
    one, _ = logged_on(host, 1)
    two, _ = logged_on(host, 2)
    one.receive_data(orders_frame(4, rows(2, side=oe.BUY, price=1_000_000, shares=100)))
    assert [row[7] for row in reports_in(frames(one))[4]] == [1, 2]
    heard = frames(two)
    assert reports_in(heard) == {}
    assert [kind for kind, _ in heard] == [link.FEED]


def test_a_member_that_was_gone_hears_again_what_it_asks_for_and_a_resent_order_doubles_nothing():
    host = new_host()
    member, _ = logged_on(host, session="2026-11-20 a")
    batch = rows(5, side=oe.BUY, price=1_000_000, shares=100)
    member.receive_data(orders_frame(0, batch))
    heard = reports_in(frames(member))[0]
    member.receive_data(orders_frame(0, rows(1, token=9, side=oe.SELL, price=1_000_000, shares=150)))
    host.disconnect(member)  # before it has read the last answers
    again, received = logged_on(
        host, session="2026-11-20 a", next_reports=(len(heard) + 1, *[1] * (VENUES - 1))
    )
    missed = reports_in(received)[0]
    assert [row[6] for row in heard + missed] == list(range(1, len(heard) + len(missed) + 1))
    assert sum(row[12] for row in missed if row[0] == oe.EXECUTED and row[1] == oe.REMOVED) == 150
    again.receive_data(orders_frame(0, batch))
    answers = reports_in(frames(again))[0]
    assert [row[0] for row in answers] == [oe.STATUS] * 5
    executed = sum(
        row[12] for row in heard + missed + answers if row[0] == oe.EXECUTED and row[1] == oe.ADDED
    )
    assert sum(row[14] for row in answers) == executed


def test_a_second_line_of_a_firm_takes_over_from_the_first():
    host = new_host()
    first, _ = logged_on(host)
    second, _ = logged_on(host)
    assert "from another line" in goodbye(frames(first))
    assert first.leaving
    second.receive_data(orders_frame(0, rows(1, price=1_000_000, shares=1)))
    assert len(reports_in(frames(second))[0]) == 1


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (orders_frame(0, rows(1)), "logon"),
        (link.json_frame(link.LOGON, link.Logon(0)), "firm numbers are 1 to 65535"),
        (link.json_frame(link.LOGON, link.Logon(70_000)), "firm numbers are 1 to 65535"),
        (link.json_frame(link.LOGON, link.Logon(1, "yesterday")), "session 'yesterday' is over"),
        (link.json_frame(link.LOGON, link.Logon(1, next_reports=(1,))), f"all {VENUES} venues or of none"),
        (link.json_frame(link.LOGON, link.Logon(1, next_reports=(7,) * VENUES)), "number 7 cannot be next"),
        (link.json_frame(link.LOGON, link.Logon(1, version=2)), "version 1"),
        (link.frame(link.LOGON, b"{"), "Logon"),
        (link.frame(link.LOGON, b'{"firm": "one"}'), "Logon"),
        (b"\xff\xff\xff\xff", "4,294,967,295 bytes"),
        (b"\0\0\0\0", "a frame of 0 bytes"),
    ],
)
def test_a_line_that_does_not_begin_well_is_ended_with_a_word_why(data, why):
    member = new_host().connect()
    member.receive_data(data)
    assert why in goodbye(frames(member))
    assert member.leaving


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (orders_frame(VENUES, rows(1)), f"venues 0 to {VENUES - 1}, not {VENUES}"),
        (orders_frame(0, rows(2, firm=2)), "an order of firm 2 on the line of firm 1"),
        (link.rows_frame(link.ORDERS, 0, b"x" * 81), "1 are left over"),
        (link.frame(link.ORDERS, b"\0"), "ends before"),
        (link.frame(link.IMAGE_REQUEST, b"\x63\0"), "not 99"),
        (link.time_frame(link.MarketTime(1)), "clock of its own"),
        (link.frame(link.FEED), "members do not send"),
        (link.json_frame(link.LOGON, link.Logon(1)), "already"),
        (link.frame(link.LOGOUT), "logged out"),
    ],
)
def test_a_fault_ends_the_line_and_the_exchanges_go_on(data, why):
    host = new_host()
    member, _ = logged_on(host)
    other, _ = logged_on(host, 2)
    member.receive_data(data)
    assert why in goodbye(frames(member))
    other.receive_data(orders_frame(0, rows(1, firm=2, price=1_000_000, shares=1)))
    assert len(reports_in(frames(other))[0]) == 1


def test_bytes_may_come_one_at_a_time():
    member = new_host().connect()
    data = link.json_frame(link.LOGON, link.Logon(1)) + orders_frame(0, rows(1, price=1_000_000, shares=1))
    for position in range(len(data)):
        member.receive_data(data[position : position + 1])
    assert len(reports_in(frames(member))[0]) == 1


def test_a_driven_market_lives_as_far_as_its_member_says_and_closes_at_its_end():
    host = new_host(driven=True)
    member, _ = logged_on(host)
    member.receive_data(orders_frame(2, rows(1, side=oe.BUY, price=10_000, shares=100)))
    member.receive_data(link.time_frame(link.MarketTime(OPENING + SECOND)))
    received = frames(member)
    assert received[-1][0] == link.TIME
    assert link.market_time(received[-1][1]) == link.MarketTime(OPENING + SECOND)
    member.receive_data(link.time_frame(link.MarketTime(OPENING + 3_600 * SECOND)))
    received = frames(member)
    assert link.market_time(received[-1][1]).finished
    ended = reports_in(received)[2][-1]
    assert (ended[0], ended[2]) == (oe.CANCELED, oe.REASON_DAY_END)
    member.receive_data(orders_frame(2, rows(1, token=5, side=oe.BUY, price=10_000, shares=100)))
    assert reports_in(frames(member))[2][0][2] == oe.REASON_CLOSED


def test_an_image_can_be_asked_for():
    member, _ = logged_on(new_host())
    member.receive_data(link.rows_frame(link.IMAGE_REQUEST, 3, b""))
    ((kind, body),) = frames(member)
    assert kind == link.IMAGE
    assert link.feed_packet(body).venue == 3


def test_old_reports_go_when_there_are_too_many_and_are_not_pretended_to_be_there():
    log = ReportLog()
    row = bytes(oe.REPORT_BYTES)
    for _ in range(REPORTS_KEPT_MAX // 4_096 + 1):
        log.append(row * 4_096)
    assert log.next_sequence == REPORTS_KEPT_MAX + 4_096 + 1
    assert len(log.since(log.next_sequence - 3)) == 3 * oe.REPORT_BYTES
    with pytest.raises(InvalidInput, match="cannot be next"):
        log.since(1)
