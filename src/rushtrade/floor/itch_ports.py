"""A venue's feed by ITCH 5.0 over MoldUDP64, with its retransmission server, and its books by GLIMPSE 5.0. Without I/O and clock.

`MoldPublisher` cuts what is new of the feed into packets for both ways, and answers requests with what was sent; `glimpse` gives the messages of
an image. The third way to hear a feed, SoupBinTCP, is a `SoupPort` over the same numbered messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rushtrade.floor.numbered import NumberedMessages
from rushtrade.wire.errors import WireError
from rushtrade.wire.glimpse import encode_snapshot
from rushtrade.wire.moldudp64 import (
    REQUEST_MESSAGES_MAX,
    MoldPacket,
    decode_request,
    encode_packet,
)
from rushtrade.wire.moldudp64_layout import END_OF_SESSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rushtrade.wire.feed_packet import FeedPacket

PAYLOAD_BYTES_MAX: Final = 1_400
"""Message bytes of a packet: with all headers it still fits an Ethernet frame."""
BURST_PACKETS: Final = 200
"""Packets given out at a time: what a receiver's socket holds while it is busy."""


class MoldPublisher:
    """The packets of one feed."""

    def __init__(self, messages: NumberedMessages, session: str) -> None:
        self.packets = self.requests = self.refused = 0
        self._messages = messages
        self._session = session
        self._next = messages.next_number

    def due(self) -> Iterator[bytes]:
        """Give packets of what has not been sent yet, so many at a time."""
        for _ in range(BURST_PACKETS):
            if self._next >= self._messages.next_number:
                return
            self._next = max(self._next, self._messages.first)
            packet, self._next = self._packet(self._next, self._messages.next_number)
            self.packets += 1
            yield packet

    def heartbeat(self) -> bytes:
        """Say which number comes next."""
        return encode_packet(MoldPacket(self._session, self._next, 0, b""))

    def end(self) -> bytes:
        """Say that the session is over."""
        return encode_packet(MoldPacket(self._session, self._next, END_OF_SESSION, b""))

    def answer(self, request: bytes) -> list[bytes]:
        """Give packets that answer a request; none for one that is malformed, of another session, or of what was not sent or is gone."""
        try:
            asked = decode_request(request)
        except WireError:
            self.refused += 1
            return []
        first = asked.sequence
        behind = min(first + min(asked.count, REQUEST_MESSAGES_MAX), self._next)
        if asked.session.rstrip() != self._session or not self._messages.first <= first < behind:
            self.refused += 1
            return []
        self.requests += 1
        packets = []
        while first < behind:
            packet, first = self._packet(first, behind)
            packets.append(packet)
        return packets

    def _packet(self, first: int, behind: int) -> tuple[bytes, int]:
        """The packet that begins with a message, and the number behind it."""
        stop = min(self._messages.span(first, PAYLOAD_BYTES_MAX), behind)
        payload = self._messages.framed(first, stop - first)
        return encode_packet(MoldPacket(self._session, first, stop - first, payload)), stop


def glimpse(image: FeedPacket) -> NumberedMessages:
    """Give the messages of an image, the last of which names the first message of the feed that is not contained."""
    messages = NumberedMessages(len(image.payload) + PAYLOAD_BYTES_MAX)
    messages.append_framed(image.payload)
    messages.append(encode_snapshot(image.sequence))
    return messages
