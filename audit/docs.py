"""Pages of ``docs/`` that are generated: data dictionary, command reference, rule list, Spark words.

``python -m audit.docs`` writes them, ``--check`` says whether they are stale.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from checks.tables import TABLES, Field, Kind, Table

FOLDER = Path(__file__).resolve().parents[1] / "docs"
KIND_NAMES = {
    Kind.TEXT: "文字",
    Kind.NUMBER: "数字",
    Kind.INTEGER: "整数",
    Kind.DATE: "日期",
    Kind.FLAG: "是/否",
    Kind.LIST: "清单（英文逗号分隔）",
    Kind.COORDINATE: "坐标（十进制度或度分秒）",
    Kind.PERIOD: "期限（起至止）",
    Kind.QUANTITY: "数值和单位",
    Kind.POLLUTANT: "污染物（规范名）",
}


def data_dictionary() -> str:
    """All canonical tables with their fields, stored columns and contract."""
    lines = ["# 数据字典 Data dictionary", "", "由 `make docs` 生成；来源是 `checks/tables/`。", ""]
    lines += [f"- [`{table.name}`](#{table.name}) {table.title}" for table in TABLES.values()]
    for table in TABLES.values():
        lines += ["", *_table_lines(table)]
    return "\n".join(lines) + "\n"


def _table_lines(table: Table) -> Iterator[str]:
    yield f"## {table.name}"
    yield ""
    yield f"{table.title}。{table.description}".strip()
    yield ""
    address = "、".join(table.key) or "一张许可证一条"
    repeat = "（不得重复）" if table.unique else ""
    yield f"记录定位：{address}{repeat}；至少要有：{'、'.join(table.identify)}。"
    yield ""
    yield "| 列 | 表头 | 读作 | 约束 | 说明 |"
    yield "|---|---|---|---|---|"
    for field in table.fields:
        columns = "、".join(f"`{column.name}`" for column in field.columns)
        cells = (columns, field.heading, KIND_NAMES[field.kind], _constraint(field), field.description)
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"
    for check in table.checks:
        yield f"\n整行约束 `{check.name}`：不得出现“{check.title}”。"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _constraint(field: Field) -> str:
    parts = ["必填"] if field.required else []
    if field.allowed:
        parts.append("只能是 " + "、".join(field.allowed))
    if field.pattern:
        parts.append(f"形如 `{field.pattern}`")
    if field.low is not None or field.high is not None:
        low = "" if field.low is None else f"{field.low:g} ≤ "
        high = "" if field.high is None else f" ≤ {field.high:g}"
        parts.append(f"{low}值{high}")
    return "；".join(parts)


def command_reference() -> str:
    """The help of every command, as the terminal prints it."""
    from audit.cli.main import cli

    lines = ["# 命令参考 Command reference", "", "由 `make docs` 生成。退出码见 [exit-codes.md](exit-codes.md)。"]
    for path, command in _commands(cli, "permit-audit"):
        context = click.Context(command, info_name=path, max_content_width=100, terminal_width=100)
        lines += ["", f"## {path}", "", "```", command.get_help(context).rstrip(), "```"]
    return "\n".join(lines) + "\n"


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from _commands(child, f"{path} {name}")


def rule_list() -> str:
    """One line per rule of the catalogue: what it says, on what it rests, how sure the basis is."""
    from checks.catalogue import load

    catalogue = load()
    lines = ["# 规则一览 Rules", "", "由 `make docs` 生成；全文用 `permit-audit rules show 编号` 查看。"]
    module = ""
    rules = sorted(catalogue.rules.values(), key=lambda rule: (list(catalogue.modules).index(rule.module), rule.id))
    for rule in rules:
        if rule.module != module:
            module = rule.module
            lines += ["", f"## {module}", "", "| 编号 | 问题 | 严重程度 | 依据（可信度） |", "|---|---|---|---|"]
        basis = "；".join(f"{clause}（{clause.confidence}）" for clause in rule.basis)
        lines.append(f"| {rule.id} | {_cell(rule.title)} | {rule.severity} | {_cell(basis)} |")
    return "\n".join(lines) + "\n"


def spark_words() -> str:
    """What DuckDB and Spark say differently, and how it is put."""
    from checks.engine.spark_words import WORDS

    lines = [
        "# DuckDB 与 Spark 的不同 Words that differ",
        "",
        "由 `make docs` 生成；来源是 `checks/engine/spark_words.py`。没有列出而规则可以用的函数，两边意思相同。",
        "",
        "| 规则里写 | 不同在哪里 | 在 Spark 里 |",
        "|---|---|---|",
    ]
    for word in WORDS.values():
        put = word.how or f"`{word.template}`"
        lines.append(f"| `{_cell(word.duckdb)}` | {_cell(word.reason)} | {_cell(put)} |")
    return "\n".join(lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "data-dictionary.md": data_dictionary,
    "commands.md": command_reference,
    "rules.md": rule_list,
    "spark-words.md": spark_words,
}


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` name the stale ones; the answer is the exit code."""
    stale = []
    for name, page in PAGES.items():
        file, text = FOLDER / name, page()
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
            print(f"written: docs/{name}")
    if stale and "--check" in arguments:
        print(f"stale: {', '.join(stale)}; run make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
