"""One packet of a venue's market-data line.

The shape is MoldUDP64's, without the session: a packet says the number of its first message and how many there
are, so that a reader sees duplicates and gaps. Knows nothing of what the messages say.

    count == 0   heartbeat: `sequence` is the number the next message will have
    book image   a stream that rebuilds a venue's books (R, then A in queue order): here `sequence` is the number of
                 the first *live* message that is not contained in the image
"""

from __future__ import annotations

import msgspec

MESSAGES, COLUMNS = 0, 1


class FeedPacket(msgspec.Struct, frozen=True):
    """Messages `sequence` … `sequence + count - 1` of the line of the venue with index `venue` (0-based).

    `payload` is the messages one after the other, each behind its length in two big-endian bytes. With `form` COLUMNS it is one
    row a message, as a feed that is not ITCH was decoded (`feeds.events.EVENT`); then a hole in the numbers is a row too.
    """

    venue: int
    sequence: int
    count: int
    payload: bytes
    form: int = MESSAGES
