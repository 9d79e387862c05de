"""Runs the examples of rules: every bad one must give its finding, every good one none.

Also made from them: empty tables, and a null in each needed column of the good examples, which
must never become an accusation. ``python -m checks.engine.examples [RULE_ID | FILE.yaml]…``
prints a line per failure.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks.catalogue import Catalogue, load
from checks.catalogue_facts import SUBJECT_COLUMNS
from checks.engine import FINDINGS_DDL, UNIT_KEY
from checks.engine.compile import quoted, text
from checks.engine.relations import Stage
from checks.engine.run import judge
from checks.errors import UserError
from checks.model import AuditRule, Outcome, RuleResult
from checks.tables import TABLES, Kind
from checks.tables.fields import SYSTEM_COLUMNS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: The day on which examples are judged unless they say ``as_of``.
EXAMPLE_DATE = date(2026, 11, 1)
_PERMIT_NO = "91350100M000100Y43001P"
_PERMIT: dict[str, Any] = {
    "unit_name": "示例企业",
    "district": "示例区",
    "management_class": "重点管理",
    "valid_from": date(2024, 1, 1),
    "valid_to": date(2028, 12, 31),
}

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Failure:
    """An example that did not come out as it should."""

    rule_id: str
    case: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.rule_id} {self.case}：应{self.expected}，实{self.found}"


@dataclass(frozen=True)
class Case:
    """One state of the tables and how many findings the rule must give on it (None: not applicable)."""

    name: str
    rows: Rows
    as_of: date
    findings: int | None


class Bench:
    """A small database with every canonical table, for one example at a time."""

    def __init__(self) -> None:
        import duckdb

        self.connection: DuckDBPyConnection = duckdb.connect(config={"threads": 1})
        self.connection.execute("SET enable_external_access = false")
        self.connection.execute("CREATE SCHEMA cur")
        self.connection.execute("SET search_path = 'cur,main'")
        for name, table in TABLES.items():
            columns = {**SYSTEM_COLUMNS, **{column.name: column.dtype for column in table.columns.values()}}
            declared = ", ".join(f"{quoted(column)} {dtype}" for column, dtype in columns.items())
            self.connection.execute(f"CREATE TABLE cur.{name} ({declared})")
        known = ", ".join(f"{name} VARCHAR" for name in (*SUBJECT_COLUMNS, UNIT_KEY))
        self.connection.execute(f"CREATE TABLE cur.subjects ({known})")
        self.connection.execute("CREATE TABLE cur.coverage (subject VARCHAR, table_name VARCHAR)")
        self.connection.execute(
            "CREATE TABLE cur.unreadable (table_name VARCHAR, rid BIGINT, subject VARCHAR, column_name VARCHAR)"
        )
        self.connection.execute("CREATE TABLE cur.behind (subject VARCHAR, table_name VARCHAR, judged_table VARCHAR)")
        provided = ", ".join(
            f"({number}, {text(name)}, 'example.xlsx', {text(table.title)}, "
            f"[{', '.join(text(column) for column in table.columns)}])"
            for number, (name, table) in enumerate(TABLES.items())
        )
        self.connection.execute(
            "CREATE TABLE cur.sources AS SELECT * FROM "
            f"(VALUES {provided}) AS listed(source_id, table_name, file_name, sheet, columns)"
        )
        self.connection.execute(FINDINGS_DDL)
        self._numbers = {name: number for number, name in enumerate(TABLES)}
        self._content: dict[str, list[dict[str, Any]]] = {}
        self._references = Stage(self.connection)

    def run(self, catalogue: Catalogue, rule: AuditRule, rows: Rows, as_of: date) -> tuple[RuleResult, list[str]]:
        """The result of one rule on these rows, and the messages of its findings."""
        self.fill(rows)
        (result,) = judge(
            self.connection, catalogue, [rule], as_of=as_of, run_id="example", references=self._references
        )
        if not result.violations:
            return result, []
        found = self.connection.execute("SELECT message FROM findings ORDER BY message").fetchall()
        self.connection.execute("DELETE FROM findings")
        return result, [message for (message,) in found]

    def fill(self, rows: Rows) -> None:
        """Make the tables hold exactly these rows; those that hold them already are left alone."""
        for table in [*self._content]:
            if table not in rows:
                self.connection.execute(f"DELETE FROM cur.{table}")
                del self._content[table]
                if table == "permits":
                    self._cover()
        for table, entries in rows.items():
            if self._content.get(table) != entries:
                if table in self._content:
                    self.connection.execute(f"DELETE FROM cur.{table}")
                self._insert(table, entries)
                self._content[table] = entries
                if table == "permits":
                    self._cover()

    def _cover(self) -> None:
        """Every permit is a subject, and all tables cover it."""
        values = ", ".join(name if name == "subject" else f"any_value({name})" for name in SUBJECT_COLUMNS)
        self.connection.execute("DELETE FROM cur.subjects")
        self.connection.execute(f"INSERT INTO cur.subjects SELECT {values}, subject FROM permits GROUP BY subject")
        self.connection.execute("DELETE FROM cur.coverage")
        covered = "SELECT subject, table_name FROM subjects CROSS JOIN (SELECT DISTINCT table_name FROM sources)"
        self.connection.execute(f"INSERT INTO cur.coverage {covered}")

    def _insert(self, table: str, entries: Sequence[dict[str, Any]]) -> None:
        for number, entry in enumerate(entries, start=1):
            system = {
                "rid": self._numbers[table] * 1000 + number,
                "batch_id": 1,
                "source_id": self._numbers[table],
                "source_row": number + 1,
            }
            row = {**system, **{name: value for name, value in entry.items() if value is not None}}
            marks = ", ".join("?" for _ in row)
            names = ", ".join(quoted(name) for name in row)
            self.connection.execute(f"INSERT INTO cur.{table} ({names}) VALUES ({marks})", list(row.values()))


def check(catalogue: Catalogue, rules: Sequence[AuditRule], bench: Bench | None = None) -> list[Failure]:
    """Every failure of the examples of these rules and of the cases made from them."""
    bench = bench or Bench()
    failures = []
    for rule in rules:
        for case in cases(catalogue, rule):
            failure = _run_case(bench, catalogue, rule, case)
            if failure is not None:
                failures.append(failure)
                if failure.found.startswith(Outcome.ERROR):
                    break
    return failures


def cases(catalogue: Catalogue, rule: AuditRule) -> Iterator[Case]:
    """Empty tables, the written examples, and the good ones with a null in each needed column."""
    yield Case("空表", {}, EXAMPLE_DATE, None)
    for kind in ("bad", "good"):
        examples = rule.examples[kind]
        for number, example in enumerate(examples, start=1):
            name = kind if len(examples) == 1 else f"{kind} {number}"
            wanted = example.get("findings", 1) if kind == "bad" else 0
            rows, as_of = complete(example), example.get("as_of", EXAMPLE_DATE)
            yield Case(name, rows, as_of, wanted)
            if kind == "good":
                yield from _with_nulls(catalogue, rule, name, rows, as_of)


def _with_nulls(catalogue: Catalogue, rule: AuditRule, name: str, rows: Rows, as_of: date) -> Iterator[Case]:
    """The good example with one needed column emptied; columns whose absence the rule itself tests are left out."""
    facts = catalogue.facts[rule.id]
    columns = {(rule.table, column) for column in facts.row_columns}
    if not facts.tests_absence:
        columns |= {(table, column) for table, used in facts.needs.items() for column in used}
    for table, column in sorted(columns):
        is_tested = column in facts.presence
        if is_tested or not any(row.get(column) is not None for row in rows.get(table, ())):
            continue
        emptied = {**rows, table: [{**row, column: None} for row in rows[table]]}
        yield Case(f"{name}，{table}.{column} 为空", emptied, as_of, 0)


def _run_case(bench: Bench, catalogue: Catalogue, rule: AuditRule, case: Case) -> Failure | None:
    result, messages = bench.run(catalogue, rule, case.rows, case.as_of)
    found = f"{result.outcome}" + (f"（{result.reason}）" if result.reason else "")
    if messages:
        found = f"有 {len(messages)} 个发现：{'；'.join(messages[:3])}"
    if case.findings is None:
        is_right = result.outcome == Outcome.NOT_APPLICABLE
        expected = f"{Outcome.NOT_APPLICABLE}"
    elif result.outcome in (Outcome.NOT_RUN, Outcome.ERROR):
        is_right, expected = False, f"有 {case.findings} 个发现"
    elif case.name in ("good", "good 1"):
        # A first good example that is not judged at all proves nothing; later ones may show an exemption.
        is_right, expected = result.outcome == Outcome.PASSED, f"{Outcome.PASSED}（判断过且没有发现）"
    else:
        is_right, expected = (
            len(messages) == case.findings,
            f"有 {case.findings} 个发现" if case.findings else "没有发现",
        )
    return None if is_right else Failure(rule.id, case.name, expected, found)


def complete(example: dict[str, Any]) -> Rows:
    """The rows of an example with what it leaves out: permit numbers, the permits, texts of compound values."""
    rows: Rows = {
        table: [_completed(table, entry) for entry in entries]
        for table, entries in example.items()
        if table not in ("as_of", "findings")
    }
    known = {row["subject"] for row in rows.get("permits", ())}
    missing: dict[str, Any] = {}
    for entries in rows.values():
        for row in entries:
            if row["subject"] not in known:
                missing.setdefault(row["subject"], row.get("permit_no", row["subject"]))
    if not rows.get("permits") and not missing:
        missing[_PERMIT_NO] = _PERMIT_NO
    made = [_completed("permits", {"permit_no": number, "subject": subject}) for subject, number in missing.items()]
    return {**rows, "permits": [*rows.get("permits", ()), *made]}


def _completed(table: str, entry: dict[str, Any]) -> dict[str, Any]:
    row = dict(entry)
    columns = TABLES[table].columns
    if "permit_no" in columns:
        row.setdefault("permit_no", _PERMIT_NO)
    if table == "permits":
        row = {**_PERMIT, "credit_code": str(row["permit_no"])[:18] if row["permit_no"] else None, **row}
    if "subject" not in row:
        row["subject"] = row.get("permit_no") or row.get("unit_code") or row.get("unit_name") or _PERMIT_NO
    for field in TABLES[table].fields:
        if field.kind in (Kind.POLLUTANT, Kind.QUANTITY) and row.get(field.name) is not None:
            row.setdefault(f"{field.name}_text", str(row[field.name]))
    return row


def choose(words: Sequence[str]) -> tuple[Catalogue, list[AuditRule]]:
    """The catalogue and the rules that the words name: ids, or files; all rules without words."""
    files = [Path(word) for word in words if word.endswith((".yaml", ".yml"))]
    builtin = Path(__file__).parents[1] / "rules"
    outside = [file for file in files if not file.resolve().is_relative_to(builtin)]
    catalogue = load(outside)
    if not words:
        return catalogue, list(catalogue.rules.values())
    wanted = {file.resolve() for file in files}
    ids = {catalogue.rule(word).id for word in words if not word.endswith((".yaml", ".yml"))}
    chosen = [rule for rule in catalogue.rules.values() if rule.id in ids or Path(rule.file).resolve() in wanted]
    return catalogue, chosen


def main(words: Sequence[str]) -> int:
    """Run the examples of the named rules; 1 if one failed."""
    try:
        catalogue, rules = choose(words)
    except UserError as error:
        sys.stderr.write(f"{error.message}\n")
        return int(error.exit_code)
    failures = check(catalogue, rules)
    for failure in failures:
        sys.stdout.write(f"{failure}\n")
    sys.stdout.write(f"{len(rules)} 条规则，{len(failures)} 处不符\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
