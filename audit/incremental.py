"""Judging again only what changed since the last run, with the findings of a full run.

A rule whose verdict on a permit rests on that permit alone (``Facts.is_local``) is judged for the
permits of which something changed; for the others its findings and counts are taken over from an
earlier run of the whole. Counts are made whole by judging the changed permits in the earlier state
too: earlier − changed then + changed now. Every other rule is judged anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from checks.catalogue import Catalogue
from checks.engine import FINDING_COLUMNS
from checks.engine.relations import STAGE
from checks.engine.run import result_of
from checks.model import AuditRule, Outcome, RuleResult
from loaders.current import CURRENT, fingerprints, searching_in, state_of
from loaders.warehouse import transaction

#: Above this share of changed permits everything is judged anew.
MOST = 0.3
#: Subjects that changed, their tables as they are, and the fingerprints of everybody.
_CHANGED, _PART, _PRINTS = f"{STAGE}.main.run_changed", "part", f"{STAGE}.main.run_prints"

#: Judges rules in the schema that is searched, puts findings into the named table.
Judge = Callable[[Sequence[AuditRule], str], list[RuleResult]]


@dataclass(frozen=True)
class Reuse:
    """An earlier run whose findings of unchanged permits stand, and the rules for which they do."""

    base: str
    batches: tuple[int, ...]
    rules: tuple[AuditRule, ...]
    counts: dict[str, tuple[int, int, int, int]]  # judged, violations, unknown, undecidable of the earlier run
    changed: int


def note_prints(connection: duckdb.DuckDBPyConnection) -> None:
    """Compute the fingerprints of the current state, for the comparison and for the run to come."""
    connection.execute(f"ATTACH IF NOT EXISTS ':memory:' AS {STAGE}")
    connection.execute(f"CREATE OR REPLACE TABLE {_PRINTS} AS {fingerprints(CURRENT)}")


def keep_prints(connection: duckdb.DuckDBPyConnection, run_id: str, selection: str, batches: Sequence[int]) -> None:
    """Keep the fingerprints as those of the run; of one selection of rules only the newest run's are needed."""
    older = "SELECT run_id FROM main.run_scopes WHERE selection = ?"
    connection.execute(f"DELETE FROM main.run_prints WHERE run_id IN ({older})", [selection])
    connection.execute("DELETE FROM main.run_scopes WHERE selection = ?", [selection])
    connection.execute("INSERT INTO main.run_scopes VALUES (?, ?, ?)", [run_id, selection, list(batches)])
    connection.execute(f"INSERT INTO main.run_prints SELECT ?, subject, fingerprint FROM {_PRINTS}", [run_id])


def plan_reuse(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    rules: Sequence[AuditRule],
    as_of: dt.date,
    selection: str,
) -> Reuse | None:
    """What can be taken over from the last run of everybody by these rules; None if too little can."""
    kept = connection.execute(
        "SELECT s.run_id, s.batches, r.as_of FROM main.run_scopes s JOIN main.runs r USING (run_id) "
        "WHERE s.selection = ?",
        [selection],
    ).fetchall()
    if not kept:
        return None
    base, batches, day = kept[0]
    connection.execute(
        f"CREATE OR REPLACE TABLE {_CHANGED} AS SELECT coalesce(n.subject, o.subject) AS subject FROM {_PRINTS} n "
        "FULL JOIN (SELECT subject, fingerprint FROM main.run_prints WHERE run_id = ?) o ON o.subject = n.subject "
        "WHERE n.fingerprint IS DISTINCT FROM o.fingerprint",
        [base],
    )
    changed, everybody = connection.execute(
        f"SELECT (SELECT count(*) FROM {_CHANGED}), (SELECT count(*) FROM {_PRINTS})"
    ).fetchall()[0]
    if changed > MOST * everybody:
        return None
    earlier = {
        rule_id: ((version, severity, module), outcome, counts)
        for rule_id, version, severity, module, outcome, *counts in connection.execute(
            "SELECT rule_id, version, severity, module, outcome, judged, violations, undecided - undecidable, "
            "undecidable FROM main.run_rules WHERE run_id = ?",
            [base],
        ).fetchall()
    }

    def stands(rule: AuditRule) -> bool:
        if rule.id not in earlier:
            return False
        facts_then, outcome, counts = earlier[rule.id]
        facts = catalogue.facts[rule.id]
        has_run = outcome != Outcome.ERROR and (outcome != Outcome.NOT_RUN or counts[3] > 0)
        is_same = facts_then == (rule.version, str(rule.severity), rule.module)  # all that findings repeat of it
        return has_run and is_same and facts.is_local and (day == as_of or not facts.uses_as_of)

    reusable = tuple(rule for rule in rules if stands(rule))
    counts = {rule.id: tuple(earlier[rule.id][2]) for rule in reusable}
    return Reuse(base, tuple(batches), reusable, counts, changed) if reusable else None


