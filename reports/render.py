"""Findings as a ledger shows them: every cell of a row as text or number, computed once for all workbooks.

Frames in, frame out; nothing is written here and no other row is looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from reports.columns import IDENTITY_KEYS
from reports.keys import problem_number, row_key
from reports.workbook import clean_text

#: Columns that findings must have; the caller joins title, advice and basis from the catalogue.
FINDING_COLUMNS = (
    "finding_id",
    "rule_id",
    "subject",
    "permit_no",
    "unit_name",
    "district",
    "industry_name",
    "management_class",
    "module",
    "severity",
    "table_name",
    "record",
    "message",
    "evidence",
    "source_file",
    "source_sheet",
    "source_row",
    "title",
    "advice",
    "basis",
)
_ORDER = ("district", "permit_no", "rule_id", "record", "finding_id")


def render_findings(findings: pl.DataFrame, headings: Mapping[str, str] | None = None) -> pl.DataFrame:
    """The findings in their fixed order, blanks for nulls, with ``problem_no``, ``evidence`` as text and ``row_key``.

    ``headings`` turns column names of the evidence into Chinese: ``table.column`` first, then ``column``.
    """
    missing = [column for column in FINDING_COLUMNS if column not in findings.columns]
    if missing:
        raise ValueError(f"findings lack the columns {', '.join(missing)}")
    texts = [column for column in FINDING_COLUMNS if column != "source_row"]
    frame = findings.select(
        *(pl.col(column).cast(pl.String).fill_null("") for column in texts),
        pl.col("source_row").cast(pl.Int64),
    )
    frame = frame.with_columns(pl.col("district").str.strip_chars()).sort(_ORDER)
    names = headings or {}
    rows = frame.select("district", "rule_id", "finding_id", "table_name", "evidence").rows()
    frame = frame.with_columns(
        pl.Series("problem_no", [problem_number(d, rule, key) for d, rule, key, *_ in rows], dtype=pl.String),
        pl.Series("evidence", [evidence_text(text, table, names) for *_, table, text in rows], dtype=pl.String),
    )
    # The key is made from the cells as they are written, so that it can be checked on the way back.
    cells = frame.select(pl.col(key).map_elements(clean_text, pl.String) for key in IDENTITY_KEYS)
    keys = [row_key(key, row) for key, row in zip(frame["finding_id"], cells.iter_rows(named=True), strict=True)]
    return frame.with_columns(pl.Series("row_key", keys, dtype=pl.String))


def evidence_text(evidence: str, table: str, headings: Mapping[str, str]) -> str:
    """``列名：值；列名：值`` from a JSON object; any other text as it stands."""
    try:
        pairs = json.loads(evidence)
    except ValueError:
        return evidence
    if not isinstance(pairs, dict):
        return evidence
    shown = ((headings.get(f"{table}.{name}", headings.get(name, name)), value) for name, value in pairs.items())
    # A computed column that nobody named in Chinese is a helper of the rule; exports keep it.
    return "；".join(f"{name}：{_value_text(value)}" for name, value in shown if not name.isascii())


def hide_districts(text: str, others: tuple[str, ...], own: str) -> str:
    """The text without the names of other districts; one's own name stays, even where it contains another's."""
    names = [own, *sorted(others, key=len, reverse=True)] if own else sorted(others, key=len, reverse=True)
    if not names:
        return text
    pattern = "|".join(re.escape(name) for name in names)
    return re.sub(pattern, lambda match: match[0] if match[0] == own else "（其他区县）", text)


def _value_text(value: Any) -> str:
    if value is None or value == "":
        return "（空）"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, list):
        return "、".join(_value_text(item) for item in value) or "（空）"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
