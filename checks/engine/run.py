"""One judgement: the rules of a run over what is loaded, findings written by SQL, a result per rule.

Plain predicates of one table share a scan; rules with joins run one by one. A rule that fails
becomes an ``error`` outcome and the others go on. Which rows can be decided is for
:mod:`checks.engine.scope`, SQL text for :mod:`checks.engine.compile`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from time import perf_counter
from typing import TYPE_CHECKING

from checks.catalogue import Catalogue
from checks.catalogue_facts import INDUSTRY_RELATION
from checks.engine import FINDING_COLUMNS, MASS_JUDGED, MASS_SHARE
from checks.engine.compile import (
    UNDECIDABLE,
    UNKNOWN,
    WRONG,
    Compiled,
    evidence_of,
    message_of,
    quoted,
    record_of,
    row_types,
    text,
    values_of,
    with_values,
)
from checks.engine.relations import Stage, first_line, stage_errors, stage_references, stage_relations
from checks.engine.scope import AUDITED, Decider, all_needs, read_loaded, stage_audited, why_not
from checks.model import AuditRule, Outcome, RuleResult

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

HITS = "engine_hits"
VERDICTS = "engine_verdicts"
#: So many predicates share one scan; more make the plan long and save nothing.
FUSED = 100
#: Up to so many judged rows a rule with joins is searched for rows that come twice.
DISTINCT_ROWS = 1_000_000
_COUNTS = 4


@dataclass
class _Run:
    """What the steps of one judgement share."""

    connection: DuckDBPyConnection
    stage: Stage
    references: Stage
    results: dict[str, RuleResult] = field(default_factory=dict)
    types: dict[str, dict[str, str]] = field(default_factory=dict)


def judge(
    connection: DuckDBPyConnection,
    catalogue: Catalogue,
    rules: Sequence[AuditRule],
    *,
    as_of: date,
    run_id: str,
    district: Sequence[str] = (),
    subjects_sql: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    target: str = "findings",
    references: Stage | None = None,
) -> list[RuleResult]:
    """Judge the loaded tables by these rules and put the findings into ``target``; a result per rule, in order.

    Call it outside a transaction: a faulty rule would abort it. The findings come in one
    statement at the end, so that an interrupted run leaves none. ``district`` and
    ``subjects_sql`` (a SELECT of subjects) say who is judged; joins still see everybody. A
    caller that judges many times keeps the reference tables in its own stage ``references``.
    """
    stage = Stage(connection)
    run = _Run(connection, stage, references or stage)
    try:
        is_filtered = stage_audited(stage, district, subjects_sql)
        compiled = _prepare(run, catalogue, rules, as_of, is_filtered)
        _judge_all(run, compiled, len(rules), progress)
        _store(run, compiled, run_id, target)
    finally:
        stage.close()
    return [run.results[rule.id] for rule in rules]


def _prepare(
    run: _Run, catalogue: Catalogue, rules: Sequence[AuditRule], as_of: date, is_filtered: bool
) -> list[Compiled]:
    """The rules that can run, compiled and bound; the results of the others are noted."""
    needed = {table for rule in rules for table in all_needs(rule, catalogue.facts[rule.id])}
    joined = {table for rule in rules for table in catalogue.facts[rule.id].needs}
    loaded = read_loaded(run.connection, needed, joined)
    able = []
    for rule in rules:
        reason = why_not(rule, catalogue.facts[rule.id], catalogue, loaded, as_of)
        if reason:
            run.results[rule.id] = RuleResult(rule.id, Outcome.NOT_RUN, reason=reason)
        else:
            able.append(rule)
    facts = [catalogue.facts[rule.id] for rule in able]
    faults = _stage(run, catalogue, able, as_of)
    decider = Decider(run.stage, loaded)
    compiled = []
    for number, (rule, fact) in enumerate(zip(able, facts, strict=True)):
        fault = next((faults[name] for name in fact.relations if name in faults), "")
        if fault:
            run.results[rule.id] = RuleResult(rule.id, Outcome.ERROR, reason=fault)
            continue
        values = values_of(rule, as_of)
        semi = f"(SELECT * FROM {rule.table} SEMI JOIN {AUDITED} USING (subject)) AS {rule.table}"
        ready = Compiled(
            number=number,
            rule=rule,
            facts=fact,
            applies=with_values(rule.applies, values),
            expect=with_values(rule.expect, values),
            relation=with_values(rule.relation, values),
            base=semi if is_filtered else rule.table,
            decidable=decider.decidable(rule, fact),
            subjects=decider.industry(rule),
        )
        if _learn_types(run, ready):
            compiled.append(ready)
    return compiled


def _stage(run: _Run, catalogue: Catalogue, rules: Sequence[AuditRule], as_of: date) -> dict[str, str]:
    """Make the reference tables and shared relations that these rules read; faults by relation."""
    facts = [catalogue.facts[rule.id] for rule in rules]
    references = {name for fact in facts for name in fact.references}
    reads = [fact.relations for fact in facts]
    if any(rule.industry for rule in rules):
        industry = catalogue.relations[INDUSTRY_RELATION]
        references |= industry.references
        reads.append((*industry.inner, INDUSTRY_RELATION))
    stage_references(run.references, references)
    return stage_relations(run.stage, catalogue, reads, as_of)


def _learn_types(run: _Run, compiled: Compiled) -> bool:
    """Learn the types of the columns that ``from`` adds; a faulty ``from`` is noted as error."""
    types: dict[str, str] = {}
    if compiled.facts.extra:
        columns = ", ".join(quoted(name) for name in compiled.facts.extra)
        try:
            described = run.connection.execute(f"DESCRIBE SELECT {columns} FROM (\n{compiled.relation}\n) AS relation")
        except stage_errors() as error:
            _note_error(run, compiled, error)
            return False
        types = {name: dtype for name, dtype, *_ in described.fetchall()}
    run.types[compiled.rule.id] = row_types(compiled, types)
    return True


def _bind(run: _Run, compiled: Compiled) -> bool:
    """Bind the rule alone, without reading a row; a faulty rule is noted as error."""
    types = run.types[compiled.rule.id]
    pieces = f"engine_verdict, {message_of(compiled, types)}, {evidence_of(compiled, types)}"
    try:
        run.connection.execute(f"EXPLAIN SELECT {pieces} FROM {compiled.judged}").fetchall()
    except stage_errors() as error:
        _note_error(run, compiled, error)
        return False
    return True


def _note_error(run: _Run, compiled: Compiled, error: Exception) -> None:
    run.results[compiled.rule.id] = RuleResult(compiled.rule.id, Outcome.ERROR, reason=first_line(error))


def _make_hits(run: _Run) -> None:
    """Make the table of violating rows before the first."""
    if run.stage.has(HITS):
        return
    run.stage.table(
        HITS,
        "SELECT 0::USMALLINT AS rule_no, 0::BIGINT AS rid, '' AS subject, 0 AS source_id, 0 AS source_row, "
        "'' AS record, '' AS message, '' AS evidence LIMIT 0",
    )


def _judge_all(
    run: _Run, compiled: Sequence[Compiled], total: int, progress: Callable[[int, int], None] | None
) -> None:
    """All rules, the fused ones first."""

    def tell() -> None:
        if progress is not None:
            progress(len(run.results), total)

    tell()
    by_table: dict[str, list[Compiled]] = {}
    single = []
    for item in compiled:
        if item.facts.is_plain:
            by_table.setdefault(item.rule.table, []).append(item)
        else:
            single.append(item)
    for group in by_table.values():
        for start in range(0, len(group), FUSED):
            _judge_group(run, group[start : start + FUSED])
            tell()
    for item in single:
        _judge_single(run, item)
        tell()


def _judge_group(run: _Run, group: Sequence[Compiled]) -> None:
    """Judge plain rules of one table in one scan; if that fails without those that cannot be bound; else one by one."""
    if _judge_fused(run, group):
        return
    bound = [item for item in group if _bind(run, item)]
    if len(bound) == len(group) or not bound or not _judge_fused(run, bound):
        for item in bound:
            _judge_single(run, item)


def _judge_fused(run: _Run, group: Sequence[Compiled]) -> bool:
    """Judge plain predicates of one table in one scan; False if one of them failed while running."""
    start = perf_counter()
    base = group[0].base
    verdicts = ", ".join(f"{item.verdict} AS v{index}" for index, item in enumerate(group))
    counts = ", ".join(_counts(f"v{index}") for index in range(len(group)))
    try:
        numbers = run.connection.execute(f"SELECT {counts} FROM (SELECT {verdicts} FROM {base}) AS rows").fetchall()[0]
        faulty = [item for index, item in enumerate(group) if numbers[_COUNTS * index + 1]]
        if faulty:
            _insert_fused(run, faulty, base)
    except stage_errors():
        return False
    seconds = (perf_counter() - start) / len(group)
    for index, item in enumerate(group):
        run.results[item.rule.id] = _result(item, *numbers[_COUNTS * index : _COUNTS * (index + 1)], seconds=seconds)
    return True


def _counts(verdict: str) -> str:
    """How many rows the rule judges, and of them wrong and null ones; and how many cannot be decided."""
    tests = (f"< {UNDECIDABLE}", f"= {WRONG}", f"= {UNKNOWN}", f"= {UNDECIDABLE}")
    return ", ".join(f"count(*) FILTER ({verdict} {test})" for test in tests)


def _insert_fused(run: _Run, group: Sequence[Compiled], base: str) -> None:
    """Every violating row of several plain rules, in one scan."""
    hits = []
    for item in group:
        types = run.types[item.rule.id]
        hits.append(
            f"CASE WHEN {item.is_wrong} THEN struct_pack(rule_no := {item.number}, "
            f"message := {message_of(item, types)}, evidence := {evidence_of(item, types)}) END"
        )
    _make_hits(run)
    anyone = " OR ".join(f"({item.is_wrong})" for item in group)
    run.connection.execute(
        f"INSERT INTO {HITS} SELECT hit.rule_no, rid, subject, source_id, source_row, record, hit.message, "
        f"hit.evidence FROM (SELECT rid, subject, source_id, source_row, {record_of(group[0].rule.table)} AS record, "
        f"unnest([{', '.join(hits)}]) AS hit FROM {base} WHERE {anyone}) AS rows WHERE hit IS NOT NULL"
    )


def _judge_single(run: _Run, item: Compiled) -> None:
    """Judge one rule in its own query."""
    start = perf_counter()
    table = item.rule.table
    wrong = f"CASE WHEN engine_verdict = {WRONG} THEN"
    types = run.types[item.rule.id]
    try:
        rows = run.stage.table(
            VERDICTS,
            f"SELECT {table}.rid AS rid, engine_verdict, {wrong} {table}.subject END AS subject, "
            f"{wrong} {table}.source_id END AS source_id, {wrong} {table}.source_row END AS source_row, "
            f"{wrong} {record_of(table)} END AS record, {wrong} {message_of(item, types)} END AS message, "
            f"{wrong} {evidence_of(item, types)} END AS evidence FROM {item.judged} WHERE engine_verdict IS NOT NULL",
        )
        # a second row for one rid would count it twice; among very many rows only the findings are looked at
        test = "TRUE" if rows <= DISTINCT_ROWS else f"engine_verdict = {WRONG}"
        judged, violations, unknown, undecidable, double = run.connection.execute(
            f"SELECT {_counts('engine_verdict')}, count(*) FILTER ({test}) - count(DISTINCT rid) FILTER ({test}) "
            f"FROM {VERDICTS}"
        ).fetchall()[0]
        if double:
            reason = "from 对同一 rid 给出了多行，应每个 rid 一行"
            run.results[item.rule.id] = RuleResult(item.rule.id, Outcome.ERROR, reason=reason)
            return
        if violations:
            _make_hits(run)
            run.connection.execute(
                f"INSERT INTO {HITS} SELECT {item.number}, rid, subject, source_id, source_row, record, message, "
                f"evidence FROM {VERDICTS} WHERE engine_verdict = {WRONG}"
            )
    except stage_errors() as error:
        _note_error(run, item, error)
        return
    finally:
        run.stage.drop(VERDICTS)
    run.results[item.rule.id] = _result(item, judged, violations, unknown, undecidable, seconds=perf_counter() - start)


def _result(
    item: Compiled, judged: int, violations: int, unknown: int, undecidable: int, *, seconds: float
) -> RuleResult:
    """How a rule that ran has ended."""
    undecided = unknown + undecidable
    reason = f"{undecided} 行无法判断" if undecided else ""
    if violations:
        outcome = Outcome.FAILED
    elif undecidable and not judged:
        # Rows there are, but no source tells what the rule needs of them.
        outcome, reason = Outcome.NOT_RUN, f"{undecidable} 行的来源缺少所需的列或表，均无法判断"
    elif judged == unknown:
        outcome = Outcome.NOT_APPLICABLE
    else:
        outcome = Outcome.PASSED
    is_mass = judged >= MASS_JUDGED and violations > MASS_SHARE * judged
    return RuleResult(item.rule.id, outcome, judged, violations, undecided, reason, seconds, is_mass)


def _store(run: _Run, compiled: Sequence[Compiled], run_id: str, target: str) -> None:
    """Put all hits into the findings table.

    Records that repeat inside a permit are numbered by what they say, so that ids do not
    depend on the order of rows; the first has no number.
    """
    words = ", ".join(
        f"({item.number}, {text(item.rule.id)}, {text(item.rule.module)}, {text(item.rule.severity)}, "
        f"{text(item.rule.table)})"
        for item in compiled
        if run.results[item.rule.id].violations
    )
    if not words:
        return
    run.connection.execute(
        f"INSERT INTO {target} ({', '.join(FINDING_COLUMNS)}) "
        f"SELECT {text(run_id)}, substr(md5(concat(r.rule_id, '|', h.subject, '|', h.record, "
        "CASE WHEN h.occurrence > 1 THEN concat('|', h.occurrence) ELSE '' END)), 1, 16), "
        "r.rule_id, h.subject, s.permit_no, s.unit_name, s.district, s.industry_name, s.management_class, "
        "r.module, r.severity, r.table_name, h.record, h.message, h.evidence, f.file_name, f.sheet, h.source_row, "
        "h.rid FROM (SELECT *, row_number() OVER (PARTITION BY rule_no, subject, record "
        f"ORDER BY message, evidence, source_row, rid) AS occurrence FROM {HITS}) AS h "
        f"JOIN (VALUES {words}) AS r(rule_no, rule_id, module, severity, table_name) ON r.rule_no = h.rule_no "
        "LEFT JOIN subjects AS s ON s.subject = h.subject "
        "LEFT JOIN (SELECT source_id, min(file_name) AS file_name, min(sheet) AS sheet FROM sources "
        "GROUP BY source_id) AS f ON f.source_id = h.source_id"
    )
