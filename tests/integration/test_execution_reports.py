"""Reports of execution quality over a played house: they add up to its executions, whatever they are grouped by."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from rushtrade.cli.main import command_line
from support.itch_pieces import generated

DATE = "2026-11-20"


def run(*words, code=0):
    done = CliRunner().invoke(command_line([words[0]]), [*map(str, words)])
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A house with one closed day, and what that day said of itself."""
    directory = tmp_path_factory.mktemp("quality")
    market = directory / "market.itch"
    market.write_bytes(generated(stocks=3, seconds=30))
    words = [
        "day",
        "--market",
        market,
        "--accounts",
        30,
        "--date",
        DATE,
        "--out",
        directory / "house",
        "--json",
    ]
    return directory / "house", json.loads(run(*words))


@pytest.mark.parametrize("by", ["route", "strategy", "symbol"])
def test_a_scorecard_adds_up_to_the_days_executions_and_costs_what_the_day_cost(played, by):
    house, day = played
    card = json.loads(run("dart", "scorecard", "--data", house, "--by", by, "--json"))
    assert card["total"]["filled"] == day["shares"] == sum(row["filled"] for row in card["rows"])
    assert card["total"]["executions"] == day["fills"]
    assert Decimal(card["total"]["venue_fees"]) == Decimal(day["venue_fees"])
    assert round(Decimal(card["total"]["slippage"]), 2) == Decimal(day["effective_cost"])
    for name in ("cost", "slippage", "venue_fees"):
        assert sum(Decimal(row[name]) for row in card["rows"]) == Decimal(card["total"][name])
    if by == "route":
        assert {row["name"]: row["filled"] for row in card["rows"] if row["filled"]} == {
            name: line["shares"] for name, line in day["by_route"].items() if line["shares"]
        }


def test_the_picture_is_well_formed_and_has_a_bar_or_a_word_for_every_row(played, tmp_path):
    house, _ = played
    card = json.loads(run("dart", "scorecard", "--data", house, "--json", "--svg", tmp_path / "cost.svg"))
    root = ET.fromstring((tmp_path / "cost.svg").read_text())
    text = " ".join(root.itertext())
    assert all(row["name"] in text and (row["cost_mils"] or "not known") in text for row in card["rows"])


def test_days_without_orders_give_an_empty_scorecard(played):
    house, _ = played
    card = json.loads(run("dart", "scorecard", "--data", house, "--from", "2026-11-21", "--json"))
    assert (card["orders"], card["rows"], card["total"]["cost_mils"]) == (0, [], None)


def test_the_routing_report_counts_every_order_the_house_took(played, tmp_path):
    house, day = played
    words = ("report", "606", "--quarter", "2026Q4", "--data", house)
    found = json.loads(run(*words, "--json", "--xml", tmp_path / "a.xml", "--html", tmp_path / "a.html"))
    (month,) = found["months"]
    card = json.loads(run("dart", "scorecard", "--data", house, "--by", "strategy", "--json"))
    taken = card["total"]["orders"] - card["total"]["refused"]
    assert sum(section["held_orders"] for section in month["sections"]) == taken > 0
    assert taken + card["total"]["refused"] >= day["orders"]
    ET.fromstring((tmp_path / "a.xml").read_text())
    assert "November 2026" in (tmp_path / "a.html").read_text()
    assert "Rule 606(a)(1)" in run(*words)


def test_a_customers_report_holds_each_of_their_executions(played):
    house, _ = played
    blotter = json.loads(run("report", "blotter", "--date", DATE, "--data", house, "--json"))
    account = blotter["tickets"][0]["account"]
    words = ("report", "606", "--quarter", "2026Q4", "--customer", account, "--data", house)
    orders = json.loads(run(*words, "--json"))["held"]["orders"]
    told = sorted(
        f"{one['date']}T{one['time']}Z"
        for order in orders
        for route in order["routes"]
        for one in route["transactions"]
    )
    booked = sorted(
        fill["time"]
        for ticket in blotter["tickets"]
        if ticket["account"] == account
        for fill in ticket["fills"]
    )
    assert told == booked
    assert account in run(*words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--quarter", "2026-4"), "is not a quarter such as '2026Q4'"),
        (("--quarter", "2026Q4", "--customer", "nobody"), "the books hold no account 'nobody'"),
        (("--quarter", "2026Q4", "--not-held"), "--not-held chooses which"),
        (
            ("--quarter", "2026Q4", "--customer", "x", "--html", "y"),
            "--html and --pdf write the public report",
        ),
    ],
)
def test_what_cannot_be_reported_is_refused_in_a_sentence(played, words, said):
    assert said in run("report", "606", "--data", played[0], *words, code=2)


def test_planned_again_as_it_was_every_order_goes_where_the_journal_says(played):
    house, _ = played
    found = json.loads(run("dart", "whatif", "--day", DATE, "--data", house, "--strategy", "DART", "--json"))
    assert found["plans_differ"] == 0
    assert found["orders"] == len(found["per_order"]) > 0


def test_what_if_adds_up_and_takes_a_journal_by_its_file(played):
    house, _ = played
    words = ("dart", "whatif", "--day", house / "journal.sqlite", "--sequence", "NQ")
    found = json.loads(run(*words, "--json"))
    total = sum(one["other_cost"] - one["cost"] for one in found["per_order"])
    assert abs(Decimal(found["difference"]) * 1_000_000 - total) <= 5_000
    assert found["cheaper"] + found["dearer"] + found["alike"] == found["orders"]
    low, high = map(Decimal, found["interval"])
    assert low <= Decimal(found["difference"]) <= high
    assert "Priced by what the stamps showed" in run(*words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--day", DATE), "say what else: either --strategy NAME or --sequence CODES"),
        (("--day", "2026-11-19", "--strategy", "DART"), "no order came on 2026-11-19"),
        (("--day", "yesterday", "--strategy", "DART"), "names a journal already"),
        (("--day", DATE, "--sequence", "!"), "'!' is no route code"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(played, words, said):
    assert said in run("dart", "whatif", "--data", played[0], *words, code=2)


def test_statistics_of_execution_and_what_they_do_not_cover_are_all_orders(played):
    house, day = played
    words = ("report", "605", "--month", "2026-11", "--data", house)
    found = json.loads(run(*words, "--json"))
    card = json.loads(run("dart", "scorecard", "--data", house, "--by", "symbol", "--json"))
    assert found["covered"] + sum(found["not_covered"].values()) == card["orders"]
    assert all(sum(row["by_time"]) == row["executed_shares"] for row in found["rows"])
    assert sum(row["executed_shares"] for row in found["rows"]) <= day["shares"]
    assert "buckets by amended 17 CFR 242.605" in " ".join(run(*words).split())
