"""`rushtrade entitlements` on a house that is stopped: from the price list to the month's charge and the exchange's report."""

from __future__ import annotations

import csv
import datetime as dt
import json

import pytest
from typer.testing import CliRunner

from rushtrade.app.trading_day import open_core
from rushtrade.backoffice.books import Books
from rushtrade.backoffice.folding import decode_events, fold
from rushtrade.cli.main import command_line
from rushtrade.core.clocks import MarketClock
from rushtrade.domain import commands as cmd
from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.instants import DAY, day_number
from rushtrade.domain.numbers import MONEY_UNIT
from rushtrade.journal.reader import SqliteReader
from rushtrade.rules.new_york import midnight_ns
from rushtrade.rules.world_file import load_world
from rushtrade.scenario.founding import NewAccount, execute, found_firm, open_customer_accounts

NOVEMBER = dt.date(2026, 11, 20)


class HouseDirectory:
    """A house on the disk, and its command line."""

    def __init__(self, path):
        self.path = path
        world = load_world("us-2026")
        with self.core(NOVEMBER) as core:
            found_firm(core, world, NOVEMBER, [])
            open_customer_accounts(core, [NewAccount("Anna", AccountKind.CASH, 1_000 * MONEY_UNIT)] * 2)

    def core(self, day):
        return _Opened(self.path, midnight_ns(day) + DAY // 2)

    def run(self, *words):
        return CliRunner().invoke(
            command_line(["entitlements"]), ["entitlements", *map(str, words), "--data", str(self.path)]
        )

    def ok(self, *words):
        done = self.run(*words, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def refused(self, *words):
        done = self.run(*words)
        assert done.exit_code == 2, done.output
        return " ".join(done.stderr.split())


class _Opened:
    def __init__(self, path, now_ns):
        clock = MarketClock(0)
        self._core, self._journal = open_core(path, clock)
        clock.move(now_ns)

    def __enter__(self):
        return self._core

    def __exit__(self, *_):
        self._core.close()
        self._journal.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    directory = HouseDirectory(tmp_path_factory.mktemp("house"))
    assert directory.ok("publish", "us-equities") == {"name": "us-equities", "products": 16, "agreements": 10}
    for user, account in (("anna", 1), ("bert", 2)):
        directory.ok("register", user, "--account", account)
        directory.ok("questionnaire", user, "--answers", "nnnnnnnnnnnn" if user == "anna" else "ynnnnnnnnnnn")
        directory.ok("sign", user, "UTP")
        directory.ok("grant", user, "UTP-C-L1", "--displays", 2)
    with directory.core(dt.date(2026, 12, 1)) as core:
        execute(core, cmd.OpenDay(day_number(dt.date(2026, 12, 1))), "calendar")
    return directory


def test_the_questions_are_printed_and_answers_make_a_class(house):
    shown = house.run("questionnaire", "anna")
    assert "12. Do you get office space" in shown.output
    classes = {row["user"]: row["status"] for row in house.ok("users")["subscribers"]}
    assert classes == {"anna": "non_professional", "bert": "professional"}
    assert "letters y and n" in house.refused("questionnaire", "anna", "--answers", "nnnnnnnnnnn?")
    assert "12 questions need as many answers, not 3" in house.refused(
        "questionnaire", "anna", "--answers", "nnn"
    )


def test_a_file_says_what_is_shown_and_why_not(house):
    file = house.ok("show", "anna")
    states = {row["code"]: row["state"] for row in file["products"]}
    assert (states["UTP-C-L1"], states["CTA-A-L1"], states["NASDAQ-DEPTH"]) == ("shown", "late", "refused")
    assert (
        "Level I of tape A (CTA-A-L1) is not yours to see: sign the agreement CTA"
        in house.run("show", "anna").output
    )
    assert "no subscriber 'zoe'; there are: anna, bert" in house.refused("show", "zoe")


def test_every_table_is_printed(house):
    assert "NASDAQ-DEPTH" in house.run("products").output
    assert "Prices are illustrative" in house.run("products").output
    assert "non-professional" in house.run("users").output


def test_what_the_core_refuses_is_said_in_its_words(house):
    assert "user 'anna' is subscriber 1 already" in house.refused("register", "anna", "--account", 1)
    assert "they must sign the agreement NASDAQ, version 1" in house.refused("grant", "anna", "NASDAQ-DEPTH")
    assert "has no NASDAQ-DEPTH for display" in house.refused(
        "revoke", "anna", "NASDAQ-DEPTH", "--reason", "x"
    )
    assert "2026-12 is not over yet in this house, where it is 2026-12-01" in house.refused(
        "charge", "--month", "2026-12"
    )
    assert "month '2026-13' is not a month" in house.refused("charge", "--month", "2026-13")


def test_a_month_is_charged_once_and_reported(house, tmp_path):
    charged = house.ok("charge", "--month", "2026-11", "--user", "bert")
    assert [(row["product"], row["status"], row["amount"]) for row in charged["charges"]] == [
        ("UTP-C-L1", "professional", "24.00")
    ]
    done = house.run("charge", "--month", "2026-11")
    assert "2026-11: 1.00 charged" in done.output
    assert "it was charged before; nothing was charged" in house.refused("charge", "--month", "2026-11")
    files = [tmp_path / name for name in ("lines.csv", "users.csv", "report.pdf")]
    report = house.ok(
        "usage", "--month", "2026-11", "--csv", files[0], "--users-csv", files[1], "--pdf", files[2]
    )
    (line,) = report["lines"]
    assert (line["product"], line["users"], line["professional"], line["charged"]) == (
        "UTP-C-L1",
        2,
        1,
        "25.00",
    )
    assert [row["charged"] for row in csv.DictReader(files[0].open())] == ["25.00"]
    assert [row["user"] for row in csv.DictReader(files[1].open())] == ["anna", "bert"]
    assert files[2].read_bytes().startswith(b"%PDF-")
    assert "UTP-C-L1" in house.run("usage", "--month", "2026-11").output
    books = Books()
    with SqliteReader(house.path / "journal.sqlite") as reader:
        fold((decode_events(frame.body) for frame in reader.frames()), books)
    assert not any(books.ledger.trial_balance().values()), "debits equal credits"
    assert books.cash_moved[2] == 1_000 * MONEY_UNIT - 24 * MONEY_UNIT


def test_a_signed_text_is_not_changed_under_its_version(house, tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(
        """
name = "own"
[[agreement]]
code = "UTP"
exchange = "UTP"
title = "Terms"
version = 1
first = 2000-01-03
grace_days = 30
text = "Another text."
[[product]]
code = "SIMULATED"
exchange = "HOUSE"
title = "Ours"
level = "house"
open = true
"""
    )
    assert "a changed text gets a new version" in house.refused("publish", file)
