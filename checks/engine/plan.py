"""What a run did and how long it took: shared relations, scans and the rules in them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class StagedRelation:
    """A shared relation: how many read it, its rows if it was computed (``None``: a view), seconds."""

    name: str
    readers: int
    rows: int | None
    seconds: float


@dataclass(frozen=True)
class ScanProfile:
    """One scan of a table: the rules that shared it, how many relations it joined, rows read and seconds."""

    table: str
    rules: tuple[str, ...]
    joins: int
    rows: int
    judge_seconds: float
    hit_seconds: float
    violations: int


@dataclass
class Profile:
    """The plan of one run as it was carried out. Seconds are wall time; scans may overlap."""

    prepare_seconds: float = 0.0
    store_seconds: float = 0.0
    workers: int = 1
    relations: list[StagedRelation] = field(default_factory=list)
    scans: list[ScanProfile] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For ``--profile``."""
        return asdict(self)
