"""Fields that many tables share, so that one quantity has one name, unit and wording everywhere."""

from __future__ import annotations

from checks.tables.fields import Field, Kind

PERMIT_NO = Field(
    "permit_no",
    "许可证编号",
    variants=("许可证书编号", "证书编号", "排污许可证编号", "排污许可证书编号", "许可证号"),
    description="22 位：18 位单位代码、3 位顺序码、1 位标识码（HJ 608-2017 附录A）",
)
UNIT_NAME = Field("unit_name", "单位名称", variants=("企业名称", "排污单位名称"))
SEQUENCE = Field("sequence", "序号", Kind.TEXT)
INDUSTRY_NAME = Field("industry_name", "行业类别", variants=("行业类型",))
OUTLET_CODE = Field("outlet_code", "排放口编号", variants=("排放口编码",))
OUTLET_NAME = Field("outlet_name", "排放口名称")
POLLUTANT = Field("pollutant", "污染物种类", Kind.POLLUTANT, variants=("污染物名称", "污染物"))
REMARKS = Field("remarks", "其他信息", variants=("其它信息", "备注", "备注信息"))
IS_SECRET = Field("is_secret", "是否涉及商业秘密", Kind.FLAG)
MEASURE_UNIT = Field("measure_unit", "计量单位", variants=("单位",))

SUBJECT = (PERMIT_NO, UNIT_NAME)

LONGITUDE_LOW, LONGITUDE_HIGH = 73.0, 136.0  # mainland China, degrees east
LATITUDE_LOW, LATITUDE_HIGH = 3.0, 54.0


def longitude(name: str, heading: str, *variants: str) -> Field:
    """A longitude in decimal degrees (WGS 84 / CGCS2000)."""
    return Field(name, heading, Kind.COORDINATE, variants, low=LONGITUDE_LOW, high=LONGITUDE_HIGH)


def latitude(name: str, heading: str, *variants: str) -> Field:
    """A latitude in decimal degrees (WGS 84 / CGCS2000)."""
    return Field(name, heading, Kind.COORDINATE, variants, low=LATITUDE_LOW, high=LATITUDE_HIGH)


def yearly_amounts(group: str, *other_groups: str) -> tuple[Field, ...]:
    """Permitted amounts of year one to five in tonnes, under a group heading."""
    years = ("一", "二", "三", "四", "五")
    return tuple(
        Field(
            f"amount_y{number}_t",
            f"{group}/第{year}年",
            Kind.NUMBER,
            variants=(f"第{year}年（t/a）", *(f"{other}/第{year}年" for other in other_groups)),
            description=f"第{year}年许可年排放量，t",
        )
        for number, year in enumerate(years, start=1)
    )
