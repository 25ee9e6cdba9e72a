"""The sequencer: what is answered and released, when, and what happens when something breaks."""

from __future__ import annotations

import math

import pytest

from rushtrade.core.replay import restore
from rushtrade.core.sequencer import BATCH_COMMANDS_MAX, BATCH_NS_MAX, INBOX_MAX, Core
from rushtrade.domain import commands as cmd
from rushtrade.domain import events as ev
from rushtrade.domain.accounts import AccountKind
from rushtrade.domain.errors import HouseBusy, HouseStopped, InvalidInput, InvariantBroken
from rushtrade.domain.orders import OrderTerms, OrderType, Side, TimeInForce
from rushtrade.domain.quotes import NO_QUOTE
from rushtrade.journal.pipeline import CommitPipeline
from support.memory_journal import DiskFailed, MemoryJournal
from support.order_words import Desk
from support.small_house import SmallHouse

TICK = cmd.Tick()
BUY = OrderTerms(1, Side.BUY, OrderType.LIMIT, TimeInForce.DAY, 100, 100_000)


def core_over(journal, **options):
    times = iter(range(10**9, 2 * 10**9))
    return Core(journal, lambda: next(times), **options)


def register(name="Ann"):
    return cmd.RegisterCustomer(name, "profile")


# --- order, batches, time ------------------------------------------------------------------------


def test_a_step_takes_at_most_a_batch_and_makes_one_frame_of_it():
    journal = MemoryJournal()
    core = core_over(journal)
    for _ in range(BATCH_COMMANDS_MAX + 1):
        core.submit(TICK, "clock")
    assert (core.step(), core.waiting, journal.last().seq) == (BATCH_COMMANDS_MAX, 1, 1)
    assert (core.step(), core.waiting, journal.last().seq) == (1, 0, 2)
    assert (core.step(), journal.last().seq) == (0, 2)


def test_a_batch_ends_when_its_time_is_over():
    ticks = iter([0, 1, BATCH_NS_MAX, BATCH_NS_MAX + 1, BATCH_NS_MAX + 2])
    core = core_over(MemoryJournal(), stopwatch=lambda: next(ticks))
    for _ in range(5):
        core.submit(TICK, "clock")
    assert core.step() == 2


def test_commands_are_numbered_in_the_order_they_came():
    core = core_over(MemoryJournal())
    tickets = [core.submit(register(f"customer {n}"), "desk") for n in range(3)]
    core.submit_all([TICK], "clock")
    tickets.append(core.submit(register("the last"), "desk"))
    core.step()
    assert [ticket.seq for ticket in tickets] == [1, 2, 3, 5]
    assert [ticket.events[0].customer_id for ticket in tickets] == [1, 2, 3, 4]
    assert core.next_seq == 6


def test_time_never_goes_back():
    times = iter([50, 40, 60])
    journal, seen = MemoryJournal(), []
    core = Core(journal, lambda: next(times))
    core.subscribe(lambda body: seen.append(body.time_ns))
    for _ in range(3):
        core.submit(TICK, "clock")
        core.step()
    assert seen == [50, 50, 60]


def test_a_full_inbox_says_busy_and_takes_nothing_but_what_has_happened_already():
    core = core_over(MemoryJournal())
    for _ in range(INBOX_MAX):
        core.submit(TICK, "clock")
    with pytest.raises(HouseBusy, match="BUSY"):
        core.submit(TICK, "clock")
    assert core.waiting == INBOX_MAX
    core.submit_all([cmd.ReportAccepted(0, 1, 1, 1, 1)], "venue")
    assert core.waiting == INBOX_MAX + 1
    core.step()
    core.submit(TICK, "clock")


# --- nothing leaves before it is durable ------------------------------------------------------------


def test_subscribers_and_tickets_hear_of_a_command_after_its_frame_is_durable():
    journal, heard = MemoryJournal(), []
    core = core_over(journal)
    core.subscribe(lambda body: heard.append(("frame", body.first_seq, journal.last().seq)))
    core.submit(register(), "desk", lambda ticket: heard.append(("ticket", ticket.seq, journal.last().seq)))
    assert heard == []
    core.step()
    assert heard == [("frame", 1, 1), ("ticket", 1, 1)]


def test_whoever_unsubscribes_hears_no_more():
    core, heard = core_over(MemoryJournal()), []
    stop = core.subscribe(lambda body: heard.append(body.first_seq))
    core.submit(TICK, "clock")
    core.step()
    stop()
    core.submit(TICK, "clock")
    core.step()
    assert heard == [1]


def test_a_failed_commit_releases_nothing_and_stops_the_house():
    journal, heard = MemoryJournal(), []
    core = core_over(journal)
    core.subscribe(heard.append)
    journal.failing = True
    ticket = core.submit(register(), "desk")
    with pytest.raises(DiskFailed):
        core.step()
    assert (heard, ticket.done, journal.last().seq) == ([], False, 0)
    journal.failing = False
    for attempt in (core.step, lambda: core.submit(TICK, "clock"), lambda: core.submit_all([TICK], "clock")):
        with pytest.raises(HouseStopped, match="the disk has failed"):
            attempt()
    assert restore(journal)[0].customers == {}


