"""One judgement: the rules of a run over what is loaded, findings written by SQL, a result per rule.

Rules of one table share scans (:mod:`checks.engine.scans`). A rule that fails becomes an
``error`` outcome and the others go on. Which rows can be decided is for
:mod:`checks.engine.scope`, SQL text of one rule for :mod:`checks.engine.compile`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from queue import SimpleQueue
from time import perf_counter
from typing import TYPE_CHECKING

from checks.catalogue import Catalogue
from checks.catalogue_facts import INDUSTRY_RELATION
from checks.engine import FINDING_COLUMNS, MASS_JUDGED, MASS_SHARE, UNIT_KEY
from checks.engine.compile import Compiled, text, values_of, with_values
from checks.engine.plan import Profile, ScanProfile
from checks.engine.relations import (
    STAGE,
    Stage,
    first_line,
    searching,
    stage_errors,
    stage_references,
    stage_relations,
)
from checks.engine.scans import Scan, partition
from checks.engine.scope import AUDITED, Decider, all_needs, read_loaded, stage_audited, why_not
from checks.model import AuditRule, Outcome, RuleResult

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

HITS = "engine_hits"
#: Above so many rows one scan keeps all cores busy; below, scans run side by side.
SIDE_BY_SIDE = 3_000_000


@dataclass
class _Run:
    """What the steps of one judgement share."""

    connection: DuckDBPyConnection
    stage: Stage
    references: Stage
    profile: Profile
    results: dict[str, RuleResult] = field(default_factory=dict)
    bases: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    drawn: str = "SELECT subject FROM subjects"


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
    workers: int = 1,
    profile: Profile | None = None,
) -> list[RuleResult]:
    """Judge the loaded tables by these rules and put the findings into ``target``; a result per rule, in order.

    Call it outside a transaction: a faulty rule would abort it. The findings come in one
    statement at the end, so that an interrupted run leaves none. ``district`` and
    ``subjects_sql`` (a SELECT of subjects) say who is judged; joins still see everybody. A
    caller that judges many times keeps the reference tables in its own stage ``references``.
    ``workers`` scans run side by side while the tables are small; they see no temporary tables.
    """
    with _prepared(connection, catalogue, rules, as_of, district, subjects_sql, references, profile) as (
        run,
        scans,
        path,
    ):
        _judge_all(run, scans, len(rules), progress, workers if sum(run.rows.values()) < SIDE_BY_SIDE else 1, path)
        start = perf_counter()
        _store(run, [item for scan in scans for item in scan.rules], run_id, target)
        run.profile.store_seconds = perf_counter() - start
    return [run.results[rule.id] for rule in rules]


@dataclass(frozen=True)
class Apart:
    """A judgement of which nothing was stored, and for each rule that ran a query of its violating rows.

    The queries say by themselves what :func:`judge` found; they are meant for a second judge.
    ``path`` is the search path under which a further connection understands them and ``drawn``,
    a SELECT of the subjects that were judged.
    """

    results: dict[str, RuleResult]
    queries: dict[str, str]
    drawn: str
    path: str


@contextmanager
def judged_apart(
    connection: DuckDBPyConnection,
    catalogue: Catalogue,
    rules: Sequence[AuditRule],
    *,
    as_of: date,
    district: Sequence[str] = (),
    subjects_sql: str | None = None,
) -> Iterator[Apart]:
    """Judge like :func:`judge` without storing; what was staged stands until the context is left."""
    with _prepared(connection, catalogue, rules, as_of, district, subjects_sql, None, None) as (run, scans, path):
        _judge_all(run, scans, len(rules), None, 1, path)
        queries = {}
        for scan in scans:
            for item in scan.rules:
                if run.results[item.rule.id].outcome not in (Outcome.ERROR, Outcome.NOT_RUN):
                    queries[item.rule.id] = _violating(scan.alone(item), connection)
        yield Apart({rule.id: run.results[rule.id] for rule in rules}, queries, run.drawn, path)


def _violating(scan: Scan, connection: DuckDBPyConnection) -> str:
    """SELECT of the violating rows of a scan, straight from the judged table."""
    return scan.hits(scan.rules, _types(connection, scan.judging), f"(\n{scan.judging}\n) AS verdicts")


def _types(connection: DuckDBPyConnection, source: str) -> dict[str, str]:
    """Types of the columns that relations give to a table or query of verdicts."""
    described = connection.execute(f"DESCRIBE {source}").fetchall()
    return {name: dtype for name, dtype, *_ in described if not name.startswith("engine_")}


@contextmanager
def _prepared(
    connection: DuckDBPyConnection,
    catalogue: Catalogue,
    rules: Sequence[AuditRule],
    as_of: date,
    district: Sequence[str],
    subjects_sql: str | None,
    references: Stage | None,
    profile: Profile | None,
) -> Iterator[tuple[_Run, list[Scan], str]]:
    """Everything staged that these rules read, the scans that judge them, and the search path."""
    start = perf_counter()
    with searching(connection) as path:
        stage = Stage(connection)
        run = _Run(connection, stage, references or stage, profile or Profile())
        try:
            is_filtered = stage_audited(stage, district, subjects_sql)
            if is_filtered:
                run.drawn = f"SELECT subject FROM {AUDITED}"
            compiled, decider = _prepare(run, catalogue, rules, as_of, is_filtered)
            _make_hits(run)
            scans = partition(compiled, decider, run.bases, run.rows)
            run.profile.prepare_seconds = perf_counter() - start
            yield run, scans, path
        finally:
            stage.close()


def _prepare(
    run: _Run, catalogue: Catalogue, rules: Sequence[AuditRule], as_of: date, is_filtered: bool
) -> tuple[list[Compiled], Decider]:
    """The rules that can run, compiled; the results of the others are noted."""
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
    faults = _stage(run, catalogue, able, as_of)
    decider = Decider(run.stage, loaded)
    compiled = []
    for number, rule in enumerate(able):
        facts = catalogue.facts[rule.id]
        fault = next((faults[name] for name in facts.relations if name in faults), "")
        if fault:
            run.results[rule.id] = RuleResult(rule.id, Outcome.ERROR, reason=fault)
            continue
        values = values_of(rule, as_of)
        compiled.append(
            Compiled(
                number=number,
                rule=rule,
                facts=facts,
                applies=with_values(rule.applies, values),
                expect=with_values(rule.expect, values),
                relation=with_values(rule.relation, values),
                decidable=decider.decidable(rule, facts),
                subjects=decider.industry(rule),
            )
        )
    decider.close()
    for table in dict.fromkeys(item.rule.table for item in compiled):
        semi = f"(SELECT * FROM {table} SEMI JOIN {AUDITED} USING (subject)) AS {table}"
        run.bases[table] = semi if is_filtered else table
    if run.bases:
        counts = ", ".join(f"(SELECT count(*) FROM {base})" for base in run.bases.values())
        numbers = run.connection.execute(f"SELECT {counts}").fetchall()[0]
        run.rows.update(zip(run.bases, numbers, strict=True))
    return compiled, decider


def _stage(run: _Run, catalogue: Catalogue, rules: Sequence[AuditRule], as_of: date) -> dict[str, str]:
    """Make the reference tables and shared relations that these rules read; faults by relation."""
    facts = {rule.relation or rule.id: catalogue.facts[rule.id] for rule in rules}  # one text is read once
    references = {name for fact in facts.values() for name in fact.references}
    reads = [fact.relations for fact in facts.values()]
    if any(rule.industry for rule in rules):
        industry = catalogue.relations[INDUSTRY_RELATION]
        references |= industry.references
        reads.append((*industry.inner, INDUSTRY_RELATION))
    stage_references(run.references, references)
    return stage_relations(run.stage, catalogue, reads, as_of, run.profile)


def _note_error(run: _Run, compiled: Compiled, reason: str) -> None:
    run.results[compiled.rule.id] = RuleResult(compiled.rule.id, Outcome.ERROR, reason=reason)


def _make_hits(run: _Run) -> None:
    """Make the table of violating rows."""
    run.stage.table(
        HITS,
        "SELECT 0::USMALLINT AS rule_no, 0::BIGINT AS rid, subject, 0 AS source_id, 0 AS source_row, "
        "'' AS record, '' AS message, '' AS evidence FROM subjects LIMIT 0",
    )


@contextmanager
def _connections(run: _Run, path: str, workers: int) -> Iterator[list[DuckDBPyConnection]]:
    """The run's connection and further ones that see the same tables."""
    more = [run.connection.cursor() for _ in range(workers - 1)]
    try:
        for connection in more:
            connection.execute(f"SET search_path = '{path}'")
        yield [run.connection, *more]
    finally:
        for connection in more:
            connection.close()


