"""Every command and sub-command: its help, its options, and how it says no. One row a case."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from rushtrade.cli import main as cli
from rushtrade.cli.main import COMMANDS, command_line
from support.itch_pieces import generated
from support.up_process import COMMAND
from support.waiting import COMMAND_S

LIVE_ELSEWHERE = {"day", "exchange", "itch", "feed", "ticks"}
"""Commands that read a file or a store, not a house: they take no --data."""
LIVE_ON_LINES = {("dart", "serve"), ("market", "gateway")}
"""The same, of single commands that read what they are sent."""


def leaves(command, path=()):
    """Every command that does something, by its words."""
    for name, below in getattr(command, "commands", {}).items():
        if hasattr(below, "commands"):
            yield from leaves(below, (*path, name))
        else:
            yield (*path, name), below


LEAVES = dict(leaves(typer.main.get_command(command_line())))
ALL = pytest.mark.parametrize("words", LEAVES, ids=" ".join)
GROUPS = sorted({words[0] for words in LEAVES if len(words) > 1})


def run(*words):
    return CliRunner().invoke(
        command_line(words[:1] if words[0] in COMMANDS else COMMANDS), [*map(str, words)]
    )


def said(done):
    """The sentence of a refusal, whatever frame the terminal draws around it."""
    assert isinstance(done.exception, SystemExit), repr(done.exception)
    assert done.exit_code == 2, done.output
    return " ".join(done.stderr.replace("│", " ").split())


def refusal_in_json(capsys, monkeypatch, *words):
    """What `main` prints when JSON was asked for: one object, nothing else."""
    monkeypatch.setattr(sys, "argv", ["rushtrade", *words, "--json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == {"error"}
    return told["error"]


def test_all_commands_of_the_house_are_here():
    assert {words[0] for words in LEAVES} == set(COMMANDS)
    assert {"up", "day", "itch", "dart", "report", "journal", "scenario", "demo-credentials"} <= set(COMMANDS)


@ALL
def test_help_says_what_it_does_in_a_sentence_and_explains_every_option(words):
    shown = run(*words, "--help")
    assert shown.exit_code == 0
    assert f"Usage: rushtrade {' '.join(words)}" in " ".join(shown.stdout.split())
    command = LEAVES[words]
    first, *_ = command.help.split("\n")
    assert first[0].isupper()
    assert first.endswith("."), first
    for parameter in command.params:
        assert parameter.help, parameter.name
        assert parameter.help.endswith((".", ")", "]")), parameter.help


@ALL
def test_it_speaks_json_and_takes_a_house_by_its_directory(words):
    options = {option for parameter in LEAVES[words].params for option in parameter.opts}
    assert "--json" in options
    assert ("--data" in options) == (words[0] not in LIVE_ELSEWHERE and words not in LIVE_ON_LINES)


@pytest.mark.parametrize("group", [*GROUPS, ""])
def test_a_group_alone_lists_its_commands(group):
    shown = CliRunner().invoke(command_line(), [group] if group else [])
    assert "Commands" in shown.output
    for words in LEAVES:
        if words[0] == group or not group:
            assert words[1 if group else 0] in shown.output


@ALL
def test_an_option_it_does_not_know_is_named(words, capsys, monkeypatch):
    assert "No such option: --nonsense" in said(run(*words, "--nonsense"))
    assert "No such option: --nonsense" in refusal_in_json(capsys, monkeypatch, *words, "--nonsense")


def test_a_command_it_does_not_know_is_named_with_the_nearest(capsys, monkeypatch):
    assert "No such command 'dya'. Did you mean 'day'?" in refusal_in_json(capsys, monkeypatch, "dya")
    assert "No such command 'volumes'. Did you mean 'volume'?" in said(run("report", "volumes"))


READERS = [
    ("demo-credentials",),
    ("dart", "explain", "1"),
    ("dart", "learned"),
    ("dart", "routes"),
    ("dart", "sequences"),
    ("dart", "legend"),
    ("journal", "verify"),
    ("journal", "show"),
    ("journal", "stats"),
    ("journal", "snapshot"),
    ("journal", "adopt", "--yes"),
    ("report", "volume", "--month", "2004-11"),
    ("report", "blotter", "--date", "2004-11-30"),
    ("report", "clearing", "--date", "2004-11-30", "--out", "nowhere"),
    ("report", "trial-balance"),
    ("report", "605", "--month", "2026-11"),
    ("report", "606", "--quarter", "2026Q4"),
    ("report", "order-marks", "--date", "2026-11-20"),
    ("dart", "scorecard"),
    ("dart", "whatif", "--day", "2026-11-20", "--strategy", "DART"),
    ("entitlements", "products"),
    ("entitlements", "users"),
    ("entitlements", "show", "demo"),
    ("entitlements", "register", "demo", "--account", "1"),
    ("entitlements", "questionnaire", "demo"),
    ("entitlements", "sign", "demo", "UTP"),
    ("entitlements", "grant", "demo", "UTP-C-L1"),
    ("entitlements", "revoke", "demo", "UTP-C-L1", "--reason", "left"),
    ("entitlements", "publish", "us-equities"),
    ("entitlements", "charge", "--month", "2026-11"),
    ("entitlements", "usage", "--month", "2026-11"),
    ("entitlements", "limits"),
]
BESIDE_THE_JOURNAL = {("entitlements", "limits")}
"""Reads a file of the house's directory alone."""


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_a_directory_without_a_house_is_refused_in_one_sentence(words, tmp_path, capsys, monkeypatch):
    text = said(run(*words, "--data", tmp_path))
    assert str(tmp_path) in text
    assert text.startswith("rushtrade: ")
    assert str(tmp_path) in refusal_in_json(capsys, monkeypatch, *words, "--data", str(tmp_path))
    assert list(tmp_path.iterdir()) == [], "asking leaves nothing behind"


