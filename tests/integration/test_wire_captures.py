"""Packets captured from real exchanges: every message decodes, and encodes to the bytes that were sent."""

import struct

import pytest

from rushtrade.books.order_books import OrderBooks
from rushtrade.wire import itch50
from rushtrade.wire.framing import MessageReader
from rushtrade.wire.itch50_columns import count_types
from rushtrade.wire.moldudp64 import MoldReceiver, decode_packet, encode_packet
from rushtrade.wire.ouch50 import (
    CancelOrder,
    EnterOrder,
    OrderAccepted,
    OrderCanceled,
    decode_inbound,
    decode_outbound,
)
from rushtrade.wire.ouch50 import encode as encode_ouch
from rushtrade.wire.ouch50_options import BBO_WEIGHT, FIRM, Option
from rushtrade.wire.soupbintcp import (
    Heartbeat,
    LoginAccepted,
    LoginRequested,
    Sequenced,
    SoupClient,
    SoupServer,
    Unsequenced,
)

pytestmark = pytest.mark.market_data

VLAN = b"\x81\x00"
FILES_BY_TYPE = {
    "AddOrderNoMPID": "A", "AddOrderWithMPID": "F", "CrossTrade": "Q", "LULDAuctionCollar": "J",
    "MarketParticipantPosition": "L", "NetOrderImbalanceIndicator": "I", "NonCrossTrade": "P", "OrderCancel": "X",
    "OrderDelete": "D", "OrderExecuted": "E", "OrderExecutedWithPrice": "C", "OrderReplace": "U",
    "RegSHORestriction": "Y", "StockTradingAction": "H", "SystemEvent": "S",
}  # fmt: skip


