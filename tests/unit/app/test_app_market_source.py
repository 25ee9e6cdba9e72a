"""A house's market from a stored day."""

from __future__ import annotations

import pytest

from rushtrade.cli.market_source import recorded_market
from rushtrade.domain.errors import InvalidInput
from support.stored_days import DAY, pieces_of, store_day


def test_a_stored_day_is_the_market_it_was(tmp_path):
    pieces = pieces_of(11, venues=1, messages=200)
    store_day(tmp_path, pieces, venues=1)
    for name in (f"ticks:{tmp_path}/{DAY}", f"ticks:{tmp_path}/{DAY}/V0"):
        market = recorded_market(name)
        assert market.messages == sum(piece.packet.count for piece in pieces)
        assert b"".join(iter(market.read, b"")) == b"".join(piece.packet.payload for piece in pieces)


def test_a_name_without_a_day_or_with_an_unknown_venue_is_refused(tmp_path):
    store_day(tmp_path, pieces_of(11, venues=1, messages=50), venues=1)
    with pytest.raises(InvalidInput, match="names no day of a store"):
        recorded_market(f"ticks:{tmp_path}")
    with pytest.raises(InvalidInput, match="there are V0"):
        recorded_market(f"ticks:{tmp_path}/{DAY}/NOWHERE")
