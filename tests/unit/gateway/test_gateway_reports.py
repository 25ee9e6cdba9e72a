"""A venue's report rows as the house's commands."""

from __future__ import annotations

import numpy as np
import pytest

from rushtrade.domain.commands import (
    ReportAccepted,
    ReportCanceled,
    ReportExecuted,
    ReportRejected,
    ReportReplaced,
)
from rushtrade.domain.orders import Liquidity
from rushtrade.gateway.reports import read_reports
from rushtrade.wire import order_entry as oe

FIELDS = [
    "kind",
    "liquidity",
    "reason",
    "side",
    "firm",
    "locate",
    "sequence",
    "token",
    "original_token",
    "venue_order_id",
    "match_number",
    "price",
    "shares",
    "leaves",
    "cumulative",
    "time_ns",
]


def rows(*given):
    return np.array([tuple(row.get(field, 0) for field in FIELDS) for row in given], oe.ORDER_REPORT)


ACCEPTED = {
    "kind": oe.ACCEPTED,
    "sequence": 1,
    "token": 7,
    "venue_order_id": 5,
    "price": 10,
    "shares": 3,
    "time_ns": 9,
}
EXECUTED = {
    "kind": oe.EXECUTED,
    "liquidity": oe.REMOVED,
    "sequence": 2,
    "token": 7,
    "match_number": 4,
    "price": 10,
    "shares": 2,
    "leaves": 1,
    "time_ns": 9,
}


@pytest.mark.parametrize(
    ("row", "command"),
    [
        (ACCEPTED, ReportAccepted(2, 1, 7, 5, 9)),
        (EXECUTED, ReportExecuted(2, 2, 7, 4, 10, 2, Liquidity.REMOVED, 9)),
        (EXECUTED | {"liquidity": oe.ADDED}, ReportExecuted(2, 2, 7, 4, 10, 2, Liquidity.ADDED, 9)),
        (
            {
                "kind": oe.CANCELED,
                "reason": oe.REASON_DAY_END,
                "sequence": 3,
                "token": 7,
                "shares": 5,
                "leaves": 1,
            },
            ReportCanceled(2, 3, 7, 5, 1, "the venue's trading day is over", 0),
        ),
        (
            {"kind": oe.CANCELED, "reason": 99, "sequence": 3, "token": 7, "shares": 5},
            ReportCanceled(2, 3, 7, 5, 0, "reason 99", 0),
        ),
        (
            {
                "kind": oe.REPLACED,
                "sequence": 4,
                "token": 8,
                "original_token": 7,
                "venue_order_id": 6,
                "price": 11,
                "leaves": 2,
            },
            ReportReplaced(2, 4, 7, 8, 6, 11, 2, 0),
        ),
        (
            {"kind": oe.REJECTED, "reason": oe.REASON_HALTED, "sequence": 5, "token": 7},
            ReportRejected(2, 5, 7, 0, "trading in the stock is halted", 0),
        ),
        (
            {
                "kind": oe.REJECTED,
                "reason": oe.REASON_TOO_LATE,
                "sequence": 5,
                "token": 8,
                "original_token": 7,
            },
            ReportRejected(2, 5, 8, 7, "the order is no longer working", 0),
        ),
        # what a venue knows of a token brings the house to the same view
        (
            {"kind": oe.STATUS, "sequence": 6, "token": 7, "venue_order_id": 5, "leaves": 2},
            ReportAccepted(2, 6, 7, 5, 0),
        ),
        (
            {"kind": oe.STATUS, "sequence": 6, "token": 7},
            ReportCanceled(2, 6, 7, 0, 0, "executed in full", 0),
        ),
        (
            {"kind": oe.STATUS, "reason": oe.REASON_UNKNOWN_ORDER, "sequence": 6, "token": 7},
            ReportCanceled(2, 6, 7, 0, 0, "the firm has no order under this token", 0),
        ),
        (
            {"kind": 200, "sequence": 7, "token": 7},
            ReportRejected(2, 7, 7, 7, "a report of kind 200 has no meaning here", 0),
        ),
    ],
)
def test_a_row_becomes_a_command(row, command):
    assert read_reports(2, rows(row)) == [command]


def test_an_execution_tells_of_the_acceptance_just_before_it():
    (command,) = read_reports(2, rows(ACCEPTED, EXECUTED))
    assert command == ReportExecuted(2, 2, 7, 4, 10, 2, Liquidity.REMOVED, 9, covers=2)


def test_an_acceptance_of_another_order_is_not_left_out():
    commands = read_reports(2, rows(ACCEPTED | {"token": 6}, EXECUTED))
    assert [type(command) for command in commands] == [ReportAccepted, ReportExecuted]
    commands = read_reports(2, rows(EXECUTED | {"token": 0}, EXECUTED | {"token": 0}))
    assert [command.covers for command in commands] == [1, 1]
