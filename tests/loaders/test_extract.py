"""Rows out of sheets: group rows, totals, merged cells, forms, context, rejects, and cells that list several."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from sheet_builder import sheet_of

from loaders.extract import Extract, extract, file_context
from loaders.layout import load_layouts, read_layouts
from loaders.layout_match import match
from loaders.layout_model import Catalogue
from loaders.readers import list_sources, read_source
from loaders.sheet import Sheet

LAYOUTS = load_layouts()
ONE, TWO = "91370112MACM2TDF4T001P", "91370112MA3HHP5J63001P"


def rows_of(sheet: Sheet, **context: str) -> Extract:
    found = match(sheet, LAYOUTS)
    assert found is not None
    result = extract(sheet, found, context)
    assert result.context_rows + result.data_rows == sheet.cells.height
    return result


def part(result: Extract, table: str) -> pl.DataFrame:
    (frame,) = [item.frame for item in result.parts if item.table_name == table]
    return frame


# 8 columns of amounts and limits as on the detail page, without a permit number.
DETAIL_HEAD = [
    ["大气污染物有组织排放许可限值"],
    ["序号", "排放口编号", "排放口名称", "污染物种类", "许可排放浓度限值(mg/m³)", "许可排放速率限值(kg/h)",
     "许可年排放量限值", "", "", "", "", "其它信息"],
    ["", "", "", "", "", "", "第一年", "第二年", "第三年", "第四年", "第五年", ""],
]  # fmt: skip


def test_detail_page_bands_and_totals() -> None:
    years = ["1.5"] * 5
    sheet = sheet_of(
        [
            *DETAIL_HEAD,
            ["（1）主要排放口"],
            ["1", "DA001", "烟囱", "颗粒物", "10", "/", *years, "/"],
            ["主要排放口合计", "", "颗粒物", "", "", "", *years, ""],  # the pollutant is merged over four columns
            ["", "", "SO2", "", "", "", *years, ""],  # the label is merged downwards
            ["(2) 一般排放口"] * 12,  # a tool that wrote a merged cell into every cell
            ["2", "DA002", "库顶", "颗粒物", "20", "/", *["/"] * 5, "/"],
            ["一般排放口合计", "", "颗粒物", "", "", "", *["/"] * 5, ""],
            ["全厂有组织排放总计", "", "颗粒物", "", "", "", *years, ""],
            ["注：全厂有组织排放总计指主要排放口与一般排放口之和"],
        ]
    )
    result = rows_of(sheet, permit_no=ONE)
    limits, totals = part(result, "air_limits"), part(result, "air_totals")
    assert limits.select("source_row", "permit_no", "outlet_class", "outlet_code").rows() == [
        (5, ONE, "主要排放口", "DA001"),
        (9, ONE, "一般排放口", "DA002"),
    ]
    assert totals.select("source_row", "scope", "pollutant", "amount_y5_t").rows() == [
        (6, "主要排放口合计", "颗粒物", "1.5"),
        (7, "主要排放口合计", "SO2", "1.5"),
        (10, "一般排放口合计", "颗粒物", "/"),
        (11, "全厂有组织排放总计", "颗粒物", "1.5"),
    ]


def test_bands_do_not_reach_the_next_permit() -> None:
    head = ["许可证编号", *DETAIL_HEAD[1][1:6], "许可年排放量限值（t/a）/第一年"]
    sheet = sheet_of(
        [
            head,
            [ONE, "主要排放口"],
            [ONE, "DA001", "烟囱", "颗粒物", "10", "/", "1"],
            [TWO, "DA001", "烟囱", "颗粒物", "10", "/", "1"],
            ["一般排放口", "", "", "", "", "", ""],  # merged from the first column on: belongs to the row below
            [TWO, "DA002", "烟囱", "颗粒物", "10", "/", "1"],
        ]
    )
    limits = part(rows_of(sheet), "air_limits")
    assert limits["outlet_class"].to_list() == ["主要排放口", None, "一般排放口"]


def test_parts_of_special_limits_become_a_prefix() -> None:
    head = ["污染物类型", "污染物种类", "许可排放时段", "许可排放浓度限值（mg/Nm³）", "许可日排放量限值（kg/d）"]
    sheet = sheet_of(
        [
            head,
            ["（2）重污染天气应对要求"],
            ["主要排放口", "颗粒物", "预警期间", "/", "3"],
            ["", "SO2", "预警期间", "/", "4"],
            ["（3）冬防阶段污染防治要求"],
            ["全厂合计", "颗粒物", "冬季", "/", "5"],
        ]
    )
    found = part(rows_of(sheet, permit_no=ONE), "air_special_limits")
    assert found["situation"].to_list() == [
        "重污染天气应对要求/主要排放口",
        "重污染天气应对要求/主要排放口",
        "冬防阶段污染防治要求/全厂合计",
    ]


PLAN = ["许可证编号", "污染源类别", "排放口编号", "监测内容", "污染物名称", "监测设施", "手工监测频次"]


def test_blanks_are_filled_down_within_one_outlet_only() -> None:
    sheet = sheet_of(
        [
            PLAN,
            [ONE, "废气", "DA001", "烟气量", "颗粒物", "手工", "1次/季"],
            [ONE, "", "", "", "二氧化硫", "手工", "1次/季"],
            [ONE, "", "DA002", "", "颗粒物", "手工", "1次/年"],
            [ONE, "废水", "", "", "pH值", "手工", "1次/年"],
            [TWO, "", "", "", "颗粒物", "手工", "1次/年"],
        ]
    )
    plan = part(rows_of(sheet), "monitoring_plan")
    assert plan.select("source_kind", "outlet_code", "content").rows() == [
        ("废气", "DA001", "烟气量"),
        ("废气", "DA001", "烟气量"),
        ("废气", "DA002", None),
        ("废水", None, None),
        (None, None, None),
    ]


def test_known_merges_leave_nothing_to_guess() -> None:
    sheet = sheet_of(
        [
            PLAN,
            [ONE, "废气", "DA001", "烟气量", "颗粒物", "手工", "1次/季"],
            [None, None, None, None, "二氧化硫", "手工", "1次/季"],
            [ONE, "废气", "", "", "颗粒物", "手工", "1次/年"],
        ],
        merges=[(1, column, 2, column) for column in range(4)],
    )
    plan = part(rows_of(sheet), "monitoring_plan")
    assert plan["outlet_code"].to_list() == ["DA001", "DA001", ""]
    assert plan["permit_no"].to_list() == [ONE] * 3


def test_listed_pollutants_become_rows() -> None:
    sheet = sheet_of([PLAN, [ONE, "废气", "DA001", "/", "甲苯,1,2-二氯乙烷, 颗粒物", "手工", "1次/季"]])
    result = rows_of(sheet)
    plan = part(result, "monitoring_plan")
    assert plan["pollutant"].to_list() == ["甲苯", "1,2-二氯乙烷", "颗粒物"]
    assert plan["source_row"].to_list() == [2, 2, 2]
    assert result.data_rows == 1


def test_report_kinds_in_one_cell_stay_together() -> None:
    head = ["许可证编号", "序号", "主要内容", "上报频次", "其他信息"]
    sheet = sheet_of([head, [ONE, "1", "年度执行报告,季度执行报告", "1次/年 1次/季", "/"]])
    assert part(rows_of(sheet), "report_requirements").height == 1


def test_repeated_headings_and_blank_rows_are_context() -> None:
    row = [ONE, "废气", "DA001", "/", "颗粒物", "手工", "1次/季"]
    sheet = sheet_of([PLAN, row, [None] * 7, PLAN, row, ["", " "]])
    result = rows_of(sheet)
    assert part(result, "monitoring_plan")["source_row"].to_list() == [2, 5]
    assert result.context_rows == 4


def test_row_that_names_nobody_is_rejected_with_its_cells() -> None:
    row = ["／", "废气", "DA001", "/", "颗粒物", "手工", "1次/季"]
    result = rows_of(sheet_of([PLAN, row]))
    assert result.rejected.row(0) == (2, "缺少许可证编号，不知属于哪个单位", row)
    assert part(result, "monitoring_plan").is_empty()


def test_label_and_value_form_becomes_one_record() -> None:
    sheet = sheet_of(
        [
            ["表1 排污单位基本信息表"],
            ["单位名称", "甲公司", "注册地址", "某路1号"],
            ["邮政编码（1）", "250100", "生产经营场所地址", "某路2号"],
            ["行业类别", "水泥制造", "是否投产", "是"],
            ["投产日期", "", "生产经营场所中心经度", "117°8′32.43″"],
            ["统一社会信用代码", "91370112MACM2TDF4T", "法定代表人（主要负责人）", "张三"],
        ],
        file="导出.xlsx",
    )
    found = match(sheet, LAYOUTS)
    assert found is not None
    assert found.is_form
    assert found.layout.name == "basic_form"
    result = extract(sheet, found)
    (item,) = result.parts
    assert item.frame.height == 1
    assert item.frame["site_address"].item() == "某路2号"
    assert "start_date" not in item.frame.columns
    assert (item.positions["site_address"], item.rows["site_address"]) == (3, 3)


def test_summary_of_a_detail_page_takes_the_permit_from_its_file() -> None:
    head = ["生产经营场所地址：某省某市某路1号 行业类别：氮肥制造 所在地区：某省-某市-某区 发证机关：某市生态环境局"]
    summary = sheet_of(
        [
            head,
            ["主要污染物类别：", "废气,废水"],
            ["大气主要污染物种类：", "颗粒物,氨（氨气）"],
            ["大气污染物排放规律：：", "有组织,无组织"],
            ["废水污染物排放规律：", "连续排放，流量稳定"],
            ["排污权使用和交易信息：", "/"],
        ]
    )
    versions = sheet_of(
        [["许可证编号", "业务类型", "版本", "办结日期", "有效期限"], [ONE, "申领", "1", "2020-01-01", "/"]]
    )
    context = file_context("详情.html", [rows_of(versions)])
    assert context == {"permit_no": ONE}
    record = part(rows_of(summary, **context), "permit_records").row(0, named=True)
    assert (record["permit_no"], record["issuer"]) == (ONE, "某市生态环境局")
    assert record["site_address"] == "某省某市某路1号"
    assert record["air_discharge_form"] == "有组织,无组织"
    assert file_context(f"{TWO}_自行监测.html", []) == {"permit_no": TWO}
    assert file_context("两张.html", [rows_of(versions), rows_of(sheet_of([PLAN, [TWO, *"abcdef"]]))]) == {}


def test_permit_above_the_table() -> None:
    sheet = sheet_of(
        [[f"许可证编号：{ONE}  单位名称：甲公司"], PLAN[1:], ["废气", "DA001", "/", "颗粒物", "手工", "1次/季"]]
    )
    plan = part(rows_of(sheet), "monitoring_plan").row(0, named=True)
    assert (plan["permit_no"], plan["unit_name"], plan["outlet_code"]) == (ONE, "甲公司", "DA001")


def test_joined_period_and_codes_as_words() -> None:
    head = ["PWXKZBH", "DWMC", "XKYXQXQ", "XKYXQXZ", "SQLX", "ZYWRWLBID"]
    layouts = "[{name: message, table: permit_records, joined: {valid: [[XKYXQXQ], [XKYXQXZ]]},"
    layouts += "headings: {business_type: SQLX, pollutant_kinds: ZYWRWLBID},"
    layouts += "replace: {business_type: {3: 变更}, pollutant_kinds: {fq: 废气, fs: 废水}}}]"
    catalogue = Catalogue(tuple(read_layouts(layouts, "test")))
    sheet = sheet_of([head, [ONE, "甲", "2020-01-01", "2025-12-31", "3", "fq,fs"], [TWO, "乙", "", "", "9", "fs"]])
    found = match(sheet, catalogue)
    assert found is not None
    frame = extract(sheet, found).parts[0].frame
    assert frame["valid"].to_list() == ["2020-01-01至2025-12-31", None]
    assert frame["business_type"].to_list() == ["变更", "9"]
    assert frame["pollutant_kinds"].to_list() == ["废气,废水", "废水"]


@pytest.mark.parametrize("section", ["airMainEmission", "waterTotalEmission"])
def test_body_of_an_execution_report(tmp_path: Path, section: str) -> None:
    body = {
        "companyInfo": {"permitCode": ONE, "enterName": "甲公司", "reportType": "季报", "reportTime": "2024年06月"},
        "emissionInfo": {
            section: [
                {"portType": "主要排放口", "outletCode": "DA001", "pollutantCode": "A34013", "pollutantName": "烟尘",
                 "firstMonth": "1", "secondMonth": "2", "thirdMonth": "3", "total": "6", "remark": "单位：kg"}
            ]
        },
    }  # fmt: skip
    path = tmp_path / "report.json"
    path.write_text(json.dumps(body), encoding="utf-8")
    (sheet,) = read_source(list_sources([path])[0])
    row = part(rows_of(sheet), "report_emissions").row(0, named=True)
    medium = "废气" if section.startswith("air") else "废水"
    assert (row["permit_no"], row["report_type"], row["medium"]) == (ONE, "季报", medium)
    assert (row["first_month_t"], row["emitted_t"], row["remarks"]) == ("1", "6", "单位：kg")
    assert row["source_row"] == 1
