"""A layout to fill in for a sheet that no layout fits: YAML text with the sheet's own headings.

The stub is a valid layout as it stands, so that a user can load it, look, and go on from there.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import yaml

from checks.tables import TABLES
from loaders.headings import squeeze
from loaders.layout_match import guess, heading_texts
from loaders.layout_model import Catalogue
from loaders.sheet import Sheet

_HEAD = """\
# 版式草稿，来自 {source}
# 填好后存为 工作区/layouts/名称.yaml，再用 permit-audit inspect 文件 查看是否匹配。
# table 是要装入的标准表；headings 每行“字段: [表中标题]”；ignore 是不需要的标题。
"""


def stub(sheet: Sheet, layouts: Catalogue) -> str:
    """A YAML layout for the sheet: what is understood is mapped, the rest is listed under ``ignore``."""
    best = guess(sheet, layouts)
    stem = PurePosixPath(sheet.source.name.replace("\\", "/")).name.rsplit(".", 1)[0]
    name = re.sub(r"\W+", "_", f"{stem}_{sheet.name}" if sheet.name else stem).strip("_") or "my_layout"
    table = TABLES[best.layout.table if best else "permit_records"]
    if best:
        texts = dict(heading_texts(sheet, best.heading_rows))
        known = {field: [texts[column]] for column, field in best.mapping.items()}
        unknown = [item.heading for item in best.unknown]
    else:
        texts = dict(heading_texts(sheet, None))
        known, unknown = {}, list(texts.values())
    entry = {
        "name": name,
        "title": sheet.name or stem,
        "table": table.name,
        "names": [re.escape(squeeze(stem))],
        "headings": known,
        "ignore": unknown,
    }
    fields = "\n".join(f"#   {field.name}: {field.heading}" for field in table.fields if field.name not in known)
    tables = "\n".join(f"#   {item.name}: {item.title}" for item in TABLES.values() if item.name != "permits")
    body = yaml.safe_dump([entry], allow_unicode=True, sort_keys=False, width=110)
    return (
        _HEAD.format(source=f"{sheet.source.name}{' / ' + sheet.name if sheet.name else ''}")
        + body
        + f"# {table.title} 还可以填的字段：\n{fields}\n# 可选的标准表：\n{tables}\n"
    )
