"""Bounds of one client: the file of them, and how an operator changes it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from rushtrade.api.limits import LIMITS_FILE, MEANINGS, Limits, changed_limits, read_limits, write_limits
from rushtrade.cli.entitlements import app
from rushtrade.domain.errors import InvalidInput

VENUES = ("NASDAQ", "XNAS", "IEX", "IEXG")


def test_without_a_file_they_are_the_usual_ones(tmp_path):
    assert read_limits(tmp_path, VENUES) == Limits()


def test_what_was_changed_is_kept_and_nothing_else(tmp_path):
    changed = changed_limits(
        Limits(), ["sockets_of_key=20", "iex_venue=IEXG", "cookie_secure=true", "requests_per_second=0.5"]
    )
    write_limits(tmp_path, changed)
    assert json.loads((tmp_path / LIMITS_FILE).read_text()) == {
        "sockets_of_key": 20,
        "iex_venue": "IEXG",
        "cookie_secure": True,
        "requests_per_second": 0.5,
    }
    assert read_limits(tmp_path, VENUES) == changed
    assert changed_limits(changed, ["sockets_of_key=", "iex_venue="]) == Limits(
        cookie_secure=True, requests_per_second=0.5
    )


BAD = """
sockets_of_key        | is no NAME=VALUE of a limit; names are requests_per_second
nonsense=1            | is no NAME=VALUE of a limit
sockets_of_key=0      | limits: Expected `int` >= 1
sockets_of_key=many   | limits: Expected `int`, got `str`
session_hours=1000    | limits: Expected `int` <= 168
requests_per_second=0 | limits: Expected `float` > 0.0
"""


@pytest.mark.parametrize("line", BAD.strip().splitlines())
def test_a_bound_nobody_could_mean_is_refused_in_words(line):
    word, says = (part.strip() for part in line.split("|"))
    with pytest.raises(InvalidInput) as refused:
        changed_limits(Limits(), [word])
    assert says in str(refused.value)


def test_a_feed_of_a_venue_that_the_market_lacks_is_refused_at_the_start(tmp_path):
    write_limits(tmp_path, Limits(iex_venue="NOWHERE"))
    with pytest.raises(InvalidInput, match="iex_venue 'NOWHERE' is no venue of this market; NASDAQ, XNAS"):
        read_limits(tmp_path, VENUES)


@pytest.mark.parametrize("text", ["[]", "{", '{"sockets_of_key": "x"}', '{"colour": 1}'])
def test_a_file_that_is_none_is_refused_by_its_name(tmp_path, text):
    (tmp_path / LIMITS_FILE).write_text(text)
    with pytest.raises(InvalidInput, match=LIMITS_FILE):
        read_limits(tmp_path)


def test_every_limit_is_said_in_words():
    assert list(MEANINGS) == list(Limits.__struct_fields__)


def test_the_command_shows_them_all_and_changes_those_that_are_named(tmp_path):
    (tmp_path / "journal.sqlite").touch()

    def run(*words):
        done = CliRunner().invoke(app, ["limits", *words, "--data", str(tmp_path), "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)["limits"]

    assert run()["sockets_of_key"] == 8
    assert run("sockets_of_key=9")["sockets_of_key"] == 9
    assert run()["sockets_of_key"] == 9
    assert run().keys() == MEANINGS.keys()