def judge_changed(
    connection: duckdb.DuckDBPyConnection, reuse: Reuse, judge: Judge, run_id: str, target: str
) -> tuple[list[RuleResult], list[AuditRule]]:
    """Results of the rules that could be judged by what changed, and the rules that must be judged whole after all.

    The findings of changed permits and those taken over are put into ``target``.
    """
    with _part(connection):
        now = {result.rule_id: result for result in judge(reuse.rules, target)}
    scrap = "scrap_findings"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {scrap} AS SELECT * FROM main.findings LIMIT 0")
    with (
        state_of(connection, reuse.batches, f"SELECT subject FROM {_CHANGED}") as schema,
        searching_in(connection, schema),
    ):
        then = {result.rule_id: result for result in judge(reuse.rules, scrap)}
    connection.execute(f"DROP TABLE {scrap}")
    results, again = [], []
    for rule in reuse.rules:
        new, old = now[rule.id], then[rule.id]
        if Outcome.ERROR in (new.outcome, old.outcome) or _is_kept_out(new) != _is_kept_out(old):
            again.append(rule)
        elif _is_kept_out(new):
            results.append(new)
        else:
            counts = [
                whole - before + after
                for whole, before, after in zip(reuse.counts[rule.id], _counts(old), _counts(new), strict=True)
            ]
            results.append(result_of(rule.id, *counts, seconds=new.seconds))
    connection.execute(
        f"DELETE FROM {target} WHERE rule_id IN (SELECT unnest(?::VARCHAR[]))", [[rule.id for rule in again]]
    )
    _take_over(
        connection, reuse.base, [result.rule_id for result in results if not _is_kept_out(result)], run_id, target
    )
    return results, again


def _take_over(
    connection: duckdb.DuckDBPyConnection, base: str, rules: Sequence[str], run_id: str, target: str
) -> None:
    """Copy the findings of unchanged permits from the earlier run."""
    columns = [name for name in FINDING_COLUMNS if name != "run_id"]
    connection.execute(
        f"INSERT INTO {target} (run_id, {', '.join(columns)}) SELECT ?, {', '.join(columns)} FROM main.findings "
        "WHERE run_id = ? AND rule_id IN (SELECT unnest(?::VARCHAR[])) AND subject NOT IN "
        f"(SELECT k.subject FROM main.subject_keys k JOIN {_CHANGED} c ON c.subject = k.subject_id)",
        [run_id, base, list(rules)],
    )


def _counts(result: RuleResult) -> tuple[int, int, int, int]:
    return result.judged, result.violations, result.undecided - result.undecidable, result.undecidable


def _is_kept_out(result: RuleResult) -> bool:
    """Whether the rule could not run at all, for a reason that no single permit gives."""
    return result.outcome == Outcome.NOT_RUN and not result.undecidable


@contextmanager
def _part(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """The current tables cut down to the changed permits, under the names that rules read."""
    connection.execute(f"DROP SCHEMA IF EXISTS {_PART} CASCADE")  # of a run that was killed
    tables = connection.execute(
        "SELECT table_name, bool_or(column_name = 'subject') FROM information_schema.columns "
        "WHERE table_catalog = current_database() AND table_schema = ? GROUP BY 1",
        [CURRENT],
    ).fetchall()
    with transaction(connection):
        connection.execute(f"CREATE SCHEMA {_PART}")
        for name, has_subject in tables:
            where = f" WHERE subject IN (SELECT subject FROM {_CHANGED})" if has_subject else ""
            connection.execute(f"CREATE TABLE {_PART}.{name} AS SELECT * FROM {CURRENT}.{name}{where}")
    try:
        with searching_in(connection, _PART):
            yield
    finally:
        connection.execute(f"DROP SCHEMA {_PART} CASCADE")
