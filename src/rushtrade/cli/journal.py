"""`rushtrade journal`: verify a house's journal, show what it says, count what is in it, keep a snapshot, adopt a copy.

All but `snapshot` and `adopt` open the journal for reading and may be asked while the house runs. `verify` answers two questions: are the bytes those
that were written (hash chain, structure, acknowledged end), and do the same commands still give the same events.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.progress import Progress
from rich.table import Table

from rushtrade.app.data_directory import JOURNAL_FILE, data_directory
from rushtrade.cli.journal_contents import PROGRESS_EVERY, Selection, Stats, count, selected
from rushtrade.cli.terminal import answer_console, print_json, progress_console, refuse_plainly
from rushtrade.domain.errors import InvalidInput, RushTradeError
from rushtrade.domain.frame_text import entry_lines, plain
from rushtrade.domain.frames import Entry, FrameBody
from rushtrade.domain.instants import format_instant
from rushtrade.journal.errors import JournalError
from rushtrade.journal.frame import Frame
from rushtrade.journal.reader import SqliteReader
from rushtrade.journal.report import VerifyReport

BROKEN = 1
"""Exit code of a journal that is not what was written, or that does not give the same events again."""
COMMANDS_SHOWN = 100
"""Commands shown unless told otherwise."""
COMMANDS_SHOWN_MAX = 100_000
"""Most commands shown at once: a JSON object is built in memory before it is written."""

journal = typer.Typer(help="The journal: verify, show, count, snapshot.", no_args_is_help=True)

Data = Annotated[
    Path | None,
    typer.Option("--data", help="Where the house lives.", show_default="the user's data directory"),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


# --- verify ----------------------------------------------------------------------------------------


class Replay(msgspec.Struct, frozen=True):
    """What re-running every command gave; `difference` names the first event that is not the journal's."""

    same: bool
    commands: int
    events: int
    state_hash: str
    reworded: int = 0
    """Events this release decides alike and words otherwise."""
    difference: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """Whether a journal is what was written; the object `verify --json` prints."""

    journal: str
    sound: bool
    frames: int
    bytes: int
    epoch: int
    last_hash: str
    findings: list[str]
    replay: Replay | None
    """None when the chain is broken, or only the chain was asked for."""
    seconds: float


@journal.command()
def verify(
    data: Data = None,
    chain_only: Annotated[
        bool, typer.Option("--chain-only", help="Check the bytes alone; re-run no command.")
    ] = False,
    json: Json = False,
) -> None:
    """Check the journal: every byte is as it was written, and the same commands give the same events.

    Exit code 0: sound. 1: broken, with every place named. 2: there is nothing to check.
    """
    started = time.monotonic()
    with refuse_plainly(json=json), _opened(data) as reader:
        report = _verify_chain(reader)
        replay = _verify_replay(reader) if report.sound and not chain_only else None
        verdict = Verdict(
            journal=str(reader.path),
            sound=report.sound and (replay is None or replay.same),
            frames=report.frames,
            bytes=report.body_bytes,
            epoch=report.last.epoch,
            last_hash=report.last.hash.hex(),
            findings=[str(finding) for finding in report.findings],
            replay=replay,
            seconds=round(time.monotonic() - started, 3),
        )
        if json:
            print_json(verdict)
        else:
            _print_verdict(verdict, report)
    if not verdict.sound:
        raise typer.Exit(BROKEN)


def _verify_chain(reader: SqliteReader) -> VerifyReport:
    with _bar("checking every byte") as move:
        return reader.verify(progress=move)


def _verify_replay(reader: SqliteReader) -> Replay:
    """Re-run every command; what stops the re-run is a difference too."""
    from rushtrade.core.replay import verify as verify_replay  # noqa: PLC0415 - the core loads compiled code

    try:
        with _bar("re-running every command") as move:
            found = verify_replay(reader, lambda seq, last: None if seq % PROGRESS_EVERY else move(seq, last))
    except (RushTradeError, JournalError) as error:
        return Replay(same=False, commands=0, events=0, state_hash="", difference=str(error))
    return Replay(
        same=True,
        commands=found.commands,
        events=found.events,
        state_hash=found.state_hash,
        reworded=found.reworded,
    )


def _print_verdict(verdict: Verdict, report: VerifyReport) -> None:
    for line in report.lines():
        typer.echo(line)
    replay = verdict.replay
    if replay is not None and replay.same:
        typer.echo(
            f"{replay.commands} commands re-run gave the same {replay.events} events; state hash {replay.state_hash}"
        )
        if replay.reworded:
            typer.echo(f"{replay.reworded} of them are worded otherwise by this release")
    elif replay is not None:
        typer.echo(f"re-run differs: {replay.difference}")
    word = "SOUND" if verdict.sound else "BROKEN"
    typer.echo(f"{word}: {verdict.journal} ({verdict.seconds:.1f} s)")


# --- show ------------------------------------------------------------------------------------------


