"""Files of the catalogue: found, read as YAML and checked for their written form.

Says file, rule and key of every fault of form. What the words mean is for
:mod:`checks.catalogue_rules`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from checks.catalogue_form import ModuleForm, OverrideForm, OverridesForm, RelationForm, RuleForm
from checks.errors import UserError, nearest

MODULES = Path(__file__).parent / "modules.yaml"
#: The C parser is ten times faster; it is absent only where PyYAML was built without libyaml.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_Form = TypeVar("_Form", bound=BaseModel)


@dataclass
class Documents:
    """Everything written in rule files, with the file that it stands in."""

    rules: list[tuple[Path, RuleForm]] = field(default_factory=list)
    relations: dict[str, tuple[Path, RelationForm]] = field(default_factory=dict)
    overrides: list[tuple[Path, OverrideForm]] = field(default_factory=list)


def read_documents(files: Sequence[Path]) -> Documents:
    """Rules, relations and overrides of these files."""
    found = Documents()
    for file in files:
        content = read_yaml(file)
        if content is None:
            continue
        if isinstance(content, dict) and "overrides" in content:
            form = _checked(OverridesForm, content, f"{file}")
            found.overrides += [(file, entry) for entry in form.overrides]
        elif isinstance(content, dict) and file.stem.split("_")[0] == "relations":
            _add_relations(found, file, content)
        elif isinstance(content, list):
            found.rules += [(file, _rule_form(file, number, entry)) for number, entry in enumerate(content, start=1)]
        else:
            raise UserError(f"{file}：应是规则列表（每条以“- id:”开头）或 overrides: 列表，现为其他内容")
    return found


def read_modules() -> list[ModuleForm]:
    """The modules, in order."""
    return [_checked(ModuleForm, entry, f"{MODULES}") for entry in read_yaml(MODULES)]


def read_yaml(file: Path) -> Any:
    """The content of a YAML file; UserError with the line if it is no YAML."""
    try:
        return yaml.load(file.read_bytes(), Loader=_LOADER)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"第 {mark.line + 1} 行" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise UserError(f"{file} {line}：不是正确的 YAML（{problem}）") from None


def _add_relations(found: Documents, file: Path, content: dict[str, Any]) -> None:
    for name, entry in content.items():
        if name in found.relations:
            raise UserError(f"{file}：共用关系 {name} 重名，已在 {found.relations[name][0]} 中定义")
        found.relations[name] = (file, _checked(RelationForm, entry, f"{file}：共用关系 {name}"))


def _rule_form(file: Path, number: int, entry: Any) -> RuleForm:
    label = entry.get("id", f"第 {number} 条") if isinstance(entry, dict) else f"第 {number} 条"
    return _checked(RuleForm, entry, f"{file}：规则 {label}")


def _checked(form: type[_Form], content: Any, where: str) -> _Form:
    try:
        return form.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        others = f"（另有 {error.error_count() - 1} 处）" if error.error_count() > 1 else ""
        raise UserError(f"{where}：{_sentence(form, first)}{others}") from None


def _sentence(form: type[BaseModel], error: Any) -> str:
    """One pydantic error as a Chinese sentence."""
    kind, value = error["type"], error.get("input")
    key = ".".join(str(part) for part in error["loc"] if not str(part).startswith("function-")) or "内容"
    details = error.get("ctx", {})
    if kind == "missing":
        return f"缺少 {key}"
    if kind == "extra_forbidden":
        known = [item.alias or name for name, item in form.model_fields.items()]
        near = nearest(str(error["loc"][-1]), known)
        return f"不认识的键 {key}" + (f"，是不是 {'、'.join(near)}" if near else "")
    if kind == "literal_error":
        return f"{key} 应是 {details.get('expected')}，现为 {value!r}"
    if kind == "string_pattern_mismatch":
        return f"{key} 应符合 {details.get('pattern')}，现为 {value!r}"
    if kind in ("too_short", "string_too_short"):
        return f"{key} 不能为空"
    if kind == "string_type":
        return f"{key} 应是文字，请加引号，现为 {value!r}"
    return f"{key} 的值 {value!r} 不对（{error['msg']}）"
