"""Basic data of a permit: who, where, what class, how long, and the history of its versions."""

from __future__ import annotations

from checks.tables.common import INDUSTRY_NAME, PERMIT_NO, SUBJECT, UNIT_NAME, latitude, longitude
from checks.tables.fields import Field, Kind, Table

_F = Field

CREDIT_CODE_PATTERN = r"^[0-9A-HJ-NPQRTUWXY]{18}$"
ORG_CODE_PATTERN = r"^[0-9A-Z]{8}-?[0-9X]$"

MANAGEMENT_CLASSES = ("重点管理", "简化管理", "登记管理")
BUSINESS_TYPES = (
    "申领",
    "首次申请",
    "变更",
    "延续",
    "重新申请",
    "补充填报",
    "首次填报",
    "整改后申请",
    "补发",
    "注销",
    "撤销",
)

PERMIT_RECORDS = Table(
    "permit_records",
    "排污单位基本信息",
    "basic",
    (
        _F(
            "permit_no",
            "许可证编号",
            variants=PERMIT_NO.variants,
            required=True,
            description=PERMIT_NO.description,
        ),
        UNIT_NAME,
        _F("province", "省份", variants=("省/直辖市", "省")),
        _F("city", "地市", variants=("市", "城市")),
        _F("district", "区县", variants=("县", "区", "行政区划")),
        INDUSTRY_NAME,
        _F("other_industries", "其他行业类别", Kind.LIST),
        _F("valid", "有效期限", Kind.PERIOD, variants=("有效期",)),
        _F("issue_date", "发证日期", Kind.DATE, variants=("核发日期",)),
        _F("issuer", "发证机关", variants=("发证机关（盖章）", "核发机关")),
        _F("management_class", "管理类别", variants=("排污许可证管理类别",), allowed=MANAGEMENT_CLASSES),
        _F("detail_address", "查看"),
        _F("registered_address", "注册地址"),
        _F("site_address", "生产经营场所地址"),
        _F("postcode", "邮政编码", pattern=r"^[0-9]{6}$"),
        _F("is_operating", "是否投产", Kind.FLAG),
        _F("start_date", "投产日期", Kind.DATE),
        longitude("longitude_deg", "生产经营场所中心经度"),
        latitude("latitude_deg", "生产经营场所中心纬度"),
        _F("org_code", "组织机构代码", pattern=ORG_CODE_PATTERN),
        _F("credit_code", "统一社会信用代码"),
        _F("legal_person", "法定代表人（主要负责人）", variants=("法定代表人", "法人代表")),
        _F("technical_lead", "技术负责人"),
        _F("phone", "联系电话", variants=("固定电话", "移动电话")),
        _F("is_air_key_area", "所在地是否属于大气重点控制区", Kind.FLAG),
        _F("is_phosphorus_area", "所在地是否属于总磷控制区", Kind.FLAG),
        _F("is_nitrogen_area", "所在地是否属于总氮控制区", Kind.FLAG),
        _F("is_heavy_metal_area", "所在地是否属于重金属污染特别排放限值实施区域", Kind.FLAG),
        _F("is_in_park", "是否位于工业园区", Kind.FLAG),
        _F("park_name", "所属工业园区名称"),
        _F("park_code", "所属工业园区编码"),
        _F("needs_correction", "是否需要改正", Kind.FLAG, variants=("是否需整改",)),
        _F("pollutant_kinds", "主要污染物类别", Kind.LIST),
        _F("main_pollutants", "主要污染物种类", Kind.LIST),
        _F("air_pollutants", "废气主要污染物种类", Kind.LIST, variants=("大气主要污染物种类",)),
        _F("water_pollutants", "废水主要污染物种类", Kind.LIST),
        _F("air_discharge_form", "大气污染物排放形式", Kind.LIST, variants=("大气污染物排放规律",)),
        _F("water_discharge_rule", "废水污染物排放规律"),
        _F("air_standards", "大气污染物排放执行标准名称", Kind.LIST, variants=("大气污染物排放执行标准",)),
        _F(
            "water_standards",
            "水污染物排放执行标准名称",
            Kind.LIST,
            variants=("废水污染物排放执行标准", "水污染物排放执行标准"),
        ),
        _F("has_eia", "是否有环评审批文件", Kind.FLAG),
        _F("eia_no", "环境影响评价审批文件文号或备案编号"),
        _F("has_local_record", "是否有地方政府对违规项目的认定或备案文件", Kind.FLAG),
        _F("local_record_no", "认定或备案文件文号"),
        _F("has_quota", "是否有主要污染物总量分配计划文件", Kind.FLAG),
        _F("quota_no", "总量分配计划文件文号"),
        _F("quota_pm_t", "颗粒物总量指标（t/a）", Kind.NUMBER, low=0),
        _F("quota_so2_t", "二氧化硫总量指标（t/a）", Kind.NUMBER, low=0),
        _F("quota_nox_t", "氮氧化物总量指标（t/a）", Kind.NUMBER, low=0),
        _F("quota_cod_t", "化学需氧量总量指标（t/a）", Kind.NUMBER, low=0),
        _F("quota_nh3n_t", "氨氮总量指标（t/a）", Kind.NUMBER, low=0),
        _F("quota_voc_t", "挥发性有机物总量指标（t/a）", Kind.NUMBER, low=0),
        _F("quota_others", "涉及的其他污染物总量指标（如有）"),
        _F("business_type", "项目类型", variants=("业务类型", "申请类型")),
        _F("decision_date", "项目办结时间", Kind.DATE, variants=("办结时间", "办结日期")),
        _F("updated_date", "更新时间", Kind.DATE),
        _F("emission_trading", "排污权使用和交易信息"),
    ),
    identify=("permit_no", "credit_code", "unit_name"),
    description="公开列表、基本信息表、交换数据等各来源的原始记录，一张许可证可有几行；规则看的是合并后的 permits。",
)

