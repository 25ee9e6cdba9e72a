"""The broker's end of a line to the exchanges: logon, repeats, orders, and every way in which it ends."""

from __future__ import annotations

import numpy as np
import pytest

from rushtrade.gateway.exchange_line import ExchangeLine
from rushtrade.gateway.venue_session import ImageHeard, LineFault, ReportsHeard, SessionState, VenueSession
from rushtrade.wire import order_entry as oe
from rushtrade.wire import venue_link as link
from rushtrade.wire.feed_packet import FeedPacket

ACCEPTED = link.Accepted("one life", 2, ("RUSH",), 0, 1, 2, 1, "generated", True, False)
HELLO = link.json_frame(link.ACCEPTED, ACCEPTED)
NOW = link.time_frame(link.MarketTime(5))


def reports(venue, *numbers):
    rows = np.zeros(len(numbers), oe.ORDER_REPORT)
    rows["sequence"] = numbers
    return link.rows_frame(link.REPORTS, venue, oe.to_bytes(rows))


def calling(next_reports=(1, 4)):
    session = VenueSession(3)
    session.logon(next_reports, session="one life", feed=False)
    return session


def live():
    session = calling()
    session.receive_data(HELLO + NOW)
    return session


def test_a_logon_says_which_report_is_wanted_next():
    session = VenueSession(3)
    reader = link.FrameReader()
    reader.receive_data(session.logon([1, 4], session="one life", feed=False))
    kind, body = reader.next_frame()
    assert (kind, link.from_json(body, link.Logon)) == (
        link.LOGON,
        link.Logon(3, "one life", (1, 4), feed=False),
    )
    assert session.state is SessionState.CALLING


def test_repeats_come_first_then_orders_may_go_out():
    session = calling()
    said = HELLO + reports(0, 1, 2) + reports(1, 4) + NOW + reports(0, 3)
    heard = [one for byte in said for one in session.receive_data(bytes([byte]))]
    assert session.state is SessionState.LIVE
    assert heard[0] == ACCEPTED == session.accepted
    assert [(one.venue, one.rows["sequence"].tolist()) for one in heard if isinstance(one, ReportsHeard)] == [
        (0, [1, 2]),
        (1, [4]),
        (0, [3]),
    ]
    assert heard[3] == link.MarketTime(5)


def test_orders_go_out_in_frames_of_bounded_length():
    rows = np.zeros(link.ROWS_MAX + 1, oe.ORDER_ENTRY)
    rows["token"] = np.arange(1, len(rows) + 1)
    reader = link.FrameReader()
    reader.receive_data(live().orders(1, rows))
    sizes, tokens = [], []
    while (frame := reader.next_frame()) is not None:
        venue, data = link.venue_and_rows(frame[1])
        entries = oe.entries_from_bytes(data)
        assert (frame[0], venue) == (link.ORDERS, 1)
        sizes.append(len(entries))
        tokens += entries["token"].tolist()
    assert (sizes, tokens) == ([link.ROWS_MAX, 1], rows["token"].tolist())


def test_feeds_and_images_are_told_apart():
    packet = FeedPacket(1, 7, 0, b"")
    heard = live().receive_data(link.feed_frame(link.IMAGE, packet) + link.feed_frame(link.FEED, packet))
    assert heard == [ImageHeard(packet), packet]


def test_an_image_can_be_asked_for():
    assert live().image_request(1) == link.rows_frame(link.IMAGE_REQUEST, 1, b"")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (link.frame(link.GOODBYE, b"session is over"), "ended the session: session is over"),
        (HELLO, "kind b'A' came while live"),
        (reports(0, 2), "of venue 0 came where 1 is due"),
        (reports(1, 4, 6), "of venue 1 came where 4 is due"),
        (reports(1, 3), "of venue 1 came where 4 is due"),
        (reports(2, 1), "reports of venue 2 came; there are 2"),
        (link.frame(b"?"), "do not send frames of kind"),
        (link.frame(link.REPORTS, b"\0"), "cannot be read"),
        (link.rows_frame(link.REPORTS, 0, b"\0"), "cannot be read"),
        (b"\0\0\0\0", "cannot be read"),
        (link.frame(link.TIME, b"\0"), "cannot be read"),
    ],
)
def test_a_fault_of_theirs_ends_the_session(said, why):
    session = live()
    with pytest.raises(LineFault, match=why):
        session.receive_data(said)
    assert session.state is SessionState.OVER
    with pytest.raises(LineFault, match="session that is over"):
        session.receive_data(NOW)


@pytest.mark.parametrize("said", [NOW, reports(0, 1), link.feed_frame(link.FEED, FeedPacket(0, 1, 0, b""))])
def test_nothing_is_heard_before_the_logon_is_answered(said):
    with pytest.raises(LineFault, match="came while calling"):
        calling().receive_data(said)


def test_a_house_of_other_venues_does_not_stay_on_the_line():
    with pytest.raises(LineFault, match="the exchanges are 2 venues, the house knows 3"):
        calling((1, 1, 1)).receive_data(HELLO)


def test_orders_do_not_go_out_while_reports_are_repeated():
    session = calling()
    session.receive_data(HELLO)
    with pytest.raises(
        LineFault, match="when the exchanges have repeated what was missed; this one is repeating"
    ):
        session.orders(0, np.zeros(1, oe.ORDER_ENTRY))


def test_a_session_is_opened_once_and_heard_only_after_that():
    with pytest.raises(LineFault, match="is new"):
        VenueSession(1).receive_data(b"")
    session = live()
    with pytest.raises(LineFault, match="opened once"):
        session.logon([1, 1])


def test_nobody_at_the_address_is_a_fault_in_words(tmp_path):
    with pytest.raises(LineFault, match="no exchanges answer at"):
        ExchangeLine(tmp_path / "nobody")
