"""The columns of the problem ledger: the one place for order, heading, width, who fills them, what is printed.

How cells are written belongs to ``workbook``, what the sheets hold to ``ledger``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FilledBy(StrEnum):
    """Whose column it is: the bureau's are locked, the district's are open, the system's serve the way back."""

    BUREAU = "市局"
    DISTRICT = "区县"
    SYSTEM = "系统"


@dataclass(frozen=True)
class LedgerColumn:
    """One column. ``width`` counts half-width characters; ``identity`` cells enter the hash of the row key."""

    key: str
    heading: str
    width: float
    filled_by: FilledBy = FilledBy.BUREAU
    is_printed: bool = True
    is_hidden: bool = False
    is_centred: bool = False
    is_date: bool = False
    identity: bool = False
    options: tuple[str, ...] = ()
    hint: str = ""


_D = FilledBy.DISTRICT
_S = FilledBy.SYSTEM

#: The printed widths add up to less than 240: one A4 landscape page in letters of six points.
LEDGER_COLUMNS: tuple[LedgerColumn, ...] = (
    LedgerColumn("sequence", "序号", 5, is_centred=True),
    LedgerColumn("problem_no", "问题编号", 12, identity=True),
    LedgerColumn("permit_no", "许可证编号", 12, identity=True),
    LedgerColumn("unit_name", "单位名称", 13, identity=True),
    LedgerColumn("district", "区县", 7, is_centred=True),
    LedgerColumn("industry_name", "行业", 9),
    LedgerColumn("management_class", "管理类别", 5, is_centred=True),
    LedgerColumn("module", "模块", 8.5, is_centred=True),
    LedgerColumn("title", "问题类别", 12, identity=True),
    LedgerColumn("message", "问题描述", 22, identity=True),
    LedgerColumn("record", "具体位置", 14, identity=True),
    LedgerColumn("evidence", "许可证现有内容", 18, identity=True),
    LedgerColumn("basis", "依据", 15),
    LedgerColumn("advice", "整改建议", 15),
    LedgerColumn("severity", "严重程度", 5, is_centred=True),
    LedgerColumn(
        "verdict",
        "核实结果",
        8.5,
        _D,
        is_centred=True,
        options=("属实", "部分属实", "不属实", "待核实"),
        hint="对照许可证正副本逐条核实后从下拉列表选择；选“不属实”的，请在备注中写明理由和佐证材料",
    ),
    LedgerColumn(
        "measures",
        "整改措施",
        13,
        _D,
        hint="写明怎样改、走哪种程序（变更、重新申请、延续时更正、平台更正等）",
    ),
    LedgerColumn("person", "责任人", 7, _D, is_centred=True, hint="姓名，可加联系电话"),
    LedgerColumn("deadline", "整改期限", 10.5, _D, is_centred=True, is_date=True, hint="填日期，例如 2026-12-31"),
    LedgerColumn(
        "status",
        "整改状态",
        8.5,
        _D,
        is_centred=True,
        options=("未开始", "整改中", "已整改待复核", "长期整改", "无需整改"),
        hint="从下拉列表选择；销号由市局复核后办理，不在本表填写",
    ),
    LedgerColumn(
        "completed_on",
        "完成日期",
        10.5,
        _D,
        is_centred=True,
        is_date=True,
        hint="整改完成的日期，例如 2026-12-31；未完成的留空",
    ),
    LedgerColumn("remarks", "备注", 8, _D, hint="不属实的理由、佐证材料名称、需要说明的其他情况"),
    LedgerColumn("rule_id", "规则编号", 10, is_printed=False),
    LedgerColumn("source_file", "来源文件", 28, is_printed=False),
    LedgerColumn("source_sheet", "来源表", 16, is_printed=False),
    LedgerColumn("source_row", "来源行", 8, is_printed=False, is_centred=True),
    LedgerColumn("row_key", "行键", 26, _S, is_printed=False, is_hidden=True),
)

#: Heading of every column, by key.
HEADINGS: dict[str, str] = {column.key: column.heading for column in LEDGER_COLUMNS}

#: Keys of the columns that the district fills.
DISTRICT_KEYS: tuple[str, ...] = tuple(c.key for c in LEDGER_COLUMNS if c.filled_by is FilledBy.DISTRICT)

#: Keys of the cells that are hashed into the row key.
IDENTITY_KEYS: tuple[str, ...] = tuple(c.key for c in LEDGER_COLUMNS if c.identity)

#: How many columns, from the left, are printed.
PRINTED = sum(c.is_printed for c in LEDGER_COLUMNS)

#: Keys that a district may not change: compared with the snapshot when the ledger comes back.
LOCKED_KEYS: tuple[str, ...] = tuple(c.key for c in LEDGER_COLUMNS if c.filled_by is not FilledBy.DISTRICT)
