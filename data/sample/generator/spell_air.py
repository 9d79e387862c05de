"""Rows of waste gas: links, outlets, standards, limits, totals, fugitive emission, and their monitoring."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from generator.variant import NONE, OPEN, Row, Variant, common, monitor, split, standard

PARTS = 3  # outlets behind one total amount, at most
CONTENT_STACK = "烟气流速,烟气温度,烟气含湿量,烟气量"
CONTENT_AMBIENT = "风速,风向,气温,气压"


def _stacks(v: Variant) -> Iterator[tuple[str, str, dict[str, Any], int | None]]:
    """Code, name, data and copy number of each stack."""
    number = 0
    for spec in v.industry.get("air", ()):
        copies = v.size if spec.get("each") else 1
        for copy in range(copies):
            number += 1
            name = f"{copy + 1}#{spec['outlet']}" if copies > 1 else spec["outlet"]
            yield f"DA{number:03d}", name, spec, copy if spec.get("each") else None


def _links(v: Variant, code: str, name: str, spec: dict[str, Any], copy: int | None, pollutants: list[str]) -> None:
    v.treatments += 1
    title, process = split(spec["treatment"], 2)
    feasible = "否" if "argued" in spec else "是"
    claimed = {p for link in spec["sources"].values() for p in link.partition("=")[2].split(",") if p}
    for key, text in spec["sources"].items():
        link, _, own = text.partition("=")
        machines = v.facilities[key]
        for index, (facility, label, step) in enumerate(machines):
            if copy is not None and len(machines) > 1 and index != copy:
                continue
            for pollutant in own.split(",") if own else [p for p in pollutants if p not in claimed]:
                is_treated = pollutant in spec.get("treats", pollutants)
                v.add("air_links", industry_name=v.industry["industry"], line="生产线一SCX001", process_name=step,
                      facility_code=facility, facility_name=label, link_name=link, pollutant=pollutant,
                      discharge_form="有组织", treatment_code=f"TA{v.treatments:03d}" if is_treated else NONE,
                      treatment_name=title if is_treated else NONE, treatment_process=process if is_treated else NONE,
                      design_efficiency_pct=spec.get("efficiency", NONE) if is_treated else NONE,
                      is_feasible_technology=feasible if is_treated else NONE, **OPEN,
                      treatment_remarks=spec.get("argued", NONE), outlet_code=code, outlet_name=name,
                      is_outlet_compliant="是",
                      outlet_class=spec["class"], remarks=NONE)  # fmt: skip


def _limit_with_unit(pollutant: str, limit: str) -> str:
    bare = limit.replace(".", "").isdigit()
    return limit + "mg/Nm3" if bare and pollutant != "臭气浓度" else limit


def add_air(v: Variant) -> None:
    totals = common()["totals"]["air"]
    named: list[str] = []
    for index, (code, name, spec, copy) in enumerate(_stacks(v)):
        lines = [split(text, 6) for text in spec["pollutants"]]
        pollutants = [line[0] for line in lines]
        named += pollutants
        height, diameter, temperature = split(spec["stack"], 3)
        _links(v, code, name, spec, copy, pollutants)
        oxygen = spec.get("oxygen")
        v.add("air_outlets", outlet_code=code, outlet_name=name, pollutants=",".join(pollutants),
              _dx=0.0003 + 0.00031 * index, _dy=-0.0004 + 0.00027 * ((index * 3) % 7), stack_height_m=height,
              stack_diameter_m=diameter, gas_temperature=temperature, remarks=spec.get("remark", NONE))  # fmt: skip
        for pollutant, std, limit, rate, frequency, amount in lines:
            limit += spec.get("limit_unit", "")
            is_burnt = oxygen and pollutant != "林格曼黑度"
            v.add("air_standards", outlet_code=code, outlet_name=name, pollutant=pollutant, standards=standard(std),
                  conc_limit=limit, rate_limit_kg_h=rate, eia_requirement=NONE, stricter_limit=NONE,
                  remarks=f"基准氧含量{oxygen}" if is_burnt else spec.get("remark", NONE))  # fmt: skip
            base = None if amount == NONE else float(amount)
            v.add("air_limits", outlet_class=spec["class"], outlet_code=code, outlet_name=name, pollutant=pollutant,
                  conc_limit=_limit_with_unit(pollutant, limit),
                  daily_conc_limit=_limit_with_unit(pollutant, spec.get("daily", {}).get(pollutant, NONE)),
                  rate_limit_kg_h=rate, _base=base, stricter_limit=NONE)  # fmt: skip
            if base is not None:
                v.amounts.setdefault(("air", totals[pollutant]), []).append(base)
            content = f"氧含量,{CONTENT_STACK}" if oxygen else CONTENT_STACK
            monitor(v, "废气", code, name, content, pollutant, frequency, "非连续采样 至少3个",
                     common()["air_methods"][pollutant])  # fmt: skip
    for text in v.industry.get("open_air", ()):
        key, link, pollutant, remarks = split(text, 4)
        facility, label, step = v.facilities[key][0]
        named.append(pollutant)
        empty = dict.fromkeys(
            ("treatment_code", "treatment_name", "treatment_process", "design_efficiency_pct", "is_feasible_technology",
             "outlet_code", "outlet_name", "is_outlet_compliant", "outlet_class"), NONE)  # fmt: skip
        v.add("air_links", industry_name=v.industry["industry"], line="生产线一SCX001", process_name=step,
              facility_code=facility, facility_name=label, link_name=link, pollutant=pollutant,
              discharge_form="无组织", **OPEN, treatment_remarks=remarks, remarks=remarks, **empty)  # fmt: skip
    v.facts["air_pollutants"] = ",".join(dict.fromkeys(named)) or NONE


def _parts(amounts: list[float]) -> Row:
    """Amounts of the outlets behind a total; each is rounded on its own before they are summed."""
    if len(amounts) > PARTS:
        raise ValueError(f"a total has more than {PARTS} outlets: {amounts}")
    return {f"_part{n}": amounts[n] if n < len(amounts) else None for n in range(PARTS)}


def add_totals(v: Variant) -> None:
    air, water = common()["totals"]["air"].values(), common()["totals"]["water"].values()
    extra = [p for m, p in v.amounts if m == "water" and p not in water]
    for table, medium, pollutants, scopes in (
        ("air_totals", "air", list(air), ("主要排放口合计", "一般排放口合计", "全厂有组织排放总计", "企业合计")),
        ("water_totals", "water", [*water, *extra], ("主要排放口合计", "一般排放口合计", "全厂排放口总计")),
    ):
        if medium == "water" and not v.facts["has_water_limits"]:
            continue
        for scope in scopes:
            for pollutant in pollutants:
                parts = [] if scope.startswith("一般") else v.amounts.get((medium, pollutant), [])
                v.add(table, scope=scope, pollutant=pollutant, **_parts(parts))
    for medium, pollutant in v.amounts:
        if medium == "air":
            v.add("air_special_limits", situation="重污染天气应对要求/全厂合计", pollutant=pollutant,
                  time_span="重污染天气预警期间", conc_limit=NONE, _base=sum(v.amounts[medium, pollutant]),
                  monthly_amount_t=NONE, remarks="按绩效分级执行应急减排措施")  # fmt: skip


def add_fugitive(v: Variant) -> None:
    methods = {**common()["air_methods"], **common()["fugitive_methods"]}
    for text in v.industry.get("fugitive", ()):
        place, link, pollutant, measures, std, limit, frequency, remarks = split(text, 8)
        years = {f"amount_y{year}_t": NONE for year in range(1, 6)}
        v.add("fugitive_limits", place_code=place, link_name=link, pollutant=pollutant, measures=measures,
              standards=standard(std), conc_limit=limit, remarks=remarks, special_amount=NONE, **years)  # fmt: skip
        monitor(v, "无组织", place, place, CONTENT_AMBIENT, pollutant, frequency, "非连续采样 至少4个",
                 methods[pollutant])  # fmt: skip
