"""One audit run: the current state of the warehouse judged by the catalogue, kept with all its facts.

What a rule means is decided in :mod:`checks`; workbooks are written in :mod:`audit.ledgers`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import duckdb

from audit import history, incremental
from audit.load import warehouse_of
from audit.workspace import Workspace
from checks import catalogue as catalogues
from checks.contracts import CONTRACT_RULES
from checks.engine import ENGINE_VERSION, FINDINGS_DDL, UNIT_KEY
from checks.engine.compile import record_of
from checks.engine.plan import Profile
from checks.engine.run import judge
from checks.errors import ExitCode, UserError
from checks.model import AuditRule, Outcome, RuleResult, Severity
from loaders.coverage import LIST_TABLES
from loaders.current import CURRENT, batches_until, searching_in, state_of
from loaders.warehouse import transaction

#: Module under which contract findings are reported.
CONTRACT_MODULE = "数据格式"
CONTRACT_BASIS = "数据字典（标准表的格式契约）"
_FACTS = "s.permit_no, s.unit_name, s.district, s.industry_name, s.management_class"


@dataclass(frozen=True)
class RunOptions:
    """What to audit; empty selections mean everything."""

    as_of: dt.date
    modules: Sequence[str] = ()
    rules: Sequence[str] = ()
    districts: Sequence[str] = ()
    period: str | None = None
    wait: float | None = None
    full: bool = False  # judge everything anew, also what did not change since the last run


@dataclass(frozen=True)
class RunSummary:
    """What a run found, in numbers."""

    run_id: str
    as_of: dt.date
    subjects: int
    subjects_with_findings: int
    results: tuple[RuleResult, ...]
    by_severity: dict[str, int] = field(default_factory=dict)
    by_district: tuple[list[object], ...] = ()  # see history.count_by_district

    @property
    def findings(self) -> int:
        """All findings."""
        return sum(self.by_severity.values())

    @property
    def crashed(self) -> list[RuleResult]:
        """Rules that failed themselves."""
        return [result for result in self.results if result.outcome == Outcome.ERROR]

    def has_findings_at(self, level: Severity) -> bool:
        """Whether something was found at or above a severity."""
        return any(count for name, count in self.by_severity.items() if count and Severity(name).rank >= level.rank)


def select_rules(catalogue: catalogues.Catalogue, options: RunOptions) -> tuple[list[AuditRule], list[str]]:
    """Rules and contract rules that the options name; UserError USAGE for an unknown module or rule.

    A module and a rule id may both be given: then everything that either names is judged.
    """
    if not options.modules and not options.rules:
        return catalogue.select(), list(CONTRACT_RULES)
    modules = [name for name in options.modules if name != CONTRACT_MODULE]
    contracts = [name for name in CONTRACT_RULES if name in options.rules or CONTRACT_MODULE in options.modules]
    ids = [name for name in options.rules if name not in CONTRACT_RULES]
    return (catalogue.select(modules, ids) if modules or ids else []), contracts


def catalogue_version(catalogue: catalogues.Catalogue) -> str:
    """Ten hex digits over the versions of all rules: equal catalogues judge equally."""
    text = "\n".join(f"{rule.id} {rule.version} {rule.severity}" for rule in catalogue.rules.values())
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def notes_on(catalogue: catalogues.Catalogue) -> list[str]:
    """What a bureau changed of the rules, as sentences for every ledger."""
    notes = list(catalogue.notices)
    for change in catalogue.overrides:
        numbers = [f"{name} = {value}" for name, value in change.params.items()]
        what = (
            "停用"
            if change.is_off
            else "、".join([*([f"程度改为{change.severity}"] if change.severity else []), *numbers])
        )
        notes.append(f"规则 {change.rule} {what}，至 {change.until}：{change.reason}")
    return notes


def run_audit(
    workspace: Workspace,
    options: RunOptions,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
    profile: Profile | None = None,
) -> RunSummary:
    """Judge the current state of the workspace and keep the result as a new run; ``profile`` is filled."""
    catalogue = catalogues.load(workspace.rule_files, as_of=options.as_of, cache=workspace.cache)
    select_rules(catalogue, options)  # a wrong name is told before anybody waits for the warehouse
    patience = workspace.settings.wait_seconds if options.wait is None else options.wait
    workers = workspace.settings.threads or os.cpu_count() or 1
    with warehouse_of(workspace).writer("permit-audit run", wait=patience, create=False) as connection:
        return run_in(connection, catalogue, options, progress, profile, workers)


def run_in(
    connection: duckdb.DuckDBPyConnection,
    catalogue: catalogues.Catalogue,
    options: RunOptions,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
    profile: Profile | None = None,
    workers: int = 1,
) -> RunSummary:
    """The same over an open warehouse, with scans ``workers`` at a time."""
    if not connection.execute("SELECT 1 FROM batches LIMIT 1").fetchall():
        raise UserError("仓库里还没有数据。请先用 permit-audit load 载入导出文件", ExitCode.INPUT)
    rules, contracts = select_rules(catalogue, options)
    started = dt.datetime.now()
    run_id = f"{started:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    with transaction(connection):
        connection.execute(history.DDL)
        connection.execute(FINDINGS_DDL)
    batches = batches_until(connection, options.period)
    with state_of(connection, batches) as schema, searching_in(connection, schema):
        _check_districts(connection, options.districts)
        connection.execute("CREATE OR REPLACE TEMP TABLE new_findings AS SELECT * FROM main.findings LIMIT 0")

        def judge_into(chosen: Sequence[AuditRule], target: str) -> list[RuleResult]:
            return judge(
                connection,
                catalogue,
                chosen,
                as_of=options.as_of,
                run_id=run_id,
                district=options.districts,
                progress=lambda done, total: progress(done, total, ""),
                target=target,
                workers=workers,
                profile=profile,
            )

        is_whole = schema == CURRENT and not options.districts
        if is_whole:
            incremental.note_prints(connection)
        judged = _judge(connection, catalogue, rules, options, judge_into, run_id, is_whole=is_whole)
        results = [judged[rule.id] for rule in rules]
        results += _contract_findings(connection, run_id, contracts, options.districts)
        with transaction(connection):
            _keep(connection, run_id, started, catalogue, results, options)
            if is_whole:
                incremental.keep_prints(connection, run_id, _selection(options), batches)
        return _summary(connection, run_id, options.as_of, tuple(results))


def _selection(options: RunOptions) -> str:
    """What was chosen of the catalogue, and by which engine: only runs of one selection build on one another."""
    return json.dumps([ENGINE_VERSION, sorted(options.modules), sorted(options.rules)], ensure_ascii=False)


def _judge(
    connection: duckdb.DuckDBPyConnection,
    catalogue: catalogues.Catalogue,
    rules: Sequence[AuditRule],
    options: RunOptions,
    judge_into: incremental.Judge,
    run_id: str,
    *,
    is_whole: bool,
) -> dict[str, RuleResult]:
    """Results by rule: those of an earlier run brought up to date where that gives the same, else judged anew."""
    reuse = (
        incremental.plan_reuse(connection, catalogue, rules, options.as_of, _selection(options))
        if is_whole and not options.full
        else None
    )
    if reuse is None:
        return {result.rule_id: result for result in judge_into(rules, "new_findings")}
    results, _ = incremental.judge_changed(connection, reuse, judge_into, run_id, "new_findings")
    done = {result.rule_id: result for result in results}
    anew = [rule for rule in rules if rule.id not in done]
    return done | {result.rule_id: result for result in judge_into(anew, "new_findings")}


def _check_districts(connection: duckdb.DuckDBPyConnection, districts: Sequence[str]) -> None:
    known = [
        row[0] for row in connection.execute("SELECT DISTINCT district FROM subjects ORDER BY 1").fetchall() if row[0]
    ]
    for name in districts:
        if name not in known:
            raise UserError(f"数据里没有区县 {name}。有：{'、'.join(known) or '（数据未写明区县）'}", ExitCode.INPUT)


def _in_districts(districts: Sequence[str]) -> tuple[str, list[object]]:
    return ("s.district IN (SELECT unnest(?))", [list(districts)]) if districts else ("TRUE", [])


def _contract_findings(
    connection: duckdb.DuckDBPyConnection, run_id: str, wanted: Sequence[str], districts: Sequence[str]
) -> list[RuleResult]:
    """Findings of the family ``C-`` for the current rows; the engine's rules never see these cells as values."""
    if not wanted:
        return []
    condition, values = _in_districts(districts)
    tables = [
        row[0] for row in connection.execute("SELECT DISTINCT table_name FROM contract_failures ORDER BY 1").fetchall()
    ]
    for name in tables:
        record = record_of(name)
        connection.execute(
            f"""
            INSERT INTO new_findings BY NAME
            WITH hits AS (
                SELECT c.*, {name}.subject, {name}.source_row,
                       concat_ws('；', nullif({record}, ''), '列=' || c.heading) AS record
                FROM contract_failures c JOIN {name} ON {name}.rid = c.rid
                WHERE c.table_name = '{name}' AND c.rule_id IN (SELECT unnest(?))
            ), numbered AS (
                SELECT *, row_number() OVER (PARTITION BY rule_id, subject, record ORDER BY text, rid) AS occurrence
                FROM hits
            )
            SELECT ? AS run_id,
                   left(md5(concat_ws('|', n.rule_id, s.{UNIT_KEY}, n.record,
                        CASE WHEN occurrence > 1 THEN occurrence END)), 16) AS finding_id,
                   n.rule_id, s.{UNIT_KEY} AS subject, {_FACTS},
                   '{CONTRACT_MODULE}' AS module, NULL AS severity, n.table_name, n.record,
                   concat(CASE WHEN n.rule_id = 'C-020' THEN concat(n.expected, '：', n.text)
                          ELSE concat(n.heading, '：', coalesce(nullif(n.text, ''), '（空）'), '，应', n.expected)
                          END,
                          CASE WHEN n.cell <> '' THEN concat('（单元格 ', n.cell, '）') ELSE '' END) AS message,
                   to_json(map([n.heading], [n.text]))::VARCHAR AS evidence,
                   f.file_name AS source_file, f.sheet AS source_sheet, n.source_row, n.rid
            FROM numbered n JOIN subjects s USING (subject) JOIN main.sources f USING (source_id)
            WHERE {condition}
            """,
            [list(wanted), run_id, *values],
        )
    for rule_id in wanted:
        connection.execute(
            "UPDATE new_findings SET severity = ? WHERE rule_id = ?", [str(CONTRACT_RULES[rule_id].severity), rule_id]
        )
    counts = dict(connection.execute("SELECT rule_id, count(*) FROM new_findings GROUP BY 1").fetchall())
    judged = _rows_judged(connection)
    return [
        RuleResult(
            rule_id,
            Outcome.FAILED if counts.get(rule_id) else (Outcome.PASSED if judged else Outcome.NOT_APPLICABLE),
            judged=judged,
            violations=counts.get(rule_id, 0),
        )
        for rule_id in wanted
    ]


