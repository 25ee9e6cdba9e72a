"""The scenario rushtrade-2004 as it ships: built once, then read in every way there is.

The published figures stand here, in the test, and in the scenario's inputs. The report gets them from the books.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict

import pytest
from typer.testing import CliRunner

from rushtrade.app.data_directory import JOURNAL_FILE
from rushtrade.backoffice.books import Books
from rushtrade.backoffice.directory import Directory
from rushtrade.backoffice.folding import fold
from rushtrade.cli.journal_events import open_events
from rushtrade.cli.report import clearing_files, read_clearing_day, report, write_files
from rushtrade.cli.scenario import build, last_report, require_empty
from rushtrade.core.replay import restore, verify
from rushtrade.core.snapshot import state_hash
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.events import DayClosed, OrderFilled
from rushtrade.journal.reader import SqliteReader
from rushtrade.scenario.file import load_scenario

PUBLISHED = {
    "month": "2004-11",
    "prior_month": "2003-11",
    "rows": [
        {"metric": "customer_assets", "current": 56_350_508, "prior": 36_019_838, "change": "+56%"},
        {"metric": "trades_processed", "current": 16_467, "prior": 14_746, "change": "+11.7%"},
        {"metric": "shares_traded", "current": 243_495_204, "prior": 54_738_776, "change": "+345%"},
        {"metric": "customer_accounts", "current": 2_160, "prior": 1_187, "change": "+82%"},
    ],
}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """The data directory of the scenario, built once, and what building it came to."""
    directory = tmp_path_factory.mktemp("rushtrade-2004")
    return directory, build(load_scenario("rushtrade-2004"), directory, quiet=True)


def run(*words: str):
    return CliRunner().invoke(report, words)


def test_the_report_prints_the_published_figures_from_the_books(house):
    directory, _ = house
    printed = run("volume", "--month", "2004-11", "--data", str(directory), "--json")
    assert json.loads(printed.stdout) == PUBLISHED
    table = run("volume", "--month", "2004-11", "--data", str(directory)).stdout
    for text in ("+56%", "+11.7%", "+345%", "+82%", "$56,350,508", "Net liquidation value"):
        assert text in table


def test_assets_are_met_to_the_cent_and_not_only_to_the_dollar(house):
    found = last_report(load_scenario("rushtrade-2004"), house[0])
    assert abs(found.current.customer_assets - 56_350_508_000_000) <= 5_000
    assert abs(found.prior.customer_assets - 36_019_838_000_000) <= 5_000
    assert (found.current.sessions, found.prior.sessions) == (21, 19)


def test_a_count_that_shares_no_code_with_the_report_finds_the_same(house):
    """Distinct orders filled per trade date and shares per month, counted by the close that follows each fill."""
    orders, shares, seen, day_shares = defaultdict(int), defaultdict(int), {}, 0
    replaced = {}
    with SqliteReader(house[0] / JOURNAL_FILE) as reader, open_events(house[0]) as frames:
        assert reader.last().seq > 300
        for frame in frames:
            for entry in frame.entries:
                for event in entry.events:
                    replaced |= {event.order_id: event.replaces} if getattr(event, "replaces", 0) else {}
                    if isinstance(event, OrderFilled):
                        root = event.order_id
                        while root in replaced:
                            root = replaced[root]
                        seen[root] = True
                        day_shares += abs(event.signed_shares)
                    elif isinstance(event, DayClosed):
                        month = f"{dt.date.fromordinal(event.trade_date + 719_163):%Y-%m}"
                        orders[month] += len(seen)
                        shares[month] += day_shares
                        seen, day_shares = {}, 0
    assert {month: count for month, count in orders.items() if count} == {
        "2003-11": 14_746,
        "2004-11": 16_467,
    }
    assert (shares["2003-11"], shares["2004-11"]) == (54_738_776, 243_495_204)


def test_some_orders_are_not_trades_and_some_trades_are_many_fills(house):
    _, outcome = house
    assert outcome.executed_orders == 31_213
    assert outcome.orders > outcome.executed_orders + outcome.rejects
    assert outcome.rejects > 100
    assert outcome.fills > outcome.executed_orders
    assert outcome.balanced


def test_running_every_command_again_gives_the_same_events_and_state(house):
    directory, outcome = house
    with SqliteReader(directory / JOURNAL_FILE) as reader:
        again = verify(reader)
        assert again.commands == outcome.commands
        assert again.state_hash == outcome.state_hash
        state, next_seq = restore(reader)
        assert state_hash(state, next_seq).hex() == outcome.state_hash


def test_the_back_office_reads_the_same_books_as_the_house_keeps(house):
    directory, books = Directory(), Books()
    with open_events(house[0]) as frames:
        fold(frames, directory, books)
    with SqliteReader(house[0] / JOURNAL_FILE) as reader:
        state, _ = restore(reader)
    assert books.ledger.balances() == state.ledger.balances()
    assert books.prices() == state.risk.prices
    ours = {key: (held.shares, held.cost) for key, held in books.positions.items() if held.shares}
    theirs = {
        (account.account_id, key): (held.shares, held.cost)
        for account in state.accounts.values()
        for key, held in account.positions.items()
        if held.shares
    }
    assert ours == theirs
    assert {key: amount for key, amount in books.owned.items() if amount and key[1]} == {
        key: shares for key, (shares, _) in theirs.items()
    }


@pytest.mark.parametrize(
    "day", ["2003-11-03", "2003-11-28", "2003-12-03", "2004-05-28", "2004-11-01", "2004-11-30"]
)
def test_clearing_files_of_any_day_tie_to_executions_and_ledger(house, day):
    trade_date = dt.date.fromisoformat(day)
    clearing_day, books, directory = read_clearing_day(house[0], trade_date)
    _, wrong = clearing_files(clearing_day, books, directory)
    assert wrong == []
    assert bool(clearing_day.tickets) == (day[:7] in {"2003-11", "2004-11"})


def test_trades_of_the_first_november_settled_in_three_days(house):
    """The last trade date of November 2003 is Friday 28; T+3 is Wednesday, December 3."""
    before, _, _ = read_clearing_day(house[0], dt.date(2003, 12, 2))
    after, _, _ = read_clearing_day(house[0], dt.date(2003, 12, 3))
    assert {
        ticket.settlement_date for ticket in read_clearing_day(house[0], dt.date(2003, 11, 28))[0].tickets
    } == {dt.date(2003, 12, 3)}
    assert any(row.trade_date_shares != row.settled_shares for row in before.positions)
    assert all(row.trade_date_shares == row.settled_shares for row in after.positions)
    assert all(row.trade_date == row.settled for row in after.cash)


def test_clearing_blotter_and_trial_balance_come_from_the_command_line(house, tmp_path):
    directory, _ = house
    day = ("--date", "2004-11-30", "--data", str(directory))
    written = json.loads(run("clearing", *day, "--out", str(tmp_path / "out"), "--json").stdout)
    assert written["ties"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        f"2004-11-30.{kind}" for kind in ("trade.csv", "position.csv", "cash.csv", "manifest.json")
    )
    tickets = json.loads(run("blotter", *day, "--json").stdout)["tickets"]
    assert len(tickets) == written["tickets"]
    assert all(ticket["fills"] and ticket["transfers"] for ticket in tickets)
    balance = json.loads(run("trial-balance", "--data", str(directory), "--json").stdout)
    assert balance["balanced"]
    assert all(line["debit"] == line["credit"] for line in balance["lines"] if line["account"] == "total")


def test_files_that_were_sent_are_never_changed(tmp_path):
    files = {"2004-11-30.trade.csv": b"T,0\r\n", "2004-11-30.cash.csv": b"T,1\r\n"}
    write_files(tmp_path / "out", files)
    write_files(tmp_path / "out", files)
    with pytest.raises(InvalidInput, match=r"2004-11-30\.cash\.csv exists and holds something else"):
        write_files(tmp_path / "out", files | {"2004-11-30.cash.csv": b"T,2\r\n"})
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == files


def test_the_page_is_one_page_of_pdf_and_the_same_every_time(house, tmp_path):
    pages = []
    for name in ("one.pdf", "two.pdf"):
        words = ("volume", "--month", "2004-11", "--data", str(house[0]), "--pdf", str(tmp_path / name))
        assert run(*words).exit_code == 0
        pages.append((tmp_path / name).read_bytes())
    assert pages[0].startswith(b"%PDF-")
    assert pages[0] == pages[1]


def test_a_month_the_books_do_not_hold_is_refused_in_words(house):
    refused = run("volume", "--month", "2005-01", "--data", str(house[0]))
    assert refused.exit_code == 2
    assert "no trade date of 2005-01 was closed" in refused.stderr


def test_a_scenario_is_not_built_into_a_directory_that_holds_anything(house):
    with pytest.raises(InvalidInput, match="is not empty; a scenario founds a house of its own"):
        require_empty(house[0])
