"""Sows faults over a whole city: how many, where, clustered how, and the list of what must be found.

Rates are the shares of permits that have a fault of a module (problem statistics, a prior and no
statistic); permits of one agency tend to have the same faults, and about one in ten has none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from generator import templates
from generator.book import Book
from generator.expected import COLUMNS, expected_findings
from generator.planting import Context, Facts, Module, Plant, Planter, modules
from generator.variant import Row, Variant

SPOTLESS = 0.13  # permits without any fault
PERSISTING = 0.6  # of the faults of a permit that stands in both exports
AT_LEAST = 2  # plants of every planter that finds a place
FAVOURITE = 4.0  # how much likelier an agency makes its favourite faults


@dataclass
class _Field:
    """One export while it is sown."""

    period: str
    number: int
    book: Book
    facts: dict[int, Facts]
    locks: dict[int, set[str]] = field(default_factory=dict)
    plants: list[tuple[int, Planter, Plant]] = field(default_factory=list)


def _facts(permits: pl.DataFrame, number: int) -> dict[int, Facts]:
    """What planters may ask about a permit, by its number."""
    air = [sum(1 for row in v.rows.get("air_outlets", ()) if _is_main(v, row)) for v in templates.variants()]
    started = pl.max_horizontal("decision_date", "valid_from")
    frame = permits.select(
        "pid", "period", "business_type", "management_class", "has_quota", "_key", "_soil", "_rank", "_agency",
        "variant",
        pl.col("valid_from", "issue_date", "decision_date").dt.to_string("%Y-%m-%d"),
        (started.dt.offset_by("1mo") < pl.date(2026, 6, 30)).alias("_q2_due"),
    )  # fmt: skip
    return {
        row["pid"]: {**row, "_period": row["period"], "_main_air": air[row["variant"]],
        "_voc": _has_voc(row["variant"]),
                     "_book": number}
        for row in frame.to_dicts()
    }  # fmt: skip


def _is_main(variant: Variant, row: Row) -> bool:
    return any(
        limit["outlet_code"] == row["outlet_code"] and limit["outlet_class"] == "主要排放口"
        for limit in variant.rows["air_limits"]
    )


def _has_voc(variant: int) -> int:
    links = templates.variants()[variant].rows.get("air_links", ())
    return int(any(row["pollutant"] in ("非甲烷总烃", "挥发性有机物") for row in links))


#: A rule of an industry is for permits of that industry: no other fault may move the permit elsewhere.
_MOVED, _BOUND = "(moved)", "(bound)"


def _marks(planter: Planter) -> set[str]:
    if planter.rule.startswith("I-"):
        return {_BOUND}
    return {_MOVED} if "industry" in planter.locks else set()


def _excluded(planter: Planter) -> set[str]:
    if planter.rule.startswith("I-"):
        return {_MOVED}
    return {_BOUND} if "industry" in planter.locks else set()


class Sower:
    """Plants faults into the exports of one city."""

    def __init__(self, seed: int, exports: list[tuple[str, pl.DataFrame, dict[str, pl.DataFrame]]]) -> None:
        self.seed = seed
        self.fields = [
            _Field(period, number, Book(tables), _facts(permits, number))
            for number, (period, permits, tables) in enumerate(exports)
        ]
        self._books = [item.book for item in self.fields]

    def sow(self) -> tuple[list[dict[str, pl.DataFrame]], pl.DataFrame]:
        """The planted tables of every export, and everything that must be found in them."""
        for item in self.fields:
            self._each_kind_somewhere(item)
        for item in self.fields:
            self._at_the_rates(item)
        closed = [item.book.close() for item in self.fields]
        rows = [
            expected_findings(item.period, item.book, tables, item.plants)
            for item, tables in zip(self.fields, closed, strict=True)
        ]
        return closed, pl.concat(rows).sort(COLUMNS, nulls_last=True)

    def _try(self, item: _Field, pid: int, planter: Planter, rng: np.random.Generator) -> bool:
        locked = item.locks.setdefault(pid, set())
        if locked & set(planter.locks) or locked & _excluded(planter):
            return False
        facts = item.facts.get(pid, {})

        def peers(lock: str, count: int) -> list[int]:
            free = [p for p, f in item.facts.items() if p != pid and f["period"] != 2 and f["_rank"] >= SPOTLESS
                    and lock not in item.locks.setdefault(p, set())]  # fmt: skip
            if len(free) < count:
                return []
            chosen = [free[int(index)] for index in rng.choice(len(free), count, replace=False)]
            for other in chosen:
                item.locks[other].add(lock)
            return chosen

        locked |= set(planter.locks)  # so that a peer is never the permit itself
        plant = planter.plant(Context(self._books, item.number, pid, facts, rng, peers))
        if plant is None:
            locked -= set(planter.locks)
            return False
        item.plants.append((pid, planter, plant))
        locked |= _marks(planter)
        return True

    def _candidates(self, item: _Field, planter: Planter) -> list[int]:
        if planter.table == "registrations":
            return list(item.book.permits("registrations"))
        return [
            pid
            for pid, facts in item.facts.items()
            if facts["period"] != 2
            and facts["_rank"] >= SPOTLESS
            and planter.suits(facts)
            and item.book.rows(planter.table, pid)
        ]

    def _each_kind_somewhere(self, item: _Field) -> None:
        """So that no rule goes without a fault in a sample of some hundred permits."""
        rng = np.random.default_rng([self.seed, 1, item.number])
        kinds = [planter for module in modules() for planter in module.planters]
        places = [(self._candidates(item, planter), planter) for planter in kinds]
        for pids, planter in sorted(places, key=lambda place: len(place[0])):  # the choosiest first
            planted = 0
            for index in rng.permutation(len(pids)):
                planted += self._try(item, pids[int(index)], planter, rng)
                if planted >= AT_LEAST:
                    break

    def _at_the_rates(self, item: _Field) -> None:
        for pid, facts in item.facts.items():
            if facts["_rank"] < SPOTLESS:
                continue
            # The same permit meets the same chances in both exports; some faults are mended between them.
            rng = np.random.default_rng([self.seed, 2, pid])
            mended = np.random.default_rng([self.seed, 3, pid])
            factor = (0.6, 1.0, 1.4)[facts["_agency"] % 3] * (1.1 if facts["management_class"] == "简化管理" else 0.9)
            for module in modules():
                is_hit = rng.random() < module.rate * factor
                order = self._order(module, facts, rng)
                is_mended = facts["period"] == 2 and item.number and mended.random() > PERSISTING
                if is_hit and not is_mended:
                    next((p for p in order if p.table != "registrations" and self._try(item, pid, p, rng)), None)

    def _order(self, module: Module, facts: Facts, rng: np.random.Generator) -> list[Planter]:
        habits = np.random.default_rng([self.seed, 4, facts["_agency"], len(module.name)])
        likes = np.where(habits.random(len(module.planters)) < 0.2, FAVOURITE, 1.0)
        weights = np.array([p.weight for p in module.planters]) * likes
        return [
            module.planters[int(i)]
            for i in rng.choice(len(weights), len(weights), replace=False, p=weights / weights.sum())
        ]


def sow(
    seed: int, exports: list[tuple[str, pl.DataFrame, dict[str, pl.DataFrame]]]
) -> tuple[list[dict[str, pl.DataFrame]], pl.DataFrame]:
    """Plant faults into the exports (period, permits, tables) of a city."""
    return Sower(seed, exports).sow()
