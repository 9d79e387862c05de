"""Lets Great Expectations query an open DuckDB connection.

It fetches rows after it has left the SQLAlchemy connection, whose rollback drops DuckDB's open
result: the fetch then returns nothing, without a word. A cursor that reads all rows at once cures
that. ``tests/checks/test_suites.py`` says when it is no longer needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from duckdb_engine import ConnectionWrapper

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class KeepingCursor:
    """A DB-API cursor whose rows stay when the transaction ends."""

    def __init__(self, connection: DuckDBPyConnection, wrapper: KeepingConnection) -> None:
        self.connection = wrapper
        self.description: Any = None
        self.rowcount = -1
        self._connection = connection
        self._rows: list[Any] = []

    def execute(self, statement: str, parameters: Sequence[Any] | None = None, context: Any = None) -> None:
        """Run a statement and read its result to the end."""
        done = self._connection.execute(statement, list(parameters or ()))
        self.description = done.description
        self._rows = done.fetchall() if self.description else []

    def fetchone(self) -> Any:
        """The next row, or None."""
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int = 1) -> list[Any]:
        """The next rows."""
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    def fetchall(self) -> list[Any]:
        """All further rows."""
        rows, self._rows = self._rows, []
        return rows

    def close(self) -> None:
        """Forget the rows."""
        self._rows = []


class KeepingConnection(ConnectionWrapper):
    """The connection as SQLAlchemy's driver for DuckDB wants it. Its owner closes it, not SQLAlchemy."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        super().__init__(connection)
        self._kept = connection

    def cursor(self) -> Any:  # a KeepingCursor, which is no CursorWrapper
        """A cursor that keeps its rows."""
        return KeepingCursor(self._kept, self)

    def close(self) -> None:
        """Nothing: the connection is not ours."""
