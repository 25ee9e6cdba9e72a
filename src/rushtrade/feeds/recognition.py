"""Which kind of feed a file is, seen from its first bytes; never from its name."""

from __future__ import annotations

from pathlib import Path

from rushtrade.feeds.capture_feed import CaptureFeed
from rushtrade.feeds.captures import PCAP_MAGIC, PCAPNG_MAGIC
from rushtrade.feeds.dbn import MAGIC, VERSIONS, DbnFeed
from rushtrade.feeds.events import Feed
from rushtrade.feeds.itch_stream import ItchStream
from rushtrade.feeds.source import Source
from rushtrade.feeds.text_feeds import TextFeed, recognise
from rushtrade.wire.errors import MalformedError
from rushtrade.wire.itch50 import LENGTHS

PEEK_BYTES, PEEKS_MAX = 1 << 18, 16
"""How much of a capture is looked at for the first packets of a feed."""
KINDS = (
    "ITCH 5.0, pcap and pcapng captures (ITCH 5.0, Nasdaq BBO, Last Sale Plus, UQDF, CQS, CTS, IEX DEEP and TOPS, "
    "SoupBinTCP), DBN, LOBSTER, TAQ quotes and trades, daily bars"
)


def container(head: bytes) -> str:
    """What the bytes of a file are wrapped in: pcap, pcapng, or nothing."""
    if head[:4] in PCAP_MAGIC:
        return "pcap"
    return "pcapng" if head[:4] == PCAPNG_MAGIC else ""


def feed_for(head: bytes) -> Feed:
    """Give the feed that reads a file which begins with `head`. Raises MalformedError when none does."""
    if container(head):
        return CaptureFeed()
    if head[:3] == MAGIC and head[3:4] and head[3] in VERSIONS:
        return DbnFeed()
    if _is_itch(head):
        return ItchStream()
    first = head.split(b"\n", 1)[0].decode("latin-1")
    if recognise(first) is not None:
        return TextFeed(first)
    begins = f"begins with {head[:12]!r}" if head else "is empty"
    raise MalformedError(f"no known kind of feed: the file {begins}; known are {KINDS}")


def line_feed_for(head: bytes) -> Feed:
    """Give the feed that reads a file as a line: of a capture, two ways made one. Raises MalformedError when none does."""
    return CaptureFeed(whole=True) if container(head) else feed_for(head)


def kind_of(path: Path | str) -> str:
    """What kind of feed a file holds, by its beginning; several are joined by `+`. Raises WireError when it cannot be read."""
    with Source(path) as source:
        feed: Feed | None = None
        for piece, _ in zip(source.pieces(PEEK_BYTES), range(PEEKS_MAX), strict=False):
            feed = feed or feed_for(piece)
            feed.feed(piece)
            if feed.kind != CaptureFeed().kind:
                break
        return (feed or feed_for(b"")).kind


def _is_itch(head: bytes) -> bool:
    """Whether the file begins with a message behind its length, which may not have been filled in."""
    if len(head) < 3:
        return False
    length = LENGTHS.get(head[2])
    return length is not None and int.from_bytes(head[:2], "big") in (0, length)
