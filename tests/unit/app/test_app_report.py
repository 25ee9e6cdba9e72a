"""What the report commands add to the back office: trial balance lines and plain refusals."""

from __future__ import annotations

from typer.testing import CliRunner

from rushtrade.backoffice.books import Books
from rushtrade.backoffice.directory import Directory
from rushtrade.backoffice.folding import fold
from rushtrade.cli.report import TrialLine, report, trial_lines
from support.booked_frames import HandBook


def test_a_trial_balance_sums_customers_together_and_ends_each_asset_with_its_total():
    """Wire $10,000 in; buy 100 LU at 3.50 with $5 commission."""
    book = HandBook()
    book.instrument(1, "LU", 35_000)
    for account in (1, 2):
        book.account(account, f"5RT-{account:05d}")
        book.wire(account, 5_000_000_000)
    order = book.accept(1, 1, 100)
    book.fill(order, 1, 1, 100, 35_000, commission=5_000_000)
    directory, books = Directory(), Books()
    fold(book.frames, directory, books)
    assert trial_lines(books, directory) == [
        TrialLine("USD", "customer settled", "", "10000.00"),
        TrialLine("USD", "customer unsettled", "355.00", ""),
        TrialLine("USD", "street", "", "350.00"),
        TrialLine("USD", "bank", "10000.00", ""),
        TrialLine("USD", "commission income", "", "5.00"),
        TrialLine("USD", "total", "10355.00", "10355.00"),
        TrialLine("LU", "customer unsettled", "", "100"),
        TrialLine("LU", "street", "100", ""),
        TrialLine("LU", "total", "100", "100"),
    ]


def test_a_directory_without_a_house_is_refused_in_one_sentence(tmp_path):
    for words in (["volume", "--month", "2004-11"], ["trial-balance"], ["blotter", "--date", "2004-11-30"]):
        refused = CliRunner().invoke(report, [*words, "--data", str(tmp_path)])
        assert refused.exit_code == 2
        assert "there is no journal at" in refused.stderr
        assert "Traceback" not in refused.output


def test_a_date_that_is_none_is_refused_in_one_sentence(tmp_path):
    refused = CliRunner().invoke(
        report, ["blotter", "--date", "30.11.2004", "--data", str(tmp_path), "--json"]
    )
    assert refused.exit_code == 2
    assert "is not a calendar date" in refused.stdout
