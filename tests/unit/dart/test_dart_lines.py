"""The JSON-lines protocol: what is answered, what is refused, and that no crossing of fills, cancels and silence buys too much."""

from __future__ import annotations

import io
import subprocess
import sys

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from rushtrade.cli.dart import app
from rushtrade.cli.dart_serve import serve
from rushtrade.domain.errors import InvalidInput
from rushtrade.router.line_messages import NOTHING, answer_wanted
from rushtrade.router.line_router import LINE_BYTES_MAX, LineRouter
from support.waiting import COMMAND_S

VENUES = [
    {"name": "L", "kind": "lit", "take": 30, "make": -20, "lat": 100, "feed": 80},
    {"name": "K", "kind": "lit", "take": -5, "make": 10, "lat": 300, "feed": 200},
    {"name": "D", "kind": "dark", "take": 10, "make": 10, "lat": 250, "feed": 0},
    {"name": "M", "kind": "mm", "take": 0, "make": 0, "lat": 500, "feed": 0},
]
BOOK = {
    "L": {"ask": [[20.01, 300], [20.02, 500]], "bid": [[20.0, 400]]},
    "K": {"ask": [[20.01, 200], [20.03, 900]], "bid": [[20.0, 100]]},
}
MIRROR = {
    "L": {"bid": [[20.0, 300], [19.99, 500]], "ask": [[20.01, 400]]},
    "K": {"bid": [[20.0, 200], [19.98, 900]], "ask": [[20.01, 100]]},
}


def start(qty: int, **more) -> dict:
    return {
        "ev": "start",
        "sid": 1,
        "side": "B",
        "qty": qty,
        "deadline_us": 250_000,
        "tick": 0.01,
        "mid": 20.005,
        "klass": "large-cap",
        "venues": VENUES,
        "book": BOOK,
    } | more


def ask(router: LineRouter, message: dict) -> dict | None:
    answer = router.take(msgspec.json.encode(message))
    assert answer is None or answer.endswith(b"\n")
    return None if answer is None else msgspec.json.decode(answer)


def report(child: dict, state: str = "done", fills: list | None = None) -> dict:
    return {"cid": child["cid"], "state": state, "venue": child["venue"], "fills": fills or []}


def update(t_us: int, filled: int, *reports: dict, book: dict | None = None) -> dict:
    return {"ev": "update", "t_us": t_us, "filled": filled, "book": book or BOOK, "reports": list(reports)}


def test_start_and_update_are_answered_and_the_others_are_not():
    router = LineRouter()
    assert ask(router, {"ev": "world", "world": 1, "history": []}) is None
    first = ask(router, start(900))
    assert set(first) == {"orders", "cancels", "wake_us"}
    assert set(first["orders"][0]) == {"cid", "venue", "side", "qty", "price", "type", "t_us"}
    assert set(ask(router, update(400, 0))) == {"orders", "cancels", "wake_us"}
    assert ask(router, {"ev": "end"}) is None


def test_prices_are_dollars_and_a_sale_is_the_mirror_of_a_buy():
    buy = ask(LineRouter("sweep"), start(900))
    sale = ask(LineRouter("sweep"), start(900, side="S", book=MIRROR))
    assert [(one["venue"], one["qty"], one["type"]) for one in buy["orders"]] == [
        (one["venue"], one["qty"], one["type"]) for one in sale["orders"]
    ]
    for bought, sold in zip(buy["orders"], sale["orders"], strict=True):
        assert bought["price"] + sold["price"] == pytest.approx(40.01)
        assert sold["side"] == "S"


def test_a_rejecting_venue_is_routed_around():
    router = LineRouter("sweep")
    first = ask(router, start(500))
    reports = [report(one, "reject" if one["venue"] == "L" else "done") for one in first["orders"]]
    second = ask(router, update(1_500, 0, *reports))
    assert second["orders"]
    assert all(one["venue"] != "L" for one in second["orders"])


