"""Which rows speak for a permit when batches follow one another, and what counts as covered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from checks.tables import TABLES
from loaders.current import batches_until, build_current, refresh_current, state_of
from loaders.warehouse import Warehouse, create_tables, next_id

DETAIL = ("products", "air_outlets", "ledger_requirements")


class Filler:
    """Writes rows of batches as a load would."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def batch(
        self,
        period: str,
        *parts: tuple[str, list[dict[str, Any]]],
        layout: str = "",
        columns: str = "",
        folder: str = "导出",
    ) -> int:
        batch_id = next_id(self.connection, "batches", "batch_id")
        self.connection.execute("INSERT INTO batches VALUES (?, now(), ?, NULL)", [batch_id, period])
        for table, rows in parts:
            source_id = next_id(self.connection, "sources", "source_id")
            provided = sorted(columns.split() or {name for row in rows for name in row})
            self.connection.execute(
                "INSERT INTO sources VALUES (?, 1, ?, ?, ?, ?, 'a.xlsx', 'Sheet1', ?, ?)",
                [source_id, batch_id, table, layout or table, folder, len(rows), provided],
            )
            for number, row in enumerate(rows):
                subject = row.get("permit_no") or row.get("credit_code") or row.get("unit_name")
                system = {
                    "rid": max(next_id(self.connection, f"data.{name}", "rid") for name in TABLES if name != "permits"),
                    "batch_id": batch_id,
                    "source_id": source_id,
                    "source_row": number + 3,
                    "subject": subject,
                }
                values = system | row
                self.connection.execute(
                    f"INSERT INTO data.{table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
                    list(values.values()),
                )
                self.connection.execute(
                    "INSERT INTO presence VALUES (?, ?, ?, ?, ?, ?)",
                    [batch_id, source_id, table, layout or table, folder, subject],
                )
        return batch_id

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()


@pytest.fixture
def filler(tmp_path: Path) -> Iterator[Filler]:
    connection = duckdb.connect(str(tmp_path / "w.duckdb"))
    create_tables(connection)
    connection.execute("CREATE TEMP MACRO id_of(text) AS (SELECT subject_id FROM subject_keys WHERE subject = text)")
    yield Filler(connection)
    connection.close()


def whole(permit: str, *outlets: str) -> list[tuple[str, list[dict[str, Any]]]]:
    return [
        ("products", [{"permit_no": permit, "product_name": "蒸汽"}]),
        ("air_outlets", [{"permit_no": permit, "outlet_code": code} for code in outlets]),
        ("ledger_requirements", [{"permit_no": permit, "category": "基本信息"}]),
    ]


def test_newer_batch_replaces_the_permit_and_only_that_permit(filler: Filler) -> None:
    filler.batch("2026Q2", *whole("P1", "DA001", "DA002"), *whole("P2", "DA001"))
    filler.batch("2026Q3", *whole("P1", "DA009"))
    build_current(filler.connection)
    assert filler.rows("SELECT permit_no, outlet_code FROM cur.air_outlets ORDER BY 1, 2") == [
        ("P1", "DA009"),
        ("P2", "DA001"),
    ]


def test_rows_that_a_newer_whole_export_lacks_are_gone(filler: Filler) -> None:
    filler.batch("2026Q2", *whole("P1", "DA001"))
    newer = [part for part in whole("P1", "DA001") if part[0] != "air_outlets"]
    filler.batch("2026Q3", *newer, ("noise_sources", [{"permit_no": "P1"}]), ("air_outlets", []))
    build_current(filler.connection)
    assert filler.rows("SELECT count(*) FROM cur.air_outlets") == [(0,)]
    assert filler.rows("SELECT 1 FROM cur.coverage WHERE subject = id_of('P1') AND table_name = 'air_outlets'") == [
        (1,)
    ]


def test_table_that_a_newer_batch_does_not_hold_stays(filler: Filler) -> None:
    filler.batch("2026Q2", *whole("P1", "DA001"))
    filler.batch("2026Q3", ("ledger_requirements", [{"permit_no": "P1", "category": "新"}]))
    build_current(filler.connection)
    assert filler.rows("SELECT outlet_code FROM cur.air_outlets") == [("DA001",)]
    assert filler.rows("SELECT category FROM cur.ledger_requirements") == [("新",)]


