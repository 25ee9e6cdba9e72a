"""Sockets for datagrams, and a ring of memory that takes as many of them as wait, in one call of the system where it has one.

`DatagramRing.receive` fills slots from the first on and says how many were filled; whoever asked reads them before asking again. Linux gives a batch
with `recvmmsg`; elsewhere, or when that is refused, datagrams are taken one by one. A slot holds the longest datagram
there is, so nothing is ever cut. Slots do not lie a power of two apart: their first bytes would all fall into the same lines
of the processor's cache.
"""

from __future__ import annotations

import ctypes
import socket
import sys
from typing import Final

import numpy as np

from rushtrade.wire.compiled import address_of

BATCH_PACKETS: Final = 256
"""Datagrams taken at a time: with full frames they and their messages stay in the processor's cache."""
SLOT_BYTES: Final = 65_536
STRIDE_BYTES: Final = SLOT_BYTES + 192
RECEIVE_BUFFER_BYTES: Final = 1 << 25
"""Asked of the system for each socket: some twenty thousand full packets; it may give less (net.core.rmem_max)."""
SO_RCVBUFFORCE: Final = 33
"""Linux: a buffer beyond the system's limit, for those who may."""
MULTICAST_HOPS: Final = 1
"""Multicast stays on the local network."""


class _Span(ctypes.Structure):
    """A place for bytes (`struct iovec`)."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Message(ctypes.Structure):
    """Where one datagram goes (`struct msghdr`)."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("spans", ctypes.c_void_p),
        ("spans_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Header(ctypes.Structure):
    """One of many datagrams to be received (`struct mmsghdr`)."""

    _fields_ = (("message", _Message), ("received", ctypes.c_uint32))


class DatagramRing:
    """Memory for a batch. `batched=False` takes the portable way, which tests hold to the other."""

    def __init__(self, packets: int = BATCH_PACKETS, *, batched: bool = True) -> None:
        self._room = packets
        self._memory = np.zeros(packets * STRIDE_BYTES, np.uint8)
        self.packets = address_of(self._memory)
        self._slots = [
            self._memory.data[begin : begin + SLOT_BYTES]
            for begin in range(0, packets * STRIDE_BYTES, STRIDE_BYTES)
        ]
        self._sizes = np.zeros(packets, np.uint32)
        self.sizes, self.sizes_stride = address_of(self._sizes), self._sizes.itemsize
        self._call = _recvmmsg() if batched else None
        if self._call is not None:
            self._prepare()

    @property
    def batched(self) -> bool:
        """Whether the system gives many datagrams at once."""
        return self._call is not None

    def _prepare(self) -> None:
        self._spans = (_Span * self._room)()
        self._headers = (_Header * self._room)()
        for place in range(self._room):
            span, message = self._spans[place], self._headers[place].message
            span.base, span.length = self.packets + place * STRIDE_BYTES, SLOT_BYTES
            message.spans, message.spans_count = ctypes.addressof(span), 1
        self.sizes = ctypes.addressof(self._headers) + _Header.received.offset
        self.sizes_stride = ctypes.sizeof(_Header)

    def receive(self, source: socket.socket) -> int:
        """Take the datagrams that wait at a socket, at most one batch; 0 when there are none. Never blocks."""
        if self._call is None:
            return self._receive_singly(source)
        taken: int = self._call(source.fileno(), self._headers, self._room, socket.MSG_DONTWAIT, None)
        return max(taken, 0)  # what is wrong with a socket shows as silence, which the line tells

    def _receive_singly(self, source: socket.socket) -> int:
        for place, slot in enumerate(self._slots):
            try:
                self._sizes[place] = source.recv_into(slot)
            except OSError:
                return place
        return self._room

    def datagram(self, place: int) -> bytes:
        """Copy one of the batch out."""
        size = ctypes.c_uint32.from_address(self.sizes + place * self.sizes_stride).value
        return bytes(self._slots[place][:size])


def _recvmmsg() -> ctypes._NamedFuncPointer | None:  # type: ignore[name-defined,unused-ignore]
    """The system's call for many datagrams, None where there is none."""
    if not sys.platform.startswith("linux"):
        return None
    call = getattr(ctypes.CDLL(None, use_errno=True), "recvmmsg", None)
    if call is not None:
        call.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
        call.restype = ctypes.c_int
    return call


def is_multicast(host: str) -> bool:
    """Whether an IPv4 address is a group's."""
    first = host.split(".", 1)[0]
    return first.isdigit() and 224 <= int(first) <= 239


def listening_socket(host: str, port: int, interface: str = "") -> socket.socket:
    """A UDP socket with room for a burst; `host` may be a multicast group, joined on `interface` (empty: the system's choice).

    Raises OSError when the port is taken or the group cannot be joined.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        _enlarge(listening)
        listening.setblocking(False)
        if is_multicast(host):
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host if sys.platform.startswith("linux") else "", port))
            member = socket.inet_aton(host) + socket.inet_aton(interface or "0.0.0.0")  # noqa: S104 - any interface
            listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        else:
            listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise OSError(error.errno, f"{error.strerror or error}: UDP {host}:{port}") from None
    return listening


def sending_socket(group: str = "", interface: str = "") -> socket.socket:
    """A UDP socket to send from; with a group, its packets stay on the local network and come back to this machine too."""
    sending = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sending.setblocking(False)
    if group:
        sending.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, MULTICAST_HOPS)
        sending.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        if interface:
            sending.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
    return sending


def _enlarge(listening: socket.socket) -> None:
    """Ask for a big buffer: by privilege if we have it, else as much as anybody may have."""
    try:
        listening.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
    except OSError:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
