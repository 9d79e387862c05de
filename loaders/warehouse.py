"""The warehouse: one DuckDB file with every batch ever loaded, its sources, and what runs found.

Tables, the writer's lock and the connection live here. What a batch contains is decided in
:mod:`loaders.pipeline`; which rows are current is decided in :mod:`loaders.current`.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock, Timeout

from checks.errors import ExitCode, UserError
from checks.tables import TABLES
from checks.tables.fields import SYSTEM_COLUMNS

#: The merged table has no rows of its own; it is built from permit_records.
STORED_TABLES = tuple(name for name in TABLES if name != "permits")

_META_DDL = """
CREATE SCHEMA IF NOT EXISTS data;
CREATE TABLE IF NOT EXISTS batches (
    batch_id INTEGER PRIMARY KEY, loaded_at TIMESTAMP NOT NULL, period VARCHAR NOT NULL, note VARCHAR);
CREATE TABLE IF NOT EXISTS sheets (
    sheet_id INTEGER PRIMARY KEY, batch_id INTEGER NOT NULL, file_name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL,
    file_size BIGINT, sheet VARCHAR, format VARCHAR, encoding VARCHAR, layout VARCHAR, score DOUBLE,
    rows_in INTEGER, rows_rejected INTEGER, context_rows INTEGER, unknown_headings VARCHAR[]);
CREATE TABLE IF NOT EXISTS sources (
    source_id INTEGER PRIMARY KEY, sheet_id INTEGER NOT NULL, batch_id INTEGER NOT NULL, table_name VARCHAR NOT NULL,
    layout VARCHAR NOT NULL, folder VARCHAR, file_name VARCHAR NOT NULL, sheet VARCHAR, rows_loaded INTEGER,
    columns VARCHAR[]);
CREATE TABLE IF NOT EXISTS raw_rows (sheet_id INTEGER, source_row INTEGER, cells VARCHAR[]);
CREATE TABLE IF NOT EXISTS rejected_rows (
    batch_id INTEGER, sheet_id INTEGER, source_row INTEGER, reason VARCHAR, cells VARCHAR[]);
CREATE TABLE IF NOT EXISTS presence (
    batch_id INTEGER, source_id INTEGER, table_name VARCHAR, layout VARCHAR, folder VARCHAR, subject VARCHAR);