@pytest.mark.parametrize("words", [one for one in READERS if one not in BESIDE_THE_JOURNAL], ids=" ".join)
def test_a_journal_that_is_none_is_refused_in_one_sentence(words, tmp_path):
    (tmp_path / "journal.sqlite").write_bytes(b"a letter to the bank, and no journal at all" * 300)
    done = run(*words, "--data", tmp_path)
    assert isinstance(done.exception, SystemExit), repr(done.exception)
    assert done.exit_code in {1, 2}, "verify finds it broken, the others cannot read it"
    assert (done.stdout + done.stderr).strip()


FAULTY_WORDS = [
    (("up", "--port", "-1"), "greater than or equal to 0"),
    (("up", "--port", "65536"), "less than or equal to 65535"),
    (("up", "--port", "http"), "--port"),
    (("up", "--speed", "0"), "speed '0' is not a number above 0"),
    (("up", "--speed", "-1"), "speed '-1' is not a number above 0"),
    (("up", "--speed", "nan"), "speed 'nan' is not a number above 0"),
    (("up", "--speed", "inf"), "and at most 10000, or 'max'"),
    (("up", "--speed", "1e99"), "and at most 10000, or 'max'"),
    (("up", "--seed", "1.5"), "--seed"),
    (("up", "--market", "/nowhere/at/all.itch"), "No such file"),
    (("up", "--world", "atlantis"), "there is no world 'atlantis'; built in are us-2004, us-2026"),
    (("up", "--date", "2026-11-21"), "not a trading day"),
    (("up", "--date", "tomorrow"), "not a calendar date"),
    (("up", "--host", "256.256.256.256", "--port", "0"), "cannot listen on 256.256.256.256:0"),
    (("up", "--host", "192.0.2.1", "--port", "0"), "cannot listen on 192.0.2.1:0"),
    (("day", "--market", "x", "--accounts", "-1"), "greater than or equal to 0"),
    (("day", "--market", "x", "--accounts", "100001"), "less than or equal to 100000"),
    (("day", "--market", "x", "--accounts", "many"), "--accounts"),
    (("day", "--market", "x", "--seed", ""), "--seed"),
    (("itch",), "Missing argument 'file'"),
    (("itch", "/nowhere/at/all.itch"), "No such file"),
    (("itch", "x", "--depth", "0"), "greater than or equal to 1"),
    (("itch", "x", "--at", "25:00:00"), "not a time of the day"),
    (("itch", "x", "--at", "noon"), "is not a time such as"),
    (("scenario",), "Missing argument 'name'"),
    (("scenario", "atlantis-1"), "there is no scenario 'atlantis-1'; there is rushtrade-2004"),
    (("dart", "explain"), "Missing argument 'order_id'"),
    (("dart", "explain", "0"), "greater than or equal to 1"),
    (("dart", "explain", "first"), "order_id"),
    (("dart", "routes", "--world", "atlantis"), "there is no world 'atlantis'"),
    (("journal", "show", "--from", "0"), "greater than or equal to 1"),
    (("journal", "show", "--limit", "0"), "greater than or equal to 1"),
    (("journal", "show", "--limit", "100001"), "less than or equal to 100000"),
    (("report", "volume"), "Missing option '--month'"),
    (("report", "blotter"), "Missing option '--date'"),
    (("report", "clearing", "--date", "2026-11-20"), "Missing option '--out'"),
]


