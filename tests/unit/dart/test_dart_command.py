"""`rushtrade dart` over a real journal file, and the same story out of the read models."""

from __future__ import annotations

import dart_words as words
import msgspec
import pytest
from dart_journal import Journal, swept_then_rested
from typer.testing import CliRunner

from rushtrade.app.data_directory import JOURNAL_FILE, data_directory
from rushtrade.app.order_story import explainer, trace_order
from rushtrade.cli.dart import app
from rushtrade.dart.explain import explain
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.frames import FRAME_FORMAT, encode_body
from rushtrade.journal.frame import Frame
from rushtrade.journal.sqlite import SqliteJournal
from rushtrade.store.store import Store


def write(journal: Journal, directory):
    with SqliteJournal(directory / JOURNAL_FILE) as file:
        epoch = file.new_epoch()
        for body in journal.frames:
            data = encode_body(body)
            file.append(
                Frame.after(file.last(), format=FRAME_FORMAT, epoch=epoch, time_ns=body.time_ns, body=data)
            )
    return directory


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A data directory whose journal holds order 3."""
    journal, _ = swept_then_rested()
    return write(journal, tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def desk_house(tmp_path_factory):
    """A data directory with a firm, a switched route, a link that is down and a changed sequence."""
    journal = Journal()
    journal.add(cmd.SwitchRoute(1, False, "slow"), ev.RouteSwitched(1, False, "slow"))
    journal.add(cmd.ChangeVenueLink(2, False, False), ev.VenueLinkChanged(2, False, ()))
    journal.add(cmd.SetSequences(1, "DA", ""), ev.SequencesSet(1, "DA", ""))
    return write(journal, tmp_path_factory.mktemp("desk"))


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_explain_prints_the_story_of_an_order(house):
    journal, order = swept_then_rested()
    assert run("explain", order, "--data", house).splitlines() == journal.tell(order)


def test_explain_prints_one_json_object(house):
    journal, order = swept_then_rested()
    teller = journal.story(order)
    printed = msgspec.json.decode(run("explain", order, "--data", house, "--json"))
    assert printed == msgspec.json.decode(msgspec.json.encode(explain(teller.story, teller.routes)))


def test_what_is_not_there_is_said_in_one_sentence(house, tmp_path):
    told = run("explain", 99, "--data", house, code=2)
    assert "99 names no order" in told
    assert "its commands are numbered 1 to 9" in told
    assert "there is no journal" in run("explain", 1, "--data", tmp_path, code=2)
    assert (
        "there is no journal"
        in msgspec.json.decode(run("routes", "--data", tmp_path, "--json", code=2))["error"]
    )
    assert "there is no world 'atlantis'" in run("legend", "--world", "atlantis", code=2)
    write(words_only(), tmp_path)
    assert "holds no firm yet" in run("routes", "--data", tmp_path, code=2)


def words_only() -> Journal:
    journal = Journal()
    journal.frames.clear()
    journal.add(cmd.Tick())
    return journal


def test_routes_show_fees_switches_and_links(desk_house):
    rows = msgspec.json.decode(run("routes", "--data", desk_house, "--json"))["routes"]
    assert [(row["code"], row["enabled"], row["link_up"]) for row in rows] == [
        ("AAA", True, True),
        ("BBB", False, True),
        ("CCC", True, False),
        ("DDD", True, True),
    ]
    assert (rows[2]["take_mils"], rows[2]["make_mils"], rows[2]["mic"]) == (-10, 18, "XXXC")
    told = run("routes", "--data", desk_house)
    assert "switched off" in told
    assert "link down" in told


def test_sequences_show_legal_codes_and_warn_of_missed_routes(desk_house):
    rows = msgspec.json.decode(run("sequences", "--data", desk_house, "--json"))["sequences"]
    first = rows[0]
    assert (first["equity_class"], first["sequence"], first["punt_list"], first["legal_codes"]) == (
        "listed",
        "DA",
        "",
        "ABCD",
    )
    assert [warning.split(" never reaches ")[1][:7] for warning in first["warnings"]] == [
        "BBB (B)",
        "CCC (C)",
    ]
    assert "warning: the listed sequence 'DA'" in run("sequences", "--data", desk_house)


def test_a_world_shows_its_defaults_without_a_house():
    rows = msgspec.json.decode(run("sequences", "--world", "us-2026", "--json"))["sequences"]
    assert [row["equity_class"] for row in rows] == ["listed", "nasdaq", "otc_bb", "pink"]
    assert all(row["sequence"] == row["default_sequence"] for row in rows)
    legend = msgspec.json.decode(run("legend", "--world", "us-2026", "--json"))["legend"]
    assert sorted(row["route_code"] for row in legend) == sorted(rows[0]["legal_codes"])
    assert "Route legend" in run("legend", "--world", "us-2026")


def test_the_read_models_tell_the_same_story_as_the_journal():
    journal, order = swept_then_rested(with_account=True)
    store = Store(None)
    for number, body in enumerate(journal.frames, start=1):
        store.apply(body, number)
    teller = journal.story(order)
    expected = explain(teller.story, teller.routes)
    assert trace_order(store, words.FOUR, order) == expected
    assert list(explainer(store, words.FOUR)(order)) == journal.tell(order)
    assert list(explainer(store, words.FOUR)(999)) == []


def test_the_data_directory_is_given_or_named_or_the_users(monkeypatch, tmp_path):
    monkeypatch.delenv("RUSHTRADE_DATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert data_directory() == tmp_path / "rushtrade"
    monkeypatch.setenv("RUSHTRADE_DATA", str(tmp_path / "mine"))
    assert data_directory() == tmp_path / "mine"
    assert data_directory(tmp_path / "given") == tmp_path / "given"


def test_the_commands_read_the_journal_that_the_house_writes():
    from rushtrade.app import trading_day  # noqa: PLC0415 - the whole house, needed here alone

    assert JOURNAL_FILE == trading_day.JOURNAL_FILE
