"""The warehouse's lock names its holder; a full disk leaves the file as it was."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from multiprocessing.synchronize import Event
from pathlib import Path

import duckdb
import pytest

from checks.errors import ExitCode, UserError
from loaders.warehouse import Warehouse, transaction


def hold(path: Path, ready: Event, leave: Event) -> None:
    with Warehouse(path).writer("permit-audit load 慢"):
        ready.set()
        leave.wait(30)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "w.duckdb"
    context = multiprocessing.get_context("spawn")
    ready, leave = context.Event(), context.Event()
    process = context.Process(target=hold, args=(path, ready, leave))
    process.start()
    assert ready.wait(30)
    yield path
    leave.set()
    process.join(30)


def test_second_writer_and_reader_are_told_who_holds_it(held: Path) -> None:
    with pytest.raises(UserError, match="permit-audit load 慢") as error, Warehouse(held).writer("permit-audit run"):
        pass
    assert error.value.exit_code == ExitCode.BUSY
    with pytest.raises(UserError, match="permit-audit load 慢") as error, Warehouse(held).reader():
        pass
    assert error.value.exit_code == ExitCode.BUSY


def test_lock_of_a_killed_writer_is_free(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    context = multiprocessing.get_context("spawn")
    ready, leave = context.Event(), context.Event()
    process = context.Process(target=hold, args=(path, ready, leave))
    process.start()
    assert ready.wait(30)
    process.kill()
    process.join(30)
    with Warehouse(path).writer("permit-audit run") as connection:
        assert connection.execute("SELECT count(*) FROM batches").fetchall() == [(0,)]


def test_reading_what_was_never_loaded(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="permit-audit load") as error, Warehouse(tmp_path / "no.duckdb").reader():
        pass
    assert error.value.exit_code == ExitCode.INPUT
    assert not (tmp_path / "no.duckdb").exists()


def test_a_file_that_is_no_warehouse(tmp_path: Path) -> None:
    (tmp_path / "w.duckdb").write_bytes(b"no database" * 2000)
    with pytest.raises(UserError, match="打不开") as error, Warehouse(tmp_path / "w.duckdb").reader():
        pass
    assert error.value.exit_code == ExitCode.INPUT


def insert_batch(connection: duckdb.DuckDBPyConnection, number: int) -> None:
    connection.execute("INSERT INTO batches VALUES (?, now(), '2026Q3', NULL)", [number])


def batches(warehouse: Warehouse) -> list[tuple[int]]:
    with warehouse.reader() as connection:
        return connection.execute("SELECT batch_id FROM batches ORDER BY 1").fetchall()


def test_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "w.duckdb")

    def fail() -> None:
        with warehouse.writer("x") as connection, transaction(connection):
            insert_batch(connection, 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert batches(warehouse) == []


def test_full_disk_is_told_and_the_warehouse_is_as_before(small_disk: Path) -> None:
    warehouse = Warehouse(small_disk / "w.duckdb")
    with warehouse.writer("first") as connection:
        insert_batch(connection, 1)

    def overflow() -> None:
        with warehouse.writer("second") as connection, transaction(connection):
            insert_batch(connection, 2)
            connection.execute(
                "INSERT INTO raw_rows SELECT 1, i, [md5(i::VARCHAR), md5((-i)::VARCHAR)] FROM range(2000000) t(i)"
            )

    with pytest.raises(UserError, match="磁盘已满") as error:
        overflow()
    assert error.value.exit_code == ExitCode.INTERNAL
    assert batches(warehouse) == [(1,)]
