"""Table contracts: the Pandera schema of every canonical table, and the findings of the family ``C-``.

A contract asks whether a cell can be what its heading promises (type, closed list, form, range,
duty to be filled, unique key). Whether a permit is *right* is asked by the rules of the catalogue.
Schemas are made from :mod:`checks.tables`, so that the dictionary has one source and commands
that need no contract do not pay Pandera's import.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import polars as pl

from checks.model import Severity
from checks.tables import Field, Kind, Table

if TYPE_CHECKING:
    from pandera.polars import DataFrameSchema

#: DuckDB type of a stored column -> Polars type of the frame that a contract sees.
POLARS_TYPES: dict[str, pl.DataType] = {
    "VARCHAR": pl.String(),
    "DOUBLE": pl.Float64(),
    "BIGINT": pl.Int64(),
    "DATE": pl.Date(),
    "BOOLEAN": pl.Boolean(),
    "VARCHAR[]": pl.List(pl.String()),
}


@dataclass(frozen=True)
class ContractRule:
    """One kind of contract failure: what it is called in a ledger, how grave, what to do."""

    id: str
    title: str
    severity: Severity
    advice: str


_RULES = (
    ContractRule("C-001", "数字格式错误", Severity.GENERAL, "按表头单位只填数字，单位、说明写入其他信息"),
    ContractRule("C-002", "日期格式错误", Severity.GENERAL, "按 YYYY-MM-DD 填写日期"),
    ContractRule("C-003", "期限格式错误", Severity.GENERAL, "按 YYYY-MM-DD至YYYY-MM-DD 填写期限"),
    ContractRule("C-004", "坐标格式错误", Severity.GENERAL, "按十进制度或度分秒填写经纬度"),
    ContractRule("C-005", "是否项格式错误", Severity.GENERAL, "只填 是 或 否"),
    ContractRule("C-006", "限值格式错误", Severity.GENERAL, "填写数值和单位，pH 值写作 6~9"),
    ContractRule("C-010", "必填项为空", Severity.GENERAL, "补填该项"),
    ContractRule("C-011", "取值不在规定选项内", Severity.GENERAL, "改为规定的选项之一"),
    ContractRule("C-012", "编码形式错误", Severity.GENERAL, "核对编码后更正"),
    ContractRule("C-013", "数值超出可能范围", Severity.GENERAL, "核对数值和单位后更正"),
    ContractRule("C-014", "主键重复", Severity.GENERAL, "核对是否重复填报，或更正编号"),
    ContractRule("C-020", "同一行内各列矛盾", Severity.GENERAL, "核对这几列后更正"),
    ContractRule("C-030", "单元格内容可能已失真", Severity.HINT, "在导出文件中把该列设为文本后重新导出"),
)
_REPEATED = "C-014"
_BREACH = {"rid": pl.Int64, "rule_id": pl.String, "field": pl.String, "expected": pl.String}
CONTRACT_RULES: dict[str, ContractRule] = {rule.id: rule for rule in _RULES}

#: Contract rule of a text that could not be read as its kind asks.
CAST_RULES: dict[Kind, str] = {
    Kind.NUMBER: "C-001",
    Kind.INTEGER: "C-001",
    Kind.DATE: "C-002",
    Kind.PERIOD: "C-003",
    Kind.COORDINATE: "C-004",
    Kind.FLAG: "C-005",
    Kind.QUANTITY: "C-006",
}


@dataclass(frozen=True)
class Clause:
    """One clause of a contract: true (or null) for the rows that keep it."""

    rule_id: str
    field: str
    expected: str
    holds: pl.Expr

    @property
    def name(self) -> str:
        """Name of the Pandera check; unique inside a table."""
        return f"{self.rule_id}:{self.field}"


def clauses(table: Table) -> list[Clause]:
    """All clauses of the contract of ``table`` beyond the column types."""
    found = [clause for field in table.fields for clause in _field_clauses(field)]
    if table.unique and table.name != "permits":
        found.append(_unique_clause(table))
    found.extend(
        Clause("C-020", check.name, check.title, pl.sql_expr(check.expect))  # null = cannot tell
        for check in table.checks
    )
    return found


def _field_clauses(field: Field) -> list[Clause]:
    main = pl.col(field.columns[0].name)
    found = []
    if field.required:
        found.append(Clause("C-010", field.name, "必填", main.is_not_null()))
    if field.allowed:
        found.append(Clause("C-011", field.name, "、".join(field.allowed), main.is_in(list(field.allowed))))
    if field.pattern:
        found.append(Clause("C-012", field.name, f"符合 {field.pattern}", main.str.contains(field.pattern)))
    if field.low is not None or field.high is not None:
        low = field.low if field.low is not None else float("-inf")
        high = field.high if field.high is not None else float("inf")
        found.append(Clause("C-013", field.name, _range_text(field), main.is_between(low, high)))
    return found


def _range_text(field: Field) -> str:
    if field.low is None:
        return f"不大于 {field.high:g}"
    return f"不小于 {field.low:g}" if field.high is None else f"{field.low:g} 至 {field.high:g}"


def _unique_clause(table: Table) -> Clause:
    key = [pl.col("subject"), *(pl.col(name) for name in table.key)]
    complete = pl.all_horizontal([part.is_not_null() for part in key])
    repeats = pl.struct(key).is_duplicated()
    heading = table.columns[table.key[-1]].heading if table.key else "许可证编号"
    return Clause(_REPEATED, table.key[-1] if table.key else "permit_no", f"{heading}不重复", ~(complete & repeats))


@cache
def contract(table: Table, *, rows_only: bool = False) -> DataFrameSchema:
    """The Pandera schema of ``table``: types of all columns, and every clause hung on ``rid``.

    With ``rows_only`` without the clause that compares rows, for a frame that is a piece of a table.

    A check that hangs on the key column gives the row's key as its failure case, also when it
    looks at other columns. Validate eager frames only: of a LazyFrame Pandera sees names and types.
    """
    import pandera.polars as pa

    def as_check(clause: Clause) -> Any:
        def check(data: Any) -> pl.LazyFrame:
            frame: pl.LazyFrame = data.lazyframe
            return frame.select(clause.holds.fill_null(value=True))

        return pa.Check(check, name=clause.name)

    columns: dict[str, Any] = {
        column.name: pa.Column(POLARS_TYPES[column.dtype], nullable=True, required=False)
        for column in table.columns.values()
    }
    columns["subject"] = pa.Column(pl.String(), nullable=True)
    wanted = [clause for clause in clauses(table) if not (rows_only and clause.rule_id == _REPEATED)]
    columns["rid"] = pa.Column(pl.Int64(), unique=True, checks=[as_check(clause) for clause in wanted])
    return pa.DataFrameSchema(columns, name=table.name, strict=False)


def breaches(table: Table, frame: pl.DataFrame, *, rows_only: bool = False) -> pl.DataFrame:
    """Rows of ``frame`` that break the contract of ``table``.

    With ``rows_only`` no row is compared with another: ``frame`` is a piece of the table, and
    :func:`repeats` looks at the whole.

    ``frame`` needs ``rid`` (Int64), ``subject`` and all columns of the table. The answer has
    one row per broken clause: ``rid``, ``rule_id``, ``field``, ``expected``. A check that
    crashed, or a column of another type, is a fault of ours and raises ``RuntimeError``.
    """
    if isinstance(frame, pl.LazyFrame):
        raise TypeError("a contract is checked on an eager frame; a LazyFrame would pass bad values")
    from pandera.errors import SchemaErrors

    try:
        contract(table, rows_only=rows_only).validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases: pl.DataFrame = errors.failure_cases
        known = {clause.name: clause for clause in clauses(table)}
        ours = cases.filter(pl.col("index").is_null() | ~pl.col("check").is_in(list(known)))
        if ours.height:
            raise RuntimeError(
                f"contract of {table.name}: {ours.select('column', 'check', 'failure_case').row(0)}"
            ) from errors
        expected = pl.DataFrame(
            [(c.name, c.rule_id, c.field, c.expected) for c in known.values()],
            schema=["check", "rule_id", "field", "expected"],
            orient="row",
        )
        return (
            cases.select(pl.col("failure_case").cast(pl.Int64).alias("rid"), "check")
            .join(expected, on="check", how="left")
            .select(*_BREACH)
            .sort("rid", "rule_id", "field")
        )
    return pl.DataFrame(schema=_BREACH)


def repeats(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``frame`` (all rows of a statement) whose key is not theirs alone, told as :func:`breaches` does.

    ``frame`` needs ``rid``, ``subject`` and the columns of the key.
    """
    found = [clause for clause in clauses(table) if clause.rule_id == _REPEATED]
    if not found:
        return pl.DataFrame(schema=_BREACH)
    clause = found[0]
    broken = frame.filter(~clause.holds.fill_null(value=True))
    texts = {"rule_id": clause.rule_id, "field": clause.field, "expected": clause.expected}
    return broken.select("rid", *(pl.lit(text).alias(name) for name, text in texts.items()))