def _judge_all(
    run: _Run,
    scans: Sequence[Scan],
    total: int,
    progress: Callable[[int, int], None] | None,
    workers: int,
    path: str,
) -> None:
    """All scans, the largest first, ``workers`` at a time."""

    def tell() -> None:
        if progress is not None:
            progress(len(run.results), total)

    tell()
    run.profile.workers = workers
    if workers == 1:
        for scan in scans:
            _judge_scan(run, scan, run.connection)
            tell()
        return
    ordered = sorted(scans, key=lambda scan: -run.rows[scan.table] * (1 + len(scan.relations)))
    with _connections(run, path, workers) as connections:
        free: SimpleQueue[DuckDBPyConnection] = SimpleQueue()
        for connection in connections:
            free.put(connection)

        def work(scan: Scan) -> None:
            connection = free.get()
            try:
                _judge_scan(run, scan, connection)
            finally:
                free.put(connection)

        pool = ThreadPoolExecutor(workers)
        try:
            for done in as_completed([pool.submit(work, scan) for scan in ordered]):
                done.result()
                tell()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for connection in connections:
                connection.interrupt()
            raise
        finally:
            pool.shutdown()


def _judge_scan(run: _Run, scan: Scan, connection: DuckDBPyConnection) -> None:
    """Judge the rules of one scan; if it fails, without those that cannot be bound; then in halves."""
    try:
        if not scan.rules or _carry_out(run, scan, connection):
            return
        double = _doubled(scan, connection)
        for item in double:
            _note_error(run, item, "from 对同一 rid 给出了多行，应每个 rid 一行")
        _judge_scan(run, scan.without(double), connection)
    except stage_errors() as error:
        if len(scan.rules) == 1:
            _note_error(run, scan.rules[0], first_line(error))
            return
        faulty = [item for item in scan.rules if not _bind(run, scan, item, connection)]
        for half in [scan.without(faulty)] if faulty else scan.halves():
            _judge_scan(run, half, connection)


