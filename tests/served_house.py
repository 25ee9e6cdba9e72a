"""A cardboard house served on a loopback port by the very server settings of the product, in a thread of its own.

The house lives on the server's event loop; a test pulls its strings there through `call`.
"""

import asyncio
import contextlib
import threading

import uvicorn
import uvloop

from api_house import standing_house
from rushtrade.app.application import build, server_settings
from support.waiting import PATIENCE_S


class Served:
    """A running server: `url`, `ws_url`, and the house behind it."""

    def __init__(self, house, app, loop, port):
        self.house = house
        self.hub = app.state.updates
        self.market_hub = app.state.market_hub
        self.workstations = app.state.hub
        self.sessions = app.state.sessions
        self._loop = loop
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.ws_url = f"ws://127.0.0.1:{port}"

    def call(self, function, *arguments):
        """Run a function of the house where it lives, and wait for it."""

        async def run():
            return function(*arguments)

        return self.do(run())

    def do(self, work):
        """Have a coroutine of the house done where it lives, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=PATIENCE_S)


@contextlib.contextmanager
def served(*, before=lambda house: None, **settings):
    """Serve a standing house until the block ends; `before` may change it first."""
    house = standing_house(**settings)
    before(house)
    started = threading.Event()
    found = []

    async def serve():
        app = build(house.ports())
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", **server_settings()))
        serving = asyncio.create_task(server.serve())
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn offers no event to wait for
            await asyncio.sleep(0.005)
        found.extend((server, app, asyncio.get_running_loop(), server.servers[0].sockets[0].getsockname()[1]))
        started.set()
        await serving

    thread = threading.Thread(target=lambda: uvloop.run(serve()), name="served house")
    thread.start()
    assert started.wait(PATIENCE_S), "the server did not start"
    server, app, loop, port = found
    try:
        yield Served(house, app, loop, port)
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "the server did not stop"
