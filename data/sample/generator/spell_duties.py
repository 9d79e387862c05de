"""Rows of solid waste, noise, ledgers, reports, disclosure and other duties."""

from __future__ import annotations

from generator.variant import NONE, Row, Variant, common, monitor, split, standard

LEDGERS = (
    ("基本信息", "排污单位名称、生产设施、污染防治设施基本参数、环评及许可证信息", "", "1次/年，发生变化时记录1次"),
    (
        "生产设施运行管理信息",
        "运行状态、生产负荷、产品产量、原辅材料和燃料消耗",
        "；含VOCs原辅材料名称、VOCs含量、采购量、使用量、库存量、回收方式和回收量",
        "1次/班，原辅料和燃料1次/批",
    ),
    (
        "污染防治设施运行管理信息",
        "治理设施运行参数、药剂和耗材用量、故障及维护",
        "；VOCs治理设施活性炭、过滤棉、催化剂等耗材更换时间和更换量",
        "1次/日，非正常情况1次/工况期",
    ),
    ("监测记录信息", "手工监测和自动监测的采样、分析、质控记录", "", "按自行监测频次记录"),
    ("其他环境管理信息", "工业固体废物和危险废物种类、产生量、贮存、利用、处置去向台账", "", "1次/日"),
    ("其他环境管理信息", "无组织排放控制措施、特殊时段管控落实情况", "", "1次/日"),
)
DISCLOSED = "污染物排放种类、浓度和排放量，污染防治设施建设运行情况，执行报告，自行监测数据"
WASTE_KINDS = {"H": "危险废物", "G": "一般工业固体废物"}
SOIL_DUTY = "落实有毒有害物质排放控制、土壤和地下水污染隐患排查、自行监测、地下储罐信息报送"


def add_waste(v: Variant) -> None:
    stores: dict[tuple[str, str], tuple[str, Row]] = {}
    kept: list[tuple[tuple[str, str], Row]] = []
    for text in v.industry.get("wastes", ()):
        parts = text.split("|")
        kind, name, code = parts[0], parts[1], parts[2]
        is_hazardous = kind == "H"
        hazards = parts[3] if is_hazardous else NONE
        rest = parts[4:] if is_hazardous else parts[3:]
        state, origin, disposals = rest[:3]
        waste: Row = {"waste_kind": WASTE_KINDS[kind], "waste_name": name, "waste_code": code, "hazards": hazards,
                      "physical_state": state, "origin": origin, "disposals": disposals}  # fmt: skip
        group = "HW" + code[-2:] if is_hazardous else "第Ⅰ类工业固体废物"
        v.add("solid_wastes", industry_name=v.industry["industry"], waste_class=group,
              remarks=rest[3] if len(rest) > 3 else NONE, _contracted=is_hazardous and "委托" in disposals,
              **waste)  # fmt: skip
        kept += [((kind, way), waste) for way in ("自行贮存", "自行利用", "自行处置") if way in disposals]
    for (kind, way), waste in sorted(kept, key=lambda item: (item[0][1] != "自行贮存", item[0][0] != "H", item[0])):
        if (kind, way) not in stores:
            stores[kind, way] = _facility(kind, way, len(stores) + 1, v.industry.get("general_facility", {}))
        v.add("waste_facilities", **stores[kind, way][1], waste_remarks=NONE, **waste)