def payloads(path):
    """UDP and TCP payloads of a classic capture of Ethernet frames, without what the capturing card added."""
    data = path.read_bytes()
    order = "<" if data[:4] in {b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1"} else ">"
    at = 24
    while at < len(data):
        (size,) = struct.unpack_from(f"{order}I", data, at + 8)
        tagged = data[at + 16 + 12 : at + 16 + 14] == VLAN
        packet = data[at + 16 + (18 if tagged else 14) : at + 16 + size]
        at += 16 + size
        (total,) = struct.unpack_from(">H", packet, 2)
        body = packet[(packet[0] & 15) * 4 : total]
        yield body[8:] if packet[9] == 17 else body[(body[12] >> 4) * 4 :]


def mold_packets(path):
    return [decode_packet(payload) for payload in payloads(path)]


def messages_of(packet):
    reader = MessageReader()
    reader.receive_data(packet.payload)
    return list(reader)


@pytest.fixture
def totalview(shared_data):
    return shared_data / "pcap" / "nasdaq_totalview_itch50"


def test_every_captured_totalview_packet_and_message_survives_the_round_trip(totalview):
    files = messages = 0
    for path in sorted(totalview.glob("*.pcap")):
        files += 1
        for payload in payloads(path):
            packet = decode_packet(payload)
            assert encode_packet(packet) == payload
            assert len(messages_of(packet)) == packet.count
            for message in messages_of(packet):
                messages += 1
                assert itch50.encode(itch50.decode(message)) == message
            assert count_types(packet.payload)[2] == packet.count
    assert (files, messages) == (23, 117)


@pytest.mark.parametrize(("name", "letter"), sorted(FILES_BY_TYPE.items()))
def test_a_capture_of_one_type_holds_that_type(totalview, name, letter):
    packets = mold_packets(totalview / f"{name}.pcap")
    assert {itch50.decode(message).type for packet in packets for message in messages_of(packet)} == {letter}


def test_a_captured_order_reads_as_it_was_entered(totalview):
    (packet,) = mold_packets(totalview / "session_AddOrderNoMpidAttributionMessage.pcap")
    assert (packet.session, packet.sequence, packet.count) == ("000010059B", 0xE12F59, 1)
    order = itch50.decode(messages_of(packet)[0])
    assert order.type == "A"
    assert order.side in "BS"
    assert 0 < order.price < 10_000_000
    assert order.stock.isalpha()
    assert 9 * 3600 < order.timestamp / 1e9 < 10 * 3600


def test_captured_packets_of_one_session_come_out_of_the_receiver_in_order(totalview):
    path = totalview / "session_Multiple.Packets.pcap"
    packets = mold_packets(path)
    receiver = MoldReceiver(0, expected=packets[0].sequence)
    given = [one for payload in payloads(path) for one in receiver.receive(payload)]
    while receiver.missing():
        given += receiver.skip_missing()
    assert [(one.sequence, one.count, one.payload) for one in given] == [
        (packet.sequence, packet.count, packet.payload) for packet in packets
    ]
    assert sorted(packet.count for packet in packets) == [1, 38]


def test_books_take_every_captured_packet(totalview):
    books = OrderBooks()
    for path in sorted(totalview.glob("*.pcap")):
        for packet in mold_packets(path):
            books.feed(packet.payload)
    assert books.messages == 117


CLIENT_SAYS = ("CancelOrderMessage", "ClientHeartbeatPacket", "EnterOrderMessage")
SERVER_SAYS = ("CanceledMessage", "OrderAcceptedMessage", "ServerHeartbeatPacket")


def opened(end):
    """A session past its login."""
    if isinstance(end, SoupServer):
        end.receive_data(SoupClient().login("a", "b"))
        assert end.next_event() == LoginRequested("a", "b", "", 1)
        end.accept("S", 7)
    else:
        end.receive_data(SoupServer().accept("S", 7))
        assert end.next_event() == LoginAccepted("S", 7)
    return end


def test_captured_soup_packets_are_what_their_names_say(shared_data):
    seen = {}
    for names, kind in ((CLIENT_SAYS, SoupServer), (SERVER_SAYS, SoupClient)):
        for name in names:
            end = opened(kind())
            for payload in payloads(shared_data / "pcap" / "nasdaq_ouch50_soupbintcp" / f"{name}.pcap"):
                end.receive_data(payload)
            seen[name] = end.next_event()
            assert end.next_event() is None
    assert seen.pop("ClientHeartbeatPacket") == seen.pop("ServerHeartbeatPacket") == Heartbeat()
    assert {name: (type(event), event.message[:1]) for name, event in seen.items()} == {
        "CancelOrderMessage": (Unsequenced, b"X"),
        "EnterOrderMessage": (Unsequenced, b"O"),
        "CanceledMessage": (Sequenced, b"C"),
        "OrderAcceptedMessage": (Sequenced, b"A"),
    }


ORDERS_SAID = {
    "CancelOrderMessage": CancelOrder(7_679_601, 0),
    "EnterOrderMessage": EnterOrder(
        0x71, "T", 225, "CVLT", 630_200, "0", "Y", "A", "N", "N", "H8FUB8IV", (Option(FIRM, "LIME"),)
    ),
    "CanceledMessage": OrderCanceled(44_647_483_708_183, 7_682_701, 40, "U"),
    "OrderAcceptedMessage": OrderAccepted(
        44_647_483_486_087, 7_682_701, "B", 40, "ADBE", 4_777_800, "5", "Y", 257_340_661, "A", "N", "N", "L",
        "7682701", (Option(FIRM, "MLRO"), Option(BBO_WEIGHT, "0")),
    ),
}  # fmt: skip


def test_captured_orders_decode_and_encode_to_the_bytes_that_were_sent(shared_data):
    for name, said in ORDERS_SAID.items():
        firm_says = name in CLIENT_SAYS
        end, sent = opened(SoupServer() if firm_says else SoupClient()), b""
        for payload in payloads(shared_data / "pcap" / "nasdaq_ouch50_soupbintcp" / f"{name}.pcap"):
            end.receive_data(payload)
            sent += payload
        raw = end.next_event().message
        assert (decode_inbound(raw) if firm_says else decode_outbound(raw)) == said
        other = opened(SoupClient() if firm_says else SoupServer())
        again = encode_ouch(said)
        assert (other.send_unsequenced(again) if firm_says else other.send(again)) == sent
