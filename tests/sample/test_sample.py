"""The sample generator on a small city: same bytes twice, valid numbers, planted faults that are written down."""

from __future__ import annotations

import csv
import importlib.util
import json
import zipfile
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from checks import catalogue
from checks.contracts import CONTRACT_RULES
from checks.tables import TABLES

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
PERMITS = 60


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_sample", SAMPLE / "make_sample.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def city(maker: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("city")
    assert maker.main(["--permits", str(PERMITS), "--out", str(out)]) == 0
    return out


def _bytes(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _exchange(folder: Path) -> list[dict[str, str]]:
    name = "排污许可证企业信息数据.csv"
    path = folder / name
    if path.exists():
        content = path.read_bytes()
    else:
        with zipfile.ZipFile(folder / "许可证副本附表.zip") as bundle:
            content = bundle.read(name)
    return list(csv.DictReader(content.decode("gb18030").splitlines()))


def test_the_same_seed_gives_the_same_bytes(maker: ModuleType, city: Path, tmp_path: Path) -> None:
    maker.main(["--permits", str(PERMITS), "--out", str(tmp_path)])
    assert _bytes(tmp_path) == _bytes(city)


def test_another_seed_gives_another_city(maker: ModuleType) -> None:
    from generator import build

    first, second = (build.chunk(seed, 0, PERMITS)[0].permits for seed in (1, 2))
    assert first["site_address"].to_list() != second["site_address"].to_list()


def test_every_permit_is_in_one_quarter_and_a_few_in_both(city: Path) -> None:
    second, third = (
        {row["许可证书编号"] for row in _exchange(city / "clean" / quarter)} for quarter in ("2026Q2", "2026Q3")
    )
    assert len(second | third) == PERMITS
    assert 1 <= len(second & third) <= PERMITS // 10
    assert abs(len(second) - len(third)) <= 1


def test_numbers_have_valid_check_digits(city: Path) -> None:
    letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    for row in _exchange(city / "clean" / "2026Q3"):
        code = row["统一社会信用代码"]
        total = sum(letters.index(letter) * pow(3, place, 31) for place, letter in enumerate(code[:17]))
        assert letters[-total % 31] == code[17]
        assert row["许可证书编号"][:18] == code
        assert len(row["许可证书编号"]) == 22


def test_all_forms_of_an_export_are_there(city: Path) -> None:
    second, third = city / "clean" / "2026Q2", city / "clean" / "2026Q3"
    names = {path.suffix for folder in (second, third) for path in folder.iterdir()}
    assert names == {".xlsx", ".xls", ".csv", ".json", ".zip"}
    assert "<table" in (second / "许可信息公开列表.xls").read_text(encoding="utf-8")
    versions = json.loads((second / "许可证版本列表.json").read_text(encoding="utf-8"))
    assert {row["许可证编号"] for row in versions} == {row["许可证书编号"] for row in _exchange(second)}
    with zipfile.ZipFile(third / "许可证副本附表.zip") as bundle:
        heading = bundle.read("废气产排污节点、污染物及污染治理设施信息表.csv").decode("gb18030").splitlines()[0]
    with zipfile.ZipFile(second / "许可证副本附表.zip") as bundle:
        older = bundle.read("废气产排污节点、污染物及污染治理设施信息表.csv").decode("gb18030").splitlines()[0]
    assert "污染防治设施编号" in heading
    assert "污染治理设施编号" in older


def test_what_was_planted_is_written_down(city: Path) -> None:
    expected = pl.read_csv(city / "planted.csv", infer_schema=False)
    assert expected.columns == [
        "period", "permit_no", "unit_name", "table", "record", "rule_id", "field", "old", "new", "note",
    ]  # fmt: skip
    assert len(expected) > PERMITS
    assert expected["permit_no"].null_count() == 0
    permits = {row["许可证书编号"] for row in _exchange(city / "planted" / "2026Q2")}
    mine = expected.filter((pl.col("period") == "2026Q2") & (pl.col("table") != "registrations"))
    assert set(mine["permit_no"]) <= permits
    assert _exchange(city / "planted" / "2026Q2") != _exchange(city / "clean" / "2026Q2")


def test_every_general_rule_can_be_planted(maker: ModuleType) -> None:
    from generator import planting

    planted = {planter.rule for module in planting.modules() for planter in module.planters}
    known = catalogue.load().rules
    assert planted <= {*known, *CONTRACT_RULES}
    general = {name for name, rule in known.items() if "general" in Path(rule.file).parts}
    assert general - planted == set()


def test_parquet_has_canonical_headings(maker: ModuleType, tmp_path: Path) -> None:
    maker.main(["--permits", "200", "--format", "parquet", "--out", str(tmp_path), "--periods", "2026Q3"])
    titles = {table.title: table for table in TABLES.values()}
    files = sorted((tmp_path / "2026Q3").glob("*.parquet"))
    assert len(files) > 30
    for path in files:
        table = titles[path.stem.rpartition("_")[0]]
        headings = {known.heading for known in table.fields}
        assert set(pl.read_parquet_schema(path)) <= headings
    records = pl.read_parquet(tmp_path / "2026Q3" / "排污单位基本信息_0000.parquet")
    assert records["许可证编号"].n_unique() == len(records)


def test_chunks_never_repeat_a_unit(maker: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    from generator import build

    monkeypatch.setattr(build, "CHUNK", 100)
    parts = [export.permits for chunk in build.chunks(7, 300, ("2026Q2",)) for export in chunk]
    permits = pl.concat(parts)
    assert permits["permit_no"].n_unique() == len(permits)
    assert permits["unit_name"].n_unique() == len(permits)
