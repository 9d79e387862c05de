"""One Spark session for all tests of this folder; they skip where pyspark or Java is absent."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MASTER = "local[2]"
CONF = {
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    # compiling takes longer than reading the few rows
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=256m",
}


def missing() -> str:
    """What Spark needs and is not here."""
    if importlib.util.find_spec("pyspark") is None:
        return "needs pyspark (make test-spark)"
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        return "needs Java"
    return ""


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    if missing():
        pytest.skip(missing())
    from checks.engine.spark import spark_session

    with spark_session(MASTER, CONF) as session:
        yield session