def test_a_silent_venue_is_asked_to_cancel_and_its_shares_are_not_sent_again():
    router = LineRouter("sweep")
    first = ask(router, start(500))
    quiet = next(one for one in first["orders"] if one["venue"] == "L")
    others = [report(one, "done") for one in first["orders"] if one is not quiet]
    waiting = ask(router, update(1_500, 0, *others))
    late = ask(router, update(waiting["wake_us"] + 20_000, 0))
    assert quiet["cid"] in late["cancels"]
    sent = sum(one["qty"] for one in late["orders"]) + sum(one["qty"] for one in waiting["orders"])
    assert sent <= 500 - quiet["qty"]
    found = ask(router, update(waiting["wake_us"] + 60_000, 0, report(quiet, "done")))
    assert found["orders"] or sent == 500 - quiet["qty"]


def test_an_ioc_that_says_open_still_counts():
    router = LineRouter("sweep")
    first = ask(router, start(500))
    child = first["orders"][0]
    again = ask(router, update(900, 100, report(child, "open", [[20.01, 100]])))
    assert again["orders"] == []


def test_fills_the_reports_have_not_told_yet_are_not_bought_twice():
    router = LineRouter("sweep")
    first = ask(router, start(500))
    reports = [report(one) for one in first["orders"]]
    second = ask(router, update(2_000, 450, *reports))
    assert sum(one["qty"] for one in second["orders"]) <= 50


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 3_000),
    st.sampled_from(["best", "seek", "sweep", "repeat", "sequence", "snapshot", "work"]),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 100), st.sampled_from(["done", "open", "reject", ""])), max_size=40),
    st.data(),
)
def test_what_is_filled_and_open_never_exceeds_the_order(qty, strategy, slow, happenings, data):
    router = LineRouter(strategy)
    deadline = 60_000_000 if slow else 250_000
    answer = ask(router, start(qty, deadline_us=deadline))
    live: dict[str, list] = {}
    filled, now = 0, 0
    for percent, state in [(50, "done"), *happenings]:
        for one in answer["orders"]:
            assert one["cid"] not in live
            live[one["cid"]] = [one, one["qty"]]
        assert filled + sum(left for _, left in live.values()) <= qty
        now += data.draw(st.integers(1, 30_000))
        reports = []
        for cid in list(live)[: data.draw(st.integers(0, 4))]:
            child, left = live[cid]
            got = left * percent // 100 if state in {"done", "open"} else 0
            filled += got
            live[cid][1] -= got
            if state:
                reports.append(report(child, state, [[child["price"], got]] if got else []))
            if state in {"done", "reject"} or not live[cid][1]:
                del live[cid]
        answer = ask(router, update(now, filled, *reports))
    ask(router, {"ev": "end"})


def test_a_worked_order_rests_within_the_order_and_takes_all_back_before_the_end():
    router = LineRouter()
    history = [
        {"klass": "large-cap", "venue": name, "limit": "outflow60s", "shown": 400, "asked": 0, "filled": flow}
        for name in ("L", "K")
        for flow in (600, 900, 1_500, 2_000, 2_500, 800, 1_700)
    ]
    ask(router, {"ev": "world", "world": 1, "history": history})
    answer = ask(router, start(600, deadline_us=60_000_000))
    resting: list[dict] = []
    now = 0
    while not any(one["type"] == "DAY" for one in answer["orders"]):
        now += 2_000
        answer = ask(router, update(now, 0, *[report(one) for one in answer["orders"]]))
        assert now < 100_000
    resting = [one for one in answer["orders"] if one["type"] == "DAY"]
    assert sum(one["qty"] for one in resting) <= 600
    assert {one["price"] for one in resting} == {20.0}
    now += 1_000
    ask(router, update(now, 0, *[report(one, "open") for one in resting]))
    last = ask(router, update(59_600_000, 0))
    assert set(last["cancels"]) == {one["cid"] for one in resting}
    swept = ask(router, update(59_601_000, 0, *[report(one, "done") for one in resting]))
    assert swept["orders"]


