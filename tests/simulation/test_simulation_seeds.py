"""Long seeded lives of a firm: deeper than cut-down examples go, checked after every step like them.

A failure names its seed and step. RUSHTRADE_SIMULATION=20 lives twenty times as many lives.
"""

from __future__ import annotations

import os
from random import Random

import pytest

from support.firm_actions import DISTRUSTED, USUAL, FirmActions
from support.whole_firm import WholeFirm

TIMES = int(os.environ.get("RUSHTRADE_SIMULATION", "1"))
STEPS = 300


def live(seed: int, weights: dict[str, int]) -> WholeFirm:
    """Live one life, checking the books after every step."""
    chance = Random(seed)
    firm = WholeFirm()
    actions = FirmActions(firm)
    for step in range(STEPS):
        name = actions.choose(chance, weights)
        try:
            getattr(actions, name)(chance)
            firm.check()
        except BaseException as error:
            error.add_note(f"seed {seed}, step {step}: {name}")
            raise
    return firm


@pytest.mark.parametrize("seed", range(60 * TIMES))
def test_the_house_believes_what_honest_venues_know(seed):
    firm = live(seed, USUAL)
    firm.settle()
    firm.check()
    firm.check_venues()
    firm.check_journal()


@pytest.mark.parametrize("seed", range(60 * TIMES))
def test_nothing_a_venue_says_breaks_the_books(seed):
    firm = live(seed, DISTRUSTED)
    firm.settle()
    firm.check()
    firm.check_journal()
