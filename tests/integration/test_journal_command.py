"""`rushtrade journal` over journal files that a house has written, that were damaged, and that were forged."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from rushtrade.app.data_directory import JOURNAL_FILE
from rushtrade.cli.journal import journal
from rushtrade.core.replay import restore
from rushtrade.core.snapshot import SNAPSHOT_FORMAT, state_hash
from rushtrade.domain import events as ev
from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.frames import FRAME_FORMAT, FrameBody, decode_body, encode_body
from rushtrade.journal.frame import Frame
from rushtrade.journal.reader import SqliteReader
from rushtrade.journal.sqlite import SqliteJournal
from support.order_words import Desk
from support.small_house import SmallHouse

DAY = """
asks A 10.00x100 · B 10.00x100
buy 150 RUSH 10.00 day as first
A works A1
B works B1
B fills B1 100 @ 10.00
A fills A1 50 @ 10.00
bids A 10.00x300
sell 100 RUSH 10.05 day as second
replace second limit 10.04 as third
A works A2
buy 0 RUSH 10.00 day as wrong
mark RUSH 9.99/10.01 last 10.00
link B down
close day
"""


def play(house: SmallHouse) -> None:
    house.found()
    accounts = [house.open_account(AccountKind.MARGIN, 10_000, short_permitted=True) for _ in range(2)]
    desk = Desk(house, accounts[1])
    for line in DAY.strip().splitlines():
        desk.play(line)


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """A data directory whose journal holds two epochs of a small house."""
    directory = tmp_path_factory.mktemp("house")
    with SqliteJournal(directory / JOURNAL_FILE) as file:
        file.new_epoch()
        play(SmallHouse(file))
    with SqliteJournal(directory / JOURNAL_FILE) as file:
        state, next_seq = restore(file)
        file.new_epoch()
        SmallHouse(file, state, next_seq).open_day(state.rules.settlement_date)
    return directory


@pytest.fixture
def house(written, tmp_path) -> Path:
    """The same, for a test to spoil."""
    shutil.copytree(written, tmp_path / "house")
    return tmp_path / "house"


def run(*arguments, code=0) -> str:
    result = CliRunner().invoke(journal, [str(one) for one in arguments])
    assert result.exit_code == code, result.output
    return result.output


def asked(*arguments, code=0) -> dict:
    return msgspec.json.decode(run(*arguments, "--json", code=code))


def entries(directory: Path) -> list[tuple[int, int]]:
    """Number and frame of every command, read from the file without the command."""
    with SqliteReader(directory / JOURNAL_FILE) as reader:
        bodies = [(frame.seq, decode_body(frame.body)) for frame in reader.frames()]
    return [(body.first_seq + place, frame) for frame, body in bodies for place in range(len(body.entries))]


# --- verify ----------------------------------------------------------------------------------------


def test_a_journal_as_written_is_sound_and_gives_the_same_events_again(written):
    found = asked("verify", "--data", written)
    assert found["sound"]
    assert found["findings"] == []
    assert found["replay"]["same"]
    assert found["replay"]["commands"] == len(entries(written))
    with SqliteReader(written / JOURNAL_FILE) as reader:
        assert found["replay"]["state_hash"] == state_hash(*restore(reader)).hex()
        assert found["last_hash"] == reader.last().hash.hex()
    told = run("verify", "--data", written)
    assert "SOUND" in told
    assert found["replay"]["state_hash"] in told


def test_the_chain_alone_can_be_checked(written):
    found = asked("verify", "--data", written, "--chain-only")
    assert found["sound"]
    assert found["replay"] is None


def test_a_flipped_bit_is_found_where_it_is(house):
    with sqlite3.connect(house / JOURNAL_FILE) as db:
        (body,) = db.execute("SELECT body FROM frames WHERE seq = 7").fetchone()
        triggers = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in triggers:
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE frames SET body = ? WHERE seq = 7", (body[:-1] + bytes([body[-1] ^ 1]),))
    found = asked("verify", "--data", house, code=1)
    assert not found["sound"]
    assert [finding.split(":")[:2] for finding in found["findings"]] == [["seq 7", " damaged"]]
    assert found["replay"] is None
    told = run("verify", "--data", house, code=1)
    assert "seq 7: damaged" in told
    assert "BROKEN" in told


def rewritten(written: Path, folder: Path, change) -> Path:
    """The same commands in a whole chain of their own, with events as `change` gives them."""
    with SqliteReader(written / JOURNAL_FILE) as reader, SqliteJournal(folder / JOURNAL_FILE) as file:
        epoch = file.new_epoch()
        for frame in reader.frames():
            body = decode_body(frame.body)
            entries = [
                msgspec.structs.replace(entry, events=[change(event) for event in entry.events])
                for entry in body.entries
            ]
            data = encode_body(FrameBody(body.first_seq, body.time_ns, entries))
            file.append(
                Frame.after(file.last(), format=FRAME_FORMAT, epoch=epoch, time_ns=frame.time_ns, body=data)
            )
    return folder


def test_events_that_the_commands_do_not_give_are_found_although_the_chain_is_whole(written, tmp_path):
    def richer(event):
        if isinstance(event, ev.CashTransferred):
            return msgspec.structs.replace(event, amount=event.amount + 1)
        return event

    rows = asked("show", "--data", written)["commands"]
    forged = next(row["seq"] for row in rows if row["command"]["type"] == "TransferCash")
    rewritten(written, tmp_path, richer)
    found = asked("verify", "--data", tmp_path, code=1)
    assert found["findings"] == []
    assert not found["sound"]
    assert f"command {forged}, event 0" in found["replay"]["difference"]
    assert "re-run differs" in run("verify", "--data", tmp_path, code=1)


def test_events_that_are_only_worded_otherwise_are_the_same_events(written, tmp_path):
    def reworded(event):
        if isinstance(event, ev.OrderRejected):
            return msgspec.structs.replace(event, text="as another release would say it")
        return event

    rewritten(written, tmp_path, reworded)
    found = asked("verify", "--data", tmp_path)
    assert found["sound"]
    assert found["replay"]["reworded"] == 1
    assert found["replay"]["state_hash"] == asked("verify", "--data", written)["replay"]["state_hash"]
    assert "1 of them are worded otherwise" in run("verify", "--data", tmp_path)


@pytest.mark.parametrize("command", ["verify", "show", "stats", "snapshot", "adopt"])
def test_where_no_journal_is_the_answer_says_so_and_none_is_made(command, tmp_path):
    assert "there is no journal" in run(command, "--data", tmp_path, code=2)
    assert "there is no journal" in asked(command, "--data", tmp_path, code=2)["error"]
    assert list(tmp_path.iterdir()) == []


# --- show ------------------------------------------------------------------------------------------


def test_show_gives_every_command_with_its_events_in_order(written):
    found = asked("show", "--data", written)
    assert [(row["seq"], row["frame"]) for row in found["commands"]] == entries(written)
    assert not found["more"]
    told = run("show", "--data", written).splitlines()
    assert told[0].startswith("-- frame 1, epoch 1, 2026-09-28T13:30:00")
    assert told[1].startswith("1 desk: OpenFirm name='Small House'")
    assert sum(line.startswith("-- frame") for line in told) == len({frame for _, frame in entries(written)})


@pytest.mark.parametrize("json", [True, False])
def test_a_range_is_found_wherever_it_begins(written, json):
    numbers = [seq for seq, _ in entries(written)]
    for first in (*numbers, numbers[-1] + 1):
        last = first + 2
        wanted = [seq for seq in numbers if first <= seq <= last]
        if json:
            found = [
                row["seq"]
                for row in asked("show", "--data", written, "--from", first, "--to", last)["commands"]
            ]
        else:
            lines = run("show", "--data", written, "--from", first, "--to", last).splitlines()
            found = [int(line.split()[0]) for line in lines if line[0].isdigit()]
        assert found == wanted


def test_no_more_than_the_limit_is_shown_and_the_rest_is_not_kept_quiet(written):
    found = asked("show", "--data", written, "--limit", 3)
    assert [row["seq"] for row in found["commands"]] == [1, 2, 3]
    assert found["more"]
    assert "more follow" in run("show", "--data", written, "--limit", 3).splitlines()[-1]
    exactly = len(entries(written))
    assert not asked("show", "--data", written, "--limit", exactly)["more"]


def types(found: dict) -> list[str]:
    return [row["command"]["type"] for row in found["commands"]]


def orders_of(written: Path) -> dict[str, int]:
    found = asked("show", "--data", written)
    named = [(row, row["command"]) for row in found["commands"]]
    return {
        command["client_order_id"]: row["seq"]
        for row, command in named
        if command["type"] in {"EnterOrder", "ReplaceOrder"}
    }


def test_an_order_is_followed_through_the_reports_of_its_children(written):
    orders = orders_of(written)
    first = asked("show", "--data", written, "--order", orders["first"])
    assert types(first) == [
        "EnterOrder",
        "ReportAccepted",
        "ReportAccepted",
        "ReportExecuted",
        "ReportExecuted",
    ]
    second = types(asked("show", "--data", written, "--order", orders["second"]))
    assert second[:3] == ["EnterOrder", "ReplaceOrder", "ReportAccepted"]
    refused = asked("show", "--data", written, "--order", orders["wrong"])
    assert [row["events"][0]["type"] for row in refused["commands"]] == ["OrderRejected"]


def test_an_account_is_followed_and_strangers_are_left_out(written):
    found = asked("show", "--data", written, "--account", 2)
    assert types(found)[:3] == ["OpenAccount", "TransferCash", "EnterOrder"]
    assert types(found).count("ReportExecuted") == 2
    other = asked("show", "--data", written, "--account", 1)
    assert types(other) == ["OpenAccount", "TransferCash"]
    assert asked("show", "--data", written, "--account", 99)["commands"] == []


def test_numbers_are_written_as_people_write_them_and_json_keeps_them_whole(written):
    seq = orders_of(written)["first"]
    told = run("show", "--data", written, "--from", seq, "--to", seq)
    assert "side=BUY" in told
    assert "limit_price=10.00" in told
    assert "hold_money=750.01" in told
    (row,) = asked("show", "--data", written, "--from", seq, "--to", seq)["commands"]
    assert row["command"]["terms"]["limit_price"] == 100_000
    assert row["command"]["stamp"]["levels"] == [[1, 100_000, 100], [3, 100_000, 100]]
    assert row["events"][0]["hold_money"] == 750_010_000


def test_a_range_that_ends_before_it_begins_is_refused(written):
    assert "--to 3 is before --from 9" in run("show", "--data", written, "--from", 9, "--to", 3, code=2)


# --- stats -----------------------------------------------------------------------------------------


def test_stats_count_everything_once(written):
    found = asked("stats", "--data", written)
    assert found["commands"] == len(entries(written)) == sum(found["by_command"].values())
    assert found["events"] == sum(found["by_event"].values())
    assert found["by_command"]["EnterOrder"] == 3
    assert found["by_event"]["OrderFilled"] == 2
    assert [(row["epoch"], row["first_frame"]) for row in found["epochs"]] == [
        (1, 1),
        (2, found["frames"] - 1),
    ]
    assert sum(row["frames"] for row in found["epochs"]) == found["frames"]
    with SqliteReader(written / JOURNAL_FILE) as reader:
        assert found["body_bytes"] == sum(len(frame.body) for frame in reader.frames())
    assert found["snapshots"] == []
    told = run("stats", "--data", written)
    assert "epoch 2: 2 frames" in told
    assert "EnterOrder" in told


def test_an_empty_journal_has_nothing_in_it(tmp_path):
    SqliteJournal(tmp_path / JOURNAL_FILE).close()
    assert asked("stats", "--data", tmp_path)["frames"] == 0
    assert "snapshots at frames: none" in run("stats", "--data", tmp_path)
    assert asked("show", "--data", tmp_path)["commands"] == []
    assert asked("verify", "--data", tmp_path)["sound"]


# --- snapshot --------------------------------------------------------------------------------------


def test_a_snapshot_holds_the_state_the_journal_tells(house):
    verified = asked("verify", "--data", house)
    found = asked("snapshot", "--data", house)
    assert found["state_hash"] == verified["replay"]["state_hash"]
    with SqliteReader(house / JOURNAL_FILE) as reader:
        kept = reader.newest_snapshot(SNAPSHOT_FORMAT)
        assert kept.seq == found["frame"] == reader.last().seq
        assert kept.state_hash.hex() == found["state_hash"]
    assert asked("stats", "--data", house)["snapshots"] == [found["frame"]]
    assert asked("verify", "--data", house)["sound"]
    assert "snapshot at frame" in run("snapshot", "--data", house)


def test_no_snapshot_is_taken_of_a_house_that_runs_but_it_can_be_read(house):
    with SqliteJournal(house / JOURNAL_FILE):
        assert "rushtrade: " in run("snapshot", "--data", house, code=2)
        assert asked("verify", "--data", house)["sound"]
        assert asked("show", "--data", house, "--limit", 1)["more"]


# --- adopt -----------------------------------------------------------------------------------------


def copied(written: Path, folder: Path) -> Path:
    """A copy of the journal made by SQLite itself, without its mark."""
    folder.mkdir()
    with sqlite3.connect(written / JOURNAL_FILE) as source, sqlite3.connect(folder / JOURNAL_FILE) as target:
        source.backup(target)
    return folder


def test_a_copy_is_adopted_only_when_somebody_says_so(written, tmp_path):
    house = copied(written, tmp_path / "copy")
    assert "mark beside" in run("snapshot", "--data", house, code=2)
    assert "--yes adopts it" in run("adopt", "--data", house, code=2)
    assert "mark beside" in run("snapshot", "--data", house, code=2)
    ends = len({frame for _, frame in entries(written)})
    assert f"ends at frame {ends}" in run("adopt", "--data", house, "--yes")
    assert asked("verify", "--data", house)["sound"]
    assert asked("snapshot", "--data", house)["frame"] == ends


def test_an_older_copy_is_adopted_with_what_it_lacks_named(written, tmp_path):
    house = copied(written, tmp_path / "copy")
    shutil.copy(written / f"{JOURNAL_FILE}.mark", house)
    with sqlite3.connect(house / JOURNAL_FILE) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("DELETE FROM frames WHERE seq = (SELECT max(seq) FROM frames)")
    assert "tail missing" in run("adopt", "--data", house, code=2)
    found = asked("adopt", "--data", house, "--yes")
    assert "were acknowledged" in found["lost"][0]
    assert asked("verify", "--data", house)["sound"]


def test_a_damaged_copy_is_not_adopted(house):
    with sqlite3.connect(house / JOURNAL_FILE) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE frames SET time_ns = time_ns + 1 WHERE seq = 7")
    assert "is damaged and cannot be adopted: seq 7" in run("adopt", "--data", house, "--yes", code=2)