def test_state_at_the_end_of_an_earlier_period(filler: Filler) -> None:
    filler.batch("2026Q2", *whole("P1", "DA001"))
    filler.batch("2026Q3", *whole("P1", "DA009"))
    with state_of(filler.connection, batches_until(filler.connection, "2026Q2")) as schema:
        assert filler.rows(f"SELECT outlet_code FROM {schema}.air_outlets") == [("DA001",)]


def test_permit_only_on_a_list_is_not_covered_by_detail_tables(filler: Filler) -> None:
    filler.batch("2026Q3", ("permit_records", [{"permit_no": "P1"}, {"permit_no": "P9"}]), *whole("P1", "DA001"))
    build_current(filler.connection)
    covered = filler.rows("SELECT table_name FROM cur.coverage WHERE subject = id_of('P9') ORDER BY 1")
    assert covered == [("permit_records",), ("permits",)]


def records(*permits: tuple[str, str]) -> tuple[str, list[dict[str, Any]]]:
    return ("permit_records", [{"permit_no": number, "district": district} for number, district in permits])


def covered(filler: Filler, permit: str, table: str) -> bool:
    return bool(filler.rows(f"SELECT 1 FROM cur.coverage WHERE subject = id_of('{permit}') AND table_name = '{table}'"))


def merged(*exports: list[tuple[str, list[dict[str, Any]]]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """One file per table for several permits."""
    tables: dict[str, list[dict[str, Any]]] = {}
    for export in exports:
        for table, rows in export:
            tables.setdefault(table, []).extend(rows)
    return list(tables.items())


def test_table_that_only_another_district_handed_in_does_not_cover(filler: Filler) -> None:
    disclosure = ("disclosure_requirements", [{"permit_no": "P1", "way": "网站"}])
    both = merged(whole("P1", "DA001"), whole("P2", "DA001"))
    filler.batch("2026Q3", records(("P1", "甲区"), ("P2", "乙区")), *both, disclosure)
    build_current(filler.connection)
    assert covered(filler, "P1", "disclosure_requirements")
    assert not covered(filler, "P2", "disclosure_requirements")


def test_table_of_the_whole_city_covers_a_district_without_rows(filler: Filler) -> None:
    both = merged(whole("P1", "DA001"), whole("P2", "DA001"), whole("P3", "DA001"))
    plan = ("monitoring_plan", [{"permit_no": "P1"}, {"permit_no": "P2"}])
    filler.batch("2026Q3", records(("P1", "甲区"), ("P2", "乙区"), ("P3", "丙区")), *both, plan, ("corrections", []))
    build_current(filler.connection)
    assert covered(filler, "P3", "monitoring_plan")
    assert covered(filler, "P3", "corrections"), "an empty table says of everybody that there is nothing"


def test_one_file_per_permit_says_nothing_of_tables_that_are_not_in_it(filler: Filler) -> None:
    both = merged(whole("P1", "DA001"), whole("P2", "DA001"), whole("P3", "DA001"))
    pages = [("disclosure_requirements", [{"permit_no": permit, "way": "网站"}]) for permit in ("P1", "P2")]
    filler.batch("2026Q3", records(("P1", "甲区"), ("P2", "甲区"), ("P3", "甲区")), *both, *pages)
    build_current(filler.connection)
    assert covered(filler, "P1", "disclosure_requirements")
    assert not covered(filler, "P3", "disclosure_requirements")


def test_folders_of_one_load_do_not_cover_each_other(filler: Filler) -> None:
    filler.batch("2026Q3", *whole("P1", "DA001"), ("noise_sources", []), folder="甲区")
    batch = filler.rows("SELECT max(batch_id) FROM batches")[0][0]
    filler.batch("2026Q3", *whole("P2", "DA001"), folder="乙区")
    for table in ("sources", "presence", *(f"data.{name}" for name, _ in whole("P2"))):
        filler.connection.execute(f"UPDATE {table} SET batch_id = {batch}")
    build_current(filler.connection)
    assert covered(filler, "P1", "noise_sources")
    assert not covered(filler, "P2", "noise_sources")


def test_newer_source_wins_over_a_richer_older_one_and_a_term_comes_from_one_source(filler: Filler) -> None:
    old = {"permit_no": "P1", "valid_from": "2020-08-13", "valid_to": "2025-08-12", "eia_no": "济环审1号"}
    new = {"permit_no": "P1", "valid_from": None, "valid_to": "2030-08-12"}
    filler.batch("2023Q1", ("permit_records", [old]), layout="exchange", columns="permit_no valid_from valid_to eia_no")
    filler.batch("2026Q3", ("permit_records", [new]), layout="public_list", columns="permit_no valid_from valid_to")
    build_current(filler.connection)
    assert filler.rows("SELECT valid_from, valid_to::VARCHAR, eia_no FROM cur.permits") == [
        (None, "2030-08-12", "济环审1号")
    ]


def test_older_table_beside_a_newer_one_is_behind(filler: Filler) -> None:
    filler.batch("2026Q2", *whole("P1", "DA001"), ("air_limits", [{"permit_no": "P1", "outlet_code": "DA001"}]))
    filler.batch("2026Q3", ("air_outlets", [{"permit_no": "P1", "outlet_code": "DA002"}]))
    build_current(filler.connection)
    found = filler.rows("SELECT table_name, judged_table FROM cur.behind WHERE table_name = 'air_limits'")
    assert found == [("air_limits", "air_outlets")]
    assert filler.rows("SELECT 1 FROM cur.behind WHERE table_name = 'air_outlets'") == []


def test_unreadable_cell_is_known_as_such_unless_another_source_tells(filler: Filler) -> None:
    filler.batch("2026Q3", ("permit_records", [{"permit_no": "P1"}]), layout="a")
    filler.batch("2026Q3", ("permit_records", [{"permit_no": "P2"}]), layout="a")
    filler.batch("2026Q3", ("permit_records", [{"permit_no": "P2", "start_date": "2016-06-01"}]), layout="b")
    filler.connection.execute(
        "INSERT INTO contract_failures BY NAME SELECT batch_id, source_id, rid, 'permit_records' AS table_name,"
        " 'C-002' AS rule_id, 'start_date' AS field, '2016年6月' AS text"
        " FROM data.permit_records WHERE start_date IS NULL"
    )
    build_current(filler.connection)
    assert filler.rows(
        "SELECT k.subject, column_name FROM cur.unreadable u JOIN subject_keys k ON k.subject_id = u.subject "
        "WHERE table_name = 'permits'"
    ) == [("P1", "start_date")]


def test_permits_merge_sources_and_name_the_richest(filler: Filler) -> None:
    filler.batch(
        "2026Q3",
        ("permit_records", [{"permit_no": "P1", "unit_name": "甲(厂)", "management_class": "重点管理"}]),
        layout="public_list",
        columns="permit_no unit_name management_class",
    )
    filler.batch(
        "2026Q3",
        (
            "permit_records",
            [{"permit_no": "P1", "unit_name": "甲（厂）", "site_address": "山东省济南市历城区兴港路1号"}],
        ),
        layout="basic_form",
        columns="permit_no unit_name site_address eia_no credit_code",
    )
    build_current(filler.connection)
    assert filler.rows("SELECT unit_name, management_class, source_id < 0 FROM cur.permits") == [
        ("甲（厂）", "重点管理", True)
    ]
    provided = filler.rows("SELECT s.columns FROM cur.permits p JOIN cur.sources s USING (source_id)")[0][0]
    assert set(provided) == {"permit_no", "unit_name", "management_class", "site_address", "eia_no", "credit_code"}
    assert filler.rows("SELECT district, management_class FROM cur.subjects") == [("历城区", "重点管理")]


def test_newer_list_replaces_the_older_list_of_its_kind_only(filler: Filler) -> None:
    filler.batch(
        "2026Q2", ("permit_records", [{"permit_no": "P1", "management_class": "简化管理"}]), layout="public_list"
    )
    filler.batch("2026Q2", ("permit_records", [{"permit_no": "P1", "eia_no": "济环审1号"}]), layout="basic_form")
    filler.batch(
        "2026Q3", ("permit_records", [{"permit_no": "P1", "management_class": "重点管理"}]), layout="public_list"
    )
    build_current(filler.connection)
    assert filler.rows("SELECT management_class, eia_no FROM cur.permits") == [("重点管理", "济环审1号")]


def test_area_list_covers_everybody_and_is_replaced_whole(filler: Filler) -> None:
    filler.batch("2026Q2", *whole("P1", "DA001"), ("key_polluters", [{"unit_name": "甲"}, {"unit_name": "乙"}]))
    filler.batch("2026Q3", ("key_polluters", [{"unit_name": "乙"}]))
    build_current(filler.connection)
    assert filler.rows("SELECT unit_name FROM cur.key_polluters") == [("乙",)]
    assert filler.rows("SELECT 1 FROM cur.coverage WHERE subject = id_of('P1') AND table_name = 'key_polluters'") == [
        (1,)
    ]


def test_every_table_has_a_relation_even_when_nothing_was_loaded(filler: Filler) -> None:
    build_current(filler.connection)
    for name in TABLES:
        assert filler.rows(f"SELECT count(*) FROM cur.{name}") == [(0,)]


@pytest.mark.parametrize(
    ("address", "district"),
    [
        ("山东省济南市历城区兴港路113号", "历城区"),
        ("上海市徐汇区田林路222号", "徐汇区"),
        ("济南市平阴县榆山街1号", "平阴县"),
        ("山东省济南市莱芜高新区", "莱芜高新区"),
        ("民益路38号", None),
    ],
)
def test_district_from_the_address(filler: Filler, address: str, district: str | None) -> None:
    filler.batch("2026Q3", ("permit_records", [{"permit_no": "P1", "site_address": address}]))
    build_current(filler.connection)
    assert filler.rows("SELECT district FROM cur.subjects") == [(district,)]


def test_warehouse_gains_columns_of_a_newer_version(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "w.duckdb")
    with warehouse.writer("test") as connection:
        connection.execute("ALTER TABLE data.products DROP COLUMN capacity")
    with warehouse.writer("test") as connection:
        assert connection.execute("SELECT capacity FROM data.products").fetchall() == []


def _content(filler: Filler, schema: str = "cur") -> dict[str, list[tuple[Any, ...]]]:
    names = filler.rows(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = '" + schema + "' ORDER BY 1"
    )
    return {name: filler.rows(f"SELECT * FROM {schema}.{name} ORDER BY ALL") for (name,) in names if name != "built"}


def test_a_renewed_state_equals_one_made_anew(filler: Filler) -> None:
    many = [f"P{number}" for number in range(1, 9)]
    filler.batch("2026Q2", *merged(*(whole(permit, "DA001") for permit in many)), records(*((p, "东区") for p in many)))
    assert refresh_current(filler.connection)
    assert not refresh_current(filler.connection)
    filler.batch("2026Q3", *whole("P3", "DA008", "DA009"), records(("P3", "西区")))
    filler.batch("2026Q3", ("key_polluters", [{"unit_name": "厂"}]))
    assert refresh_current(filler.connection)
    renewed = _content(filler)
    assert len(renewed["air_outlets"]) == 9
    filler.connection.execute("DROP SCHEMA cur CASCADE")
    refresh_current(filler.connection)
    assert _content(filler) == renewed


def test_an_earlier_state_stands_beside_the_newest_and_is_gone_afterwards(filler: Filler) -> None:
    filler.batch("2026Q2", *whole("P1", "DA001"))
    filler.batch("2026Q3", *whole("P1", "DA009"))
    with state_of(filler.connection) as newest, state_of(filler.connection, [1]) as earlier:
        assert filler.rows(f"SELECT outlet_code FROM {newest}.air_outlets") == [("DA009",)]
        assert filler.rows(f"SELECT outlet_code FROM {earlier}.air_outlets") == [("DA001",)]
    assert filler.rows("SELECT count(*) FROM information_schema.schemata WHERE schema_name = 'past'") == [(0,)]
    with state_of(filler.connection, batches_until(filler.connection, "2026Q3")) as schema:
        assert schema == "cur"
