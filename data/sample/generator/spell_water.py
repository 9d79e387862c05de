"""Rows of waste water and rain water: links, outlets, standards, limits, and their monitoring."""

from __future__ import annotations

from typing import Any

from generator.variant import NONE, OPEN, Variant, common, monitor, split, standard


def _water_limits(v: Variant, spec: dict[str, Any], code: str) -> None:
    methods, totals = common()["water_methods"], common()["totals"]["water"]
    name, group = spec["outlet"], spec["outlet_class"]
    band = "设施或车间废水排放口" if "车间" in group else group.split("-")[0]
    sampling = spec.get("sampling", "瞬时采样 至少3个瞬时样")
    frequencies = []
    for text in spec["pollutants"]:
        pollutant, std, limit, frequency, amount = split(text, 5)
        is_agreed = pollutant in spec.get("agreed", ())
        frequencies.append(frequency)
        v.add("water_standards", outlet_code=code, outlet_name=name, pollutant=pollutant, standards=standard(std),
              conc_limit=NONE if is_agreed else limit, agreed_limit=limit if is_agreed else NONE,
              eia_requirement=NONE, stricter_limit=NONE,
              remarks="协商限值已签订排水协议并报生态环境部门备案" if is_agreed else spec.get("remark",
              NONE))  # fmt: skip
        base = None if amount == NONE else float(amount)
        v.add("water_limits", outlet_class=band, outlet_code=code, outlet_name=name, pollutant=pollutant,
              conc_limit=limit, _base=base, stricter_limit=NONE, special_amount=NONE)  # fmt: skip
        if base is not None:
            v.amounts.setdefault(("water", totals.get(pollutant, pollutant.split("（")[0])), []).append(base)
        monitor(v, "废水", code, name, "流量", pollutant, frequency, sampling, methods[pollutant])
    manual = [f for f in frequencies if f != "自动"]
    monitor(v, "废水", code, name, "流量", "流量", spec.get("flow", manual[0] if manual else "自动"), sampling,
             methods["流量"])  # fmt: skip


def _water_outlet(v: Variant, spec: dict[str, Any], code: str, index: int) -> None:
    """The outlet's row in the table of direct or indirect outlets; workshop outlets have none."""
    to, rule = common()["destinations"][spec["to"]][0], common()["rules"][spec["rule"]]
    place = {"outlet_code": code, "outlet_name": spec["outlet"], "_dx": -0.0011 + 0.0002 * index, "_dy": 0.0009,
             "destination": to, "discharge_rule": rule}  # fmt: skip
    if spec["to"] == "river":
        v.add("water_direct_outlets", **place, time_span=NONE, water_function="Ⅳ类", _dx2=-0.0021, _dy2=0.0015,
              remarks=NONE)  # fmt: skip
        v.add("river_outfalls", outlet_code=code, outlet_name=spec["outlet"], remarks=NONE)
    elif spec["to"] != "inside":
        span = NONE if spec["rule"] == "steady" else "8:00-18:00"
        limits = common()["plant_limits"]
        lines = [split(text, 5) for text in spec.get("pollutants", ())] or [["化学需氧量", "", NONE]]
        for line in lines:
            if line[0] in limits:
                agreed = line[2] if line[0] in spec.get("agreed", ()) else NONE
                v.add("water_indirect_outlets", **place, time_span=span, pollutant=line[0], agreed_limit=agreed,
                      plant_limit=limits[line[0]])  # fmt: skip


def add_water(v: Variant) -> None:
    outlets = plants = 0
    rules, pollutants_named, ways = [], [], set()
    v.facts["has_water_limits"] = False
    for spec in v.industry.get("water", ()):
        is_out = "outlet" in spec
        way = common()["destinations"].get(spec["to"], [spec["to"], "无"])
        treatment = [NONE] * 4
        if "treatment" in spec:
            plants += 1
            treatment = [f"TW{plants:03d}", *split(spec["treatment"], 3)]
        code = NONE
        if is_out:
            outlets += 1
            code = f"DW{outlets:03d}"
            rules.append(common()["rules"][spec["rule"]])
            ways.add(spec["to"])
        names = [str(text).split("|")[0] for text in spec.get("pollutants", ())] or ["化学需氧量"]
        pollutants_named += names if is_out and not spec.get("domestic") else []
        group = spec.get("outlet_class", "一般排放口-其他排放口") if is_out else NONE
        for pollutant in names:
            v.add("water_links", industry_name=v.industry["industry"], water_kind=spec["kind"], pollutant=pollutant,
                  treatment_code=treatment[0], treatment_name=treatment[1], treatment_process=treatment[2],
                  design_flow_t_h=treatment[3],
                  is_feasible_technology="是" if plants and treatment[0] != NONE else NONE,
                  **OPEN, treatment_remarks=NONE, destination=way[0], discharge_mode=way[1],
                  discharge_rule=rules[-1] if is_out else NONE, outlet_code=code,
                  outlet_name=spec["outlet"] if is_out else NONE, is_outlet_compliant="是" if is_out else NONE,
                  outlet_class=group, remarks=NONE)  # fmt: skip
        if is_out:
            _water_outlet(v, spec, code, outlets)
            if not spec.get("domestic"):
                v.facts["has_water_limits"] = True
                _water_limits(v, spec, code)
    v.facts["water_pollutants"] = ",".join(dict.fromkeys(pollutants_named)) or NONE
    v.facts["water_discharge_rule"] = rules[-1] if rules else NONE
    v.facts["is_sewered"] = bool(ways & {"city", "park"})
    v.facts["pollutant_kinds"] = "废气,废水" if rules else "废气"


def add_rain(v: Variant) -> None:
    if "rain" not in v.industry:
        return
    code, name = "YS001", "雨水总排口"
    v.add("rain_outlets", outlet_code=code, outlet_name=name, _dx=0.0013, _dy=-0.0012,
          destination="进入城市下水道（再入江河、湖、库）", discharge_rule=common()["rules"]["rain"],
          time_span="降雨期间", water_function="Ⅳ类", _dx2=0.0031, _dy2=-0.0026, remarks=NONE)  # fmt: skip
    for pollutant in v.industry["rain"]:
        monitor(v, "雨水", code, name, "流量", pollutant, "1次/月（有流动水排放时按月监测）",
                 "瞬时采样 至少3个瞬时样", common()["water_methods"][pollutant])  # fmt: skip
