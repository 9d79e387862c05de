"""A permit's detail page: tables that do not repeat the permit's number take it from the rest of the file."""

from __future__ import annotations

from pathlib import Path

import openpyxl

from loaders.warehouse import Warehouse
from tests.audit.command import Command

NUMBER = "91350100M000100Y43001P"


def test_tables_of_a_detail_page_belong_to_its_permit(permit_audit: Command, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    versions = book.active
    versions.title = "版本"
    versions.append(["许可证编号", "业务类型", "版本", "办结日期", "有效期限"])
    versions.append([NUMBER, "申领", "1", "2024-05-06", "2024-05-06至2029-05-05"])
    ledgers = book.create_sheet("环境管理台账记录要求")
    ledgers.append(["类别", "记录内容", "记录频次", "记录形式", "其他信息"])
    ledgers.append(["基本信息", "名称、地址", "1次/年", "电子台账+纸质台账", "至少保存5年"])
    file = tmp_path / "详情页.xlsx"
    book.save(file)
    answer = permit_audit("load", file, "--json")
    assert answer.json["loaded"] == {"permit_versions": 1, "ledger_requirements": 1}
    assert sum(answer.json["rejected"].values()) == 0
    with Warehouse(permit_audit.workspace / "warehouse.duckdb").reader() as connection:
        assert connection.execute("SELECT permit_no FROM data.ledger_requirements").fetchall() == [(NUMBER,)]
