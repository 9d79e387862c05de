"""Whole files find their layout and give all their rows; headings are matched by name, however they are printed."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from sheet_builder import sheet_of

from checks.errors import UserError
from checks.tables import TABLES
from loaders.cast import Cast, cast
from loaders.extract import Extract, extract
from loaders.layout import load_layouts
from loaders.layout_match import match, nearest
from loaders.match_model import Match
from loaders.readers import list_sources, read_source
from loaders.sheet import Sheet

LAYOUTS = load_layouts()

#: File of forms to layout, and rows of each table.
FORMS = {
    "主要产品及产能信息表.xlsx": ("products", {"products": 11}),
    "主要产品及产能信息补充表.xlsx": ("facilities", {"facilities": 44}),
    "主要原辅材料及燃料信息表（原料及辅料）.xlsx": ("materials", {"materials": 32}),
    "主要原辅材料及燃料信息表（燃料）.csv": ("fuels", {"fuels": 5}),
    "企业大气排放总许可量.xlsx": ("air_totals", {"air_totals": 36}),
    "信息公开要求.xlsx": ("disclosure_requirements", {"disclosure_requirements": 10}),
    "入河排污口信息表.xlsx": ("river_outfalls", {"river_outfalls": 1}),
    "其他控制及管理要求.xlsx": ("control_requirements", {"control_requirements": 10}),
    "固定污染源排污登记表.xlsx": ("registrations", {"registrations": 4}),
    "大气排放口基本情况表.xlsx": ("air_outlets", {"air_outlets": 22}),
    "大气污染物无组织排放表.xlsx": ("fugitive_limits", {"fugitive_limits": 38}),
    "大气污染物有组织排放许可限值.xlsx": ("air_limits", {"air_limits": 69, "air_totals": 108}),
    "工业噪声排放信息.xlsx": ("noise_sources", {"noise_sources": 19}),
    "工业噪声许可排放限值.xlsx": ("noise_limits", {"noise_limits": 8}),
    "工业固体废物基础信息表.xlsx": ("solid_wastes", {"solid_wastes": 56}),
    "工业固体废物自行贮存、利用、处置设施信息表.xlsx": ("waste_facilities", {"waste_facilities": 56}),
    "废气产排污节点、污染物及污染治理设施信息表.xlsx": ("air_links", {"air_links": 96}),
    "废气污染物排放执行标准信息表.xlsx": ("air_standards", {"air_standards": 69}),
    "废水污染物排放.xlsx": ("water_limits", {"water_limits": 68, "water_totals": 42}),
    "废水污染物排放执行标准信息表.xlsx": ("water_standards", {"water_standards": 68}),
    "废水直接排放口基本情况表.xlsx": ("water_direct_outlets", {"water_direct_outlets": 1}),
    "废水类别、污染物及污染治理设施信息表.xlsx": ("water_links", {"water_links": 79}),
    "废水间接排放口基本情况表.xlsx": ("water_indirect_outlets", {"water_indirect_outlets": 34}),
    "执行报告目录.csv": ("execution_reports", {"execution_reports": 147}),
    "执行（守法）报告要求.xlsx": ("report_requirements", {"report_requirements": 18}),
    "排污单位基本信息表.xlsx": ("basic_form", {"permit_records": 10}),
    "排污许可证企业信息数据.csv": ("exchange_export", {"permit_records": 10}),
    "改正规定信息表.xlsx": ("corrections", {"corrections": 0}),
    "特殊情况下大气污染物排放许可限值.xlsx": ("air_special_limits", {"air_special_limits": 31}),
    "环境管理台账信息表.csv": ("ledger_requirements", {"ledger_requirements": 60}),
    "自行监测及记录信息表.xlsx": ("monitoring_plan", {"monitoring_plan": 237}),
    "许可信息公开列表.xls": ("public_list", {"permit_records": 10}),
    "许可证版本列表.json": ("permit_versions", {"permit_versions": 18}),
    "雨水排放口基本情况表.xlsx": ("rain_outlets", {"rain_outlets": 5}),
}

#: (file, sheet) of real to layout, rows by table, and the texts that could not be read.
REAL = {
    ("permit_list_shanghai_2020.xlsx", "企业列表"): ("public_list", {"permit_records": 91}),
    ("key_polluters_shanghai_2020.xlsx", "Sheet1"): ("shanghai_key_list", {"key_polluters": 583}),
    ("key_polluters_shanghai_2020.xlsx", "企业详细信息"): ("key_polluters", {"key_polluters": 583}),
    ("outlets_shanghai_2020.csv", ""): ("shanghai_outlets", {"disclosed_outlets": 5363}),
    ("outlet_limits_shanghai_2020.csv", ""): ("shanghai_limits", {"disclosed_limits": 13411}),
    ("manual_monitoring_shanghai_2020.xlsx", "废水手工监测记录"): (
        "shanghai_manual_monitoring",
        {"manual_monitoring": 486},
    ),
    ("manual_monitoring_shanghai_2020.xlsx", "废气手工监测记录"): (
        "shanghai_manual_monitoring",
        {"manual_monitoring": 166},
    ),
    ("manual_monitoring_shanghai_2020.xlsx", "噪声手工监测记录"): (
        "shanghai_manual_monitoring",
        {"manual_monitoring": 33},
    ),
    ("enterprises_ningxia_2020.csv", ""): ("ningxia_enterprises", {"permit_records": 113}),
    ("execution_reports_index.csv", ""): ("execution_reports", {"execution_reports": 75}),
    ("permit_detail_samples.json", "values"): ("detail_records", {"permit_records": 2}),
    ("permit_detail_samples.json", "values.permitChanges"): ("detail_versions", {"permit_versions": 5}),
    ("permit_detail_samples.json", "values.wasteGasPermitLimits"): ("detail_air_totals", {"air_totals": 9}),
    ("permit_detail_samples.json", "values.wasteWaterPermitLimits"): ("detail_water_totals", {"water_totals": 4}),
    ("permit_numbers_misc.csv", ""): ("permit_numbers", {"permit_records": 2}),
}

NO_PERMIT_DATA = [
    "admin_licences_shanghai_2020.xlsx",
    "cleaner_production_shanghai_2020.xlsx",
    "credit_ratings_ningxia_2016_2019.csv",
    "eia_projects_shanghai_2020.xlsx",
    "facilities_shanghai_2020.xlsx",
    "gov_penalty_scale_jiangmen_2020.xls",
    "inspection_form_merged_cells.xls",
    "key_enterprises_anhui_2019.csv",
    "key_enterprises_fujian_2019.csv",
    "key_enterprises_hebei_2019.csv",
    "key_enterprises_henan_2014_2019.csv",
    "key_enterprises_tianjin_2019.csv",
    "online_monitoring_summary_ningxia_2020.csv",
    "penalties_sample.csv",
    "risk_scores_ningxia_gbk.json",
    "self_monitoring_coverage_heilongjiang_2014_2019.csv",
    "self_monitoring_enterprises_hunan_2019.csv",
    "self_monitoring_enterprises_shandong_2019.csv",
]


def read(path: Path) -> list[Sheet]:
    return [sheet for source in list_sources([path]) for sheet in read_source(source)]


def matched(sheet: Sheet) -> Match:
    found = match(sheet, LAYOUTS)
    assert found is not None, [(layout.name, score) for layout, score in nearest(sheet, LAYOUTS)]
    return found


def typed(extracted: Extract) -> dict[str, Cast]:
    return {
        part.table_name: cast(TABLES[part.table_name], part.frame, separators=part.separators)
        for part in extracted.parts
    }


@pytest.mark.parametrize("file", FORMS)
def test_form_is_recognised_and_loads_whole(forms_dir: Path, file: str) -> None:
    (sheet,) = read(forms_dir / file)
    layout, rows = FORMS[file]
    found = matched(sheet)
    extracted = extract(sheet, found)
    assert (found.layout.name, found.unknown) == (layout, ())
    assert found.score > 0.9
    assert {part.table_name: part.frame.height for part in extracted.parts} == rows
    assert extracted.rejected.is_empty()
    assert extracted.context_rows + extracted.data_rows == sheet.cells.height
    for name, result in typed(extracted).items():
        assert result.failures.is_empty(), name
        assert result.frame["subject"].null_count() == 0
        assert list(result.frame.columns) == ["source_row", *TABLES[name].columns, "subject"]


def test_every_form_is_expected(forms_dir: Path) -> None:
    assert {path.name for path in forms_dir.iterdir()} - {"README.md"} == set(FORMS)


def test_typed_values_of_forms(forms_dir: Path) -> None:
    def one(file: str, table: str, **wanted: object) -> dict[str, object]:
        (sheet,) = read(forms_dir / file)
        frame = typed(extract(sheet, matched(sheet)))[table].frame
        return frame.filter([pl.col(name) == value for name, value in wanted.items()]).row(0, named=True)

    permit = one("排污单位基本信息表.xlsx", "permit_records", permit_no="91310115MA3KRD5N3B001P")
    assert permit["longitude_deg"] == pytest.approx(117 + 30 / 60 + 4.04 / 3600, abs=1e-8)
    assert permit["pollutant_kinds"] == ["废气", "废水"]
    assert (permit["is_operating"], permit["has_local_record"], permit["org_code"]) == (True, False, None)
    listed = one("许可信息公开列表.xls", "permit_records", source_row=4)
    assert listed["unit_name"] == "上海沣澜水泥（济南）有限公司"
    assert (listed["valid_from"], listed["valid_to"]) == (date(2026, 9, 24), date(2031, 9, 23))
    limit = one("大气污染物有组织排放许可限值.xlsx", "air_limits", source_row=5)
    assert (limit["conc_limit"], limit["conc_limit_unit"], limit["amount_y1_t"]) == (5.0, "mg/Nm3", 17.49)
    assert (limit["outlet_class"], limit["pollutant"], limit["daily_conc_limit"]) == ("主要排放口", "颗粒物", None)
    total = one("大气污染物有组织排放许可限值.xlsx", "air_totals", source_row=12)
    assert (total["scope"], total["pollutant"], total["pollutant_text"]) == ("主要排放口合计", "二氧化硫", "SO2")
    ph = one("废水污染物排放.xlsx", "water_limits", source_row=8)
    assert (ph["outlet_class"], ph["conc_limit_min"], ph["conc_limit"]) == ("一般排放口", 6.0, 9.0)
    plan = one("自行监测及记录信息表.xlsx", "monitoring_plan", source_row=4)
    assert (plan["outlet_code"], plan["source_kind"], plan["is_online"]) == ("DA001", "废气", True)
    whole = one("企业大气排放总许可量.xlsx", "air_totals", source_row=3)
    assert (whole["scope"], whole["amount_y5_t"]) == ("企业合计", 17.49)


def test_real_files_load_whole(real_dir: Path) -> None:
    found: dict[tuple[str, str], tuple[str, dict[str, int]]] = {}
    failures: list[tuple[str, str]] = []
    for file in dict.fromkeys(file for file, _ in REAL):
        for sheet in read(real_dir / file):
            one = matched(sheet)
            extracted = extract(sheet, one)
            assert extracted.rejected.is_empty()
            assert extracted.context_rows + extracted.data_rows == sheet.cells.height
            rows = {part.table_name: part.frame.height for part in extracted.parts}
            found[file, sheet.name] = (one.layout.name, rows)
            for result in typed(extracted).values():
                failures += result.failures.select("field", "text").rows()
    assert found == REAL
    # The only texts that are not what their column holds, out of more than 300 000 cells.
    wrong = ["20mg/L", "400mg/L", "40mg/L", "500mg/L", "60mg/L", "60倍", "6~9", "8mg/L"]
    assert sorted(failures) == sorted(("limit_high", text) for text in wrong)


@pytest.mark.parametrize("file", NO_PERMIT_DATA)
def test_no_permit_data_matches_nothing(real_dir: Path, file: str) -> None:
    assert [sheet.name for sheet in read(real_dir / file) if match(sheet, LAYOUTS)] == []


def test_permit_detail_of_a_data_service(real_dir: Path) -> None:
    frames = {}
    for sheet in read(real_dir / "permit_detail_samples.json"):
        (result,) = typed(extract(sheet, matched(sheet))).values()
        frames[sheet.name] = result.frame
    record = frames["values"].row(0, named=True)
    assert (record["valid_from"], record["valid_to"]) == (date(2021, 7, 21), date(2026, 7, 20))
    assert record["other_industries"] == ["氮肥制造", "锅炉"]
    assert frames["values"]["air_standards"].to_list()[1] == ["加油站大气污染物排放标准GB20952-2020"]
    assert frames["values.permitChanges"]["version_no"].to_list() == [1, 2, 1, 2, 3]
    totals = frames["values.wasteGasPermitLimits"]
    assert totals["permit_no"][1] == "91230600716671629P001P"
    assert totals["scope"].unique().to_list() == ["企业合计"]
    assert totals["amount_y1_t"].to_list()[:3] == [None, 269.32, 278.406]


#: Table of the form, as permit_tables.csv numbers them, to canonical table.
FORM_TABLES = {
    "L1": "permit_records", "L2": "permit_versions", "0": "permit_records", "1": "permit_records", "2a": "products",
    "2b": "facilities", "2": "facilities", "3": "materials", "3f": "fuels", "4": "air_links", "5": "water_links",
    "6": "air_outlets", "7": "air_standards", "8": "air_limits", "8p": "air_limits", "9": "air_special_limits",
    "10": "fugitive_limits", "11": "air_totals", "12": "water_direct_outlets", "12-1": "river_outfalls",
    "12-2": "rain_outlets", "13": "water_indirect_outlets", "14": "water_standards", "15": "water_limits",
    "16": "noise_limits", "16n": "noise_sources", "17": "solid_waste_amounts", "17a": "solid_wastes",
    "17b": "waste_facilities", "18": "monitoring_plan", "19": "ledger_requirements", "20": "report_requirements",
    "21": "disclosure_requirements", "22": "control_requirements", "23": "control_requirements", "24": "corrections",
    "25": "change_records", "26": "cancellations", "R1": "report_basics", "R2": "report_facilities",
    "R3": "report_faults", "R4": "report_concentrations", "R6": "report_fugitive", "R11": "report_ledgers",
    "R12": "report_emissions", "R16": "report_special_emissions", "R17": "report_exceedances",
    "R19": "report_disclosure",
}  # fmt: skip


def test_every_table_of_the_form_is_known() -> None:
    path = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "permit_tables.csv"
    if not path.is_file():
        pytest.skip("needs the file ../shared/reference/permit_tables.csv beside the checkout")
    tables: dict[tuple[str, str], list[tuple[str, str]]] = {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            group = row["group"].split(" (")[0]
            tables.setdefault((row["table_id"], row["table_title"]), []).append((group, row["column"]))
    assert {number for number, _ in tables} == set(FORM_TABLES)
    for (number, title), columns in tables.items():
        names = {column for _, column in columns}
        extra = [("", name) for name in ("许可证编号", "单位名称") if name not in names and number != "0"]
        groups: list[str] = []
        below: list[str] = []
        for group, column in [*extra, *columns]:
            groups.append(group or column)
            below.append(column if group else "")
        rows = [[title.split(" (")[0]], groups, *([below] if any(below) else [])]
        found = matched(sheet_of(rows))
        assert (number, found.layout.table) == (number, FORM_TABLES[number])
        assert (found.unknown, found.rivals) == ((), ())


HEAD = ["许可证编号", "单位名称", "排放口编号", "排放口名称", "污染物种类", "经度", "纬度", "排气筒高度（m）"]
ROW = ["91370112MACM2TDF4T001P", "甲公司", "DA001", "烟囱", "颗粒物", "117.1", "36.7", "20"]


def test_headings_match_however_they_are_printed() -> None:
    printed = [
        "许可证\n编号 *",
        "单位 名称（必填）",
        "排放口编码(1)",
        "　排放口名称　",
        "（４）污染物种类",
        "排放口经度",
        "纬度",
        "排气筒高度(米)",
    ]
    found = matched(sheet_of([["", *printed], ["", *ROW]]))
    assert found.layout.name == "air_outlets"
    fields = ["permit_no", "unit_name", "outlet_code", "outlet_name", "pollutants"]
    assert found.mapping == dict(enumerate([*fields, "longitude_deg", "latitude_deg", "stack_height_m"], start=1))


def test_order_of_columns_and_place_of_headings_do_not_count() -> None:
    plain = extract(sheet_of([HEAD, ROW]), matched(sheet_of([HEAD, ROW]))).parts[0]
    rows = [[], ["某市导出"], ["制表日期：2026-07-01"], ["", *HEAD[::-1]], ["", *ROW[::-1]]]
    moved = extract(sheet_of(rows), matched(sheet_of(rows))).parts[0]
    assert moved.frame.drop("source_row").equals(plain.frame.drop("source_row"))
    assert (plain.frame["source_row"].item(), moved.frame["source_row"].item()) == (2, 5)
    assert moved.positions["outlet_code"] == 6


def test_heading_in_another_unit_is_not_understood() -> None:
    found = matched(sheet_of([[*HEAD[:7], "排气筒高度（cm）", "排气筒出口内径（m）"], [*ROW, "0.5"]]))
    assert [(item.column, item.nearest) for item in found.unknown] == [(7, "排气筒高度（m）")]


def test_unknown_headings_are_told_with_the_nearest_known_one() -> None:
    found = matched(sheet_of([[*HEAD, "排气筒出口内经（m）", "经办人"], [*ROW, "0.5", "张三"]]))
    assert [(item.heading, item.nearest) for item in found.unknown] == [
        ("排气筒出口内经（m）", "排气筒出口内径（m）"),
        ("经办人", ""),
    ]
    assert "排气温度（℃）" in found.missing


@pytest.mark.parametrize("code", ["DW001", "YS001"])
def test_values_tell_rain_outlets_from_direct_outlets(code: str) -> None:
    head = ["许可证编号", "排放口编号", "经度", "纬度", "排放去向", "名称", "受纳水体功能目标", "经度", "纬度"]
    row = ["91370112MACM2TDF4T001P", code, "117.1", "36.7", "进入海域", "渤海", "Ⅱ类", "117.2", "36.8"]
    found = matched(sheet_of([head, row]))
    assert found.layout.name == {"DW001": "water_direct_outlets", "YS001": "rain_outlets"}[code]
    assert found.mapping[2] == "longitude_deg"
    assert found.mapping[7] == "inflow_longitude_deg"


def test_title_decides_between_equal_headings() -> None:
    head = ["许可证编号", "排放口类型", "排放口编号", "月份", "污染物种类", "许可排放量（t）", "实际排放量（t）"]
    row = ["91370112MACM2TDF4T001P", "一般排放口", "DW001", "1", "化学需氧量", "/", "1.2"]
    assert matched(sheet_of([head, row])).layout.constants == {}
    water = matched(sheet_of([["表E.13 废水污染物实际排放量报表"], head, row]))
    assert water.layout.constants == {"medium": "废水"}
    assert matched(sheet_of([head, row], file="E12废气污染物实际排放量.csv")).layout.constants == {"medium": "废气"}


def test_forced_layout_and_wrong_name() -> None:
    sheet = sheet_of([[*HEAD[:5], *"ABCDEFGH"], [*ROW[:5], *"12345678"]])
    assert match(sheet, LAYOUTS) is None
    assert match(sheet, LAYOUTS, only="fuels") is None
    sheet = sheet_of([["排放口编号", "排气筒高度（m）", *"ABCDE"], ["DA001", "20", *"12345"]])
    assert match(sheet, LAYOUTS) is None
    forced = match(sheet, LAYOUTS, only="air_outlets")
    assert forced is not None
    assert len(forced.unknown) == 5
    with pytest.raises(UserError, match=r"air_outlet.*air_outlets"):
        match(sheet, LAYOUTS, only="air_outlet")


def test_nearest_layouts_of_an_unknown_sheet() -> None:
    sheet = sheet_of([[*HEAD[:4], "甲", "乙", "丙", "丁", "戊"], [*ROW[:4], *"12345"]])
    assert match(sheet, LAYOUTS) is None
    found = nearest(sheet, LAYOUTS)
    assert len(found) == 3
    assert all(0 < score < 0.5 for _, score in found)


@pytest.mark.parametrize(
    ("head", "layout"),
    [
        ("XKZNUM DEVCOMPANY REGADDRESS PROVINCE CITY COUNTY HYID HYNAME OPERATIME ORGANCODE CREDITCODE VALITIMES FZTIME"
         " OPEADDRESS LONGITUDE LATITUDE ISSHORTPERMIT POSTCODE ISPARK INDUSTRIAL ZYWRWLBID AIRWRWNAME WATERWRWNAME"
         " WATEREMISSIONNAME ITEMTYPE ITEMENDTIME", "exchange_export"),
        ("pwxkzbh dwmc tyshxydm zzjgdm hylb scjycsdz szsfqhdm szdsqhdm szqxqhdm xkyxqxq xkyxqxz tcrq sfsyzdqy zywrwlb"
         " hfrq hfhbjgmc sqlx bjsj", "provincial_message"),
        ("XKZNUM xkdraincode drainname wrwname emissioncon emissionspeed sqoneyear sqtwoyear sqthreeyear sqfouryear"
         " sqfiveyear othercontent", "air_limits"),
        ("XKZNUM XKDRAINCODE DRAINNAME LONGITUDE LATITUDE PFQXNAME PFFSNAME EMISSIONTIME SEWAGENAME FUNCTIONNAME"
         " NATURELONGITUDE NATURELATITUDE", "water_direct_outlets"),
        ("XKZNUM XKDRAINCODE DRAINNAME LONGITUDE LATITUDE PFQXNAME PFFSNAME EMISSIONTIME SEWAGENAME WRWNAME"
         " EMISSIONCON", "water_indirect_outlets"),
        ("XKZNUM PRODUCTNAME CAPACITY PRODUNITSNAME", "products"),
        ("XKZNUM HYNAME DEVICENAME FUELNAME YEARMAX UNITSNAME POISON", "material_interface"),
        ("XKZNUM FWLY FWMC FWZLNAME FWLBNAME FWMS FWSCL FWCLFSNAME FWZHLYCLL FWCZL FWCCL FWPFL", "solid_waste_amounts"),
        ("UNITNAME XKZNUMBER ZXTYPE ZXREASON ISTYPE CREATETIME", "cancellations"),
    ],
)  # fmt: skip
def test_field_names_of_interfaces(head: str, layout: str) -> None:
    names = head.split()
    found = matched(sheet_of([names, ["1"] * len(names)]))
    assert (found.layout.name, found.unknown) == (layout, ())


def test_merges_may_be_lost(forms_dir: Path) -> None:
    """A text file keeps no merges: the same rows come out."""
    for file in (
        "自行监测及记录信息表.xlsx",
        "大气污染物有组织排放许可限值.xlsx",
        "废水污染物排放.xlsx",
        "大气排放口基本情况表.xlsx",
    ):
        (sheet,) = read(forms_dir / file)
        assert sheet.merges
        bare = replace(sheet, merges=())
        kept, lost = extract(sheet, matched(sheet)), extract(bare, matched(bare))
        for one, other in zip(kept.parts, lost.parts, strict=True):
            assert one.frame.equals(other.frame), file
