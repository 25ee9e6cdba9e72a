"""`rushtrade dart serve`: DART for other programs, one JSON object a line on standard input, answers on standard output.

A simulator, a notebook or another firm's order system asks; nothing is read or written but the two pipes. What cannot be
understood is said on standard error, and answered with nothing to send, so that no one who waits for a line waits for ever.
"""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING, Annotated

import msgspec
import typer

from rushtrade.cli.terminal import refuse_plainly
from rushtrade.domain.errors import InvalidInput

if TYPE_CHECKING:
    from rushtrade.router.line_router import LineRouter

StrategyOption = Annotated[
    str,
    typer.Option(
        "--strategy",
        help="best, seek, sweep, snapshot, repeat, sequence or work; `best` chooses by itself.",
    ),
]


JsonOption = Annotated[
    bool, typer.Option("--json", help="Say what could not be understood as JSON objects on standard error.")
]


def serve_command(strategy: StrategyOption = "best", as_json: JsonOption = False) -> None:
    """Answer orders of the JSON-lines protocol on standard input and output.

    Runs until the input ends. Messages: {"ev":"world"}, {"ev":"start"}, {"ev":"update"}, {"ev":"end"}; one answer line to start and to update.
    docs/protocols/dart-lines.md has every field.
    """
    from rushtrade.router.line_router import LineRouter  # noqa: PLC0415 - compiled code takes a moment to load

    with refuse_plainly(json=as_json):
        router = LineRouter(strategy)
        router.load_kernels()
        try:
            serve(router, sys.stdin.buffer, sys.stdout.buffer, sys.stderr, as_json=as_json)
        except KeyboardInterrupt:
            return


def serve(
    router: LineRouter, lines: IO[bytes], answers: IO[bytes], complaints: IO[str], *, as_json: bool = False
) -> None:
    """Answer line by line, each answer at once."""
    from rushtrade.router.line_messages import NOTHING, answer_wanted  # noqa: PLC0415
    from rushtrade.router.line_router import LINE_BYTES_MAX  # noqa: PLC0415

    for number, line in enumerate(iter(lambda: lines.readline(LINE_BYTES_MAX + 1), b""), 1):
        if not line.strip():
            continue
        try:
            answer = router.take(line)
        except InvalidInput as refused:
            told = {"error": str(refused), "line": number}
            text = msgspec.json.encode(told).decode() if as_json else f"line {number}: {refused}"
            complaints.write(text + "\n")
            complaints.flush()
            answer = NOTHING if answer_wanted(line) else None
        if answer is not None:
            answers.write(answer)
            answers.flush()
