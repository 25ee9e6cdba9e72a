"""Bars of figures below and above zero as one SVG picture: text and rectangles, nothing fetched, nothing run.

It knows names and exact numbers, not what they mean. Lengths are whole hundredths of the longest bar's room, so the same figures
give the same picture to the byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from html import escape

import msgspec

from rushtrade.backoffice.percentages import half_up

ROW = 26
LEFT = 150
ROOM = 560
RIGHT = 230
TOP = 56
BARS_MAX = 60
"""Bars of one picture: more cannot be read; what is left out is said."""
NAME_MAX = 20
_OPENING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
    'role="img" font-family="system-ui, sans-serif" font-size="13">'
)


class Bar(msgspec.Struct, frozen=True):
    """One bar: a name, a length (None = not known), and a remark behind it."""

    name: str
    value: Fraction | None
    remark: str = ""


def bars_svg(title: str, unit: str, bars: Sequence[Bar]) -> str:
    """Draw the bars in their order, zero where it belongs, each with its figure."""
    drawn = bars[:BARS_MAX]
    known = [bar.value for bar in drawn if bar.value is not None]
    low, high = min([Fraction(0), *known]), max([Fraction(0), *known])
    span = (high - low) or Fraction(1)
    zero = LEFT + Fraction(-low * ROOM, span)
    height = TOP + ROW * len(drawn) + 30
    width = LEFT + ROOM + RIGHT
    left_out = f" · {len(bars) - len(drawn)} more not drawn" if len(bars) > len(drawn) else ""
    lines = [
        _OPENING.format(width=width, height=height),
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<text x="12" y="24" font-size="16" font-weight="600">{escape(title)}</text>',
        f'<text x="12" y="43" fill="#555">{escape(unit + left_out)}</text>',
    ]
    for place, bar in enumerate(drawn):
        lines += _bar(bar, TOP + place * ROW, zero, span)
    lines += [
        f'<line x1="{_at(zero)}" x2="{_at(zero)}" y1="{TOP - 4}" y2="{height - 24}" stroke="#333"/>',
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _bar(bar: Bar, top: int, zero: Fraction, span: Fraction) -> list[str]:
    name = bar.name if len(bar.name) <= NAME_MAX else bar.name[: NAME_MAX - 1] + "…"
    base = top + 16
    label = f'<text x="{LEFT - 10}" y="{base}" text-anchor="end">{escape(name)}</text>'
    if bar.value is None:
        return [label, f'<text x="{_at(zero + 6)}" y="{base}" fill="#777">not known</text>']
    length = Fraction(abs(bar.value) * ROOM, span)
    start = zero if bar.value >= 0 else zero - length
    colour = "#b4552d" if bar.value >= 0 else "#2f7d5b"
    end = zero + length if bar.value >= 0 else zero
    figure = half_up(bar.value, 2) + (f" · {bar.remark}" if bar.remark else "")
    return [
        label,
        f'<rect x="{_at(start)}" y="{top + 4}" width="{_at(length)}" height="{ROW - 9}" fill="{colour}"/>',
        f'<text x="{_at(end + 6)}" y="{base}">{escape(figure)}</text>',
    ]


def _at(value: Fraction) -> str:
    return half_up(value, 2)
