"""What the router has learned of venues from fills and probes: counts, and the estimates drawn from them.

It knows no order and no quote and never looks ahead: it is told what was asked and what came back. All that is kept are counts under
keys of topic, class of stock and venue; so it can be journaled, explained and reset, and its memory is bounded.

=========  ============================================================================================================
topic      what is counted
=========  ============================================================================================================
``mid``    asks at the midpoint: how often empty, and the Kaplan-Meier counts of the sizes that filled them
``offer``  the same for asks of market makers at the offer: a refusal is an empty one, a cap is where sizes end
``behind`` the same for shares beyond what a lit venue showed
``better`` shares a market maker filled, and by how many mils better than the offer
``ran``    unfilled asks and how often quotes ran after them, by size against the best price's
``jump``   times quotes ran, and by how many ticks
``kept``   shares shown that were still there when our order arrived
``faded``  shares shown elsewhere, before and after something was executed
``late``   microseconds an answer took longer than the line's latency says
``out``    past outflows of queues in a minute (the newest `OUTFLOWS_MAX`)
``down``   orders in which a venue was tried, and in which it was out of order
=========  ============================================================================================================

Every estimate is drawn towards a cautious expectation while little has been seen, so that a few lucky fills move little.
"""

from __future__ import annotations

from functools import cache
from itertools import accumulate

import msgspec
import numpy as np
from numpy.typing import NDArray

from rushtrade.dart import take_kernel as kernel
from rushtrade.dart.censored_kernel import (
    expected_fills,
    exponential,
    learn_fill,
    shape_chances,
    shape_table,
    tails,
)
from rushtrade.domain.errors import InvalidInput
from rushtrade.domain.numbers import QUANTITY_MAX

KEYS_MAX = 4_096
"""Keys kept: 64 venues in 16 classes with 4 topics each. What comes later is not learned."""
MADE_MAX = 256
"""Estimates kept ready: those of 64 classes of stock."""
OUTFLOWS_MAX = 256
"""Past minutes kept of a queue; 200 come within a thousandth of the best split."""
ASKS_MAX = 4_096
"""Asks after which a key's counts are halved: old habits fade."""
SHARES_SEEN_MAX = 50_000_000
"""Shares after which a share-weighted key is halved."""

BETTER_MAX = 100_000
"""Mils by which a fill can be better than the offer: more is a mistake."""
BETTER_FIRST, BETTER_WEIGHT = 0.0, 300.0
"""Improvement expected of a market maker before anything is known, in mils, and the shares that count for it."""
LEAK_SIZES = np.array([0.012, 0.035, 0.07, 0.14, 0.28, 0.56, 1.1, 2.2, 4.0])
"""A size for each step of `take_kernel.LEAK_EDGES`."""
LEAK_SHAPES = np.array([np.ones(kernel.LEAKS), np.sqrt(LEAK_SIZES), LEAK_SIZES, np.minimum(LEAK_SIZES, 1.0)])
"""How the chance that quotes run may grow with what an ask leaves unfilled: not, with its root, in proportion, up to the best size."""
LEAK_LEVELS = np.array(list(accumulate(range(23), lambda level, _: level * 1.36, initial=0.004)))
"""Chances at size 1 that are thought possible, to nearly 5: a chance above one is reached at smaller sizes."""
LEAK_FIRST = 0.15
LEAK_SPREAD_ALL, LEAK_SPREAD_VENUE = 1.0, 0.9
"""How far, in logarithms, the level of all venues lies from `LEAK_FIRST`, and a venue's from that of all."""
LEAK_MIN, LEAK_MAX = 0.001, 0.93
CAUTION = 0.3
"""How much all venues together weigh against what one has shown (`censored_kernel.tails`)."""
ASKED_FIRST = 2.0
EMPTY_FIRST = {"mid": 0.75, "offer": 0.5, "behind": 0.9}
"""How often a place is thought to be empty before anything is known of it, and the asks that count for it."""
OTHER_CLASSES = 3
"""An ask in another class of stock counts for a third of one in how often a venue is empty."""
JUMP_FIRST, JUMP_WEIGHT = 1.6, 2.0
FADE_FIRST, FADE_WEIGHT = 0.3, 2_000.0
EDGES = np.array([0, 1, 25, 50, 75] + [part << step for step in range(23) for part in (100, 150)], np.int64)
"""Sizes at which cells of sizes meet: below a round lot by odd lots, then growing by a half and a third in turn."""
CELLS = len(EDGES) - 1
TOPICS_OF_SIZE = ("mid", "offer", "behind")

