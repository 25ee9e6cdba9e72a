"""A floor whose venues have empty books: nothing happens there but what a test sends."""

from rushtrade.floor.floor import Floor
from rushtrade.marketplace.flow import Flow
from rushtrade.marketplace.generator import OPENING, GeneratedFlow
from rushtrade.marketplace.market import Market
from rushtrade.rules.world_file import load_world
from rushtrade.wire import ouch50
from rushtrade.wire import soupbintcp as soup

SECOND = 1_000_000_000
SESSION = "DAY1"


def quiet_floor(seconds=3_600, messages_per_second=300):
    world = load_world("us-2026")
    source = GeneratedFlow(
        world.symbols, 11, last_time=OPENING + seconds * SECOND, messages_per_second=messages_per_second
    )
    flow = Flow(source, 0)
    floor = Floor(Market(world, flow.symbols, flow), SESSION)
    floor.open()
    return floor


class Client:
    """The other end of a SoupPort: what was said to it, message by message."""

    def __init__(self, port):
        self.port, self.soup, self.debugs = port, soup.SoupClient(), []

    def login(self, user="RUSH", session="", sequence=1):
        self.port.receive_data(self.soup.login(user, "", session, sequence))
        return self.read()

    def say(self, message):
        raw = message if isinstance(message, bytes) else ouch50.encode(message)
        self.port.receive_data(self.soup.send_unsequenced(raw))
        return self.read()

    def read(self):
        self.soup.receive_data(self.port.data_to_send())
        events = []
        while (event := self.soup.next_event()) is not None:
            if isinstance(event, soup.Debug):
                self.debugs.append(event.text)
            else:
                events.append(event)
        return events

    def heard(self, message):
        return [
            ouch50.decode_outbound(event.message)
            for event in self.say(message)
            if isinstance(event, soup.Sequenced)
        ]