@pytest.mark.parametrize(
    ("words", "expected"),
    FAULTY_WORDS,
    ids=lambda case: case[:40] if isinstance(case, str) else " ".join(case)[:60],
)
def test_words_that_make_no_sense_are_refused_with_what_would(words, expected, tmp_path, capsys, monkeypatch):
    house = () if words[0] in LIVE_ELSEWHERE else ("--data", str(tmp_path / "house"))
    assert expected in said(run(*words, *house))
    assert expected in refusal_in_json(capsys, monkeypatch, *words, *house)
    assert not (tmp_path / "house").exists()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A house with one closed day."""
    directory = tmp_path_factory.mktemp("commands")
    market = directory / "market.itch"
    market.write_bytes(generated(stocks=2, seconds=20))
    done = run(
        "day", "--market", market, "--accounts", 12, "--date", "2026-11-20", "--out", directory / "house"
    )
    assert done.exit_code == 0, done.output
    return directory / "house"


DATES = [
    (("report", "volume", "--month", "2004-13"), "2004-13"),
    (("report", "volume", "--month", "November"), "November"),
    (("report", "volume", "--month", "2004-11"), "2004-11"),
    (("report", "blotter", "--date", "30.11.2004"), "not a calendar date"),
    (("report", "blotter", "--date", "2026-11-19"), "2026-11-19"),
    (("report", "clearing", "--date", "2026-11-23", "--out", "nowhere"), "2026-11-23"),
    (("report", "trial-balance", "--date", "2026-02-30"), "not a calendar date"),
    (("dart", "explain", "999999999"), "names no order"),
    (("dart", "explain", "1"), "names no order"),
]


@pytest.mark.parametrize(
    ("words", "expected"), DATES, ids=lambda case: case[:40] if isinstance(case, str) else " ".join(case)[:60]
)
def test_what_this_house_does_not_have_is_refused_by_name(house, words, expected):
    assert expected in said(run(*words, "--data", house))


@pytest.mark.parametrize(
    "words",
    [
        ("dart", "learned"),
        ("dart", "routes"),
        ("dart", "sequences"),
        ("dart", "legend"),
        ("journal", "verify"),
        ("journal", "show", "--limit", "5"),
        ("journal", "stats"),
        ("report", "blotter", "--date", "2026-11-20"),
        ("report", "trial-balance"),
        ("report", "volume", "--month", "2026-11"),
    ],
    ids=" ".join,
)
def test_each_prints_for_people_and_one_object_for_programs(house, words):
    shown = run(*words, "--data", house)
    assert shown.exit_code == 0, shown.output
    assert len(shown.stdout.splitlines()) > 1
    told = run(*words, "--data", house, "--json")
    assert told.exit_code == 0, told.output
    assert isinstance(json.loads(told.stdout), dict)


def test_a_reader_that_has_gone_ends_a_command_without_a_word(house):
    """`rushtrade … | true`: the pipe is closed before anything is written."""
    reading, writing = os.pipe()
    os.close(reading)
    words = [str(COMMAND), "report", "blotter", "--date", "2026-11-20", "--data", str(house), "--json"]
    try:
        done = subprocess.run(
            words, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=COMMAND_S, check=False
        )
    finally:
        os.close(writing)
    assert done.stderr == ""


def test_a_command_imports_what_it_needs_and_no_more():
    """Who asks where a house runs does not wait for the whole of it."""
    asked = "import sys; from rushtrade.cli.main import command_line; command_line(['demo-credentials']); print(sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, timeout=COMMAND_S, check=True
    )
    for heavy in ("numba", "litestar", "sqlalchemy", "uvicorn", "duckdb"):
        assert f"'{heavy}'" not in done.stdout


def test_names_that_look_like_markup_are_shown_as_they_are(tmp_path):
    """A stock called ``[/B]`` in a file called ``[red].itch`` in a directory called ``[``."""
    place = tmp_path / "["
    place.mkdir()
    market, home = place / "[red].itch", place / "house"
    market.write_bytes(generated(stocks=1, seconds=20).replace(b"SPY     ", b"[/B]    "))
    played = run("day", "--market", market, "--accounts", 12, "--date", "2026-11-20", "--out", home)
    assert played.exit_code == 0, played.output
    assert "[red].itch" in played.stdout
    blotter = json.loads(run("report", "blotter", "--date", "2026-11-20", "--data", home, "--json").stdout)
    order = blotter["tickets"][0]["order_id"]
    for words, shown in (
        (("itch", market), "[/B]"),
        (("report", "blotter", "--date", "2026-11-20", "--data", home), "[/B]"),
        (("report", "trial-balance", "--data", home), "[/B]"),
        (("report", "clearing", "--date", "2026-11-20", "--out", home, "--data", home), str(home)),
        (("journal", "stats", "--data", home), str(home)),
        (("journal", "show", "--data", home), "[/B]"),
        (("dart", "explain", order, "--data", home), "[/B]"),
    ):
        told = run(*words)
        assert told.exit_code == 0, repr(told.exception)
        assert shown in told.stdout


def test_a_pipe_gets_whole_tables(house):
    shown = run("report", "blotter", "--date", "2026-11-20", "--data", house)
    assert "…" not in shown.stdout
    assert "RT000001" in shown.stdout
