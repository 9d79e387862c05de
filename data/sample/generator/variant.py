"""One industry in one size while its rows are spelled out: the shared texts, the row store, the monitoring line.

What each table needs is written in :mod:`generator.spell_production`, ``spell_air``, ``spell_water``
and ``spell_duties``; which variants there are, in :mod:`generator.templates`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
Row = dict[str, Any]
NONE = "/"
BACKUP = "自动监测设施故障期间采用手工监测，每日不少于4次，间隔不超过6小时"
OPEN = {"is_secret": "否"}  # no business secret


def read(path: Path) -> Any:
    """One YAML file."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  # a safe loader


@cache
def common() -> dict[str, Any]:
    """Texts that several industries share; ``common_*.yaml`` add to the groups of ``common.yaml``."""
    texts = dict(read(FOLDER / "common.yaml"))
    for path in sorted(FOLDER.glob("common_*.yaml")):
        for group, entries in read(path).items():
            texts[group] = {**texts.get(group, {}), **entries}
    return texts


def split(line: str, width: int) -> list[str]:
    parts = str(line).split("|")
    return parts + [NONE] * (width - len(parts))


@dataclass
class Variant:
    """One industry with one number of repeated lines: its rows by table, and what holds for the permit."""

    industry: dict[str, Any]
    size: int
    rows: dict[str, list[Row]] = field(default_factory=dict)
    facts: Row = field(default_factory=dict)
    facilities: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    amounts: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    treatments: int = 0

    def add(self, table: str, **values: Any) -> None:
        """Append a row; 序号 runs within permit and table."""
        rows = self.rows.setdefault(table, [])
        rows.append({"sequence": str(len(rows) + 1), **values})


def standard(key: str) -> str:
    """The full text of a standard by its short key."""
    return str(common()["standards"][key])


def monitor(v: Variant, kind: str, code: str, name: str, content: str, pollutant: str, frequency: str,
             sampling: str, method: str, remarks: str = NONE) -> None:  # fmt: skip
    """One line of the self-monitoring plan; "自动" as frequency means an automatic analyser."""
    is_auto = frequency == "自动"
    place = "烟囱监测平台" if kind == "废气" else "总排口监测站房"
    instrument = common()["instruments"].get(pollutant, "烟气在线监测仪")
    v.add("monitoring_plan", source_kind=kind, outlet_code=code, outlet_name=name, content=content,
          pollutant=pollutant, method="自动" if is_auto else "手工", is_online="是" if is_auto else NONE,
          instrument=instrument if is_auto else NONE, instrument_place=place if is_auto else NONE,
          is_instrument_compliant="是" if is_auto else NONE, sampling=sampling,
          frequency="1次/6小时" if is_auto else frequency, analysis_method=method,
          remarks=BACKUP if is_auto else remarks)  # fmt: skip
