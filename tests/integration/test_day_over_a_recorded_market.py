"""`rushtrade day` over a recorded hour: what it prints, that it comes out the same, and what it leaves behind."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from typer.testing import CliRunner

from rushtrade.app.data_directory import JOURNAL_FILE
from rushtrade.cli.main import command_line
from rushtrade.core.replay import restore
from rushtrade.domain.orders import TimeInForce
from rushtrade.journal.reader import SqliteReader
from rushtrade.rules.calendar import new_york_calendar

pytestmark = pytest.mark.market_data

HOUR = "itch/AAPL_2012-06-21_0930_1030.from_lobster.itch50.gz"
PREFIX_0 = "itch/ex20101224.TEST_ITCH_50.gz"
DATE = "2026-11-20"
MEASURED = ("seconds", "messages_per_second", "commands_per_second")
PROMISED = {
    "messages", "orders", "rejects", "fills", "shares", "by_route", "balanced", "state_hash", "seconds",
    "effective_cost", "fees", "profit", "trial_balance",
}  # fmt: skip


def run(*arguments):
    return CliRunner().invoke(command_line(["day", "journal", "report"]), [str(word) for word in arguments])


def told(*arguments):
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def day(file, *options):
    return told("day", "--market", file, "--date", DATE, *options)


def end_of(directory):
    with SqliteReader(directory / JOURNAL_FILE) as reader:
        return reader.last()


def without_the_watch(report):
    return {name: value for name, value in report.items() if name not in MEASURED}


@pytest.fixture(scope="module")
def kept(shared_data, tmp_path_factory):
    """One day of 40 customers over the hour, kept in a directory."""
    out = tmp_path_factory.mktemp("day") / "house"
    return out, day(shared_data / HOUR, "--accounts", 40, "--seed", 7, "--out", out)


def test_the_report_holds_what_was_promised_and_adds_up(kept):
    _, report = kept
    assert report.keys() >= PROMISED
    assert report["messages"] == 88_043
    assert report["balanced"] is True
    assert report["anomalies"] == 0
    assert report["trial_balance"] == {"USD": 0, "AAPL": 0}
    assert report["orders"] > 500
    assert report["fills"] == sum(row["fills"] for row in report["by_route"].values()) > 100
    assert report["shares"] == sum(row["shares"] for row in report["by_route"].values())
    assert 0 < sum(report["rejects"].values()) < report["orders"]
    assert report["expired"] > 0, "day orders that stand at the close expire"


def test_the_same_seed_gives_the_same_day_and_another_one_another(kept, shared_data):
    _, report = kept
    again = day(shared_data / HOUR, "--accounts", 40, "--seed", 7)
    assert again["clearing_files"] == []
    assert without_the_watch(report) | {"clearing_files": []} == without_the_watch(again)
    other = day(shared_data / HOUR, "--accounts", 40, "--seed", 8)
    assert other["balanced"] is True
    assert other["state_hash"] != report["state_hash"]


def test_the_kept_journal_re_runs_to_the_hash_that_was_printed(kept):
    out, report = kept
    found = told("journal", "verify", "--data", out)
    assert report["state_hash"] in json.dumps(found)


def test_what_the_day_leaves_open_waits_for_the_next(kept):
    out, _ = kept
    with SqliteReader(out / JOURNAL_FILE) as reader:
        state, _ = restore(reader)
    assert state.blotter.orders, "seed 7 leaves good-till-cancelled orders"
    for order in state.blotter.orders.values():
        assert (order.terms.time_in_force, order.children) == (TimeInForce.GTC, {})
        assert order.routing_needed
    assert not state.day_is_open


def test_the_clearing_files_beside_it_are_those_of_the_report_command(kept, tmp_path):
    out, report = kept
    again = told("report", "clearing", "--date", DATE, "--data", out, "--out", tmp_path)
    assert again["ties"] is True
    assert [path.rpartition("/")[2] for path in again["files"]] == report["clearing_files"]
    for name in report["clearing_files"]:
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes()


def test_blotter_and_trial_balance_read_the_same_day(kept):
    out, report = kept
    blotter = told("report", "blotter", "--date", DATE, "--data", out)
    assert sum(len(ticket["fills"]) for ticket in blotter["tickets"]) == report["fills"]
    assert sum(ticket["quantity"] for ticket in blotter["tickets"]) == report["shares"]
    for options in ((), ("--date", DATE)):
        assert told("report", "trial-balance", "--data", out, *options)["balanced"] is True


def test_a_directory_that_holds_a_house_takes_no_second_day(kept, shared_data):
    out, _ = kept
    before = end_of(out)
    refused = run("day", "--market", shared_data / HOUR, "--out", out, "--json")
    assert refused.exit_code == 2
    assert "already holds a house" in json.loads(refused.stdout)["error"]
    assert end_of(out) == before


def test_nobody_trades_and_the_day_closes(shared_data):
    report = day(shared_data / HOUR, "--accounts", 0)
    assert (report["orders"], report["fills"], report["accounts"]) == (0, 0, 0)
    assert (report["messages"], report["balanced"], report["profit"]) == (88_043, True, "0.00")


def test_one_customer_is_a_market_too(shared_data):
    report = day(shared_data / HOUR, "--accounts", 1)
    assert report["orders"] > 0
    assert report["balanced"] is True


def test_a_file_whose_lengths_were_never_filled_in_is_read_by_its_message_types(shared_data):
    report = day(shared_data / PREFIX_0, "--accounts", 10, "--seed", 7)
    assert report["messages"] == 12_012
    assert report["trial_balance"] == {"USD": 0, "ALC": 0, "BOB": 0, "CHAR": 0}
    assert report["balanced"] is True


def test_without_a_date_it_is_the_last_trading_day(shared_data):
    report = told("day", "--market", shared_data / HOUR, "--accounts", 0)
    assert new_york_calendar().is_session(dt.date.fromisoformat(report["trade_date"]))


def test_a_person_reads_a_table(kept, shared_data):
    shown = run("day", "--market", shared_data / HOUR, "--accounts", 2, "--date", DATE)
    assert shown.exit_code == 0
    for words in ("88,043", "zero in every asset", "state hash", "by route", "rejected"):
        assert words in shown.stdout
    assert "trading on AAPL" in shown.stderr, "the progress bar is no part of the answer"
