"""Apache Spark as the place where rules are judged: its session, the lake's tables, and the verdicts.

The only module that imports pyspark. SQL text comes from the DuckDB engine and is put for Spark by
:mod:`checks.engine.spark_sql`.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks.engine.compile import WRONG, quoted
from checks.engine.relations import Stage
from checks.engine.scans import Scan
from checks.engine.spark_sql import Unsupported, to_spark
from checks.errors import UserError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pyspark.sql import DataFrame, SparkSession

#: Types of the lake's columns in Spark.
TYPES = {
    "BIGINT": "BIGINT",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "DOUBLE": "DOUBLE",
    "INTEGER": "INT",
    "VARCHAR": "STRING",
    "VARCHAR[]": "ARRAY<STRING>",
}
#: What results rest on; a setting of the user must not change it.
FIXED = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "false",
    "spark.sql.storeAssignmentPolicy": "ANSI",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
}
#: What suits a run of many short queries; the user's ``[spark.conf]`` comes over it.
DEFAULTS = {
    "spark.ui.enabled": "false",
    "spark.driver.memory": "2g",
    "spark.sql.shuffle.partitions": "8",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
    "spark.sql.files.openCostInBytes": "65536",
    "spark.sql.debug.maxToStringFields": "8",
}


@contextmanager
def spark_session(master: str = "local[*]", conf: Mapping[str, str] | None = None) -> Iterator[SparkSession]:
    """A session of its own, stopped at the end; UserError if pyspark or Java is absent or Spark does not start."""
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UserError(
            "没有安装 pyspark：请用 pip install 'permit-audit[spark]' 安装，或用 --engine duckdb"
        ) from error
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise UserError("没有找到 Java：Spark 需要 Java 17 或更新的版本（JAVA_HOME 或 PATH），或用 --engine duckdb")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("LC_ALL", "C.UTF-8")  # Java finds files with Chinese names
    builder = SparkSession.builder.master(master).appName("permit-audit")
    for name, value in {**DEFAULTS, **(conf or {}), **FIXED}.items():
        builder = builder.config(name, value)
    try:
        with _quiet_start():
            session = builder.getOrCreate()
    except (PySparkException, RuntimeError, OSError) as error:
        raise UserError(f"Spark 启动不了（master = {master}）：{_line(error)}") from error
    session.sparkContext.setLogLevel("ERROR")
    warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")  # about pandas, which is not used
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)  # a faulty rule is told as a result
    try:
        yield session
    finally:
        session.stop()


@contextmanager
def _quiet_start() -> Iterator[None]:
    """Spark's launcher talks on stderr before its log level can be set; what it says is thrown away."""
    sys.stderr.flush()
    kept = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:200] if text else type(error).__name__


def open_lake(session: SparkSession, folder: Path, tables: Mapping[str, Mapping[str, str]]) -> None:
    """Make every table of a lake a view; ``tables`` are their columns with DuckDB's types."""
    for name, columns in tables.items():
        declared = ", ".join(f"`{column}` {TYPES[dtype]}" for column, dtype in columns.items())
        reader = session.read.schema(declared).option("recursiveFileLookup", "true")
        reader.parquet(str(folder / name)).createOrReplaceTempView(name)