@journal.command()
def show(
    first: Annotated[int, typer.Option("--from", help="First command, by its number.", min=1)] = 1,
    last: Annotated[int, typer.Option("--to", help="Last command; 0 = the journal's end.", min=0)] = 0,
    order: Annotated[int, typer.Option(help="Only what concerns this order, children included.", min=0)] = 0,
    account: Annotated[int, typer.Option(help="Only what concerns this account.", min=0)] = 0,
    limit: Annotated[
        int, typer.Option(help="Most commands shown.", min=1, max=COMMANDS_SHOWN_MAX)
    ] = COMMANDS_SHOWN,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show commands and the events they caused, in order."""
    with refuse_plainly(json=json), _opened(data) as reader:
        if last and last < first:
            raise InvalidInput(f"--to {last} is before --from {first}")
        found = selected(reader, Selection(first, last, order, account))
        shown: list[dict[str, Any]] = []
        more = False
        for place, (frame, body, seq, entry) in enumerate(found):
            if place == limit:
                more = True
                break
            if json:
                shown.append(_entry_json(frame, body, seq, entry))
            else:
                _print_entry(frame, body, seq, entry)
        if json:
            print_json({"journal": str(reader.path), "commands": shown, "more": more})
        elif more:
            typer.echo(f"… more follow; --limit {limit} was reached, --from goes on further down")


def _print_entry(frame: Frame, body: FrameBody, seq: int, entry: Entry) -> None:
    if seq == body.first_seq:
        typer.echo(
            f"-- frame {frame.seq}, epoch {frame.epoch}, {format_instant(frame.time_ns)}, {frame.hash.hex()[:16]}"
        )
    for line in entry_lines(seq, entry):
        typer.echo(line)


def _entry_json(frame: Frame, body: FrameBody, seq: int, entry: Entry) -> dict[str, Any]:
    return {
        "seq": seq,
        "frame": frame.seq,
        "epoch": frame.epoch,
        "time": format_instant(body.time_ns),
        "actor": entry.actor,
        "command": plain(entry.command),
        "events": plain(entry.events),
    }


# --- stats -----------------------------------------------------------------------------------------


@journal.command()
def stats(data: Data = None, json: Json = False) -> None:
    """Count commands and events by kind, bytes, time and epochs."""
    with refuse_plainly(json=json), _opened(data) as reader:
        with _bar("counting") as move:
            found = count(reader, move)
        if json:
            print_json(found)
        else:
            _print_stats(found)


def _print_stats(found: Stats) -> None:
    console = answer_console(soft_wrap=True)
    console.print(f"{found.journal}: {found.file_bytes:,} bytes on disk, {found.body_bytes:,} in frames")
    console.print(
        f"{found.frames:,} frames, {found.commands:,} commands, {found.events:,} events; "
        f"at most {found.largest_frame_commands} commands in a frame"
    )
    if found.first_time is not None:
        console.print(f"from {found.first_time} to {found.last_time}")
    for row in found.epochs:
        console.print(f"epoch {row.epoch}: {row.frames:,} frames, {row.first_frame} to {row.last_frame}")
    kept = ", ".join(map(str, found.snapshots)) or "none"
    console.print(f"snapshots at frames: {kept}")
    for title, counts in (("commands", found.by_command), ("events", found.by_event)):
        table = Table(title, "count", show_edge=False)
        table.columns[1].justify = "right"
        for name, number in counts.items():
            table.add_row(name, f"{number:,}")
        console.print(table)


# --- snapshot --------------------------------------------------------------------------------------


@journal.command()
def snapshot(data: Data = None, json: Json = False) -> None:
    """Keep the state at the journal's end, so that the next start need not fold the whole journal.

    The house must not be running: a snapshot is written by the journal's one writer.
    """
    from rushtrade.core.replay import restore, take_snapshot  # noqa: PLC0415 - the core loads compiled code
    from rushtrade.journal.sqlite import SqliteJournal  # noqa: PLC0415

    started = time.monotonic()
    with refuse_plainly(json=json):
        with _opened(data) as reader:
            path = reader.path
        with SqliteJournal(path) as writer:
            with _bar("folding the journal") as move:
                state, next_seq = restore(writer, move)
            writer.new_epoch()
            digest = take_snapshot(writer, state, next_seq)
            frame = writer.last().seq
        seconds = round(time.monotonic() - started, 3)
        if json:
            print_json({"journal": str(path), "frame": frame, "state_hash": digest.hex(), "seconds": seconds})
        else:
            typer.echo(f"snapshot at frame {frame}, state hash {digest.hex()} ({seconds:.1f} s)")


# --- adopt -----------------------------------------------------------------------------------------


@journal.command()
def adopt(
    data: Data = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="This journal is a copy I trust; what it lacks is lost.")
    ] = False,
    json: Json = False,
) -> None:
    """Take a journal that was put back from a copy, whatever its mark says was acknowledged.

    The journal is verified first: one that is damaged in itself is not adopted. Without --yes nothing is changed.
    """
    from rushtrade.journal.errors import Fault  # noqa: PLC0415
    from rushtrade.journal.sqlite import SqliteJournal  # noqa: PLC0415

    with refuse_plainly(json=json):
        with _opened(data) as reader, _bar("checking every byte") as move:
            path, report = reader.path, reader.verify(progress=move)
        damage = [str(found) for found in report.findings if found.fault is not Fault.TAIL_MISSING]
        if damage:
            raise RushTradeError(f"{path} is damaged and cannot be adopted: {damage[0]}")
        missing = [str(found) for found in report.findings]
        if not yes:
            raise InvalidInput(
                f"{path} ends at frame {report.last.seq}; {missing[0] if missing else 'its mark agrees'}. "
                "If this is the copy you trust, --yes adopts it"
            )
        SqliteJournal(path, adopt=True).close()
        if json:
            print_json({"journal": str(path), "frame": report.last.seq, "lost": missing})
        else:
            typer.echo(f"adopted {path}, which ends at frame {report.last.seq}")


# --- reading ---------------------------------------------------------------------------------------


@contextmanager
def _opened(data: Path | None) -> Iterator[SqliteReader]:
    with SqliteReader(data_directory(data) / JOURNAL_FILE) as reader:
        yield reader


@contextmanager
def _bar(doing: str) -> Iterator[Any]:
    """Show how far a walk over the frames has come, on a terminal only."""
    console = progress_console()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(doing, total=None)
        yield lambda seq, last: progress.update(task, completed=seq, total=last)
