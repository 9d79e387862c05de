"""Ledgers as other programs see them: cells, print settings, protection, nothing of another district."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from make_case import HEADINGS as EVIDENCE_HEADINGS
from make_case import UNITS, finding, frame, run_facts, some_findings
from python_calamine import CalamineWorkbook

import reports.ledger
from reports.columns import DISTRICT_KEYS, HEADINGS, LEDGER_COLUMNS, PRINTED, FilledBy
from reports.keys import content_hash, is_problem_number, split_row_key
from reports.ledger import NO_DISTRICT, Ledger, write_ledgers

_HEADER = 4  # the row that holds the headings, counted from 1
_KEYS = [column.key for column in LEDGER_COLUMNS]


def write(folder: Path, rows: pl.DataFrame | None = None, **facts: object) -> dict[str | None, Ledger]:
    rows = some_findings() if rows is None else rows
    ledgers = write_ledgers(rows, run_facts(**facts), folder, headings=EVIDENCE_HEADINGS)
    return {ledger.district: ledger for ledger in ledgers}


def read_problems(path: Path) -> list[dict[str, object]]:
    sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_name("问题台账")
    rows = sheet.to_python(skip_empty_area=False)
    names = {HEADINGS[key]: key for key in HEADINGS}
    keys = [names[str(name)] for name in rows[_HEADER - 1]]
    return [dict(zip(keys, row, strict=True)) for row in rows[_HEADER:]]


def package_text(path: Path) -> str:
    with zipfile.ZipFile(path) as package:
        return "\n".join(package.read(name).decode() for name in package.namelist())


def sheet_texts(path: Path, name: str) -> list[str]:
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_name(name).to_python()
    return [str(cell) for row in rows for cell in row if cell != ""]


@pytest.fixture(scope="module")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> dict[str | None, Ledger]:
    return write(tmp_path_factory.mktemp("ledgers"))


def test_headings_are_pinned() -> None:
    parts = (
        "序号、问题编号、许可证编号、单位名称、区县、行业、管理类别、模块、问题类别、问题描述、具体位置",
        "许可证现有内容、依据、整改建议、严重程度",
        "核实结果、整改措施、责任人、整改期限、整改状态、完成日期、备注",
        "规则编号、来源文件、来源表、来源行、行键",
    )
    assert "、".join(HEADINGS.values()) == "、".join(parts)
    printed = [column.is_printed for column in LEDGER_COLUMNS]
    assert printed == sorted(printed, reverse=True), "printed columns must stand together, or the print area breaks"


def test_one_workbook_per_audited_district_and_one_for_the_city(ledgers: dict[str | None, Ledger]) -> None:
    counts = {name: (ledger.findings, ledger.units) for name, ledger in ledgers.items()}
    assert counts == {None: (21, 4), NO_DISTRICT: (3, 1), "城东区": (12, 2), "河西区": (6, 1), "岭南县": (0, 0)}
    for ledger in ledgers.values():
        names = CalamineWorkbook.from_path(str(ledger.path)).sheet_names
        assert names == ["说明", "汇总", "问题台账", "按企业清单"]
    assert len({ledger.path.name for ledger in ledgers.values()}) == 5
    assert [path.name for path in ledgers[None].path.parent.iterdir() if path.suffix != ".xlsx"] == []


def test_cells_are_what_the_findings_say(ledgers: dict[str | None, Ledger]) -> None:
    rows = read_problems(ledgers[None].path)
    expected = some_findings().with_columns(pl.col("district").fill_null(""))
    expected = expected.sort(["district", "permit_no", "rule_id", "record", "finding_id"])
    same = ("permit_no", "unit_name", "district", "industry_name", "management_class", "module", "title", "message")
    same += ("record", "basis", "advice", "severity", "rule_id", "source_file", "source_sheet")
    for key in same:
        assert [row[key] for row in rows] == expected[key].to_list(), key
    assert [row["sequence"] for row in rows] == [float(number) for number in range(1, 22)]
    assert [row["source_row"] for row in rows] == [float(number) for number in expected["source_row"]]
    by_rule = {row["rule_id"]: row["evidence"] for row in rows}
    assert by_rule["G-045"] == "排放口编号：DA001；排放口类型：主要排放口；排气筒高度（m）：（空）"
    assert by_rule["G-201"].endswith("产生量（t/a）：12.5；是否危险废物：是；委托单位：甲、乙")
    assert all(row[key] == "" for row in rows for key in DISTRICT_KEYS)


def test_openpyxl_and_calamine_read_the_same(ledgers: dict[str | None, Ledger]) -> None:
    sheet = openpyxl.load_workbook(ledgers["城东区"].path)["问题台账"]
    rows = [
        {key: "" if cell.value is None else cell.value for key, cell in zip(_KEYS, row, strict=True)}
        for row in sheet.iter_rows(min_row=_HEADER + 1)
    ]
    assert rows == read_problems(ledgers["城东区"].path)


def test_row_key_vouches_for_its_own_cells_and_numbers_are_the_same_in_both_ledgers(
    ledgers: dict[str | None, Ledger],
) -> None:
    city = {row["row_key"]: row["problem_no"] for row in read_problems(ledgers[None].path)}
    assert len(set(city.values())) == len(city) == 21
    for row in read_problems(ledgers["城东区"].path):
        finding_id, content = split_row_key(str(row["row_key"])) or ("", "")
        assert finding_id in set(some_findings()["finding_id"])
        assert content == content_hash(row)
        assert content != content_hash({**row, "message": "另一行的描述"})
        assert city[row["row_key"]] == row["problem_no"]
        assert is_problem_number(str(row["problem_no"]))
        assert str(row["problem_no"]).startswith("城东-G")


def test_nothing_of_another_district_is_anywhere_in_the_package(ledgers: dict[str | None, Ledger]) -> None:
    for own in ("城东区", "河西区", "岭南县", NO_DISTRICT):
        text = package_text(ledgers[own].path)
        for permit_no, unit_name, district, *_ in UNITS:
            if district == own or (own == NO_DISTRICT and district is None):
                continue
            for foreign in (permit_no, unit_name, district):
                assert not foreign or foreign not in text, f"{own}: {foreign}"
        assert own in text
        ids = set(some_findings().filter(pl.col("district").fill_null(NO_DISTRICT) != own)["finding_id"])
        assert not [key for key in ids if key in text]


def test_district_counts_come_from_its_own_rows(ledgers: dict[str | None, Ledger]) -> None:
    sheet = CalamineWorkbook.from_path(str(ledgers["河西区"].path)).get_sheet_by_name("汇总").to_python()
    rows = {str(row[0]): row[1:6] for row in sheet}
    assert rows["合计"] == [2.0, 2.0, 2.0, 6.0, 1.0]
    assert "受检单位 2 家，有问题的 1 家（占受检 2 家的 50.0%）；问题 6 条。" in sheet_texts(
        ledgers["河西区"].path, "汇总"
    )
    # 40, 38 ... are what the rules judged in the whole city
    assert "判定数" not in sheet_texts(ledgers["河西区"].path, "汇总")


def test_city_summary_gives_judged_violations_undecided_and_names_mass_findings(
    ledgers: dict[str | None, Ledger],
) -> None:
    sheet = CalamineWorkbook.from_path(str(ledgers[None].path)).get_sheet_by_name("汇总").to_python()
    rules = {str(row[1]): row for row in sheet if re.fullmatch(r"G-\d+", str(row[1]))}
    assert rules["G-112"][4:8] == [40.0, 6.0, 1.0, 0.15]
    assert set(rules) == {"G-045", "G-112", "G-201", "G-170"}, "rules that did not run are told in 说明"
    assert "G-045 主要排放口未填写排气筒高度：判定 40 项，问题 8 项，占 20.0%" in sheet_texts(
        ledgers[None].path, "汇总"
    )
    with zipfile.ZipFile(ledgers[None].path) as package:
        assert "xl/charts/chart1.xml" in package.namelist()
    districts = {str(row[0]): row[1:4] for row in sheet}
    assert districts["岭南县"] == [1.0, 0.0, 0.0]
    assert districts["城东区"] == [2.0, 2.0, 1.0]


def test_explanation_says_what_it_rests_on(ledgers: dict[str | None, Ledger]) -> None:
    texts = sheet_texts(ledgers[None].path, "说明")
    for text in (
        "20261122-0001",
        "2026-11-22",
        "2026.11-3f9a2c",
        "ab" * 32,
        "5363.0",
        "6 家",
        "未运行",
        "出错",
        "除数为零",
    ):
        assert text in texts, text
    assert "河西区的批次行数比上季度少 30%，经市局确认后接受。" in texts
    own = sheet_texts(ledgers["城东区"].path, "说明")
    assert "（其他区县）固体废物.csv" in own
    assert "没有载入执行报告（（其他区县）、城东区均未报送）" in own


def test_facts_survive_in_title_and_properties(ledgers: dict[str | None, Ledger]) -> None:
    ledger = ledgers["城东区"]
    book = openpyxl.load_workbook(ledger.path)
    custom = {prop.name: prop.value for prop in book.custom_doc_props.props}
    assert custom["台账编号"] == ledger.number == book.properties.keywords
    assert custom["内容指纹"] == ledger.fingerprint
    assert custom["运行编号"] == "20261122-0001"
    assert book["问题台账"]["A1"].value == "城东区排污许可证质量问题台账（2026年第三季度）"
    line = str(book["问题台账"]["A2"].value)
    assert ledger.number in line
    assert ledger.fingerprint in line


def test_problem_sheet_is_ready_to_be_filled_in_and_printed(ledgers: dict[str | None, Ledger]) -> None:
    sheet = openpyxl.load_workbook(ledgers["城东区"].path)["问题台账"]
    last = _HEADER + 12
    letters = {key: openpyxl.utils.get_column_letter(at) for at, key in enumerate(_KEYS, start=1)}
    assert sheet.freeze_panes == "E5"
    assert sheet.auto_filter.ref == f"A{_HEADER}:{letters['row_key']}{last}"
    assert sheet.column_dimensions[letters["row_key"]].hidden
    assert not sheet.column_dimensions[letters["source_file"]].hidden
    assert sheet.print_area == f"'问题台账'!$A$1:${openpyxl.utils.get_column_letter(PRINTED)}${last}"
    assert sheet.print_title_rows == f"${_HEADER}:${_HEADER}"
    page = sheet.page_setup
    assert (page.orientation, int(page.paperSize), page.fitToWidth or 1, page.fitToHeight) == ("landscape", 9, 1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert "&P" in sheet.oddFooter.center.text
    heights = [sheet.row_dimensions[row].height for row in range(_HEADER + 1, last + 1)]
    assert all(height and height > 30 for height in heights)
    guard = sheet.protection
    assert guard.sheet
    assert not guard.password
    # openpyxl says True for what protection forbids
    assert (guard.sort, guard.autoFilter, guard.formatColumns, guard.insertRows) == (False, False, False, True)
    for row in range(_HEADER + 1, last + 1):
        for column in LEDGER_COLUMNS:
            is_open = not sheet[f"{letters[column.key]}{row}"].protection.locked
            assert is_open == (column.filled_by is FilledBy.DISTRICT), column.key


def test_drop_downs_and_date_checks(ledgers: dict[str | None, Ledger]) -> None:
    sheet = openpyxl.load_workbook(ledgers["城东区"].path)["问题台账"]
    letters = {openpyxl.utils.get_column_letter(at): column for at, column in enumerate(LEDGER_COLUMNS, start=1)}
    found = {}
    for check in sheet.data_validations.dataValidation:
        first, last = str(check.sqref).split(":")
        column = letters[first.rstrip("0123456789")]
        assert (first[-1], last[-2:]) == ("5", "16")
        found[column.key] = check.type
        if column.options:
            assert check.formula1 == f'"{",".join(column.options)}"'
            assert len(check.formula1) <= 257
    assert found == {"verdict": "list", "status": "list", "deadline": "date", "completed_on": "date"}
    assert not [option for column in LEDGER_COLUMNS for option in column.options if "," in option]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        '=HYPERLINK("http://x")',
        "{=1+1}",
        "+1",
        "-1",
        "@a",
        "\t=1",
        "http://a.b",
        "#N/A",
        "<r><t>a</t></r>",
        "000123",
    ],
)
def test_dangerous_texts_stay_texts(tmp_path: Path, text: str) -> None:
    rows = frame([finding(0, 0, message=text, unit_name=text, evidence=text)])
    path = write(tmp_path, rows)["城东区"].path
    (row,) = read_problems(path)
    assert str(row["message"]).rstrip() == text.rstrip()
    sheet = openpyxl.load_workbook(path)["问题台账"]
    cell = sheet.cell(_HEADER + 1, _KEYS.index("message") + 1)
    assert cell.data_type == "s"
    assert cell.hyperlink is None
    assert cell.number_format == "@"
    assert cell.quotePrefix
    package = package_text(path)
    assert "<f>" not in package.replace("<c:f>", "")
    assert "hyperlink" not in package


def test_illegal_and_too_long_texts_are_seen_to_be_changed(tmp_path: Path) -> None:
    rows = frame([finding(0, 0, message="坏\x00字\x0b符\ufffe", evidence="长" * 40_000, advice="𠮷" * 20_000)])
    (row,) = read_problems(write(tmp_path, rows)["城东区"].path)
    assert row["message"] == "坏\ufffd字\ufffd符\ufffd"
    for key, original in (("evidence", 40_000), ("advice", 40_000)):
        text = str(row[key])
        assert len(text.encode("utf-16-le")) // 2 <= 32_767
        assert text.endswith(f"…（内容过长，已截断，原有 {original} 个字符）")


def test_same_inputs_give_the_same_bytes_whatever_the_order(tmp_path: Path) -> None:
    first = write(tmp_path / "a")
    second = write(tmp_path / "b", some_findings().sample(fraction=1, shuffle=True, seed=3))
    for name, ledger in first.items():
        assert ledger.path.read_bytes() == second[name].path.read_bytes(), name
    other = write(tmp_path / "c", some_findings().head(5))
    assert other["城东区"].fingerprint != first["城东区"].fingerprint


def test_no_findings_give_ledgers_that_say_so_with_denominators(tmp_path: Path) -> None:
    ledgers = write(tmp_path, frame([]))
    assert {ledger.findings for ledger in ledgers.values()} == {0}
    assert NO_DISTRICT not in ledgers
    texts = sheet_texts(ledgers[None].path, "问题台账")
    assert "本次审核没有发现问题（受检单位 6 家，有问题的 0 家）。" in texts
    assert "0 家（占受检 6 家的 0.0%）" in sheet_texts(ledgers[None].path, "说明")
    assert "0 家（占受检 1 家的 0.0%）" in sheet_texts(ledgers["岭南县"].path, "说明")


def test_a_filled_in_ledger_is_not_lost_when_it_is_written_again(tmp_path: Path) -> None:
    path = write(tmp_path)["城东区"].path
    book = openpyxl.load_workbook(path)
    book["问题台账"].cell(_HEADER + 1, _KEYS.index("measures") + 1).value = "已补填"
    book.save(path)
    write(tmp_path)
    write(tmp_path)
    kept = [other for other in tmp_path.iterdir() if "原文件" in other.name]
    assert len(kept) == 1
    assert read_problems(kept[0])[0]["measures"] == "已补填"
    assert read_problems(path)[0]["measures"] == ""


def test_districts_with_awkward_names_get_their_own_files(tmp_path: Path) -> None:
    names = ["东/区", "东:区", "CON", "东区 ", "=1+1", "东区"]
    rows = frame([finding(0, 0, number, district=name) for number, name in enumerate(names)])
    ledgers = write(tmp_path, rows)
    paths = {ledger.path.name.casefold() for ledger in ledgers.values()}
    assert len(paths) == len(ledgers) == 9  # the city, three audited districts, five others
    assert not [name for name in paths if re.search(r'[<>:"/\\|?*]', name)]


def test_one_name_inside_another_is_not_torn(tmp_path: Path) -> None:
    rows = frame(
        [
            finding(0, 0, 0, district="新城东区", source_file="新城东区和城东区.xlsx"),
            finding(1, 0, 1, district="城东区", source_file="新城东区和城东区.xlsx"),
        ]
    )
    ledgers = write(tmp_path, rows)
    assert read_problems(ledgers["新城东区"].path)[0]["source_file"] == "新城东区和（其他区县）.xlsx"
    assert read_problems(ledgers["城东区"].path)[0]["source_file"] == "（其他区县）和城东区.xlsx"


def test_more_rows_than_a_sheet_holds_are_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports.ledger, "ROW_LIMIT", 5)
    path = write(tmp_path)["城东区"].path
    book = CalamineWorkbook.from_path(str(path))
    assert book.sheet_names == ["说明", "汇总", "问题台账", "问题台账2", "问题台账3", "按企业清单"]
    sequences: list[object] = []
    for name in ("问题台账", "问题台账2", "问题台账3"):
        sequences += [row[0] for row in book.get_sheet_by_name(name).to_python(skip_empty_area=False)[_HEADER:]]
    assert sequences == [float(number) for number in range(1, 13)]


def test_many_findings_are_written_with_flat_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports.ledger, "_LARGE", 500)
    number = 3_000
    base = frame([finding(0, 0)])
    rows = pl.concat([base] * number).with_columns(
        finding_id=pl.int_range(number).cast(pl.String).str.zfill(16),
        record=pl.format("排放口编号=DA{}", pl.int_range(number)),
        district=pl.when(pl.int_range(number) < 50).then(pl.lit("河西区")).otherwise(pl.lit("城东区")),
    )
    ledgers = write(tmp_path, rows)
    written = read_problems(ledgers["城东区"].path)
    assert {row["record"] for row in written} == set(rows["record"][50:])
    assert {row["message"] for row in written} == {finding(0, 0)["message"]}
    assert "河西区" not in package_text(ledgers["城东区"].path)
    assert [path for path in tmp_path.iterdir() if path.suffix != ".xlsx"] == []
    again = write(tmp_path / "again", rows)
    assert again["城东区"].path.read_bytes() == ledgers["城东区"].path.read_bytes()


def test_progress_and_missing_columns(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_ledgers(some_findings(), run_facts(), tmp_path, progress=lambda done, all_, _: told.append((done, all_)))
    assert told == [(number, 5) for number in range(1, 6)]
    with pytest.raises(ValueError, match="title"):
        write_ledgers(some_findings().drop("title"), run_facts(), tmp_path)
    with pytest.raises(ValueError, match="is_mass"):
        run_facts(rules=run_facts().rules.drop("is_mass"))


def test_dates_in_properties_are_the_audit_date(ledgers: dict[str | None, Ledger]) -> None:
    created = openpyxl.load_workbook(ledgers[None].path).properties.created
    assert created.date() == date(2026, 11, 22)


def test_libreoffice_prints_it(ledgers: dict[str | None, Ledger], tmp_path: Path) -> None:
    office, reader = shutil.which("soffice"), shutil.which("pdftotext")
    if not office or not reader:
        pytest.skip("needs LibreOffice (soffice) and poppler (pdftotext)")
    command = [office, f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to", "pdf"]
    subprocess.run([*command, "--outdir", tmp_path, ledgers["城东区"].path], check=True, capture_output=True)
    (pdf,) = tmp_path.glob("*.pdf")
    text = subprocess.run([reader, "-raw", pdf, "-"], check=True, capture_output=True).stdout.decode()
    pages = text.count("\f")
    assert 4 <= pages <= 12, "more pages mean that columns went to pages of their own"
    text = re.sub(r"\s", "", text)
    first = read_problems(ledgers["城东区"].path)[0]
    for key in ("problem_no", "permit_no", "message", "advice", "evidence"):
        assert re.sub(r"\s", "", str(first[key])) in text, key
    assert "行键" not in text
    assert "###" not in text