class SparkStage(Stage):
    """Relations and flags in Spark; in DuckDB each is a view that nobody reads: it tells the columns' types."""

    def __init__(self, connection: DuckDBPyConnection, session: SparkSession) -> None:
        super().__init__(connection)
        self.session = session
        self._kept: dict[str, DataFrame] = {}

    def table(self, name: str, sql: str, connection: DuckDBPyConnection | None = None) -> int:
        """Compute a relation once and keep it; gives the number of its rows."""
        self._twin(name, sql)
        frame = self.session.sql(to_spark(sql)).persist()
        self._kept[name] = frame
        frame.createOrReplaceTempView(name)
        return int(frame.count())

    def view(self, name: str, sql: str) -> None:
        """Make a view."""
        self._twin(name, sql)
        self.session.sql(to_spark(sql)).createOrReplaceTempView(name)

    def rows(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
        """Make a table of texts, in both."""
        import pyarrow

        super().rows(name, columns, rows)
        values = [pyarrow.array([row[index] for row in rows], pyarrow.string()) for index in range(len(columns))]
        self.session.createDataFrame(pyarrow.table(values, names=list(columns))).createOrReplaceTempView(name)

    def close(self) -> None:
        """Remove everything that was made."""
        for frame in self._kept.values():
            frame.unpersist()
        self._kept.clear()
        for name in self._made:
            self.session.catalog.dropTempView(name)
        super().close()

    def _twin(self, name: str, sql: str) -> None:
        super().view(name, sql)


class SparkReader:
    """Answers DuckDB's SQL from Spark."""

    def __init__(self, session: SparkSession) -> None:
        self._session = session
        self._frame: DataFrame | None = None

    def execute(self, query: str) -> SparkReader:
        """Run a query; ``EXPLAIN`` only looks whether it can be."""
        is_asked = query.startswith("EXPLAIN ")
        frame = self._session.sql(to_spark(query.removeprefix("EXPLAIN ")))
        self._frame = None if is_asked else frame
        return self

    def fetchall(self) -> list[Any]:
        """All rows."""
        return [tuple(row) for row in self._frame.collect()] if self._frame is not None else []


class Spark:
    """The judgement in Spark: relations, verdicts and counts; DuckDB gets the rows that violate a rule."""

    def __init__(self, session: SparkSession, stage: Stage) -> None:
        from py4j.protocol import Py4JJavaError
        from pyspark.errors import PySparkException

        self.session = session
        self.stage: Stage = SparkStage(stage.connection, session)
        self.errors: tuple[type[Exception], ...] = (Unsupported, PySparkException, Py4JJavaError, _duckdb_error())
        self._staged = stage
        self._verdicts: dict[str, DataFrame] = {}

    def reader(self, connection: DuckDBPyConnection) -> SparkReader:
        """Answers from the lake."""
        return SparkReader(self.session)

    def judge(self, scan: Scan, connection: DuckDBPyConnection) -> Sequence[int]:
        """Compute the verdicts of a scan in Spark and keep them there."""
        frame = self.session.sql(to_spark(scan.judging)).persist()
        self._verdicts[scan.verdicts] = frame
        frame.createOrReplaceTempView(scan.verdicts)
        numbers: Sequence[int] = tuple(self.session.sql(to_spark(scan.counting)).collect()[0])
        return numbers

    def hand_over(self, scan: Scan, wrong: Sequence[int], connection: DuckDBPyConnection) -> None:
        """Bring the violating rows' verdicts and values to DuckDB, in the types that they would have there."""
        found = self._verdicts[scan.verdicts].where(" OR ".join(f"engine_v{number} = {WRONG}" for number in wrong))
        arrow = found.toArrow()
        types = [row[1] for row in connection.execute(f"DESCRIBE {scan.judging}").fetchall()]
        picks = ", ".join(
            f"CAST({quoted(name)} AS {dtype}) AS {quoted(name)}"
            for name, dtype in zip(arrow.column_names, types, strict=True)
        )
        arrived = f"engine_arrived_{scan.number}"
        connection.register(arrived, arrow)
        try:
            self._staged.table(scan.verdicts, f"SELECT {picks} FROM {arrived}", connection)
        finally:
            connection.unregister(arrived)

    def forget(self, scan: Scan, connection: DuckDBPyConnection) -> None:
        """Drop the verdicts in both."""
        frame = self._verdicts.pop(scan.verdicts, None)
        if frame is not None:
            frame.unpersist()
        self.session.catalog.dropTempView(scan.verdicts)
        self._staged.drop(scan.verdicts, connection)


def _duckdb_error() -> type[Exception]:
    import duckdb

    return duckdb.ProgrammingError