CREATE TABLE IF NOT EXISTS subject_keys (subject_id INTEGER PRIMARY KEY, subject VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS contract_failures (
    batch_id INTEGER, source_id INTEGER, rid BIGINT, table_name VARCHAR, rule_id VARCHAR, field VARCHAR,
    heading VARCHAR, cell VARCHAR, text VARCHAR, expected VARCHAR);
"""


@dataclass(frozen=True)
class Holder:
    """Who is writing to the warehouse, and since when."""

    user: str
    pid: int
    since: str
    command: str

    def __str__(self) -> str:
        return f"{self.user}（进程 {self.pid}）自 {self.since} 起正在执行 {self.command}"


class Warehouse:
    """The warehouse file of one workspace. Opening it for reading never creates it."""

    def __init__(self, path: Path, *, memory_limit: str = "", threads: int = 0) -> None:
        self.path = path
        self._memory_limit = memory_limit
        self._threads = threads

    @property
    def spill_folder(self) -> Path:
        """Where DuckDB writes what does not fit into memory; emptied when a writer leaves."""
        return self.path.with_name("spill")

    def _connect(self, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        config: dict[str, Any] = {"temp_directory": str(self.spill_folder), "preserve_insertion_order": "false"}
        if self._memory_limit:
            config["memory_limit"] = self._memory_limit
        if self._threads:
            config["threads"] = self._threads
        try:
            return duckdb.connect(str(self.path), read_only=read_only, config=config)
        except duckdb.IOException as error:
            raise self._translate(error) from error

    def _translate(self, error: Exception) -> UserError:
        text = str(error)
        if "lock" in text.lower():
            return UserError(
                f"仓库被占用：{self.path}。{self.holder() or '另一个程序正打开着它'}。请稍后再试", ExitCode.BUSY
            )
        if is_disk_full(error):
            return UserError(f"磁盘已满：{self.path.parent} 写不下了。请腾出空间后重做，仓库未改动", ExitCode.INTERNAL)
        return UserError(
            f"仓库打不开：{self.path}（{text.splitlines()[0]}）。请检查文件是否损坏或换一个 --workspace", ExitCode.INPUT
        )

    @contextlib.contextmanager
    def reader(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-only connection. UserError INPUT if nothing was ever loaded, BUSY while somebody writes."""
        if not self.path.exists():
            raise UserError(f"仓库不存在：{self.path}。请先用 permit-audit load 载入导出文件", ExitCode.INPUT)
        connection = self._connect(read_only=True)
        try:
            yield connection
        finally:
            connection.close()

    @contextlib.contextmanager
    def writer(self, command: str, *, wait: float = 0.0, create: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
        """The only writing connection, behind a lock that names its holder.

        Waits up to ``wait`` seconds for another writer, then raises UserError BUSY. With
        ``create`` false a missing warehouse is a UserError INPUT.
        """
        if not create and not self.path.exists():
            raise UserError(f"仓库不存在：{self.path}。请先用 permit-audit load 载入导出文件", ExitCode.INPUT)
        with self._locked(command, wait):
            connection = self._connect(read_only=False)
            try:
                create_tables(connection)
                yield connection
            except duckdb.Error as error:
                if is_disk_full(error):
                    raise self._translate(error) from error
                raise
            finally:
                with contextlib.suppress(duckdb.Error):  # a close on a full disk must not hide the first error
                    connection.close()
                self._remove_spill()

    @contextlib.contextmanager
    def _locked(self, command: str, wait: float) -> Iterator[None]:
        lock = FileLock(self.path.with_suffix(".lock"), timeout=wait)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout as error:
            raise UserError(
                f"仓库被占用：{self.holder() or '另一个程序正在写入'}。请等它结束，或用 --wait 秒数 排队等待",
                ExitCode.BUSY,
            ) from error
        except OSError as error:
            raise UserError(f"工作区不能写入：{self.path.parent}（{error.strerror}）。请换一个 --workspace") from error
        try:
            self._holder_file.write_text(
                json.dumps(
                    {
                        "user": getpass.getuser(),
                        "pid": os.getpid(),
                        "since": datetime.now().strftime("%Y-%m-%d %H:%M:%S"),
                        "command": command,
                    },
                    ensure_ascii=False,
                ),
                encoding="utf-8",
            )
        except OSError as error:
            lock.release()
            raise self._translate(error) from error
        try:
            yield
        finally:
            self._holder_file.unlink(missing_ok=True)
            lock.release()

    @property
    def _holder_file(self) -> Path:
        return self.path.with_suffix(".holder.json")

    def holder(self) -> Holder | None:
        """Who holds the writer's lock, if that is known."""
        try:
            return Holder(**json.loads(self._holder_file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):  # gone, or caught while it is written
            return None

    def _remove_spill(self) -> None:
        if self.spill_folder.is_dir():
            for file in self.spill_folder.iterdir():
                file.unlink(missing_ok=True)
            self.spill_folder.rmdir()


def is_disk_full(error: BaseException) -> bool:
    """Whether an error of DuckDB or of the system says that the disk is full."""
    text = str(error).lower()
    return "no space left" in text or "not enough space" in text or getattr(error, "errno", None) == 28


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing: meta tables, canonical tables, and columns added by a newer version."""
    with transaction(connection):  # one commit, not fifty
        _create_tables(connection)


def _create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(_META_DDL)
    known: dict[str, set[str]] = {}
    for name, column in connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'data'"
    ).fetchall():
        known.setdefault(name, set()).add(column)
    for name in STORED_TABLES:
        columns = SYSTEM_COLUMNS | {column.name: column.dtype for column in TABLES[name].columns.values()}
        if name not in known:
            body = ", ".join(f"{column} {dtype}" for column, dtype in columns.items())
            connection.execute(f"CREATE TABLE data.{name} ({body})")
            continue
        for column, dtype in columns.items():
            if column not in known[name]:
                connection.execute(f"ALTER TABLE data.{name} ADD COLUMN {column} {dtype}")


@contextlib.contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All or nothing: commits at the end, rolls back on any error or interrupt."""
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        with contextlib.suppress(duckdb.Error):  # DuckDB may have rolled back already
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def next_id(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> int:
    """The number after the highest one in use, from 1."""
    row = connection.execute(f"SELECT coalesce(max({column}), 0) + 1 FROM {table}").fetchall()[0]
    return int(row[0])
