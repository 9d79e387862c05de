"""Sources beside the permit: lists of key units that decide which duties a permit must carry."""

from __future__ import annotations

from checks.tables.basic import CREDIT_CODE_PATTERN
from checks.tables.common import latitude, longitude
from checks.tables.fields import Field, Kind, Table

_F = Field

KEY_POLLUTERS = Table(
    "key_polluters",
    "环境监管重点单位名录",
    "others",
    (
        _F("unit_name", "单位名称", variants=("企业名称",)),
        _F(
            "credit_code",
            "注册号/统一社会信用代码",
            pattern=f"{CREDIT_CODE_PATTERN}|^[0-9]{{15}}$",  # or an old registration number
            variants=("统一社会信用代码",),
        ),
        _F("list_kinds", "污染源类别", Kind.LIST, variants=("名录类别",)),
        _F("district", "行政区划", variants=("区县",)),
        _F("year", "年度", Kind.INTEGER),
        _F("unit_code", "污染源编码"),
        _F("sector", "行业大类"),
        _F("industry_name", "所属小类", variants=("行业类别",)),
        _F("site_address", "生产地址"),
        _F("legal_person", "法定代表人"),
        longitude("longitude_deg", "地理坐标（经度）"),
        latitude("latitude_deg", "地理坐标（纬度）"),
        _F("has_permit", "是否已核发全国许可证", Kind.FLAG),
        _F("is_stopped", "是否停产", Kind.FLAG),
        _F("page_id", "url_id"),
    ),
    key=("unit_name",),
    identify=("unit_name", "credit_code"),
    is_list=True,
)

TABLES = (KEY_POLLUTERS,)
