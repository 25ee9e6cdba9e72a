"""Waiting in tests: for something to be so, never for a time to pass.

A deadline only bounds how long a failing test takes. It is far beyond what an idle machine needs, for one that has other work.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

PATIENCE_S = 120.0
"""For an answer, or for something that happens by itself."""
COMMAND_S = 600.0
"""For a process to start or a command to end: kernels may have to be compiled first."""
LOOK_S = 0.01


def wait_for(
    condition: Callable[[], object], what: str = "it to happen", seconds: float = PATIENCE_S
) -> object:
    """Wait until the condition gives something true; give that."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} seconds for {what}"
        time.sleep(LOOK_S)
    return found


async def until(
    condition: Callable[[], object], what: str = "it to happen", seconds: float = PATIENCE_S
) -> object:
    """Wait on the event loop until the condition gives something true; give that."""
    try:
        async with asyncio.timeout(seconds):
            while not (found := condition()):  # noqa: ASYNC110 - a condition tells nobody that it came true
                await asyncio.sleep(LOOK_S)
            return found
    except TimeoutError:
        raise AssertionError(f"waited {seconds} seconds for {what}") from None
