"""The quality of a day as one page: tables and pictures in SVG, nothing loaded, nothing run.

Every text is escaped; there is no script and no style from elsewhere, so the strictest content policy shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from rushtrade.archive.day_quality import LAG_BOUNDS_US, Quality

WIDTH, HEIGHT = 720, 160
STYLE = (
    "body{font:14px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:60rem;color:#1b1f24;background:#fff}"
    "table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{padding:.2rem .7rem;border-bottom:1px solid #d8dee4;"
    "text-align:right}td:first-child,th:first-child{text-align:left}h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}"
    ".note{color:#57606a}svg text{font:11px system-ui,sans-serif;fill:#57606a}"
    "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}td,th{border-color:#30363d}}"
)


def page(quality: Quality) -> str:
    """The whole document."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>Data quality {escape(quality.trade_date)}</title><style>{STYLE}</style>",
        f"<h1>Data quality, {escape(quality.trade_date)}</h1>",
        f"<p>{escape(verdict(quality))}</p>",
        *(f"<p class=note>{escape(note)}</p>" for note in quality.notes),
        "<h2>Rows</h2>",
        _table(("schema", "rows"), ((name, f"{count:,}") for name, count in quality.rows.items())),
        *_lines(quality),
        *_lags(quality),
        *_quotes(quality),
        *_trades(quality),
        *_comparison(quality),
        "</html>\n",
    ]
    return "\n".join(parts)


def verdict(quality: Quality) -> str:
    """The day in one sentence."""
    missing = sum(line.missing for line in quality.lines)
    faults = [
        f"{missing:,} messages are missing" if missing else "",
        f"the market was crossed for {quality.crossed_seconds:,.1f} s" if quality.crossed_seconds else "",
        f"{quality.outliers:,} trades are far from their quotes" if quality.outliers else "",
        f"{quality.bad_prices:,} trades have no price" if quality.bad_prices else "",
    ]
    if quality.comparison and quality.comparison.equal < quality.comparison.compared:
        wrong = quality.comparison.compared - quality.comparison.equal
        faults.append(f"{wrong:,} of {quality.comparison.compared:,} bars differ from the published ones")
    told = [fault for fault in faults if fault]
    return "Nothing is wrong with what could be judged." if not told else f"Look at this: {'; '.join(told)}."


def _lines(quality: Quality) -> list[str]:
    rows = (
        (
            line.venue,
            f"{line.messages:,}",
            f"{line.packets:,}",
            f"{line.gaps:,}",
            f"{line.missing:,}",
            f"{line.images:,}",
            ", ".join(f"{count} × {event}" for event, count in line.events.items()) or "–",
        )
        for line in quality.lines
    )
    heading = ("venue", "messages", "packets", "gaps", "missing", "images", "states")
    return ["<h2>Lines</h2>", _table(heading, rows)] if quality.lines else []


def _lags(quality: Quality) -> list[str]:
    if not quality.lags:
        return []
    labels = [*(f"≤ {_time_of(bound)}" for bound in LAG_BOUNDS_US), "more"]
    parts = ["<h2>Lag</h2>"]
    rows = (
        (
            lag.venue,
            f"{lag.rows:,}",
            _time_of(lag.median_us),
            _time_of(lag.p99_us),
            _time_of(lag.max_us),
            f"{lag.negative:,}",
        )
        for lag in quality.lags
    )
    parts.append(_table(("venue", "rows", "median", "99 %", "longest", "negative"), rows))
    total = [sum(lag.histogram[place] for lag in quality.lags) for place in range(len(labels))]
    parts.append(bars_picture(total, labels, "rows by lag"))
    return parts