def _rows_judged(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute(
        "SELECT coalesce(sum(rows_loaded), 0) FROM main.sources WHERE source_id IN (SELECT source_id FROM sources)"
    ).fetchall()[0]
    return int(row[0])


def _keep(
    connection: duckdb.DuckDBPyConnection,
    run_id: str,
    started: dt.datetime,
    catalogue: catalogues.Catalogue,
    results: Sequence[RuleResult],
    options: RunOptions,
) -> None:
    """Write the run, its inputs, the fate of its rules and its findings, in the caller's transaction."""
    connection.execute("INSERT INTO main.findings BY NAME SELECT * FROM new_findings")
    where, values = _in_districts(options.districts)
    connection.execute(
        f"""
        INSERT INTO main.run_subjects BY NAME
        SELECT ? AS run_id, s.{UNIT_KEY} AS subject, {_FACTS}
        FROM subjects s
        WHERE {where} AND (  -- who is only on a list was not audited, unless its line of the list is at fault
            s.subject IN (SELECT subject FROM states WHERE table_name NOT IN (SELECT unnest(?)))
            OR s.{UNIT_KEY} IN (SELECT subject FROM new_findings))
        """,
        [run_id, *values, list(LIST_TABLES)],
    )
    connection.execute(
        """
        INSERT INTO main.run_inputs
        SELECT ?, h.file_name, h.sha256, h.file_size, s.table_name, sum(s.rows_loaded), max(h.rows_rejected)
        FROM main.sources s JOIN main.sheets h USING (sheet_id)
        WHERE s.source_id IN (SELECT source_id FROM sources) GROUP BY ALL
        """,
        [run_id],
    )
    rows = [_rule_row(run_id, catalogue, result, options.as_of) for result in results]
    columns = [list(column) for column in zip(*rows, strict=True)]  # one statement: a row at a time takes seconds
    connection.execute(f"INSERT INTO main.run_rules SELECT {', '.join(['unnest(?)'] * len(columns))}", columns)
    connection.execute(
        "INSERT INTO main.runs"
        " SELECT ?, ?, now(), ?, ?, ?, ?, ?, ?, ?, count(*) FROM main.run_subjects WHERE run_id = ?",
        [
            run_id,
            started,
            options.as_of,
            options.period,
            catalogue_version(catalogue),
            list(options.modules),
            list(options.rules),
            list(options.districts),
            notes_on(catalogue),
            run_id,
        ],
    )


def _rule_row(run_id: str, catalogue: catalogues.Catalogue, result: RuleResult, as_of: dt.date) -> list[object]:
    facts = (
        str(result.outcome),
        result.judged,
        result.violations,
        result.undecided,
        result.reason,
        result.seconds,
        result.is_mass,
    )
    if result.rule_id in CONTRACT_RULES:
        contract = CONTRACT_RULES[result.rule_id]
        start = [run_id, contract.id, contract.title, CONTRACT_MODULE, str(contract.severity), "", ""]
        return [*start, *facts, contract.advice, CONTRACT_BASIS, 0]
    rule = catalogue.rules[result.rule_id]
    basis = "；".join(str(clause) for clause in rule.basis if clause.is_valid(as_of))
    start = [run_id, rule.id, rule.title, rule.module, str(rule.severity), rule.table, rule.version]
    return [*start, *facts, rule.advice, basis, result.undecidable]


def _summary(
    connection: duckdb.DuckDBPyConnection, run_id: str, as_of: dt.date, results: tuple[RuleResult, ...]
) -> RunSummary:
    subjects = connection.execute("SELECT count(*) FROM main.run_subjects WHERE run_id = ?", [run_id]).fetchall()[0][0]
    found = connection.execute(
        "SELECT count(DISTINCT subject) FROM main.findings WHERE run_id = ?", [run_id]
    ).fetchall()[0][0]
    by_severity = dict(
        connection.execute(
            "SELECT severity, count(*) FROM main.findings WHERE run_id = ? GROUP BY 1", [run_id]
        ).fetchall()
    )
    return RunSummary(
        run_id,
        as_of,
        subjects,
        found,
        results,
        {level.value: by_severity.get(level.value, 0) for level in Severity},
        tuple(history.count_by_district(connection, run_id)),
    )
