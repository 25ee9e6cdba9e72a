"""How a scenario is played: small firms of any size reach any target, a stop leaves a good journal, a seed decides all."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer import Typer
from typer.testing import CliRunner

from rushtrade.app.data_directory import JOURNAL_FILE
from rushtrade.backoffice.volume_report import Month, volume_report
from rushtrade.cli.journal_events import open_events
from rushtrade.cli.scenario import scenario
from rushtrade.core.replay import verify
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import MONEY_UNIT
from rushtrade.journal.sqlite import SqliteJournal
from rushtrade.scenario.file import MonthTarget, Scenario, load_scenario, scenario_names
from rushtrade.scenario.run import ScenarioPlayer, ScenarioStopped

SHIPPED = load_scenario("rushtrade-2004")
NOVEMBER = Month(2003, 11)


def small(trades: int, shares: int, accounts: int, dollars: int, seed: int = 1) -> Scenario:
    """A firm of one trading month, opened at the end of the month before."""
    before = MonthTarget(Month(2003, 10), accounts, dollars * MONEY_UNIT, 0, 0)
    month = MonthTarget(NOVEMBER, accounts, dollars * MONEY_UNIT, trades, shares)
    return msgspec.structs.replace(SHIPPED, seed=seed, months=(before, month))


def play(script: Scenario, directory, **options):
    with SqliteJournal(directory / JOURNAL_FILE) as journal:
        journal.new_epoch()
        return ScenarioPlayer(script, journal, progress=lambda executed: None, **options).play()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(150, 500),
    st.integers(200, 20_000),
    st.integers(60, 200),
    st.integers(15_000, 60_000),
    st.integers(0, 10**6),
)
def test_any_month_is_reached_to_the_last_trade_share_and_account(
    tmp_path_factory, trades, mean, accounts, wealth, seed
):
    directory = tmp_path_factory.mktemp("small")
    shares = trades * mean + seed % 97
    play(small(trades, shares, accounts, accounts * wealth, seed), directory)
    with open_events(directory) as frames:
        found = volume_report(frames, NOVEMBER).current
    assert (found.trades_processed, found.shares_traded, found.customer_accounts) == (
        trades,
        shares,
        accounts,
    )
    assert abs(found.customer_assets - accounts * wealth * MONEY_UNIT) <= 5_000


def test_a_seed_decides_everything(tmp_path_factory):
    hashes = [
        play(small(300, 900_000, 80, 2_000_000, seed), tmp_path_factory.mktemp("seed")).state_hash
        for seed in (5, 5, 6)
    ]
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize("steps", [1, 2, 30, 60])
def test_a_stop_between_two_steps_leaves_a_journal_that_holds_up(tmp_path, steps):
    asked = iter(range(steps))
    with pytest.raises(ScenarioStopped, match="the journal is complete up to there"):
        play(small(400, 900_000, 80, 2_000_000), tmp_path, stopped=lambda: next(asked, None) is None)
    with SqliteJournal(tmp_path / JOURNAL_FILE) as journal:
        assert journal.verify().sound
        assert verify(journal).frames == steps


def command():
    cli = Typer()
    cli.command()(scenario)
    return cli


def test_the_command_refuses_a_directory_that_is_not_empty_and_a_scenario_that_is_not_there(tmp_path):
    (tmp_path / "something").write_text("mine")
    refused = CliRunner().invoke(command(), ["rushtrade-2004", "--data", str(tmp_path)])
    assert refused.exit_code == 2
    assert "is not empty" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["something"]
    unknown = CliRunner().invoke(command(), ["rushtrade-1999", "--data", str(tmp_path / "new")])
    assert unknown.exit_code == 2
    assert "there is rushtrade-2004" in unknown.stderr
    assert not (tmp_path / "new").exists()


def test_the_shipped_scenario_carries_the_published_figures():
    assert scenario_names() == ("rushtrade-2004",)
    months = {str(target.month): target for target in SHIPPED.months}
    assert (months["2003-11"].trades, months["2003-11"].shares) == (14_746, 54_738_776)
    assert (months["2004-11"].trades, months["2004-11"].shares) == (16_467, 243_495_204)
    assert months["2004-10"].accounts == 2_273
    assert [row.sequence for row in SHIPPED.world.sequences] == ["AOXI", "AIBTS", "ZPF", "ZP"]


def test_a_scenario_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(InvalidInput, match="there is no scenario 'x'; there is rushtrade-2004"):
        load_scenario("x")
