"""Findings and run facts for the tests of the reports: small, made up, and as long-winded as the real ones."""

from __future__ import annotations

import json
from datetime import date, datetime
from hashlib import md5
from typing import Any

import polars as pl

from reports.facts import InputFile, RunFacts

UNITS = (
    (
        "91110105E12345678X001V",
        "蓝川（城东）精细化工股份有限公司第二分公司",
        "城东区",
        "化学药品原料药制造",
        "重点管理",
    ),
    ("9111010612345678XY001P", "城东区永兴热力供应站", "城东区", "热力生产和供应", "简化管理"),
    ("91110107MA00ABCD12001U", "河西金属表面处理有限责任公司", "河西区", "金属表面处理及热处理加工", "重点管理"),
    (
        "91110108MA00ABCD34001Q",
        "河西县城镇污水处理厂（一期、二期及提标改造工程）",
        "河西区",
        "污水处理及其再生利用",
        "重点管理",
    ),
    ("91110109MA00ABCD56001R", "未知地点纸业", None, "机制纸及纸板制造", "简化管理"),
    ("91110109MA00ABCD57001R", "岭南铸造厂", "岭南县", "黑色金属铸造", "简化管理"),
)

RULES = (
    (
        "G-045",
        "主要排放口未填写排气筒高度",
        "废气排放口",
        "严重",
        "主要排放口 DA001 未填写排气筒高度，无法核算高架源并判断是否满足“不低于 15 m”的要求",
        "按实际情况补填排气筒高度（m）、出口内径（m）和排气温度，并与环评批复核对",
        "HJ 942-2018 4.5.2.4；《排污许可管理条例》第十三条",
        {"outlet_code": "DA001", "outlet_class": "主要排放口", "stack_height_m": None},
    ),
    (
        "G-112",
        "自行监测频次低于行业指南的最低要求",
        "自行监测",
        "一般",
        "排放口 DA003 颗粒物的监测频次“1次/年”低于指南要求的“1次/半年”",
        "按 HJ 819 及所属行业自行监测指南调整监测频次，或说明适用更低频次的依据",
        "HJ 819-2017 5.2.1.4 表1",
        {"outlet_code": "DA003", "pollutant_text": "颗粒物", "frequency_text": "1次/年", "method": "手工"},
    ),
    (
        "G-201",
        "固体废物去向填写不完整",
        "固体废物",
        "提示",
        "危险废物“废活性炭（HW49 900-039-49）”的委托处置单位为空",
        "补填委托单位名称和危险废物经营许可证编号",
        "HJ 1200-2021 6.3",
        {"waste_name": "废活性炭（HW49 900-039-49）", "amount_t": 12.5, "is_hazardous": True, "units": ["甲", "乙"]},
    ),
)

HEADINGS = {
    "outlet_code": "排放口编号",
    "outlet_class": "排放口类型",
    "air_outlets.stack_height_m": "排气筒高度（m）",
    "pollutant_text": "污染物种类",
    "frequency_text": "监测频次",
    "method": "监测方式",
    "waste_name": "固体废物名称",
    "amount_t": "产生量（t/a）",
    "is_hazardous": "是否危险废物",
    "units": "委托单位",
}


def finding(unit: int, rule: int, number: int = 0, **changes: Any) -> dict[str, Any]:
    """One finding of a unit and a rule; ``changes`` replace columns."""
    permit_no, unit_name, district, industry, management = UNITS[unit]
    rule_id, title, module, severity, message, advice, basis, evidence = RULES[rule]
    record = f"排放口编号=DA{number + 1:03d}；污染物种类=颗粒物"
    row = {
        "run_id": "20261122-0001",
        "finding_id": md5(f"{rule_id}|{permit_no}|{record}".encode()).hexdigest()[:16],
        "rule_id": rule_id,
        "subject": permit_no,
        "permit_no": permit_no,
        "unit_name": unit_name,
        "district": district,
        "industry_name": industry,
        "management_class": management,
        "module": module,
        "severity": severity,
        "table_name": "air_outlets",
        "record": record,
        "message": message,
        "evidence": json.dumps(evidence, ensure_ascii=False),
        "source_file": "全市排污许可证副本导出.xlsx",
        "source_sheet": "大气排放口",
        "source_row": 12 + number,
        "rid": number,
        "title": title,
        "advice": advice,
        "basis": basis,
    }
    return {**row, **changes}


SCHEMA = pl.DataFrame([finding(0, 0)]).schema


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Findings as a frame, typed even when there are none."""
    return pl.DataFrame(rows, schema=SCHEMA)


def some_findings() -> pl.DataFrame:
    """Three units in two districts, one without district; 岭南县 has none."""
    rows = [finding(unit, rule, number) for unit in (0, 1, 2, 4) for rule in (0, 1, 2) for number in range(2)]
    return frame(rows[:-3])


def run_facts(**changes: Any) -> RunFacts:
    """Facts of a run over all units, with one rule that was not run and one that failed."""
    keys = ("rule_id", "title", "module", "severity", "outcome", "judged", "violations", "undecided", "reason")
    rules = [
        dict(zip(keys, (rule[0], rule[1], rule[2], rule[3], "有问题", 40, 8 - 2 * at, at, ""), strict=True))
        | {"advice": rule[5], "basis": rule[6], "is_mass": rule[0] == "G-045"}
        for at, rule in enumerate(RULES)
    ]
    spare = {"judged": 0, "violations": 0, "undecided": 0, "advice": "", "basis": "HJ 942-2018", "is_mass": False}
    rules += [
        {"rule_id": "G-150", "title": "执行报告未按期提交", "module": "执行报告", "severity": "严重", **spare}
        | {"outcome": "未运行", "reason": "没有载入执行报告（河西区、城东区均未报送）"},
        {"rule_id": "G-160", "title": "单位与量纲不符", "module": "其他", "severity": "一般", **spare}
        | {"outcome": "出错", "reason": "除数为零"},
        {"rule_id": "G-170", "title": "统一社会信用代码校验错误", "module": "基本信息", "severity": "严重", **spare}
        | {"outcome": "通过", "judged": 6, "reason": ""},
    ]
    facts: dict[str, Any] = {
        "run_id": "20261122-0001",
        "as_of": date(2026, 11, 22),
        "started": datetime(2026, 11, 22, 10, 15, 0),
        "periods": ("2026Q3",),
        "inputs": (
            InputFile("全市排污许可证副本导出.xlsx", "ab" * 32, 1_234_567, "air_outlets", 5_363, 2),
            InputFile("河西区固体废物.csv", "cd" * 32, 4_567, "solid_wastes", 120, 0),
        ),
        "catalogue_version": "2026.11-3f9a2c",
        "rules": pl.DataFrame(rules),
        "subjects": pl.DataFrame(
            list(UNITS),
            schema=["permit_no", "unit_name", "district", "industry_name", "management_class"],
            orient="row",
        ),
        "notes": ("河西区的批次行数比上季度少 30%，经市局确认后接受。",),
    }
    return RunFacts(**{**facts, **changes})
