"""Makes the sample: a made-up city's permits as quarterly exports, clean and with planted faults.

python data/sample/make_sample.py
python data/sample/make_sample.py --permits 100000 --format parquet --out DIR
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parents[1]))

from generator import build, city, exports  # noqa: E402

SEED = 20261031
PERMITS = 1700


def main(arguments: list[str] | None = None) -> int:
    """Make the sample as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--permits", type=int, default=PERMITS, help="permits in all (default %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--format", choices=("forms", "parquet"), default="forms")
    parser.add_argument("--out", type=Path, default=HERE, help="folder (default: beside this file)")
    parser.add_argument("--periods", nargs="+", choices=city.PERIODS, default=list(city.PERIODS))
    args = parser.parse_args(arguments)
    periods = tuple(args.periods)
    if args.format == "parquet":
        rows = build.write_city(args.seed, args.permits, args.out, periods)
        sys.stdout.write(f"{args.permits} permits, {rows} rows in {args.out}\n")
        return 0
    if args.permits > build.CHUNK:
        parser.error(f"more than {build.CHUNK} permits are written as parquet only")
    clean = build.chunk(args.seed, 0, args.permits, periods)
    planted, expected = build.plant(args.seed, clean)
    for kind, parts in (("clean", clean), ("planted", planted)):
        for export in parts:
            exports.write_forms(export.tables, export.period, args.out / kind / export.period)
    expected.write_csv(args.out / "planted.csv")
    sys.stdout.write(f"{args.permits} permits, {len(expected)} findings planted, in {args.out}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
