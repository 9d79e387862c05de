"""What was loaded, and so which rules can run and which rows a rule can decide.

An export without a height column must never be accused of missing heights, nor a permit that
was not in the monitoring export of missing monitoring. No rule is judged here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from checks.catalogue import Catalogue, Facts
from checks.engine.compile import quoted, text
from checks.engine.relations import Stage
from checks.model import AuditRule
from checks.tables import TABLES

if TYPE_CHECKING:
    from checks.engine.place import Reader

AUDITED = "engine_audited"
#: Flags of subjects, and of rows with unreadable cells; a scan joins those that its rules ask for.
UNDECIDED = "engine_undecided"
INDUSTRIES = "engine_industries"
UNREAD = "engine_unread"


@dataclass
class Loaded:
    """Sources by table and the columns that they provide; what else keeps rows from being decided.

    ``partial`` tables do not cover all subjects; ``unreadable`` are columns with cells whose text
    could not be read; ``behind`` are (table, judged table) of which some permit has an older export.
    """

    sources: dict[str, dict[frozenset[str], list[int]]]
    partial: frozenset[str]
    unreadable: dict[str, frozenset[str]] = field(default_factory=dict)
    behind: frozenset[tuple[str, str]] = frozenset()

    def columns(self, table: str) -> frozenset[str]:
        """Columns of a table that at least one source provides."""
        provided: frozenset[str] = frozenset()
        return provided.union(*self.sources.get(table, {}))

    def lacking(self, table: str, columns: Iterable[str]) -> list[int]:
        """Sources of a table that do not provide all of these columns."""
        wanted = frozenset(columns)
        sets = self.sources.get(table, {})
        return sorted(number for provided, numbers in sets.items() if not wanted <= provided for number in numbers)


def read_loaded(connection: Reader, tables: Iterable[str], joined: Iterable[str]) -> Loaded:
    """What the warehouse offers of these tables; coverage only of those that rules join."""
    sources: dict[str, dict[frozenset[str], list[int]]] = {}
    names = ", ".join(text(name) for name in sorted(set(tables)))
    grouped = (
        "SELECT table_name, columns, list(source_id) FROM sources "
        f"WHERE table_name IN ({names or 'NULL'}) GROUP BY table_name, columns"
    )
    for table, columns, numbers in connection.execute(grouped).fetchall():
        sources.setdefault(table, {}).setdefault(frozenset(columns or ()), []).extend(numbers)
    unreadable: dict[str, frozenset[str]] = {}
    for table, column in connection.execute("SELECT DISTINCT table_name, column_name FROM unreadable").fetchall():
        unreadable[table] = unreadable.get(table, frozenset()) | {column}
    names = ", ".join(text(name) for name in sorted(set(joined)))
    if not names:
        return Loaded(sources, frozenset(), unreadable)
    covered = (
        "SELECT table_name FROM coverage WHERE subject IN (SELECT subject FROM subjects) "
        f"AND table_name IN ({names}) GROUP BY table_name "
        "HAVING count(DISTINCT subject) = (SELECT count(*) FROM subjects)"
    )
    whole = {table for (table,) in connection.execute(covered).fetchall()}
    pairs = connection.execute("SELECT DISTINCT table_name, judged_table FROM behind").fetchall()
    return Loaded(sources, frozenset(sources.keys() - whole), unreadable, frozenset(pairs))


def stage_audited(stage: Stage, district: Iterable[str], subjects_sql: str | None) -> bool:
    """Make the list of audited subjects if not all are; says whether it was made."""
    tests = []
    names = list(district)
    if names:
        tests.append(f"district IN ({', '.join(text(name) for name in names)})")
    if subjects_sql:
        tests.append(f"subject IN ({subjects_sql})")
    if tests:
        stage.table(AUDITED, f"SELECT DISTINCT subject FROM subjects WHERE {' AND '.join(tests)}")
    return bool(tests)


def why_not(rule: AuditRule, facts: Facts, catalogue: Catalogue, loaded: Loaded, as_of: date) -> str:
    """Why the rule cannot run, in Chinese; '' if it can."""
    off = catalogue.off.get(rule.id)
    if off is not None:
        return f"已停用至 {off.until}：{off.reason}"
    if not any(basis.is_valid(as_of) for basis in rule.basis):
        is_early = all(basis.valid_from is not None and as_of < basis.valid_from for basis in rule.basis)
        return f"依据{'尚未施行' if is_early else '已失效'}：{'；'.join(str(basis) for basis in rule.basis)}"
    needs = all_needs(rule, facts)
    absent = [table for table in needs if table not in loaded.sources]
    if absent:
        return "未导入" + "、".join(f"《{TABLES[table].title}》" for table in absent)
    for table, columns in needs.items():
        missing = [name for name in TABLES[table].columns if name in columns - loaded.columns(table)]
        if missing:
            headings = "、".join(f"“{TABLES[table].columns[name].heading}”" for name in missing)
            return f"已导入的《{TABLES[table].title}》都没有{headings}列"
    return ""


def all_needs(rule: AuditRule, facts: Facts) -> dict[str, frozenset[str]]:
    """Columns of stored tables that the rule needs, those of the judged row too."""
    own = facts.row_columns | facts.needs.get(rule.table, frozenset())
    return {rule.table: own, **{table: columns for table, columns in facts.needs.items() if table != rule.table}}


@dataclass
class Decider:
    """Makes the conditions under which a row can be decided, over flags that are made once and joined by every scan.

    ``close`` comes after the last rule and before the first scan.
    """

    stage: Stage
    loaded: Loaded
    _undecided: dict[tuple[object, ...], tuple[str, str]] = field(default_factory=dict)  # flag and the list behind it
    _industries: dict[tuple[str, ...], str] = field(default_factory=dict)
    _unread: dict[str, set[str]] = field(default_factory=dict)

    def decidable(self, rule: AuditRule, facts: Facts) -> str:
        """SQL condition over a row of the rule's table; '' if every row can be decided."""
        tests = []
        lacking = self.loaded.lacking(rule.table, all_needs(rule, facts)[rule.table])
        if lacking:
            tests.append(f"coalesce({rule.table}.source_id NOT IN ({_listed(lacking)}), TRUE)")
        unread = self.loaded.unreadable.get(rule.table, frozenset()) & facts.row_columns
        if unread:  # what stands there is no value, but it is not nothing either
            self._unread.setdefault(rule.table, set()).update(unread)
            tests += [f"{UNREAD}.{quoted('unread_' + name)} IS NULL" for name in sorted(unread)]
        for table, columns in sorted(facts.needs.items()):
            flag = self._flag_of(table, columns, rule.table)
            if flag:
                tests.append(f"{UNDECIDED}.{flag} IS NULL")
        return " AND ".join(tests)

    def industry(self, rule: AuditRule) -> str:
        """SQL condition: the row's permit belongs to one of the rule's industries; '' for all industries."""
        if not rule.industry:
            return ""
        flag = self._industries.setdefault(rule.industry, f"i{len(self._industries)}")
        return f"{INDUSTRIES}.{flag} IS NOT NULL"

    def close(self) -> None:
        """Make the flags of subjects and of rows with unreadable cells."""
        if self._undecided:
            self.stage.table(UNDECIDED, _flags(dict(self._undecided.values())))
        if self._industries:
            tests = {
                flag: " OR ".join(f"starts_with(industry_code, {text(code)})" for code in codes)
                for codes, flag in self._industries.items()
            }
            flags = ", ".join(f"max(CASE WHEN {test} THEN TRUE END) AS {flag}" for flag, test in tests.items())
            self.stage.table(
                INDUSTRIES, f"SELECT subject AS flag_subject, {flags} FROM permit_industries GROUP BY subject"
            )
        for table, columns in self._unread.items():
            flags = ", ".join(
                f"max(CASE WHEN column_name = {text(name)} THEN TRUE END) AS {quoted('unread_' + name)}"
                for name in sorted(columns)
            )
            where = _cells(table, columns)
            self.stage.table(
                UNREAD + table, f"SELECT rid AS flag_rid, {flags} FROM unreadable WHERE {where} GROUP BY rid"
            )

    def joins(self, table: str, conditions: str) -> str:
        """The joins that a scan needs for these conditions."""
        found = [
            f" LEFT JOIN {name} ON {name}.flag_subject = {table}.subject"
            for name in (UNDECIDED, INDUSTRIES)
            if f"{name}." in conditions
        ]
        if f"{UNREAD}." in conditions:
            found.append(f" LEFT JOIN {UNREAD + table} AS {UNREAD} ON {UNREAD}.flag_rid = {table}.rid")
        return "".join(found)

    def _flag_of(self, table: str, columns: frozenset[str], judged: str) -> str:
        """Flag of the subjects for which this table cannot speak; '' if it can for all."""
        lacking = self.loaded.lacking(table, columns)
        unread = self.loaded.unreadable.get(table, frozenset()) & columns
        is_behind = (table, judged) in self.loaded.behind
        is_partial = table != judged and table in self.loaded.partial
        if not (lacking or unread or is_behind or is_partial):
            return ""
        key = (table, judged if is_behind else "", is_partial, *lacking, *sorted(unread))
        if key not in self._undecided:
            parts = []
            if unread:
                parts.append(f"SELECT subject FROM unreadable WHERE {_cells(table, unread)}")
            if is_behind:
                where = f"table_name = {text(table)} AND judged_table = {text(judged)}"
                parts.append(f"SELECT subject FROM behind WHERE {where}")
            if is_partial:
                parts.append(
                    "SELECT subject FROM subjects WHERE subject NOT IN "
                    f"(SELECT subject FROM coverage WHERE subject IS NOT NULL AND table_name = {text(table)})"
                )
            if lacking:
                parts.append(f"SELECT subject FROM {table} WHERE source_id IN ({_listed(lacking)})")
            self._undecided[key] = (f"u{len(self._undecided)}", " UNION ALL ".join(parts))
        return self._undecided[key][0]


def _flags(lists: dict[str, str]) -> str:
    """One row per subject with a flag for each list that names it; TRUE or null."""
    flags = ", ".join(f"max(CASE WHEN flag = {text(flag)} THEN TRUE END) AS {flag}" for flag in lists)
    parts = " UNION ALL ".join(
        f"SELECT subject, {text(flag)} AS flag FROM ({sql}) AS list" for flag, sql in lists.items()
    )
    return f"SELECT subject AS flag_subject, {flags} FROM ({parts}) AS lists WHERE subject IS NOT NULL GROUP BY subject"


def _cells(table: str, columns: Iterable[str]) -> str:
    return f"table_name = {text(table)} AND column_name IN ({', '.join(text(name) for name in sorted(columns))})"


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(str(number) for number in numbers)