#: What rules see: one row per permit, each column from the best source that fills it.
PERMITS = Table(
    "permits",
    "排污许可证",
    "basic",
    PERMIT_RECORDS.fields,
    identify=PERMIT_RECORDS.identify,
    description="由 permit_records 合并：每张许可证一行，每列取内容最全的来源的值。",
)

PERMIT_VERSIONS = Table(
    "permit_versions",
    "许可证版本列表",
    "basic",
    (
        *SUBJECT,
        _F("business_type", "业务类型", variants=("变更类型",), allowed=BUSINESS_TYPES, required=True),
        _F("version_no", "版本", Kind.INTEGER, low=1),
        _F("decision_date", "办结日期", Kind.DATE),
        _F("valid", "有效期限", Kind.PERIOD),
    ),
    key=("version_no",),
)

CHANGE_RECORDS = Table(
    "change_records",
    "许可证变更、延续记录",
    "basic",
    (
        *SUBJECT,
        _F(
            "decision_date",
            "补充填报/变更/延续时间（办结时间）",
            Kind.DATE,
            variants=("变更（延续）时间", "办结时间"),
        ),
        _F("reason", "内容/事由", variants=("变更（延续）内容/事由",)),
        _F(
            "previous_permit_no",
            "补充填报/变更/延续前证书编号",
            variants=("变更（延续）前证书编号",),
        ),
        _F("business_type", "项目类型"),
    ),
    key=("decision_date",),
    identify=("permit_no", "unit_name"),
)

CANCELLATIONS = Table(
    "cancellations",
    "注销、撤销信息",
    "basic",
    (
        *SUBJECT,
        _F("cancel_type", "注销类型"),
        _F("reason", "注销原因"),
        _F("permit_type", "类型"),
        _F("created_date", "创建时间", Kind.DATE),
    ),
)

REGISTRATIONS = Table(
    "registrations",
    "固定污染源排污登记表",
    "basic",
    (
        _F("permit_no", "登记编号", variants=("排污登记编号",)),
        UNIT_NAME,
        _F("province", "省份"),
        _F("city", "地市", variants=("市",)),
        _F("district", "区县", variants=("县",)),
        _F("registered_address", "注册地址"),
        _F("site_address", "生产经营场所地址"),
        INDUSTRY_NAME,
        _F("other_industries", "其他行业类别", Kind.LIST),
        longitude("longitude_deg", "生产经营场所中心经度"),
        latitude("latitude_deg", "生产经营场所中心纬度"),
        _F("credit_code", "统一社会信用代码"),
        _F("legal_person", "法定代表人"),
        _F("phone", "联系方式"),
        _F("process_name", "生产工艺名称"),
        _F("main_products", "主要产品"),
        _F("capacity", "主要产品产能", Kind.NUMBER),
        _F("capacity_unit", "计量单位"),
        _F("fuels", "燃料使用信息"),
        _F("voc_materials", "涉VOCs辅料使用信息"),
        _F("air_facilities", "废气污染治理设施"),
        _F("water_facilities", "废水污染治理设施"),
        _F("solid_wastes", "工业固体废物"),
        _F("remarks", "其他需要说明的信息"),
        _F("registered_date", "登记日期", Kind.DATE),
        _F("valid", "有效期限", Kind.PERIOD),
    ),
    unique=True,
)

TABLES = (PERMIT_RECORDS, PERMITS, PERMIT_VERSIONS, CHANGE_RECORDS, CANCELLATIONS, REGISTRATIONS)