def test_own_fills_and_the_history_teach_the_same_estimates():
    history = [{"klass": "x", "venue": "D", "limit": "mid", "shown": 0, "asked": 300, "filled": 300}] * 30
    router = LineRouter("seek")
    ask(router, {"ev": "world", "world": 4, "history": history})
    asked = router.learned.explain()["mid/x/D"]["asks"]
    first = ask(router, start(300, klass="x"))
    assert [one["venue"] for one in first["orders"]] == ["D"]
    ask(router, update(800, 300, report(first["orders"][0], "done", [[20.005, 300]])))
    assert router.learned.explain()["mid/x/D"]["asks"] == asked + 1
    ask(router, {"ev": "world", "world": 4, "history": history})
    assert router.learned.explain()["mid/x/D"]["asks"] == asked + 1
    ask(router, {"ev": "world", "world": 5, "history": []})
    assert router.learned.explain() == {}


def test_an_order_that_ends_before_its_last_report_was_filled_by_what_was_under_way():
    history = [{"klass": "x", "venue": "D", "limit": "mid", "shown": 0, "asked": 300, "filled": 300}] * 30
    router = LineRouter("seek")
    ask(router, {"ev": "world", "world": 4, "history": history})
    assert [one["qty"] for one in ask(router, start(20, klass="x"))["orders"]] == [20]
    ask(router, {"ev": "end"})
    told = router.learned.explain()["mid/x/D"]
    assert (told["asks"], told["empty"]) == (31, 0)


def test_rows_of_a_history_that_make_no_sense_are_passed_over():
    router = LineRouter()
    good = {"klass": "x", "venue": "D", "limit": "mid", "asked": 300, "filled": 300, "more": [1]}
    bad = [7, {"venue": "D"}, good | {"filled": "many"}, good | {"asked": -5}]
    bad += [good | {"limit": "ask", "venue": "M", "px_vs_ask_mils": 1e300}]
    ask(router, {"ev": "world", "world": 1, "history": [good, *bad]})
    ask(router, start(500, klass="x"))
    assert router.learned.explain()["mid/x/D"]["asks"] == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"garbage", "no message of this protocol"),
        (b'{"ev":"dance"}', "world, start, update or end, not 'dance'"),
        (b'{"ev":"update","t_us":1}', "send start first"),
        (msgspec.json.encode(start(0)), "qty lies between 1 and"),
        (msgspec.json.encode(start(9, side="X")), '"B" or "S", not \'X\''),
        (msgspec.json.encode(start(9, venues=[VENUES[0]] * 2)), "a name of its own"),
        (msgspec.json.encode(start(9, venues=[VENUES[0] | {"kind": "shop"}])), "one of lit, dark, mm"),
        (msgspec.json.encode(start(9, tick="often")), "no message of this protocol"),
        (msgspec.json.encode(start(9, tick=1e308)), "beyond any"),
        (b" " * (LINE_BYTES_MAX + 1), "at most"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_plain_words(line, said):
    with pytest.raises(InvalidInput, match=said):
        LineRouter().take(line)


def test_whoever_waits_for_a_line_gets_one():
    answers, complaints = io.BytesIO(), io.StringIO()
    lines = b'{"ev":"start"}\n\n{"ev":"world","history":3}\nnonsense\n{"ev":"end"}\n'
    serve(LineRouter(), io.BytesIO(lines), answers, complaints)
    assert answers.getvalue() == NOTHING * 2
    assert [line.split(":")[0] for line in complaints.getvalue().splitlines()] == [
        "line 1",
        "line 3",
        "line 4",
    ]
    told = io.StringIO()
    serve(LineRouter(), io.BytesIO(b"nonsense\n"), io.BytesIO(), told, as_json=True)
    assert msgspec.json.decode(told.getvalue()).keys() == {"error", "line"}
    assert not answer_wanted(b'{"ev":"end"}')


def test_serve_answers_a_pipe_line_by_line():
    process = subprocess.Popen(
        [sys.executable, "-c", "from rushtrade.cli.main import main; main()", "dart", "serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        for qty in (100, 5_000):
            process.stdin.write(msgspec.json.encode(start(qty)) + b"\n")
            process.stdin.flush()
            assert msgspec.json.decode(process.stdout.readline())["orders"]
        process.stdin.close()
        assert process.wait(timeout=COMMAND_S) == 0
    finally:
        process.kill()
        process.stdout.close()


def test_an_unknown_strategy_is_refused():
    result = CliRunner().invoke(app, ["serve", "--strategy", "hope"])
    assert result.exit_code == 2
    assert "there is no strategy 'hope'" in result.output