Key = tuple[str, str, str]
Counts = NDArray[np.int64]
Fills = NDArray[np.float64]


class LearnedCounts(msgspec.Struct, frozen=True, array_like=True):
    """One key and its counts, as a snapshot keeps them."""

    topic: str
    klass: str
    venue: str
    counts: tuple[int, ...]


class Estimate(msgspec.Struct, frozen=True):
    """One estimate with what it rests on. No class, no route: of all of them."""

    topic: str
    equity_class: str
    route: str
    counts: dict[str, int]
    estimates: dict[str, float]


class Learned:
    """Counts by topic, class and venue."""

    def __init__(self) -> None:
        self._counts: dict[Key, Counts] = {}
        self._out: dict[tuple[str, str], list[int]] = {}
        self._made: dict[tuple[str, str, tuple[str, ...]], Fills] = {}
        """Estimates drawn from the counts as they are, under topic, class and venues; dropped when their topic learns."""

    # --- told ---------------------------------------------------------------------------------------

    def asked(self, topic: str, klass: str, venue: str, wanted: int, filled: int) -> None:
        """Take in an ask of a hidden place and what it filled."""
        if topic not in TOPICS_OF_SIZE:
            raise InvalidInput(f"sizes are learned of {', '.join(TOPICS_OF_SIZE)}, not of {topic!r}")
        if wanted <= 0 or not 0 <= filled <= wanted or wanted >= EDGES[-1]:
            return
        counts = self._of(topic, klass, venue, 2 + 2 * CELLS)
        if counts is None:
            return
        counts[0] += 1
        if filled:
            learn_fill(EDGES, counts[None, 2 : 2 + CELLS], counts[None, 2 + CELLS :], 0, wanted, filled)
        else:
            counts[1] += 1
        if counts[0] > ASKS_MAX:
            counts //= 2
        self._drop(topic)

    def improved(self, klass: str, venue: str, shares: int, mils: float) -> None:
        """Take in a fill of a market maker and how much better than the offer it was."""
        if not 0 < shares <= QUANTITY_MAX or not abs(mils) <= BETTER_MAX:
            return
        counts = self._of("better", klass, venue, 2)
        if counts is not None:
            counts += (shares, round(shares * mils))
            if counts[0] > SHARES_SEEN_MAX:
                counts //= 2

    def unfilled(self, venue: str, over_best: float, *, ran: bool) -> None:
        """Take in whether quotes ran after an ask that left `over_best` times the best price's size unfilled."""
        counts = self._of("ran", "", venue, 2 * kernel.LEAKS)
        if counts is not None:
            step = int(np.searchsorted(kernel.LEAK_EDGES, over_best, side="left"))
            counts[2 * step] += 1
            counts[2 * step + 1] += ran
            self._drop("ran")
            if counts[2 * step] > ASKS_MAX:
                counts //= 2

    def jumped(self, ticks: int) -> None:
        """Take in by how many ticks the best price was worse after quotes had run."""
        counts = self._of("jump", "", "", 2)
        if counts is not None:
            counts += (1, max(ticks, 0))
            if counts[0] > ASKS_MAX:
                counts //= 2

    def weighed(self, topic: str, klass: str, venue: str, whole: int, part: int) -> None:
        """Take in shares shown and the part of them that was kept, or faded."""
        counts = self._of(topic, klass, venue, 2)
        if counts is not None and whole > 0:
            counts += (whole, part)
            if counts[0] > SHARES_SEEN_MAX:
                counts //= 2

    def answered(self, venue: str, late_us: int) -> None:
        """Take in how much longer an answer took than the line's latency says."""
        counts = self._of("late", "", venue, 2)
        if counts is not None:
            counts += (1, max(late_us, 0))
            if counts[0] > 64:
                counts //= 2

    def tried(self, venue: str, *, down: bool) -> None:
        """Take in that a venue was tried in an order, and whether it was out of order. Old orders fade fast."""
        counts = self._of("down", "", venue, 2)
        if counts is not None:
            counts += (1, down)
            if counts[0] > 16:
                counts //= 2

    def flowed(self, klass: str, venue: str, outflow: int) -> None:
        """Take in how many shares left the front of a queue in a minute."""
        kept = self._out.setdefault((klass, venue), [])
        if len(self._out) <= KEYS_MAX and 0 <= outflow <= QUANTITY_MAX:
            kept.append(int(outflow))
            del kept[:-OUTFLOWS_MAX]

    def reset(self) -> None:
        """Forget everything."""
        self._counts.clear()
        self._out.clear()
        self._made.clear()

    def forget(self, venue: str) -> None:
        """Forget what was learned of one venue."""
        for key in [key for key in self._counts if key[2] == venue]:
            del self._counts[key]
        for place in [place for place in self._out if place[1] == venue]:
            del self._out[place]
        self._made.clear()

    # --- asked ------------------------------------------------------------------------------------------

    def fills(self, topic: str, klass: str, venues: tuple[str, ...]) -> Fills:
        """Return E(q) of every venue for the kernel: expected fill of an ask, at its edges."""
        key = (topic, klass, venues)
        made = self._made.get(key)
        if made is None:
            if len(self._made) >= MADE_MAX:
                self._made.clear()
            made = self._made[key] = self._make_fills(topic, klass, venues)
        return made

    def has_asked(self, topic: str, venue: str) -> bool:
        """Whether anything is known of a venue under a topic, in any class of stock."""
        return any(key[0] == topic and key[2] == venue for key in self._counts)

    def better(self, klass: str, venue: str) -> float:
        """Return by how many mils a market maker is expected to better the offer."""
        shares, mils = 0, 0
        for key, counts in self._counts.items():
            if key[0] == "better" and key[2] == venue:
                weight = 4 if key[1] == klass else 1
                shares += weight * int(counts[0])
                mils += weight * int(counts[1])
        return (mils + BETTER_FIRST * BETTER_WEIGHT) / (shares + BETTER_WEIGHT)

    def leaks(self, venues: tuple[str, ...]) -> Fills:
        """Return, venue by venue, the chance that quotes run after an unfilled ask, by its size."""
        key = ("ran", "", venues)
        made = self._made.get(key)
        if made is None:
            asked, ran = np.zeros((len(venues), kernel.LEAKS)), np.zeros((len(venues), kernel.LEAKS))
            for at, venue in enumerate(venues):
                counts = self._counts.get(("ran", "", venue))
                if counts is not None:
                    asked[at], ran[at] = counts[0::2], counts[1::2]
            made = self._made[key] = leak_chances(asked, ran)
        return made

    def fade(self, klass: str) -> float:
        """Return the share of what is shown that goes once something was executed."""
        counts = self._counts.get(("faded", klass, ""))
        whole, part = (int(counts[0]), int(counts[1])) if counts is not None else (0, 0)
        return (part + FADE_FIRST * FADE_WEIGHT) / (whole + FADE_WEIGHT)

    def jump(self) -> float:
        """Return by how many ticks the best price is expected to be worse once quotes have run."""
        counts = self._counts.get(("jump", "", ""))
        times, ticks = (int(counts[0]), int(counts[1])) if counts is not None else (0, 0)
        return (ticks + JUMP_FIRST * JUMP_WEIGHT) / (times + JUMP_WEIGHT)

    def outflows(self, klass: str, venue: str) -> tuple[int, ...]:
        """Return the past outflows of a queue in a minute."""
        return tuple(self._out.get((klass, venue), ()))

    def lateness(self, venue: str) -> float:
        """Return how many microseconds answers take longer than the latency says."""
        counts = self._counts.get(("late", "", venue))
        return 0.0 if counts is None or not counts[0] else float(counts[1] / counts[0])

    def down_chance(self, venue: str) -> float:
        """Return the chance that a venue is out of order."""
        counts = self._counts.get(("down", "", venue))
        return 0.02 if counts is None else (float(counts[1]) + 0.04) / (float(counts[0]) + 2)

    def explain(self) -> dict[str, dict[str, float | int]]:
        """Tell every estimate with what it rests on, under `topic/class/venue`."""
        told: dict[str, dict[str, float | int]] = {}
        for (topic, klass, venue), counts in sorted(self._counts.items()):
            if topic in TOPICS_OF_SIZE:
                fills = self.fills(topic, klass, (venue,))[0]
                row: dict[str, float | int] = {"asks": int(counts[0]), "empty": int(counts[1])}
                row |= {f"fill_of_{kernel.EDGES[at]}": round(float(fills[at]), 1) for at in range(3, 12, 2)}
            elif topic == "ran":
                leaks = self.leaks((venue,))[0]
                row = {"asks": int(counts[0::2].sum()), "ran": int(counts[1::2].sum())}
                row |= {f"chance_{at}": round(float(chance), 3) for at, chance in enumerate(leaks)}
            else:
                row = {"seen": int(counts[0]), "of_it": int(counts[1])}
            told[f"{topic}/{klass or '*'}/{venue or '*'}"] = row
        for (klass, venue), kept in sorted(self._out.items()):
            told[f"out/{klass}/{venue}"] = {
                "minutes": len(kept),
                "mean": round(sum(kept) / max(len(kept), 1), 1),
            }
        return told

    def estimates(self) -> list[Estimate]:
        """Tell the same as rows."""
        rows = []
        for key, values in self.explain().items():
            topic, klass, venue = ("" if part == "*" else part for part in key.split("/"))
            counts = {name: value for name, value in values.items() if isinstance(value, int)}
            found = {name: value for name, value in values.items() if isinstance(value, float)}
            rows.append(Estimate(topic, klass, venue, counts, found))
        return rows

    def snapshot(self) -> tuple[LearnedCounts, ...]:
        """Return all there is to know."""
        sizes = [LearnedCounts(*key, tuple(map(int, counts))) for key, counts in sorted(self._counts.items())]
        return (*sizes, *(LearnedCounts("out", *key, tuple(kept)) for key, kept in sorted(self._out.items())))

    @classmethod
    def restore(cls, image: tuple[LearnedCounts, ...]) -> Learned:
        """Build what a snapshot holds."""
        learned = cls()
        for row in image:
            if row.topic == "out":
                learned._out[row.klass, row.venue] = list(row.counts)
            else:
                learned._counts[row.topic, row.klass, row.venue] = np.array(row.counts, np.int64)
        return learned

    # --- inside ---------------------------------------------------------------------------------------------

    def _drop(self, topic: str) -> None:
        for key in [key for key in self._made if key[0] == topic]:
            del self._made[key]

    def _of(self, topic: str, klass: str, venue: str, width: int) -> Counts | None:
        key = (topic, klass, venue)
        counts = self._counts.get(key)
        if counts is None and len(self._counts) < KEYS_MAX:
            counts = self._counts[key] = np.zeros(width, np.int64)
        return counts

    def _make_fills(self, topic: str, klass: str, venues: tuple[str, ...]) -> Fills:
        count = len(venues)
        rows = np.zeros((count, 2 + 2 * CELLS))
        rows[:, 0], rows[:, 1] = ASKED_FIRST, ASKED_FIRST * EMPTY_FIRST[topic]
        for at, venue in enumerate(venues):
            for key, counts in self._counts.items():
                if key[0] == topic and key[2] == venue:
                    if key[1] == klass:
                        rows[at] += counts
                    else:
                        rows[at, :2] += counts[:2] / OTHER_CLASSES
        chances = np.empty((count, CELLS + 1))
        if count:
            tails(
                rows[:, 0].copy(),
                rows[:, 1].copy(),
                rows[:, 2 : 2 + CELLS].copy(),
                rows[:, 2 + CELLS :].copy(),
                CAUTION,
                chances,
            )
        made = np.empty((count, kernel.CELLS + 1))
        expected_fills(EDGES, chances, kernel.EDGES, made)
        return made


def leak_chances(asked: Fills, ran: Fills) -> Fills:
    """Estimate the chance that quotes run, by venue and size.

    Each shape is tried at every level, a venue's level near that of all; shapes are weighed by how well they tell the counts. Small asks are
    rarely seen in a history: the shape is what says whether they are harmless.
    """
    fitted = np.empty((len(LEAK_SHAPES), *asked.shape))
    evidence = [
        shape_chances(
            asked, ran, LEAK_LEVELS, table, LEAK_FIRST, LEAK_SPREAD_ALL, LEAK_SPREAD_VENUE, fitted[place]
        )
        for place, table in enumerate(_leak_tables())
    ]
    weights = [exponential(one - max(evidence)) for one in evidence]
    made: Fills = np.zeros(asked.shape)
    for weight, chances in zip(weights, fitted, strict=True):
        made += weight / sum(weights) * chances
    return made


@cache
def _leak_tables() -> tuple[Fills, ...]:
    return tuple(shape_table(LEAK_LEVELS, shape, LEAK_MIN, LEAK_MAX) for shape in LEAK_SHAPES)
