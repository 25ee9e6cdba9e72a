"""A process of exchanges that outlives every broker: python house_exchanges.py SOCKET."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from rushtrade.marketplace.flow import Flow
from rushtrade.marketplace.generator import GeneratedFlow
from rushtrade.marketplace.host import Host
from rushtrade.marketplace.market import Market, load_kernels
from rushtrade.marketplace.server import ExchangeServer
from rushtrade.rules.world_file import load_world

LOOK_NS = 1_000_000
"""Every look at the clock is a millisecond later: the market lives about as fast as orders come."""


def main(path: Path) -> None:
    load_kernels()
    world = load_world("us-2026")
    flow = Flow(GeneratedFlow(world.symbols, 5), 0)
    market = Market(world, flow.symbols, flow)
    market.open()
    ticks = iter(range(flow.first_ns, 1 << 60, LOOK_NS))
    server = ExchangeServer(Host(market, "one life"), lambda: next(ticks))
    asyncio.run(server.serve_unix(path, lambda: print("ready", flush=True)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
