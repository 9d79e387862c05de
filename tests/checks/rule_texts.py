"""Small rule files for tests: one sound rule, and ways to change it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from checks.catalogue import RULES, Catalogue, load

SOUND: dict[str, Any] = {
    "id": "T-001",
    "name": "outlet_without_height",
    "title": "未填写排气筒高度",
    "module": "废气排放口",
    "table": "air_outlets",
    "applies": "outlet_code IS NOT NULL",
    "expect": "stack_height_m IS NOT NULL",
    "severity": "严重",
    "stage": "证中",
    "message": "排放口 {outlet_code} 未填写排气筒高度",
    "advice": "补填排气筒高度",
    "basis": [{"doc": "HJ 942-2018", "clause": "4.5.2", "confidence": "A", "from": "2018-02-08"}],
    "examples": {
        "bad": {"air_outlets": [{"outlet_code": "DA001", "stack_height_m": None}]},
        "good": {"air_outlets": [{"outlet_code": "DA001", "stack_height_m": 30}]},
    },
}

#: The same table joined with another one.
JOINED: dict[str, Any] = {
    "id": "T-002",
    "name": "outlet_without_monitoring",
    "from": (
        "SELECT o.rid AS rid, count(m.rid) AS plans FROM air_outlets AS o LEFT JOIN monitoring_plan AS m "
        "ON m.subject = o.subject AND m.outlet_code = o.outlet_code GROUP BY o.rid"
    ),
    "expect": "plans > 0",
    "message": "排放口 {outlet_code} 没有自行监测，现有 {plans} 条",
}


def rule(base: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The sound rule, perhaps with ``base`` over it, with some keys changed; a key set to None is left out."""
    return {key: value for key, value in {**SOUND, **(base or {}), **changes}.items() if value is not None}


def write(file: Path, content: Any) -> Path:
    """A YAML file with this content."""
    file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return file


def catalogue(folder: Path, *rules: dict[str, Any], relations: dict[str, Any] | None = None) -> Catalogue:
    """A catalogue of these rules only, with the shared relations of the package or these."""
    shared = RULES / "relations.yaml" if relations is None else write(folder / "relations.yaml", relations)
    return load([shared, write(folder / "rules.yaml", list(rules))], is_builtin=False)
