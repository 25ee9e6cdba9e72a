import threading

import pytest

from rushtrade.journal import (
    CommitPipeline,
    Frame,
    JournalClosed,
    JournalFailed,
    WrongSeq,
)
from support.waiting import PATIENCE_S


class SlowJournal:
    """A journal whose commits wait until the test lets them go."""

    def __init__(self, journal):
        self._journal = journal
        self.gate = threading.Semaphore(0)
        self.appended: list[int] = []
        self.housekept = 0

    def last(self):
        return self._journal.last()

    def append(self, frame):
        assert self.gate.acquire(timeout=PATIENCE_S)
        self._journal.append(frame)
        self.appended.append(frame.seq)

    def housekeep(self):
        self.housekept += 1
        self._journal.housekeep()


def chain(journal, count, body=b"x"):
    frames, last = [], journal.last()
    for _ in range(count):
        frames.append(Frame.after(last, format=1, epoch=journal.epoch, time_ns=last.time_ns, body=body))
        last = frames[-1].position
    return frames


def test_frames_are_committed_in_order_and_all_of_them(journal):
    frames = chain(journal, 200)
    with CommitPipeline(journal) as pipeline:
        for frame in frames:
            pipeline.submit(frame)
        pipeline.drain()
        assert pipeline.durable_seq() == 200
    assert list(journal.frames()) == frames


def test_a_frame_is_not_called_durable_before_its_commit_returned(journal):
    slow = SlowJournal(journal)
    pipeline = CommitPipeline(slow)
    for frame in chain(journal, 2):
        pipeline.submit(frame)
    assert pipeline.durable_seq() == 0
    slow.gate.release()
    pipeline.wait(1)
    assert (pipeline.durable_seq(), slow.appended) == (1, [1])
    slow.gate.release()
    pipeline.close()
    assert slow.appended == [1, 2]


def test_no_more_than_depth_frames_are_under_way(journal):
    slow = SlowJournal(journal)
    pipeline = CommitPipeline(slow, depth=2)
    first, second, third = chain(journal, 3)
    pipeline.submit(first)
    pipeline.submit(second)
    submitted = threading.Event()

    def submit_third():
        pipeline.submit(third)
        submitted.set()

    thread = threading.Thread(target=submit_third)
    thread.start()
    assert not submitted.wait(0.05)
    slow.gate.release()
    assert submitted.wait(30)
    thread.join()
    slow.gate.release(2)
    pipeline.close()
    assert slow.appended == [1, 2, 3]


def test_a_failure_surfaces_at_the_next_call_and_at_every_later_one(journal):
    first, second, third = chain(journal, 3)
    pipeline = CommitPipeline(journal)
    pipeline.submit(first)
    pipeline.wait(1)
    pipeline.submit(third)
    with pytest.raises(JournalFailed, match="frame 3 cannot be appended; the next one is 2") as caught:
        pipeline.drain()
    assert isinstance(caught.value.__cause__, WrongSeq)
    for call in (
        lambda: pipeline.submit(second),
        pipeline.durable_seq,
        pipeline.drain,
        lambda: pipeline.wait(1),
    ):
        with pytest.raises(JournalFailed):
            call()
    with pytest.raises(JournalFailed):
        pipeline.close()
    pipeline.close()
    assert journal.last() == first.position


def test_nothing_behind_a_failure_is_written(journal):
    """The frames behind were made on a history that did not happen."""
    first, second, third = chain(journal, 3)
    pipeline = CommitPipeline(journal, depth=3)
    for frame in (second, first, third):
        pipeline._frames.put(frame)
    pipeline._thread.join(30)
    with pytest.raises(JournalFailed, match="frame 2 cannot be appended"):
        pipeline.durable_seq()
    assert journal.last().seq == 0


def test_whoever_asked_is_notified_of_each_durable_frame(journal):
    notified = []
    with CommitPipeline(journal, notify=notified.append) as pipeline:
        for frame in chain(journal, 20):
            pipeline.submit(frame)
    assert notified == list(range(1, 21))


def test_a_notification_that_fails_stops_the_pipeline(journal):
    def notify(_seq):
        raise RuntimeError("the listener is gone")

    pipeline = CommitPipeline(journal, notify=notify)
    pipeline.submit(chain(journal, 1)[0])
    pipeline._thread.join(30)
    with pytest.raises(JournalFailed, match="the listener is gone"):
        pipeline.durable_seq()
    assert journal.last().seq == 1


def test_a_failure_after_the_last_frame_surfaces_at_close(journal):
    slow = SlowJournal(journal)
    slow.housekeep = lambda: journal.append(None)
    pipeline = CommitPipeline(slow)
    pipeline.submit(chain(journal, 1)[0])
    slow.gate.release()
    with pytest.raises(JournalFailed):
        pipeline.close()
    assert journal.last().seq == 1


def test_housekeeping_is_done_while_nobody_waits(journal):
    slow = SlowJournal(journal)
    slow.gate.release(3)
    with CommitPipeline(slow) as pipeline:
        for frame in chain(journal, 3):
            pipeline.submit(frame)
            pipeline.drain()
    assert slow.housekept >= 1


def test_waiting_for_a_frame_nobody_submitted_is_an_error_and_not_a_hang(journal):
    with CommitPipeline(journal) as pipeline, pytest.raises(ValueError, match="frame 7 was not submitted"):
        pipeline.wait(7)


def test_a_closed_pipeline_says_so(journal):
    pipeline = CommitPipeline(journal)
    pipeline.close()
    pipeline.close()
    with pytest.raises(JournalClosed):
        pipeline.submit(chain(journal, 1)[0])
    assert not pipeline._thread.is_alive()


def test_a_pipeline_without_room_is_refused(journal):
    with pytest.raises(ValueError, match="at least 1"):
        CommitPipeline(journal, depth=0)
