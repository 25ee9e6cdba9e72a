"""Commands, events and reasons as the journal keeps them: their numbers never change."""

from __future__ import annotations

import json
import typing
from pathlib import Path
from random import Random

import msgspec
import pytest

from rushtrade.domain import commands, events
from rushtrade.domain.accounts import CommissionTerms
from rushtrade.domain.frames import Entry, FrameBody, decode_body, encode_body
from rushtrade.domain.orders import OrderStatus
from rushtrade.domain.rejects import RejectReason, api_code, fix_code, http_status
from support.firm_actions import USUAL, FirmActions
from support.whole_firm import WholeFirm

STORED = json.loads(Path(__file__).with_name("message_numbers.json").read_text(encoding="utf-8"))


def layout(union):
    """Tag and field names of every message."""
    return {
        kind.__name__: [kind.__struct_config__.tag, *kind.__struct_fields__]
        for kind in sorted(typing.get_args(union), key=lambda kind: kind.__name__)
    }


@pytest.mark.parametrize(("name", "union"), [("commands", commands.AnyCommand), ("events", events.AnyEvent)])
def test_a_message_keeps_its_number_and_the_places_of_its_fields(name, union):
    now = layout(union)
    assert len({row[0] for row in now.values()}) == len(now), "a tag names one message"
    for kind, row in STORED[name].items():
        assert now[kind][: len(row)] == row, (
            f"{kind}: fields are added at the end alone; old journals are read by place"
        )
    for kind in typing.get_args(union):
        added = kind.__struct_fields__[len(STORED[name].get(kind.__name__, [0])) - 1 :]
        missing = [
            field.name for field in msgspec.structs.fields(kind) if field.name in added and field.required
        ]
        assert kind.__name__ not in STORED[name] or not missing, "a field that is added has a default"


def test_a_reason_keeps_its_number():
    assert {name: RejectReason[name].value for name in STORED["reasons"]} == STORED["reasons"]


def test_every_reason_has_codes_for_every_dialect():
    for reason in RejectReason:
        assert fix_code(reason) in {*range(19), 99}
        assert 400 <= http_status(reason) < 500
        assert 40_000_000 <= api_code(reason) < 50_000_000


def test_a_frame_comes_back_as_it_was():
    firm, chance = WholeFirm(), Random(7)
    actions, seen = FirmActions(firm), set()
    for _ in range(400):
        getattr(actions, actions.choose(chance, USUAL))(chance)
    for frame in firm.house.journal.frames():
        body = decode_body(frame.body)
        assert encode_body(body) == frame.body
        seen |= {type(event) for entry in body.entries for event in entry.events}
    assert len(seen) > 25


def test_a_field_that_is_not_there_yet_reads_as_its_default():
    raw = msgspec.msgpack.encode([1, 2, [[[31, 0, 1, 7, 4, 10, 2, 0, 9], "venue:0", []]]])
    (entry,) = decode_body(raw).entries
    assert entry == Entry(commands.ReportExecuted(0, 1, 7, 4, 10, 2, 0, 9, covers=1), "venue:0", [])
    assert decode_body(encode_body(FrameBody(1, 2, [entry]))).entries == [entry]


@pytest.mark.parametrize(
    ("terms", "shares", "charge"),
    [
        ((5_000, 0, 0, 0), 100, 500_000),
        ((5_000, 0, 1_000_000, 0), 100, 1_000_000),
        ((5_000, 0, 1_000_000, 0), 0, 0),
        ((5_000, 0, 0, 400_000), 100, 400_000),
        ((0, 4_950_000, 0, 0), 1, 4_950_000),
        ((5_000, 4_950_000, 0, 0), 10, 5_000_000),
    ],
)
def test_a_commission_counts_over_the_whole_order(terms, shares, charge):
    assert CommissionTerms(1, "", *terms).charge(shares) == charge


def test_an_order_is_over_in_four_ways_and_one():
    over = {status.name for status in OrderStatus if status.is_terminal}
    assert over == {"FILLED", "CANCELED", "REPLACED", "REJECTED", "EXPIRED"}