def _bind(run: _Run, scan: Scan, item: Compiled, connection: DuckDBPyConnection) -> bool:
    """Bind one rule alone, without reading a row; a faulty rule is noted as error."""
    try:
        connection.execute(f"EXPLAIN {scan.alone(item).judging}").fetchall()
    except stage_errors() as error:
        _note_error(run, item, first_line(error))
        return False
    return True


def _doubled(scan: Scan, connection: DuckDBPyConnection) -> list[Compiled]:
    """Rules whose relation gives some row more than once."""
    found = []
    for relation in scan.relations:
        double = f"SELECT rid FROM (\n{relation}\n) AS relation WHERE rid IS NOT NULL GROUP BY rid HAVING count(*) > 1"
        if connection.execute(f"SELECT 1 FROM ({double}) AS doubled LIMIT 1").fetchall():
            found += [item for item in scan.rules if item.relation == relation]
    return found


def _carry_out(run: _Run, scan: Scan, connection: DuckDBPyConnection) -> bool:
    """Judge in one pass and keep what is violated; False, and nothing kept, if a relation doubles rows."""
    start = perf_counter()
    try:
        run.stage.table(scan.verdicts, scan.judging, connection)
        numbers = connection.execute(scan.counting).fetchall()[0]
        if numbers[0] != run.rows[scan.table]:
            return False
        counts = scan.counts_of(numbers)
        judged_at = perf_counter()
        wrong = [item for item in scan.rules if counts[item.number][1]]
        if wrong:
            types = _types(connection, f"{STAGE}.main.{scan.verdicts}")
            connection.execute(f"INSERT INTO {STAGE}.main.{HITS} {scan.hits(wrong, types)}")
    finally:
        run.stage.drop(scan.verdicts, connection)
    end = perf_counter()
    seconds = (end - start) / len(scan.rules)
    for item in scan.rules:
        run.results[item.rule.id] = result_of(item.rule.id, *counts[item.number], seconds)
    run.profile.scans.append(
        ScanProfile(
            scan.table,
            tuple(item.rule.id for item in scan.rules),
            len(scan.relations),
            numbers[0],
            judged_at - start,
            end - judged_at,
            sum(counts[item.number][1] for item in wrong),
        )
    )
    return True


def result_of(
    rule_id: str, judged: int, violations: int, unknown: int, undecidable: int, seconds: float = 0.0
) -> RuleResult:
    """How a rule that ran has ended, from its counts of rows."""
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
    return RuleResult(rule_id, outcome, judged, violations, undecided, reason, seconds, is_mass, undecidable)


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
        f"SELECT {text(run_id)}, substr(md5(concat(r.rule_id, '|', s.{UNIT_KEY}, '|', h.record, "
        "CASE WHEN h.occurrence > 1 THEN concat('|', h.occurrence) ELSE '' END)), 1, 16), "
        f"r.rule_id, s.{UNIT_KEY}, s.permit_no, s.unit_name, s.district, s.industry_name, s.management_class, "
        "r.module, r.severity, r.table_name, h.record, h.message, h.evidence, f.file_name, f.sheet, h.source_row, "
        "h.rid FROM (SELECT *, row_number() OVER (PARTITION BY rule_no, subject, record "
        f"ORDER BY message, evidence, source_row, rid) AS occurrence FROM {HITS}) AS h "
        f"JOIN (VALUES {words}) AS r(rule_no, rule_id, module, severity, table_name) ON r.rule_no = h.rule_no "
        "LEFT JOIN subjects AS s ON s.subject = h.subject "
        "LEFT JOIN (SELECT source_id, min(file_name) AS file_name, min(sheet) AS sheet FROM sources "
        "GROUP BY source_id) AS f ON f.source_id = h.source_id"
    )
