"""The written form of rules, relations, modules and overrides: which keys, of which kind.

Only the form is checked here; names of tables, columns and parameters are checked by
:mod:`checks.catalogue`, SQL by :mod:`checks.sql`. The JSON Schema for editors comes from here.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

ID_PATTERN = r"^[A-Z]{1,8}(-[A-Z0-9]{1,12}){1,3}$"
NAME_PATTERN = r"^[a-z][a-z0-9_]*$"

Text = Annotated[str, Field(min_length=1)]
Rows = dict[str, Any]


def _as_list(value: object) -> object:
    """One example may be written without the list around it."""
    return [value] if isinstance(value, dict) else value


def _as_text(value: object) -> object:
    """YAML reads TRUE and a bare number as values; in SQL they are text."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value) if isinstance(value, int | float) else value


Sql = Annotated[Text, BeforeValidator(_as_text)]
Examples = Annotated[list[Rows], BeforeValidator(_as_list), Field(min_length=1)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class BasisForm(_Form):
    """One clause that a rule rests on."""

    doc: Annotated[Text, Field(description="文件名称和编号")]
    clause: Annotated[str, Field(description="条款")] = ""
    confidence: Annotated[Literal["A", "B", "C"], Field(description="A 官方原文，B 二手来源，C 仅凭记忆")]
    valid_from: Annotated[date | None, Field(alias="from", description="施行之日")] = None
    valid_to: Annotated[date | None, Field(alias="to", description="废止前最后一日")] = None
    source: Annotated[str, Field(description="出处")] = ""


class ParameterForm(_Form):
    """A number, text or list that the SQL uses as ``$name``."""

    value: Annotated[StrictBool | int | float | date | str | list[int | float | str], Field(union_mode="left_to_right")]
    source: Text


class ExamplesForm(_Form):
    """What the rule must find and what it must not."""

    bad: Examples
    good: Examples


class RuleForm(_Form):
    """One rule of the catalogue."""

    id: Annotated[str, Field(pattern=ID_PATTERN, description="规则编号，永不复用")]
    name: Annotated[str, Field(pattern=NAME_PATTERN, description="英文名，说出错误")]
    title: Annotated[Text, Field(description="问题类别，一句中文")]
    module: Annotated[Text, Field(description="模块中文名，见 checks/modules.yaml")]
    table: Annotated[Text, Field(description="被判断的行所在的表")]
    applies: Annotated[Sql, Field(description="哪些行要判断")] = "TRUE"
    expect: Annotated[Sql, Field(description="真：正确；假：疑似问题；空：无法判断")]
    relation: Annotated[str, Field(alias="from", description="SELECT，每个 rid 一行，给出附加列")] = ""
    severity: Annotated[Literal["严重", "一般", "提示"], Field(description="严重：依据写“应当”；一般：宜；提示：异常")]
    stage: Annotated[Literal["证前", "证中", "证后"], Field(description="证前、证中或证后")]
    message: Annotated[Text, Field(description="一句话，先说错误，{列} 处填该行的值")]
    advice: Annotated[Text, Field(description="请企业怎样改")]
    basis: Annotated[list[BasisForm], Field(min_length=1)]
    params: dict[Annotated[str, Field(pattern=NAME_PATTERN)], ParameterForm] = {}
    industry: Annotated[
        list[Annotated[str, Field(pattern=r"^[0-9]{2,4}$")]],
        Field(description="GB/T 4754 代码前缀；空：所有行业"),
    ] = []
    optional: Annotated[
        list[Annotated[str, Field(pattern=NAME_PATTERN)]],
        Field(description="可有可无的列：导出文件里没有这些列时按空值判断，而不是不判断"),
    ] = []
    note: str = ""
    examples: ExamplesForm


class RelationForm(_Form):
    """A SELECT that several rules share by name."""

    sql: Text
    description: Text


class ModuleForm(_Form):
    """One part of the audit, as users name it; or a name for several of them."""

    name: Text
    alias: Annotated[str, Field(pattern=NAME_PATTERN)]
    modules: list[Text] = []


class OverrideForm(_Form):
    """A bureau's own severity or numbers for a built-in rule, or the rule switched off, until a day."""

    rule: Text
    severity: Literal["严重", "一般", "提示"] | None = None
    params: dict[str, Any] = {}
    off: StrictBool = False
    reason: Text
    until: date


class OverridesForm(_Form):
    """A file of overrides."""

    overrides: list[OverrideForm]


def rule_schema() -> dict[str, Any]:
    """JSON Schema of a rule file (a list of rules), for editors."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(list[RuleForm]).json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "permit-audit rules", **schema}