def _facility(kind: str, way: str, number: int, own: Row) -> tuple[str, Row]:
    is_store, is_hazardous = way == "自行贮存", kind == "H"
    name = {"自行贮存": "危险废物贮存库" if is_hazardous else "一般固废暂存间", "自行利用": "回用系统"}.get(
        way, "焚烧处置系统"
    )
    number_text = "18597-2023" if is_hazardous and is_store else "18484-2020" if is_hazardous else "18599-2020"
    code = f"TS{number:03d}"
    is_own = bool(own) and not is_store and not is_hazardous  # a works whose trade the disposal is
    return code, {
        "facility_waste_kind": WASTE_KINDS[kind], "facility_name": own["name"] if is_own else name,
        "facility_code": code,
        "facility_type": f"{way}设施", "_dx": -0.0006 - 0.0004 * number, "_dy": -0.0007,
        "_base": 30.0 if is_store else 500.0,
        "capacity_unit": "t" if is_store else "t/a", "_area": 40.0 if is_store else None,
        "is_standard_met": "是" if is_store else NONE,
        "own_method": own["method"] if is_own else NONE if is_store else "回用于生产" if way == "自行利用" else "焚烧",
        "control_requirements": own["control"] if is_own else f"执行GB {number_text}，设置标识，防风、防雨、防渗",
    }  # fmt: skip


def add_noise(v: Variant) -> None:
    for number, text in enumerate(v.industry.get("noise", ()), start=1):
        title, sources, measures = split(text, 3)
        v.add("noise_sources", unit_code=f"CZ{number:04d}", unit_title=title, sources=sources, measures=measures,
              remarks=NONE)  # fmt: skip
    if "noise" in v.industry:
        v.add("noise_limits", day_span="6:00-22:00", night_span="22:00-6:00", standards=standard("noise"), remarks=NONE)
        monitor(v, "噪声", "厂界", "厂界四周外1米", "等效连续A声级", "等效连续A声级", "1次/季", "昼间、夜间各1次",
                 "工业企业厂界环境噪声排放标准 GB 12348-2008")  # fmt: skip


def add_duties(v: Variant) -> None:
    spec = v.industry
    methods = {**common()["water_methods"], **common()["air_methods"]}
    for text in spec.get("monitoring", ()):
        kind, code, name, content, pollutant, frequency, *rest = str(text).split("|")
        sampling = rest[0] if rest else "瞬时采样 至少3个瞬时样" if kind == "废水" else "连续采样 至少3个"
        monitor(v, kind, code, name, content, pollutant, frequency, sampling,
                 rest[1] if len(rest) > 1 else methods[pollutant])  # fmt: skip
    if spec.get("soil"):
        monitor(v, "土壤", "土壤监测点", "厂区土壤监测点", "土壤监测", "重金属和无机物（基本项目）", "1次/年",
                 "混合采样 至少3个", "土壤环境监测技术规范 HJ 166-2026")  # fmt: skip
        monitor(v, "地下水", "地下水监测点", "厂区地下水监测点", "地下水监测", "pH值", "1次/年", "瞬时采样 至少1个",
                 "地下水环境监测技术规范 HJ 164-2020")  # fmt: skip
    for category, content, voc, frequency in LEDGERS:
        v.add("ledger_requirements", category=category, content=content + (voc if spec.get("voc") else ""),
              frequency=frequency, form="电子台账+纸质台账")  # fmt: skip
    v.add("report_requirements", content="年度执行报告", frequency="1次/年", remarks="每年1月底之前上报")
    if spec["class"] == "重点管理":
        v.add("report_requirements", content="季度执行报告", frequency="1次/季", remarks="每季度结束后15日内上报")
    sewer = "；污水接入城镇排水设施的接入位置、排放方式" if v.facts["is_sewered"] else ""
    v.add("disclosure_requirements", way="全国排污许可证管理信息平台、厂区门口电子显示屏",
          time_points="执行报告和监测数据形成后5个工作日内", content=DISCLOSED + sewer, remarks=NONE)  # fmt: skip
    v.add("control_requirements", water="雨污分流，规范化设置排放口",
          noise="厂界噪声达标，定期维护降噪设施" if "noise" in spec else NONE,
          waste="工业固体废物分类收集、贮存、利用、处置", soil=SOIL_DUTY if spec.get("soil") else "做好防渗",
          others=NONE,
          _extra=spec.get("extra_air", ""))  # fmt: skip
