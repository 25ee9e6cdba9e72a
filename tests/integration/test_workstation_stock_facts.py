"""A stock's state on the workstation's socket: halts, the short-sale test, auctions, participants; the day's lists; the steering of a replay."""

import msgspec
import pytest
from test_api_workstation import PASSWORD, on_page

from api_house import AAPL, ACCOUNT
from rushtrade.api.credentials import hash_password
from rushtrade.archive.replay import ReplayPosition
from rushtrade.domain.errors import InvalidInput
from rushtrade.wire import itch50
from served_house import served

STOCK = "AAPL    "
FIRST, LAST = 1_000_000_000_000, 2_000_000_000_000


class ScriptedReplay:
    """A replay that only notes what it was told."""

    def __init__(self):
        self.told = []
        self.state, self.speed, self.time_ns, self.messages = "paused", 1.0, FIRST, 0

    def position(self):
        return ReplayPosition(
            trade_date="2026-11-20", state=self.state, time_ns=self.time_ns, first_ns=FIRST, last_ns=LAST,
            speed=self.speed, messages=self.messages, whole_tape=True, venues=["NASDAQ"],
        )  # fmt: skip

    def play(self, speed=None):
        if speed is not None and speed > 100:
            raise InvalidInput("speed 1000 is not 0 up to 100")
        self.told.append(("play", speed))
        self.state, self.speed = "playing", self.speed if speed is None else speed
        return self.position()

    def pause(self):
        self.told.append(("pause",))
        self.state = "paused"
        return self.position()

    def seek(self, time_ns):
        self.told.append(("seek", time_ns))
        self.messages = 0 if time_ns < self.time_ns else self.messages + 1
        self.time_ns = time_ns
        return self.position()

    def step(self, messages=1):
        self.told.append(("step", messages))
        self.messages += messages
        return self.position()


@pytest.fixture(scope="module")
def server():
    with served() as running:
        hashed = hash_password(PASSWORD)
        running.house.keys.add_user("demo", hashed, (ACCOUNT,))
        running.house.keys.add_user("viewer", hashed, (ACCOUNT,), ("read",))
        running.house.keys.add_user("desk", hashed, (ACCOUNT,), ("read", "trade", "market_data", "operate"))
        running.sessions._of_user.burst = running.sessions._of_address.burst = 10_000
        yield running


@pytest.fixture
def replay(server):
    """The house plays a stored day."""
    found = ScriptedReplay()
    desk = server.workstations.desk
    before, desk.ports = desk.ports, msgspec.structs.replace(desk.ports, replay=found)
    yield found
    desk.ports = before
    server.workstations._replay = (0.0, None, b"")


async def told(page, kind, which=lambda push: True):
    """The first push of a kind that is wanted, also one that came before."""
    return await page.until(lambda: next((each for each in page.of(kind) if which(each)), None))


def say(server, *messages):
    server.call(server.house.feed.say, 0, *messages)


def test_a_halt_is_told_with_its_reason_in_words(server):
    async def script(page):
        await page.ok("stock", symbols=["AAPL"])
        first = await told(page, "stock")
        say(server, itch50.StockTradingAction(AAPL, 0, 1, STOCK, "H", " ", "T1  "))
        halted = await told(page, "stock", lambda push: push["trading"]["code"] == "H")
        say(server, itch50.StockTradingAction(AAPL, 0, 2, STOCK, "T", " ", "    "))
        return first, halted

    first, halted = on_page(server, script)
    assert first["known"]
    assert halted["trading"] | {"since_us": 0} == {
        "code": "H", "text": "halted", "reason": "T1", "reason_text": "news pending", "since_us": 0,
    }  # fmt: skip
    assert {"venue": 0, "trading": "H", "operational": ""} in halted["venues"]


def test_the_short_sale_test_and_an_imbalance_are_told(server):
    async def script(page):
        say(
            server,
            itch50.RegShoRestriction(AAPL, 0, 3, STOCK, "1"),
            itch50.NetOrderImbalance(
                AAPL, 0, 3, 5_000, 700, "B", STOCK, 1_871_000, 1_872_000, 1_870_000, "C", "1"
            ),
        )
        await page.ok("stock", symbols=["AAPL"])
        return await told(page, "stock", lambda push: push["imbalances"])

    found = on_page(server, script)
    assert found["short_sale"]["text"] == "restricted from today"
    (row,) = found["imbalances"]
    assert row | {"time_us": 0} == {
        "venue": 0, "cross": "closing", "direction": "buy", "imbalance": 700, "paired": 5_000, "reference": "187.00",
        "near": "187.20", "far": "187.10", "time_us": 0,
    }  # fmt: skip


