"""How the whole audit grows: made-up cities of several sizes, memory limits, 500 rules, one process each.

``python -m tests.bench.scale [--permits N …] [--memory GiB …] [--city N]`` writes ``scale.json`` and
``scale.md`` into BENCH_DIR. Cities are made and loaded once. They are made without faults, so afterwards one
cell in a hundred is emptied in the warehouse, and the audit finds something to keep.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from datetime import date
from pathlib import Path
from typing import Any

from tests.bench.common import AS_OF
from tests.bench.measure import OURS, ROOT, Measured, machine, run
from tests.bench.run import FOLDER


def workspace(permits: int, rules: int) -> Path:
    """A workspace with a city of so many permits loaded, and a catalogue of at least so many rules."""
    folder = FOLDER / f"city-{permits}"
    place = folder / "workspace"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        maker = ROOT / "data" / "sample" / "make_sample.py"
        sizes = ["--permits", str(permits), "--format", "parquet"]
        run([OURS, str(maker), *sizes, "--out", str(folder / "exports")])
        loaded = run([*_audit(place), "load", str(folder / "exports")])
        run([OURS, "-c", f"from tests.bench import scale; scale.spoil({str(place)!r})"])
        shutil.rmtree(folder / "exports")
        (folder / "load.json").write_text(json.dumps(_figures(loaded)), encoding="utf-8")
        (folder / "done").touch()
    run([OURS, "-c", f"from tests.bench import scale; scale.copy_rules({str(place)!r}, {rules})"])
    return place


def _audit(place: Path) -> list[str]:
    return [OURS, "-m", "tests.bench.command", "--workspace", str(place)]


def spoil(place: str) -> None:
    """Empty one cell in a hundred of everything but what says whose row it is."""
    import duckdb

    from checks.tables import TABLES
    from loaders.warehouse import STORED_TABLES

    with duckdb.connect(str(Path(place) / "warehouse.duckdb")) as connection:
        for name in STORED_TABLES:
            kept = {"permit_no", "unit_name", *TABLES[name].key}
            cells = ", ".join(
                f"CASE WHEN hash(rid, {number}) % 100 > 0 THEN {column} END AS {column}"
                for number, column in enumerate(TABLES[name].columns)
                if column not in kept
            )
            if cells:
                connection.execute(
                    f"CREATE OR REPLACE TABLE data.{name} AS SELECT * REPLACE ({cells}) FROM data.{name}"
                )


def copy_rules(place: str, wanted: int) -> None:
    """Write the built-in rules once more under other ids into the workspace, until there are so many."""
    import yaml

    from checks.catalogue import RULES, rule_files
    from checks.catalogue_files import read_yaml

    entries = [entry for file in rule_files([RULES]) for entry in read_yaml(file) if isinstance(entry, dict)]
    copies: list[Any] = []
    while len(entries) + len(copies) < wanted:
        serial = len(copies) // len(entries) + 1
        entry = entries[len(copies) % len(entries)]
        copies.append({**entry, "id": f"COPY{'ABCDEFGH'[serial - 1]}-{entry['id']}"})
    file = Path(place) / "rules" / "copies.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    dumper.ignore_aliases = lambda *_: True
    file.write_text(yaml.dump(copies, Dumper=dumper, allow_unicode=True, sort_keys=False), encoding="utf-8")


def audit(place: Path, memory: float, *, ledgers: bool = False) -> dict[str, Any]:
    """One audit as the command does it, on a copy of the workspace's warehouse."""
    setting = f'memory_limit = "{int(memory * 1024)}MiB"\n' if memory else ""
    (place / "config.toml").write_text(setting, encoding="utf-8")
    warehouse, untouched = place / "warehouse.duckdb", place.parent / "warehouse.duckdb"
    if untouched.exists():
        shutil.copy(untouched, warehouse)
    else:
        shutil.copy(warehouse, untouched)
    extra = [] if ledgers else ["--no-ledgers"]
    one = run([*_audit(place), "run", "--as-of", AS_OF.isoformat(), "--json", *extra])
    answer = json.loads(one.out)
    return {**_figures(one), "memory_limit_gib": memory, "ledgers": ledgers, "answer": _short(answer)}


def _short(answer: dict[str, Any]) -> dict[str, Any]:
    """The numbers of an answer, without its lists."""
    return {name: value for name, value in answer.items() if isinstance(value, int | float | str)}


def _figures(one: Measured) -> dict[str, float]:
    return {"wall": round(one.wall, 2), "cpu": round(one.cpu, 2), "peak_mb": round(one.peak_mb)}


def measure(sizes: list[int], limits: list[float], rules: int, city: int) -> dict[str, Any]:
    """Every size under the default limit, the largest under each limit, and the city with its ledgers."""
    result: dict[str, Any] = {"date": date.today().isoformat(), "machine": machine(), "rules": rules, "audits": []}

    def note(permits: int, memory: float, ledgers: bool = False) -> None:
        place = workspace(permits, rules)
        found = {"permits": permits, **audit(place, memory, ledgers=ledgers)}
        result["audits"].append(found)
        sys.stderr.write(f"{found}\n")

    if city:
        note(city, 0)  # reads and keeps the catalogue
        note(city, 0)
        note(city, 0, ledgers=True)
    for permits in sizes:
        note(permits, 0)
    for memory in limits:
        note(max(sizes), memory)
    return result


def markdown(result: dict[str, Any]) -> str:
    """The result as a table."""
    lines = [
        f"Whole `permit-audit run` processes, {result['rules']} rules, {result['date']}, {result['machine']}.",
        "",
        "| permits | memory limit | ledgers | findings | wall s | CPU s | peak MB |",
        "|--:|---|---|--:|--:|--:|--:|",
    ]
    for one in result["audits"]:
        limit = f"{one['memory_limit_gib']:g} GiB" if one["memory_limit_gib"] else "default"
        case = f"| {one['permits']:,} | {limit} | {'yes' if one['ledgers'] else 'no'}"
        found = one["answer"].get("findings", "")
        lines.append(f"{case} | {found} | {one['wall']:.1f} | {one['cpu']:.1f} | {one['peak_mb']:.0f} |")
    plain = {one["permits"]: one for one in result["audits"] if not one["memory_limit_gib"] and not one["ledgers"]}
    low, high = min(plain), max(plain)
    if low < high:
        growth = (plain[high]["peak_mb"] - plain[low]["peak_mb"]) * 1024 / (high - low)
        seconds = (plain[high]["wall"] - plain[low]["wall"]) * 1000 / (high - low)
        lines += ["", f"From {low:,} to {high:,} permits: {growth:.1f} kB and {seconds:.2f} ms more for each permit."]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--permits", type=int, nargs="+", default=[10_000, 100_000, 381_000])
    parser.add_argument("--memory", type=float, nargs="*", default=[12, 4, 2, 1], help="limits in GiB")
    parser.add_argument("--rules", type=int, default=500)
    parser.add_argument("--city", type=int, default=4_000, help="permits of the city case; 0: none")
    args = parser.parse_args(arguments)
    result = measure(args.permits, args.memory, args.rules, args.city)
    (FOLDER / "scale.json").write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")
    (FOLDER / "scale.md").write_text(markdown(result), encoding="utf-8")
    sys.stdout.write(markdown(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