def test_a_broken_invariant_stops_the_house_before_anything_of_the_batch_is_released():
    house = SmallHouse()
    house.found()
    desk = Desk(house, house.open_account(AccountKind.CASH, 10_000))
    desk.play("buy 100 RUSH 10.00 gtc as o1")
    house.state.accounts[1].held_money = 0
    heard, frames = [], house.journal.last().seq
    house.core.subscribe(heard.append)
    before = house.core.submit(register("Bob"), "desk")
    broken = house.core.submit(desk.command("A takes A1 100 @ 10.00"), "venue")
    with pytest.raises(InvariantBroken, match="held"):
        house.core.step()
    assert (heard, before.done, broken.done, house.journal.last().seq) == ([], False, False, frames)
    with pytest.raises(HouseStopped, match="held"):
        house.core.submit(TICK, "clock")


def test_a_subscriber_that_fails_stops_the_house():
    core = core_over(MemoryJournal())

    def fail(_body):
        raise ValueError("no room for this frame")

    core.subscribe(fail)
    ticket = core.submit(TICK, "clock")
    with pytest.raises(ValueError, match="no room"):
        core.step()
    assert not ticket.done
    with pytest.raises(HouseStopped, match="no room"):
        core.step()


def test_a_closed_house_takes_no_more():
    journal = MemoryJournal()
    core = core_over(journal)
    ticket = core.submit(register(), "desk")
    core.close()
    assert (ticket.done, journal.last().seq) == (True, 1)
    with pytest.raises(HouseStopped, match="closed"):
        core.submit(TICK, "clock")


# --- behind a pipeline --------------------------------------------------------------------------------


class HousekeptJournal(MemoryJournal):
    """A journal in memory as the pipeline wants one."""

    def housekeep(self):
        pass


def test_a_pipeline_gives_the_same_journal_and_releases_in_order():
    frames, heard = {}, []
    for name in ("direct", "pipeline"):
        journal = HousekeptJournal()
        core = core_over(journal, pipeline=CommitPipeline(journal) if name == "pipeline" else None)
        core.subscribe(lambda body: heard.append(body.first_seq))
        tickets = [core.submit(register(f"customer {n}"), "desk") for n in range(1_000)]
        core.drain()
        core.close()
        assert all(ticket.done for ticket in tickets)
        frames[name] = [frame.hash for frame in journal.frames()]
    assert frames["direct"] == frames["pipeline"]
    assert heard == [1, 257, 513, 769] * 2


def test_a_pipeline_that_fails_stops_the_house_and_releases_nothing_of_what_failed():
    journal = HousekeptJournal()
    core = core_over(journal, pipeline=CommitPipeline(journal))
    heard = []
    core.subscribe(heard.append)
    journal.failing = True
    tickets = [core.submit(TICK, "clock") for _ in range(BATCH_COMMANDS_MAX)]
    core.step()
    with pytest.raises(Exception, match="disk has failed"):
        core.drain()
    assert (heard, any(ticket.done for ticket in tickets)) == ([], False)
    with pytest.raises(HouseStopped, match="disk has failed"):
        core.submit(TICK, "clock")


# --- what is no command ---------------------------------------------------------------------------------


def entered(**fields):
    whole = {"account_id": 1, "client_order_id": "c", "terms": BUY, "stamp": NO_QUOTE} | fields
    return cmd.EnterOrder(**whole)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("buy 100 RUSH", "str is no command"),
        (None, "NoneType is no command"),
        (ev.DayClosed(1), "DayClosed is no command"),
        (entered(account_id="1"), "Expected `int`, got `str`"),
        (entered(account_id=1.5), "Expected `int`, got `float`"),
        (entered(account_id=True), "Expected `int`, got `bool`"),
        (entered(account_id=2**64), "can't serialize ints"),
        (entered(client_order_id="\ud800"), "surrogates not allowed"),
        (entered(client_order_id=None), "Expected `str`, got `None`"),
        (entered(terms=None), "Expected `array`, got `None`"),
        (entered(terms=OrderTerms(1, 7, OrderType.LIMIT, TimeInForce.DAY, 100, 1)), "Invalid enum value 7"),
        (entered(terms=OrderTerms(1, Side.BUY, OrderType.LIMIT, TimeInForce.DAY, math.nan, 1)), "`float`"),
        (entered(terms=OrderTerms(1, Side.BUY, OrderType.LIMIT, TimeInForce.DAY, -(2**70), 1)), "ints"),
        (cmd.TransferCash(1, object(), "ref"), "object"),
    ],
)
def test_what_the_journal_could_not_give_back_is_refused_at_the_door(command, why):
    journal = MemoryJournal()
    core = core_over(journal)
    with pytest.raises(InvalidInput, match=why):
        core.submit(command, "somebody")
    assert core.waiting == 0
    core.submit(TICK, "clock")
    assert core.step() == 1
