"""`rushtrade market reference` as people use it: import, ask, export, and what is refused."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from rushtrade.cli.market_reference import app
from rushtrade.ticks.recorder import PacketRecorder
from rushtrade.ticks.writer import TickWriter
from rushtrade.wire import itch50
from rushtrade.wire.feed_packet import FeedPacket
from rushtrade.wire.framing import frame_all
from support.stored_days import DAY, MIDNIGHT

WRITTEN = """
[[listing]]
listing = "RUSH"
[[listing.row]]
from = 2001-01-02
to = 2026-10-30
symbol = "TRGR"
name = "Terra Example"
equity_class = "nasdaq"
kind = "common"
primary = "NASDAQ"
round_lot = 100
source = "notice 17"
[[listing.row]]
from = 2026-11-02
symbol = "RUSH"
name = "Rush Example Holdings"
equity_class = "nasdaq"
kind = "common"
primary = "NASDAQ"
round_lot = 10
easy_to_borrow = false
source = "notice 18"

[[special_day]]
mic = "IEXG"
day = 2026-11-20
pre_open = "09:00"
open = "09:30"
close = "11:00"
post_close = "11:00"
source = "a drill"
"""


@pytest.fixture
def center(tmp_path):
    """A data center's directory into which a file was imported."""
    (tmp_path / "given.toml").write_text(WRITTEN)
    assert asked(tmp_path, "import", str(tmp_path / "given.toml"))["held"] == {
        "listings": 1,
        "special_days": 1,
    }
    return tmp_path


def asked(center, *words):
    done = CliRunner().invoke(app, [*words, "--data", str(center), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def said(center, *words):
    done = CliRunner().invoke(app, [*words, "--data", str(center)])
    assert done.exit_code == 0, done.output
    return " ".join(done.stdout.split())


def refused(center, *words):
    done = CliRunner().invoke(app, [*words, "--data", str(center), "--json"])
    assert done.exit_code == 2, done.output
    return json.loads(done.stdout)["error"]


def test_a_symbol_is_shown_as_it_was_on_a_day_with_its_whole_history(center):
    shown = asked(center, "show", "RUSH", "--on", "2026-11-20")
    meant = shown["on_day"]
    assert (meant["listing"], meant["round_lot"], meant["easy_to_borrow"], meant["source"]) == (
        *("RUSH", 10, False),
        "notice 18",
    )
    assert meant["tick"] == {"from_price": "1.00", "increment": "0.01", "increment_below": "0.0001"}
    assert [(row["symbol"], row["from"], row["to"]) for row in shown["rows"]] == [
        ("TRGR", "2001-01-02", "2026-10-30"),
        ("RUSH", "2026-11-02", None),
        ("RUSH", "2026-01-02", "2027-12-31"),
    ]
    assert "hard to borrow" in said(center, "show", "RUSH", "--on", "2026-11-20")
    assert "means nothing on" in said(center, "show", "TRGR")
    assert "it is known for 2001-01-02 to 2026-10-30" in refused(center, "show", "TRGR", "--on", "2026-11-20")


def test_stored_days_are_read_with_the_file(center):
    letters = ("N", "D", 100, "N", "C", "Z", "P", "N", "N", "2", "N", 0, "N")
    said_by_venue = [
        itch50.StockDirectory(1, 0, 1, "NEWS", *letters),
        itch50.StockTradingAction(1, 0, 2, "NEWS", "H", "", "T12"),
    ]
    with TickWriter(center / "ticks", DAY) as writer:
        recorder = PacketRecorder(writer, ["NYSE"], MIDNIGHT)
        recorder.packet(
            FeedPacket(0, 1, 2, frame_all([itch50.encode(each) for each in said_by_venue])), MIDNIGHT
        )
        writer.flush(1)
    shown = asked(center, "show", "NEWS", "--on", str(DAY))
    assert (shown["on_day"]["source"], shown["on_day"]["tier"]) == ("directory of NYSE", 2)
    assert [(each["state"], each["reason"]) for each in shown["states"]] == [("halted", "T12")]
    listed = {row["symbol"]: row for row in asked(center, "list", "--on", str(DAY))["instruments"]}
    assert listed["NEWS"]["primary"] == "NYSE"
    assert listed["RUSH"]["source"] == "notice 18"
    assert listed["AAPL"]["source"] == "world us-2026"
    learned = asked(center, "export", "--learned")["rows"]
    assert {"NEWS", "RUSH", "TRGR", "AAPL"} <= {row["symbol"] for row in learned}


def test_hours_show_special_days_with_their_source(center):
    rows = {row["mic"]: row for row in asked(center, "hours", "--on", "2026-11-20")["hours"]}
    assert (rows["IEXG"]["close"], rows["IEXG"]["source"]) == ("11:00", "a drill")
    assert (rows["XNAS"]["pre_open"], rows["XNAS"]["post_close"]) == ("04:00", "20:00")
    assert "half day" in said(center, "hours", "--on", "2026-11-26", "--until", "2026-11-27")


def test_what_is_exported_can_be_imported_elsewhere(center, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    done = CliRunner().invoke(app, ["export", str(other / "out.toml"), "--data", str(center)])
    assert done.exit_code == 0
    asked(other, "import", str(other / "out.toml"))
    assert (other / "reference.toml").read_bytes() == (center / "reference.toml").read_bytes()


def test_an_import_adds_to_what_is_there_unless_it_is_to_replace_it(center):
    (center / "more.toml").write_text(WRITTEN.replace('"RUSH"', '"SOON"').replace('"TRGR"', '"LATE"'))
    assert asked(center, "import", str(center / "more.toml"))["held"]["listings"] == 2
    assert asked(center, "import", str(center / "more.toml"), "--replace")["held"]["listings"] == 1


def test_what_cannot_be_used_is_refused_and_changes_nothing(center):
    before = (center / "reference.toml").read_bytes()
    (center / "bad.toml").write_text(WRITTEN.replace('listing = "RUSH"', 'listing = "TWIN"'))
    assert "end one of them before the other begins" in refused(center, "import", str(center / "bad.toml"))
    assert "cannot be read" in refused(center, "import", str(center / "none.toml"))
    assert (center / "reference.toml").read_bytes() == before
    assert "no listing ever had that symbol" in refused(center, "show", "NOPE")
    assert "nobody trades" in refused(center, "hours", "--on", "2026-11-21")
    assert "is not within 366 days" in refused(center, "hours", "--on", "2026-11-20", "--until", "2028-01-03")
    assert "not a calendar date" in refused(center, "list", "--on", "soon")
    assert refused(center, "show", "RUSH", "--ticks", str(center / "nowhere"))
