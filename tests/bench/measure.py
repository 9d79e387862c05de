"""Runs one command as a fresh process and measures it: wall, CPU seconds, peak memory, what it printed.

Imports nothing heavy: a child begins as a copy of this process, and the kernel counts that copy as its peak.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[2]
OURS = sys.executable
PEERS = os.environ.get("BENCH_PEERS") or str(ROOT / ".venv-peers" / "bin" / "python")


class Failed(Exception):
    """A process ended with an error."""


@dataclass(frozen=True)
class Measured:
    """One process. ``cpu`` is user and system time, ``peak_mb`` the largest resident size; children counted in."""

    wall: float
    cpu: float
    peak_mb: float
    out: str


def run(command: Sequence[str], env: Mapping[str, str] | None = None) -> Measured:
    """Run and measure; Failed with the end of what it said if it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, cwd=ROOT, env={**os.environ, **(env or {})})
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
        if process.returncode:
            raise Failed(f"{' '.join(command)}\nexit {process.returncode}\n{texts[0][-1000:]}\n{texts[1][-3000:]}")
        return Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, texts[0])


def machine() -> str:
    """Cores and memory, no name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB"
