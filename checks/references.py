"""Reference tables: code lists and limits as CSV files in ``checks/reference``, read as text.

Rules see each file as relation ``ref_NAME``. Nothing is interpreted here.
"""

from __future__ import annotations

import csv
import hashlib
from functools import cache
from pathlib import Path

REFERENCE = Path(__file__).parent / "reference"
#: What stands before the file's name where rules select from it.
REFERENCE_PREFIX = "ref_"


@cache
def reference_columns(name: str) -> tuple[str, ...] | None:
    """The columns of reference table ``NAME.csv``, or None if there is none."""
    file = REFERENCE / f"{name}.csv"
    if not file.is_file():
        return None
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return tuple(next(csv.reader(stream)))


def reference_names() -> list[str]:
    """The names of all reference tables."""
    return sorted(file.stem for file in REFERENCE.glob("*.csv"))


def reference_rows(name: str) -> list[list[str | None]]:
    """The rows of a reference table; a blank cell is None."""
    with (REFERENCE / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        width = len(next(reader))
        return [[cell or None for cell in (row + [""] * width)[:width]] for row in reader if row]


@cache
def reference_hash(name: str) -> str:
    """Hash of what the reference table says."""
    return hashlib.sha256((REFERENCE / f"{name}.csv").read_bytes()).hexdigest()


@cache
def computed_labels() -> dict[str, str]:
    """Chinese names of the columns that rules compute, from ``checks/labels.yaml``."""
    import yaml

    labels: dict[str, str] = yaml.safe_load((REFERENCE.parent / "labels.yaml").read_text(encoding="utf-8"))
    return labels
