"""Apache Spark as the place where rules are judged: its session, the lake's tables, and the verdicts.

The only module that imports pyspark. SQL text comes from the DuckDB engine and is put for Spark by
:mod:`checks.engine.spark_sql`.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from checks.errors import UserError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

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
    "spark.sql.debug.maxToStringFields": "8",
}


@contextmanager
def spark_session(master: str = "local[*]", conf: Mapping[str, str] | None = None) -> Iterator[SparkSession]:
    """A session of its own, stopped at the end; UserError if pyspark or Java is absent or Spark does not start."""
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UserError("没有安装 pyspark：请用 pip install 'permit-audit[spark]' 安装，或用 --engine duckdb") from error
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise UserError("没有找到 Java：Spark 需要 Java 17 或更新的版本（JAVA_HOME 或 PATH），或用 --engine duckdb")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(master).appName("permit-audit")
    for name, value in {**DEFAULTS, **(conf or {}), **FIXED}.items():
        builder = builder.config(name, value)
    try:
        with _quiet_start():
            session = builder.getOrCreate()
    except (PySparkException, RuntimeError, OSError) as error:
        raise UserError(f"Spark 启动不了（master = {master}）：{_line(error)}") from error
    session.sparkContext.setLogLevel("ERROR")
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
