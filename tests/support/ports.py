"""Ports for what must be told its port before it opens one: each belongs to one test process for as long as it lives.

Theory of operation. The numbers lie below those the system hands out by itself, so no connection takes one by chance. They are dealt in
blocks; the last port of a block is bound by whoever has claimed it and let go by the system when that process ends. So two test
processes never have the same block, and a port that was found free stays free until it is used.
"""

from __future__ import annotations

import itertools
import os
import socket
from pathlib import Path

HOST = "127.0.0.1"
BLOCK = 32
"""Ports of a block, with the one that is the claim: two exchanges need twenty."""
FIRST = 12_000
KINDS = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_claims: list[socket.socket] = []


def claim_ports(count: int = 4) -> int:
    """Give the first of some ports in a row that nobody else uses, by datagrams or by streams."""
    assert count < BLOCK
    below = min(int(RANGE.read_text().split()[0]) if RANGE.exists() else 32_768, 32_768)
    starts = range(FIRST, below - BLOCK, BLOCK)
    if not starts:
        starts = range(60_000, 65_536 - BLOCK, BLOCK)
    begin = os.getpid() * 37 % len(starts)
    for first in itertools.chain(starts[begin:], starts[:begin]):
        if _claimed(first + BLOCK - 1) and all(_is_free(first + place) for place in range(count)):
            return first
    raise AssertionError(f"no {count} ports in a row are free from {starts.start} to {starts.stop}")


def _claimed(port: int) -> bool:
    claim = socket.socket()
    try:
        claim.bind((HOST, port))
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True


def _is_free(port: int) -> bool:
    for kind in KINDS:
        with socket.socket(socket.AF_INET, kind) as one:
            try:
                one.bind((HOST, port))
            except OSError:
                return False
    return True
