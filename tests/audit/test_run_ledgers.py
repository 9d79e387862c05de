"""Ledgers of a run over the sample: a district's workbook knows nothing of the other districts."""

from __future__ import annotations

import html
import zipfile
from pathlib import Path

import openpyxl
import pytest

from audit import history
from audit.history import count_by_district
from audit.ledgers import write_run_ledgers
from audit.load import load_exports, warehouse_of
from audit.run import RunOptions, run_audit
from audit.workspace import Workspace
from reports.ledger import Ledger
from tests.golden import AS_OF, SAMPLE


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("ledgers") / "w")
    load_exports(workspace, [SAMPLE / "planted" / "2026Q3"])
    run_audit(workspace, RunOptions(AS_OF))
    return workspace


@pytest.fixture(scope="module")
def ledgers(workspace: Workspace) -> list[Ledger]:
    return write_run_ledgers(workspace)


def whole_text(path: Path) -> str:
    """Everything that stands anywhere in the package: strings, properties, names, chart caches."""
    with zipfile.ZipFile(path) as package:
        return html.unescape("\n".join(package.read(name).decode("utf-8") for name in package.namelist()))


def test_one_ledger_per_district_and_one_for_the_city(workspace: Workspace, ledgers: list[Ledger]) -> None:
    by_district = {ledger.district: ledger.findings for ledger in ledgers}
    assert len(by_district) == 5
    city = by_district.pop(None)
    assert city == sum(by_district.values()) > 0
    rows = {str(row[0]): row for row in counts(workspace)}
    assert {name: row[6] for name, row in rows.items()} == {"全市": city, **by_district}


def counts(workspace: Workspace) -> list[list[object]]:
    with warehouse_of(workspace).reader() as connection:
        return count_by_district(connection, history.latest_run(connection))


def run_id(workspace: Workspace) -> str:
    with warehouse_of(workspace).reader() as connection:
        return history.latest_run(connection)


def test_no_other_district_anywhere_in_the_package(workspace: Workspace, ledgers: list[Ledger]) -> None:
    with warehouse_of(workspace).reader() as connection:
        subjects = history.read_subjects(connection, run_id(workspace))
    for ledger in ledgers:
        if ledger.district is None:
            continue
        others = subjects.filter(subjects["district"] != ledger.district)
        own = subjects.filter(subjects["district"] == ledger.district)
        text = whole_text(ledger.path)
        assert own["permit_no"][0] is not None
        for column in ("district", "permit_no", "unit_name"):
            leaked = [name for name in others[column].unique().to_list() if name and name in text]
            assert leaked == [], (ledger.district, column)


def test_every_finding_is_a_row_that_says_where_and_why(workspace: Workspace, ledgers: list[Ledger]) -> None:
    with warehouse_of(workspace).reader() as connection:
        found = history.read_findings(connection, run_id(workspace))
    city = next(ledger for ledger in ledgers if ledger.district is None)
    sheet = openpyxl.load_workbook(city.path)["问题台账"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    header = next(number for number, row in enumerate(rows) if "问题编号" in row)
    columns = {name: position for position, name in enumerate(rows[header]) if name}
    body = [row for row in rows[header + 1 :] if row[columns["问题编号"]]]
    assert len(body) == found.height
    assert sorted(row[columns["问题描述"]] for row in body) == sorted(found["message"].to_list())
    for name in ("许可证编号", "单位名称", "区县", "模块", "问题类别", "依据", "整改建议", "严重程度"):
        assert all(row[columns[name]] for row in body), name
    assert len({row[columns["问题编号"]] for row in body}) == found.height
