"""A process that serves the exchanges of a generated market on a Unix socket: python exchange_serve.py SOCKET."""

import asyncio
import sys
from pathlib import Path

from rushtrade.marketplace.flow import Flow
from rushtrade.marketplace.generator import GeneratedFlow
from rushtrade.marketplace.host import Host
from rushtrade.marketplace.market import Market
from rushtrade.marketplace.server import ExchangeServer
from rushtrade.rules.world_file import load_world


def main(path):
    world = load_world("us-2026")
    flow = Flow(GeneratedFlow(world.symbols, 5), 0)
    market = Market(world, flow.symbols, flow)
    market.open()
    start = flow.first_ns
    ticks = iter(range(start, 1 << 48, 100_000))  # every look at this clock is a tenth of a millisecond later
    server = ExchangeServer(Host(market, "life-1"), lambda: next(ticks))
    asyncio.run(server.serve_unix(Path(path), lambda: print("ready", flush=True)))


if __name__ == "__main__":
    main(sys.argv[1])