def test_the_montage_by_participant_names_who_is_attributed(server):
    async def script(page):
        say(
            server,
            itch50.AddOrderAttributed(AAPL, 0, 4, 9_001, "B", 300, STOCK, 1_870_500, "GSCO"),
            itch50.AddOrderAttributed(AAPL, 0, 4, 9_002, "B", 200, STOCK, 1_870_500, "GSCO"),
            itch50.AddOrder(AAPL, 0, 4, 9_003, "B", 50, STOCK, 1_870_500),
        )
        await page.ok("stock", symbols=["AAPL"])
        return await told(page, "stock", lambda push: any(row[0] == "GSCO" for row in push["bids"]))

    found = on_page(server, script)
    mine = [row for row in found["bids"] if row[2] == "187.05"]
    assert mine == [["GSCO", 0, "187.05", 500, 2], ["", 0, "187.05", 50, 1]]


def test_nothing_is_told_to_whoever_has_no_market_data(server):
    async def script(page):
        return await page.error("stock", symbols=["AAPL"]), await page.error("list", kind="gainers")

    for refused in on_page(server, script, "viewer"):
        assert refused["reason"] == "not_permitted"


def test_lists_of_the_day_and_an_unknown_one(server):
    async def script(page):
        return await page.ok("list", kind="most_active_volume", top=5), await page.error("list", kind="best")

    found, refused = on_page(server, script)
    assert found["list"] == "most_active_volume"
    assert "there is no list 'best'" in refused["message"]


# --- a replay ---------------------------------------------------------------------------------------------------


def test_where_nothing_is_replayed_nothing_can_be_steered(server):
    async def script(page):
        return await page.error("replay", action="pause"), page.of("replay")

    refused, pushed = on_page(server, script, "desk")
    assert "nothing is replayed here" in refused["message"]
    assert pushed == []


def test_a_replay_is_shown_to_everybody_and_steered_by_the_desk_alone(server, replay):
    async def script(page):
        shown = await page.until(lambda: page.of("replay"))
        return shown[0], await page.error("replay", action="play")

    shown, refused = on_page(server, script)
    assert (shown["state"], shown["speed"], shown["time_us"]) == ("paused", "1", FIRST // 1_000)
    assert refused["reason"] == "not_permitted"
    assert replay.told == []


def test_a_desk_plays_pauses_steps_and_goes_forward(server, replay):
    async def script(page):
        playing = await page.ok("replay", action="play", speed="max")
        await told(page, "replay", lambda push: push["state"] == "playing")
        await page.ok("replay", action="pause")
        await page.ok("replay", action="step", messages=7)
        return playing, await page.ok("replay", action="seek", time_us=LAST)  # beyond the end: the end

    playing, sought = on_page(server, script, "desk")
    assert playing["speed"] == "max"
    assert sought["time_us"] == LAST // 1_000
    assert replay.told == [("play", 0.0), ("pause",), ("step", 7), ("seek", LAST)]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"action": "play", "speed": "-1"}, "speed '-1' is not 'max' or a number above 0."),
        ({"action": "play", "speed": "nan"}, "speed 'nan' is not 'max' or a number above 0."),
        ({"action": "play", "speed": "0"}, "speed '0' is not 'max' or a number above 0."),
        ({"action": "play", "speed": "1000"}, "speed 1000 is not 0 up to 100."),
        ({"action": "seek"}, "seek needs time_us."),
    ],
)
def test_what_a_replay_cannot_do_is_refused_in_words(server, replay, body, said):
    async def script(page):
        return await page.error("replay", **body)

    assert on_page(server, script, "desk")["message"] == said


def test_behind_a_step_back_in_time_pages_begin_anew(server, replay):
    replay.time_ns, replay.messages, replay.state = LAST, 500, "ended"

    async def script(page):
        await page.until(lambda: page.of("replay"))
        await page.ok("replay", action="seek", time_us=FIRST // 1_000)
        await page.socket.wait_closed()
        return page.socket.close_code

    assert on_page(server, script, "desk") == 4410
    assert replay.told == [("pause",), ("seek", FIRST)]
