"""Layout files: every mistake is told with file and key, a user's file extends or replaces, a stub is a layout."""

from __future__ import annotations

from pathlib import Path

import pytest
from sheet_builder import sheet_of

from checks.errors import UserError
from checks.tables import TABLES
from loaders.extract import extract
from loaders.layout import load_layouts, read_layouts
from loaders.layout_match import match
from loaders.layout_stub import stub

LAYOUTS = load_layouts()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- name: a\n  table: fuels\n bad: x", "第 3 行"),
        ("- just text", "第 1 个版式"),
        ("- {table: fuels}", "键 name"),
        ("- {name: a, table: fuel}", "版式 a，键 table.*fuels"),
        ("- {name: a, table: fuels, heading: {}}", "键 heading.*headings"),
        ("- {name: a, table: fuels, headings: {fuel: [x]}}", "键 headings.*fuel_name"),
        ("- {name: a, table: fuels, headings: {fuel_name: {x: y}}}", "键 headings"),
        ("- {name: a, table: fuels, names: ['(']}", "键 names.*正则"),
        ("- {name: a, table: fuels, when: {fuel_name: '(?!煤)'}}", "键 when"),
        ("- {name: a, table: fuels, form: 是}", "键 form"),
        ("- {name: a, table: fuels, joined: {fuel_name: [x]}}", "键 joined"),
        ("- {name: a, table: fuels, totals: {table: nowhere, field: x}}", "键 totals"),
        ("- {name: a, table: fuels}\n- {name: a, table: fuels}", "a 出现两次"),
    ],
)
def test_mistake_names_file_and_key(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=rf"(?s)mine\.yaml.*{told}"):
        load_layouts([path])


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml"):
        load_layouts([tmp_path / "none.yaml"])


def test_own_layout_adds_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "- {name: fuels, title: 本市燃料表, table: fuels, headings: {fuel_name: [煤种]}}\n"
        "- {name: coal, table: fuels, headings: {fuel_name: [品种], sulphur: [全硫]}, require: [fuel_name]}\n",
        encoding="utf-8",
    )
    layouts = load_layouts([path])
    assert len(layouts) == len(LAYOUTS) + 1
    assert layouts["fuels"].title == "本市燃料表"
    found = match(sheet_of([["许可证编号", "品种", "全硫"], ["91370112MACM2TDF4T001P", "烟煤", "0.7"]]), layouts)
    assert found is not None
    assert found.layout.name == "coal"


def test_built_in_layouts_agree_with_the_tables() -> None:
    names = [layout.name for layout in LAYOUTS]
    assert len(names) == len(set(names))
    assert {layout.table for layout in LAYOUTS} == set(TABLES) - {"permits"}
    for layout in LAYOUTS:
        for name in layout.headings:
            for heading in layout.headings[name]:
                assert heading not in layout.ignore, (layout.name, heading)


def test_stub_of_an_unknown_sheet_is_a_layout(tmp_path: Path) -> None:
    head = ["许可证编号", "企业", "烟囱号", "烟囱高", "排气筒出口内径（m）", "经办人", "电话"]
    sheet = sheet_of([["某市排气筒台账"], head, ["91370112MACM2TDF4T001P", "甲", "DA001", "20", "0.5", "张三", "1"]])
    assert match(sheet, LAYOUTS) is None
    text = stub(sheet, LAYOUTS)
    assert "stack_height_m: 排气筒高度（m）" in text
    (layout,) = read_layouts(text, "stub")
    assert layout.table == "air_outlets"
    assert set(layout.ignore) == {"企业", "烟囱号", "烟囱高", "经办人", "电话"}
    path = tmp_path / "mine.yaml"
    path.write_text(
        text.replace("  - 烟囱号\n", "").replace("  headings:\n", "  headings:\n    outlet_code: [烟囱号]\n"), "utf-8"
    )
    found = match(sheet, load_layouts([path]))
    assert found is not None
    assert found.layout.name == layout.name
    assert found.unknown == ()
    assert extract(sheet, found).parts[0].frame["outlet_code"].to_list() == ["DA001"]


def test_stub_of_a_sheet_without_any_known_heading() -> None:
    text = stub(sheet_of([["甲", "乙"], ["1", "2"]], file="盘点.xlsx", name="一月"), LAYOUTS)
    (layout,) = read_layouts(text, "stub")
    assert (layout.name, layout.ignore) == ("盘点_一月", ("甲", "乙"))
