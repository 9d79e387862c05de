"""Puts the parts together: a city, its two quarterly exports, clean or with planted faults.

The city is made in chunks, so that a million permits need no more memory than a few thousand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from generator import city, exports, sowing, tables

CHUNK = 20_000
REGISTRATIONS = 90  # in each quarter's export

Tables = dict[str, pl.DataFrame]


@dataclass(frozen=True)
class Export:
    """One quarter's export: the permits behind it and its tables as text."""

    period: str
    permits: pl.DataFrame
    tables: Tables


def chunk(seed: int, number: int, count: int, periods: tuple[str, ...] = city.PERIODS) -> list[Export]:
    """Chunk ``number`` of a city, ``count`` permits of it."""
    rng = np.random.default_rng([seed, number])
    who = city.people(rng, number * CHUNK, count)
    history = city.versions(rng, who)
    found = []
    key_units: list[pl.DataFrame] = []
    for period in city.PERIODS:
        permits, known = city.state(who, history, period)
        permits = tables.receivers(permits, rng)
        key_units.append(tables.key_polluters(permits))
        if period in periods:
            found.append(Export(period, permits, tables.build(permits, known)))
    listed = pl.concat(key_units).unique("pid", keep="first", maintain_order=True).sort("pid")
    for export in found:
        export.tables["key_polluters"] = listed
        if number == 0:
            first = 900_000_000 + REGISTRATIONS * city.PERIODS.index(export.period)
            export.tables["registrations"] = tables.registrations(first, REGISTRATIONS, rng)
    return found


def chunks(seed: int, permits: int, periods: tuple[str, ...] = city.PERIODS) -> Iterator[list[Export]]:
    """All chunks of a city of so many permits."""
    for number, start in enumerate(range(0, permits, CHUNK)):
        yield chunk(seed, number, min(CHUNK, permits - start), periods)


def plant(seed: int, parts: list[Export]) -> tuple[list[Export], pl.DataFrame]:
    """The same exports with planted faults, and the list of everything that must be found."""
    tables_of, expected = sowing.sow(seed, [(part.period, part.permits, part.tables) for part in parts])
    planted = [Export(part.period, part.permits, closed) for part, closed in zip(parts, tables_of, strict=True)]
    return planted, expected


def write_city(seed: int, permits: int, out: Path, periods: tuple[str, ...] = city.PERIODS) -> int:
    """Write a clean city as parquet, chunk by chunk; the number of rows written."""
    rows = 0
    for number, parts in enumerate(chunks(seed, permits, periods)):
        for export in parts:
            exports.write_parquet(export.tables, out / export.period, number)
            rows += sum(len(frame) for frame in export.tables.values())
    return rows
