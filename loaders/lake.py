"""The lake: the state that a run would judge, as Parquet files for another engine.

Tables with rows of permits lie in hive folders ``period=…/district=…`` (the permit's, not the
row's own column ``district``, which stays in the files), the others in one folder each. A lake is
written beside its place and renamed when it is whole; ``manifest.json`` says what it holds.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from checks.engine.compile import quoted
from checks.errors import ExitCode, UserError
from loaders.warehouse import STORED_TABLES

FORMAT = "permit-audit-lake"
SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
#: Folder of rows whose permit has no district.
NO_DISTRICT = "unknown"
FACT_TABLES = ("subjects", "sources", "coverage", "unreadable", "behind", "states")
DATA_TABLES = ("permits", *STORED_TABLES)
_BATCH_ROWS = 100_000


@dataclass(frozen=True)
class Lake:
    """What a manifest says."""

    folder: Path
    created: str
    period: str | None
    batches: str
    tables: dict[str, dict[str, str]]
    rows: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """The manifest."""
        return {
            "format": FORMAT,
            "schema_version": SCHEMA_VERSION,
            "created": self.created,
            "period": self.period,
            "batches": self.batches,
            "tables": {
                name: {
                    "rows": self.rows[name],
                    "partitioned_by": ["period", "district"] if name in DATA_TABLES else [],
                    "columns": columns,
                }
                for name, columns in self.tables.items()
            },
        }


def read_lake(folder: Path) -> Lake:
    """The lake in a folder; UserError INPUT if there is none of ours."""
    file = folder / MANIFEST
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if found["format"] != FORMAT or found["schema_version"] != SCHEMA_VERSION:
            raise ValueError(found["format"])
        return Lake(
            folder,
            found["created"],
            found["period"],
            found["batches"],
            {name: table["columns"] for name, table in found["tables"].items()},
            {name: table["rows"] for name, table in found["tables"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{folder} 里没有可用的数据湖。请先用 permit-audit lake export --to {folder} 导出", ExitCode.INPUT
        ) from error


def batches_of(connection: duckdb.DuckDBPyConnection, period: str | None) -> str:
    """Which batches make up a state, with the time of their loading."""
    where, values = ("WHERE period <= ?", [period]) if period else ("", [])
    rows = connection.execute(
        f"SELECT batch_id, loaded_at::VARCHAR FROM main.batches {where} ORDER BY 1", values
    ).fetchall()
    return "; ".join(f"{number} {loaded}" for number, loaded in rows)


def check_target(folder: Path) -> None:
    """UserError if the folder holds something that is no lake of ours."""
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists():
        try:
            read_lake(folder)
        except UserError as error:
            raise UserError(f"{folder} 不是空文件夹，也不是本程序导出的数据湖，不敢覆盖。请换一个 --to") from error


def write_lake(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    folder: Path,
    period: str | None,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
) -> Lake:
    """Write the state in ``schema`` to a folder, which it replaces when all is written."""
    check_target(folder)
    made = folder.with_name(f".{folder.name}.writing")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    tables: dict[str, dict[str, str]] = {}
    rows: dict[str, int] = {}
    names = (*FACT_TABLES, *DATA_TABLES)
    try:
        for number, name in enumerate(names):
            progress(number, len(names), name)
            described = connection.execute(f"DESCRIBE {schema}.{name}").fetchall()
            tables[name] = {column: dtype for column, dtype, *_ in described}
            rows[name] = _write_table(connection, schema, name, tables[name], made / name)
        lake = Lake(
            folder,
            f"{dt.datetime.now():%Y-%m-%d %H:%M:%S}",
            period,
            batches_of(connection, period),
            tables,
            rows,
        )
        (made / MANIFEST).write_text(json.dumps(lake.as_json(), ensure_ascii=False, indent=2), encoding="utf-8")
        _replace(folder, made)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    progress(len(names), len(names), "")
    return lake


def _replace(folder: Path, made: Path) -> None:
    """Put the new folder in the place of the old one."""
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    made.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _write_table(
    connection: duckdb.DuckDBPyConnection, schema: str, name: str, columns: dict[str, str], folder: Path
) -> int:
    import pyarrow as pa
    import pyarrow.dataset as ds

    is_data = name in DATA_TABLES
    picks = [f"t.{quoted(column)}" for column in columns]
    source = f"{schema}.{name} t"
    if is_data:
        # names of their own, since a table may have a column "district": the folders are renamed below
        picks += [
            "b.period AS lake_period",
            f"coalesce(nullif(s.district, ''), '{NO_DISTRICT}') AS lake_district",
        ]
        source += (
            f" LEFT JOIN main.batches b ON b.batch_id = t.batch_id LEFT JOIN {schema}.subjects s"
            " ON s.subject = t.subject"
        )
    reader = connection.sql(f"SELECT {', '.join(picks)} FROM {source}").to_arrow_reader(_BATCH_ROWS)
    count = 0

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal count
        for batch in reader:
            count += batch.num_rows
            yield batch

    folder.mkdir()
    parts = pa.schema([("lake_period", pa.string()), ("lake_district", pa.string())]) if is_data else None
    ds.write_dataset(
        counted(),
        folder,
        schema=reader.schema,
        format="parquet",
        partitioning=ds.partitioning(parts, flavor="hive") if parts is not None else None,
        basename_template="part-{i}.parquet",
        existing_data_behavior="overwrite_or_ignore",
        max_partitions=100_000,
    )
    for inner in [*folder.glob("lake_period=*/lake_district=*"), *folder.glob("lake_period=*")]:
        inner.rename(inner.with_name(inner.name.removeprefix("lake_")))
    return count
