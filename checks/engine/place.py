"""Where a judgement is computed: in DuckDB itself, or elsewhere with the violating rows handed to DuckDB.

A place answers the questions of :mod:`checks.engine.run`. The SQL that it is given is always
DuckDB's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from checks.engine.relations import Stage, stage_errors
from checks.engine.scans import Scan

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Answer(Protocol):
    """What a query gave."""

    def fetchall(self) -> list[Any]:
        """All rows."""


class Reader(Protocol):
    """Something that answers SQL: a connection of DuckDB, or another engine behind the same words."""

    def execute(self, query: str) -> Answer:
        """Run a query."""


class Place(Protocol):
    """Where relations and verdicts are computed."""

    #: The stage of relations and flags.
    stage: Stage
    #: What a faulty rule raises here.
    errors: tuple[type[Exception], ...]

    def reader(self, connection: DuckDBPyConnection) -> Reader:
        """Answers queries over the judged tables and the stage."""

    def judge(self, scan: Scan, connection: DuckDBPyConnection) -> Sequence[int]:
        """Compute the verdicts of a scan; gives what ``scan.counting`` counts."""

    def hand_over(self, scan: Scan, wrong: Sequence[int], connection: DuckDBPyConnection) -> None:
        """See that DuckDB has the verdicts of the rows that violate one of these rules, by their numbers."""

    def forget(self, scan: Scan, connection: DuckDBPyConnection) -> None:
        """Drop the verdicts."""


class Here:
    """The judgement in DuckDB."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.errors = stage_errors()

    def reader(self, connection: DuckDBPyConnection) -> Reader:
        """The connection itself."""
        return connection

    def judge(self, scan: Scan, connection: DuckDBPyConnection) -> Sequence[int]:
        """Stage the verdicts and count them."""
        self.stage.table(scan.verdicts, scan.judging, connection)
        numbers: Sequence[int] = connection.execute(scan.counting).fetchall()[0]
        return numbers

    def hand_over(self, scan: Scan, wrong: Sequence[int], connection: DuckDBPyConnection) -> None:
        """They are here."""

    def forget(self, scan: Scan, connection: DuckDBPyConnection) -> None:
        """Drop the staged verdicts."""
        self.stage.drop(scan.verdicts, connection)
