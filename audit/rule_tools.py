"""Work on rules: a stub of a new one, and what changes when one set of rules replaces another."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from audit.load import warehouse_of
from audit.workspace import Workspace
from checks import catalogue as catalogues
from checks.catalogue import RULES, Catalogue
from checks.engine import FINDINGS_DDL
from checks.engine.run import judge
from checks.errors import ExitCode, UserError
from checks.model import Outcome
from checks.sql import unknown
from checks.tables import TABLES
from loaders.current import searching_in, state_of

_STUB = """- id: {rule_id}
  name: {name}                      # 英文名，说出错误，如 air_outlet_without_height
  title: （一句话：什么问题）
  module: {module}
  table: {table}                    # 判断这张表的行；每个问题是其中一行
  applies: {column} IS NOT NULL     # 判断哪些行
  expect: {column} <> ''            # 真：正确；假：疑似问题；空：无法判断
  severity: 提示                     # 依据写明“应当”才能是 严重
  stage: 证中
  message: （先说错误，用花括号写列名引用该行的值，如 {{{column}}}）
  advice: （请企业怎样改）
  basis: [{{doc: （文件名称和编号）, clause: （条款）, confidence: C, source: （在哪里读到）}}]
  examples:
    bad: {{{table}: [{{{column}: ''}}]}}
    good: {{{table}: [{{{column}: 正常}}]}}
"""


def write_stub(workspace: Workspace, rule_id: str, table: str, module: str) -> Path:
    """A file ``rules/ID.yaml`` in the workspace with a rule to be filled in; never over an existing file."""
    catalogue = catalogues.load(workspace.rule_files)
    if not re.fullmatch(r"[A-Z]{1,8}(-[A-Z0-9]{1,12}){1,3}", rule_id):
        raise UserError(f"规则编号 {rule_id} 写法不对，应如 JN-001（本地规则请用自己的字母开头）")
    if rule_id in catalogue.rules:
        raise UserError(f"规则 {rule_id} 已有，在 {catalogue.rules[rule_id].file}")
    if table not in TABLES:
        raise UserError(f"{unknown('表', table, [*TABLES])}；全部表见 docs/data-dictionary.md")
    name = catalogue.module(module).name
    file = workspace.folder / "rules" / f"{rule_id}.yaml"
    if file.exists():
        raise UserError(f"文件 {file} 已有，没有改动")
    column = next(iter(TABLES[table].columns))
    file.parent.mkdir(parents=True, exist_ok=True)
    words = rule_id.lower().replace("-", "_")
    file.write_text(
        _STUB.format(rule_id=rule_id, name=words, module=name, table=table, column=column), encoding="utf-8"
    )
    return file


@dataclass(frozen=True)
class Difference:
    """What two sets of rules find differently: (rule, permit, record, message), and rules that failed."""

    appeared: tuple[tuple[str, str, str, str], ...]
    disappeared: tuple[tuple[str, str, str, str], ...]
    same: int
    crashed: tuple[str, ...]

    def by_rule(self) -> list[tuple[str, int, int]]:
        """Rule, findings that appear, findings that disappear."""
        more, less = Counter(row[0] for row in self.appeared), Counter(row[0] for row in self.disappeared)
        return [(rule, more[rule], less[rule]) for rule in sorted(more | less)]


def compare(old: Path, new: Path, workspace: Workspace, as_of: dt.date) -> Difference:
    """Judge what is loaded by the rules of two files or folders; nothing is kept."""
    before, after = _read(old, as_of), _read(new, as_of)
    patience = workspace.settings.wait_seconds
    with warehouse_of(workspace).writer("permit-audit rules diff", wait=patience, create=False) as connection:
        if not connection.execute("SELECT 1 FROM batches LIMIT 1").fetchall():
            raise UserError("仓库里还没有数据。请先用 permit-audit load 载入导出文件", ExitCode.INPUT)
        with state_of(connection) as schema, searching_in(connection, schema):
            crashed = [
                *_judge(connection, before, "old_findings", as_of),
                *_judge(connection, after, "new_findings", as_of),
            ]
        same = "SELECT count(*) FROM old_findings SEMI JOIN new_findings USING (finding_id, message, severity)"
        return Difference(
            _only(connection, "new_findings", "old_findings"),
            _only(connection, "old_findings", "new_findings"),
            int(connection.execute(same).fetchall()[0][0]),
            tuple(crashed),
        )


def _read(path: Path, as_of: dt.date) -> Catalogue:
    """The rules of one file or folder, with the built-in shared relations unless the folder has its own."""
    if not path.exists():
        raise UserError(f"找不到规则文件或文件夹：{path}", ExitCode.INPUT)
    files = catalogues.rule_files([path])
    own = any(file.stem.split("_")[0] == "relations" for file in files)
    shared = [] if own else [file for file in catalogues.rule_files([RULES]) if file.stem.split("_")[0] == "relations"]
    return catalogues.load([*shared, *files], as_of=as_of, is_builtin=False)


def _judge(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, target: str, as_of: dt.date) -> Sequence[str]:
    ddl = FINDINGS_DDL.replace("CREATE TABLE IF NOT EXISTS findings", f"CREATE OR REPLACE TEMP TABLE {target}")
    connection.execute(ddl)
    results = judge(connection, catalogue, catalogue.select(), as_of=as_of, run_id="diff", target=target)
    return [f"{result.rule_id}：{result.reason}" for result in results if result.outcome == Outcome.ERROR]


def _only(connection: duckdb.DuckDBPyConnection, one: str, other: str) -> tuple[tuple[str, str, str, str], ...]:
    found = connection.execute(
        f"SELECT rule_id, coalesce(permit_no, unit_name, subject), record, message FROM {one} "
        f"ANTI JOIN {other} USING (finding_id, message, severity) ORDER BY ALL"
    )
    return tuple((str(a), str(b), str(c), str(d)) for a, b, c, d in found.fetchall())
