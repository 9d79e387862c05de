"""A module's rules as an ExpectationSuite, run by Great Expectations over rows in DuckDB.

The queries come from the engine (:func:`checks.engine.run.judged_apart`); here they are only put
into the form that Great Expectations takes, and its results read. No rule is compiled here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks.model import AuditRule, Severity

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SEVERITIES = {Severity.SERIOUS: "critical", Severity.GENERAL: "warning", Severity.HINT: "info"}


@dataclass(frozen=True)
class Verdict:
    """What Great Expectations says of a rule: the number of violating rows, or why there is none."""

    rule_id: str
    count: int | None
    error: str = ""


def run_suite(
    name: str,
    rules: Sequence[AuditRule],
    queries: Mapping[str, str],
    connection: DuckDBPyConnection,
    *,
    as_of: date,
    drawn: str,
    docs: Path | None = None,
    is_shown: bool = False,
) -> list[Verdict]:
    """Run the suite ``name`` of these rules; a verdict per rule, in order.

    ``connection`` must find the tables that the queries name; it is only read. ``drawn`` is a
    SELECT of the subjects that the batch consists of. ``docs`` is a folder for Data Docs that
    must be new or empty: Great Expectations removes what it finds there. ``is_shown`` asks for
    bars of progress on stderr.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    import great_expectations as gx
    from sqlalchemy.pool import StaticPool

    from checks.suites.cursor import KeepingConnection

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": is_shown}
    for site in list(context.variables.data_docs_sites or {}):  # its own one would lie in the temporary folder
        context.delete_data_docs_site(site)
    source = context.data_sources.add_sql(
        "warehouse",
        connection_string="duckdb:///:memory:",  # names the dialect only
        kwargs={"creator": lambda: KeepingConnection(connection), "poolclass": StaticPool},
    )
    batch = source.add_query_asset("permits", drawn).add_batch_definition_whole_table("permits")
    suite = context.suites.add(suite_of(name, rules, queries, as_of))
    validation = context.validation_definitions.add(gx.ValidationDefinition(name=name, data=batch, suite=suite))
    results = validation.run(result_format="SUMMARY").results
    if docs:
        _write_docs(context, docs)
    found = {result.expectation_config.meta["rule"]: _verdict(result) for result in results}
    return [found.get(rule.id) or Verdict(rule.id, None, "Great Expectations 没有给出结果") for rule in rules]


def suite_of(name: str, rules: Sequence[AuditRule], queries: Mapping[str, str], as_of: date) -> Any:
    """One expectation per rule. Each has its own ``meta``: of equal ones only the first would be kept."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    suite = gx.ExpectationSuite(name=name)
    for rule in rules:
        clauses = [str(basis) for basis in rule.basis if basis.is_valid(as_of)]
        suite.add_expectation(
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=batch_query(queries[rule.id]),
                description=f"{rule.id} {rule.title}（{rule.severity}）：{'；'.join(clauses)}",
                severity=SEVERITIES[rule.severity],
                meta={
                    "rule": rule.id,
                    "version": rule.version,
                    "title": rule.title,
                    "severity": str(rule.severity),
                    "clauses": clauses,
                },
            )
        )
    return suite


def batch_query(query: str) -> str:
    """The query over the rows of a batch, written so that neither GX nor SQLAlchemy takes parts of it for their own.

    GX fills in braces, SQLAlchemy what follows a colon.
    """
    from sqlalchemy.sql.compiler import BIND_PARAMS, BIND_PARAMS_ESC

    kept = BIND_PARAMS_ESC.sub(r"\\\g<0>", query)
    kept = BIND_PARAMS.sub(r"\\\g<0>", kept).replace("{", "{{").replace("}", "}}")
    return f"SELECT hit.* FROM (\n{kept}\n) AS hit SEMI JOIN {{batch}} AS drawn USING (subject)"


def _verdict(result: Any) -> Verdict:
    """The count of one result; an exception is an error, whatever else the result says."""
    rule_id = result.expectation_config.meta["rule"]
    error = exception_in(result.exception_info or {})
    count = (result.result or {}).get("observed_value")
    if not error and not isinstance(count, int):
        error = "Great Expectations 没有给出行数"
    return Verdict(rule_id, None, error) if error else Verdict(rule_id, count)


def exception_in(info: Mapping[str, Any]) -> str:
    """The first message of an exception, which is told at once or per metric; '' if there was none."""
    for entry in (info, *info.values()):
        if isinstance(entry, Mapping) and entry.get("raised_exception"):
            lines = str(entry.get("exception_message") or "").strip().splitlines()
            return lines[0] if lines else "Great Expectations 出错"
    return ""


def _write_docs(context: Any, folder: Path) -> None:
    """Pages of everything that the context has seen, with ``index.html`` in this folder, which is emptied first."""
    context.add_data_docs_site(
        site_name="docs",
        site_config={
            "class_name": "SiteBuilder",
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.resolve())},
        },
    )
    context.build_data_docs(site_names=["docs"])