def _quotes(quality: Quality) -> list[str]:
    if not quality.quotes:
        return []
    rows = (
        (
            each.symbol,
            f"{each.quotes:,}",
            *(
                f"{each.seconds.get(state, 0):,.1f}"
                for state in ("good", "locked", "crossed", "one_sided", "unknown")
            ),
            f"{each.crossed_share:.2%}",
        )
        for each in quality.quotes
    )
    heading = ("symbol", "quotes", "good s", "locked s", "crossed s", "one-sided s", "unknown s", "crossed")
    worst = [each for each in quality.quotes if each.crossed_share > 0]
    picture = (
        [
            bars_picture(
                [int(each.crossed_share * 10_000) for each in worst],
                [each.symbol for each in worst],
                "crossed, in 1/100 %",
            )
        ]
        if worst
        else []
    )
    return ["<h2>Best quotes</h2>", _table(heading, rows), *picture]


def _trades(quality: Quality) -> list[str]:
    parts: list[str] = []
    if any(quality.minutes):
        parts += ["<h2>Trades by minute (New York)</h2>", minutes_picture(quality.minutes)]
    if quality.worst_outliers:
        rows = (
            (each.symbol, each.venue, each.time, each.price, each.bid or "–", each.ask or "–", each.why)
            for each in quality.worst_outliers
        )
        heading = ("symbol", "venue", "time UTC", "price", "bid", "ask", "why")
        parts += [f"<h2>Outliers ({quality.outliers:,})</h2>", _table(heading, rows)]
    return parts


def _comparison(quality: Quality) -> list[str]:
    found = quality.comparison
    if found is None:
        return []
    text = (
        f"{found.equal:,} of {found.compared:,} bars agree with {found.published}; {found.only_own:,} are only ours, "
        f"{found.only_published:,} only published."
    )
    rows = (
        (each.symbol, each.schema, each.time, each.field, each.own, each.published)
        for each in found.differences
    )
    table = _table(("symbol", "bars", "time", "what", "own", "published"), rows) if found.differences else ""
    return ["<h2>Published bars</h2>", f"<p>{escape(text)}</p>", table]


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heading)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def bars_picture(values: Sequence[int], labels: Sequence[str], title: str) -> str:
    """A picture of bars side by side."""
    most = max([*values, 1])
    step = WIDTH / max(len(values), 1)
    shapes = []
    for place, (value, label) in enumerate(zip(values, labels, strict=True)):
        height = value / most * (HEIGHT - 40)
        left = place * step
        shapes.append(
            f'<rect x="{left + 2:.1f}" y="{HEIGHT - 20 - height:.1f}" width="{max(step - 4, 1):.1f}" height="{height:.1f}" fill="#4c8dd6"/>'
            f'<text x="{left + step / 2:.1f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(label)}</text>'
            f'<text x="{left + step / 2:.1f}" y="{HEIGHT - 24 - height:.1f}" text-anchor="middle">{value:,}</text>'
        )
    return _picture(shapes, title)


def minutes_picture(minutes: Sequence[int]) -> str:
    """A picture of counts over the minutes of a day, the busy part of it."""
    busy = [place for place, count in enumerate(minutes) if count]
    begin, end = busy[0] // 30 * 30, min(busy[-1] // 30 * 30 + 30, 1440)
    most, step = max(minutes), WIDTH / (end - begin)
    points = " ".join(
        f"{(place - begin) * step:.1f},{HEIGHT - 20 - minutes[place] / most * (HEIGHT - 40):.1f}"
        for place in range(begin, end)
    )
    shapes = [f'<polyline points="{points}" fill="none" stroke="#4c8dd6" stroke-width="1.5"/>']
    every = max((end - begin) // 6 // 30 * 30, 30)
    shapes += [
        f'<text x="{(minute - begin) * step:.1f}" y="{HEIGHT - 6}">{minute // 60:02}:{minute % 60:02}</text>'
        for minute in range(begin, end, every)
    ]
    shapes.append(f'<text x="4" y="12">{most:,} at most</text>')
    return _picture(shapes, "trades by minute")


def _picture(shapes: list[str], title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(shapes)}</svg>"
    )


def _time_of(microseconds: float) -> str:
    if abs(microseconds) < 1_000:
        return f"{microseconds:g} µs"
    return f"{microseconds / 1e3:g} ms" if abs(microseconds) < 1_000_000 else f"{microseconds / 1e6:g} s"
