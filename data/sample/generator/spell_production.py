"""Rows of products, facilities, materials and fuels."""

from __future__ import annotations

from generator.variant import NONE, OPEN, Variant, split

FUELS = {
    "天然气": ("万m3/a", NONE, NONE, "0.002", NONE, "35.6"),
    "烟煤": ("万t/a", "7.8", "19.8", "0.73", "30.7", "21.68"),
    "煤矸石": ("万t/a", "6.0", "65.0", "0.9", "14.5", "7.2"),
    "焦炭": ("万t/a", "5.0", "12.5", "0.6", "1.2", "28.4"),
    "焦炉煤气": ("万m3/a", NONE, NONE, "0.02", NONE, "17.5"),
    "高炉煤气": ("万m3/a", NONE, NONE, "0.01", NONE, "3.4"),
    "生物质成型燃料": ("万t/a", "8.0", "4.0", "0.06", "72.0", "16.8"),
    "玉米秸秆": ("万t/a", "15.0", "6.0", "0.1", "70.0", "15.5"),
}


def add_production(v: Variant) -> None:
    spec = v.industry
    name = spec["industry"]
    line = {"industry_name": name, "line_name": "生产线一", "line_code": "SCX001", **OPEN}
    for product in spec["products"]:
        title, unit, capacity, hours = split(product, 4)
        v.add("products", **line, product_name=title, measure_unit=unit, _base=float(capacity) * v.size,
              annual_hours=hours, remarks=NONE)  # fmt: skip
    number = 0
    for key, text in spec["facilities"].items():
        unit, process, title, parameter, measure, value = split(text.lstrip("*"), 6)
        copies = v.size if text.startswith("*") else 1
        for copy in range(copies):
            number += 1
            code, label = f"MF{number:04d}", f"{copy + 1}#{title}" if copies > 1 else title
            v.facilities.setdefault(key, []).append((code, label, process))
            v.add("facilities", **line, production_unit=unit, process_name=process, facility_name=label,
                  facility_code=code, parameter_name=parameter, parameter_unit=measure, parameter_value=value,
                  parameter_remarks=NONE, facility_remarks=NONE, process_remarks=NONE)  # fmt: skip
    for text in spec.get("materials", ()):
        kind, title, use, unit, toxic, share, remarks = split(text, 7)
        v.add("materials", industry_name=name, material_kind=kind, material_name=title, _base=float(use) * v.size,
              measure_unit=unit, toxic_component=toxic, toxic_share=share, **OPEN, remarks=remarks)  # fmt: skip
    for text in spec.get("fuels", ()):
        fuel, use = split(text, 2)
        unit, moisture, ash, sulphur, volatile, heat = FUELS[fuel]
        v.add("fuels", industry_name=name, fuel_name=fuel, _base=float(use) * v.size, measure_unit=unit,
              moisture_pct=moisture, ash_pct=ash, sulphur=sulphur, volatile_pct=volatile, heat_value=heat,
              remarks="外购")  # fmt: skip
