"""Errors that are the user's to mend: told in one or two lines, with an exit code, without traceback.

Anything else that is raised is our own fault and shows a traceback.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process says to cron and scripts."""

    DONE = 0
    FINDINGS = 1  # findings at or above --fail-on
    USAGE = 2  # wrong option, configuration or rule file
    INPUT = 3  # input missing, unreadable, unknown, partial or stale
    INTERNAL = 4  # our fault, or some rule crashed
    BUSY = 5  # somebody else is writing to the warehouse
    INTERRUPTED = 130


class UserError(Exception):
    """A fault of input, option or surroundings: says where, what was expected and found, and what to do."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code


def nearest(word: str, known: list[str], limit: int = 3) -> list[str]:
    """Up to ``limit`` known names most like ``word``, best first; empty when none is alike."""
    from difflib import get_close_matches

    return get_close_matches(word, known, n=limit, cutoff=0.5)
