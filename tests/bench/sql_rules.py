"""The 60 rules in plain SQL, by hand, for the peers that speak SQL: a predicate or a query that finds wrong rows."""

from __future__ import annotations

from tests.bench.common import KEYS

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_TERMS = " + ".join(
    f"{weight} * (strpos('{_ALPHABET}', substr(credit_code, {place}, 1)) - 1)"
    for place, weight in enumerate(_WEIGHTS, start=1)
)
_IS_CODE = "regexp_matches(credit_code, '^[0-9A-HJ-NPQRTUWXY]{18}$')"
_IN_CITY = "longitude_deg BETWEEN 116.2 AND 117.9 AND latitude_deg BETWEEN 36.0 AND 37.6"
_MOBILE, _FIXED = "^1[3-9][0-9]{9}$", "^0[0-9]{2,3}-?[2-9][0-9]{6,7}$"
_DIGIT = f"(31 - ({_TERMS}) % 31) % 31 <> strpos('{_ALPHABET}', substr(credit_code, 18, 1)) - 1"
_LOWEST = "least(amount_y1_t, amount_y2_t, amount_y3_t, amount_y4_t, amount_y5_t)"

#: Predicates over one row: true = wrong.
PREDICATES = {
    "B-P01": f"NOT {_IS_CODE}",
    "B-P02": f"{_IS_CODE} AND {_DIGIT}",
    "B-P03": f"{_IS_CODE} AND substr(permit_no, 1, 18) <> credit_code",
    "B-P04": "NOT regexp_matches(permit_no, '^[0-9A-Z]{18}[0-9]{3}[A-Z]$')",
    "B-P05": "valid_to <= valid_from",
    "B-P06": "valid_to > valid_from AND NOT valid_to BETWEEN valid_from + INTERVAL 5 YEAR - INTERVAL 2 DAY "
    "AND valid_from + INTERVAL 5 YEAR",
    "B-P07": "valid_to > valid_from + INTERVAL 1 YEAR AND valid_to < DATE '2026-10-31'",
    "B-P08": "NOT regexp_matches(postcode, '^[0-9]{6}$')",
    "B-P09": f"NOT regexp_matches(phone, '{_MOBILE}') AND NOT regexp_matches(phone, '{_FIXED}')",
    "B-P10": f"longitude_deg IS NOT NULL AND latitude_deg IS NOT NULL AND NOT ({_IN_CITY})",
    "B-P11": "is_operating AND start_date IS NULL",
    "B-P12": "is_in_park AND park_name IS NULL",
    "B-P13": "has_eia AND eia_no IS NULL",
    "B-P14": "legal_person IS NULL",
    "B-P15": "management_class NOT IN ('重点管理', '简化管理', '登记管理')",
    "B-O01": "NOT regexp_matches(outlet_code, '^DA[0-9]{3}$')",
    "B-O02": "outlet_code IS NOT NULL AND (longitude_deg IS NULL OR latitude_deg IS NULL)",
    "B-O03": f"longitude_deg IS NOT NULL AND latitude_deg IS NOT NULL AND NOT ({_IN_CITY})",
    "B-O04": "contains(outlet_name, '锅炉') AND stack_height_m > 0 AND stack_height_m < 8",
    "B-O05": "stack_height_m <= 0 OR stack_diameter_m <= 0 OR stack_diameter_m > stack_height_m",
    "B-O06": "regexp_matches(outlet_name, '锅炉|窑尾|焚烧') AND gas_temperature IN ('常温', '室温')",
    "B-O07": "NOT TRY_CAST(gas_temperature AS DOUBLE) BETWEEN -30 AND 1500",
    "B-O08": "NOT length(outlet_name) BETWEEN 2 AND 30",
    "B-L01": "pollutant IS NULL",
    "B-L02": "conc_limit <= 0",
    "B-L03": "pollutant IN ('颗粒物', '二氧化硫', '氮氧化物') AND conc_limit_unit NOT IN ('mg/m3', 'mg/Nm3')",
    "B-L04": f"amount_y2_t IS NOT NULL AND {_LOWEST} < 0",
    "B-L05": "outlet_class = '一般排放口' AND outlet_code IS NOT NULL AND amount_y1_t <> 0",
    "B-L06": "outlet_class = '主要排放口' AND pollutant IN ('颗粒物', '二氧化硫', '氮氧化物') AND amount_y1_t IS NULL",
    "B-L07": "pollutant = '林格曼黑度' AND NOT conc_limit BETWEEN 0 AND 5",
    "B-L08": "amount_y2_t > amount_y1_t + 0.000001",
    "B-L09": "rate_limit_kg_h <= 0 OR rate_limit_kg_h >= 1000",
    "B-M01": "method = '手工' AND frequency IS NULL",
    "B-M02": "method = '手工' AND source_kind = '废气' AND sampling IS NULL",
    "B-M03": "NOT regexp_matches(frequency, '^[0-9]+次/(日|周|月|季|半年|年)$')",
    "B-M04": "contains(method, '自动') AND is_online IS NULL",
    "B-M05": "contains(method, '自动') AND instrument IS NULL",
    "B-M06": "source_kind NOT IN ('废气', '废水', '无组织废气', '噪声')",
    "B-M07": "NOT regexp_matches(outlet_code, '^D[AW][0-9]{3}$')",
    "B-M08": "outlet_code IS NULL OR pollutant IS NULL",
}


def _repeated(table: str, *columns: str) -> tuple[str, str]:
    present = " AND ".join(f"{name} IS NOT NULL" for name in columns)
    listed = ", ".join(columns)
    return table, (
        f"FROM {table} t SEMI JOIN (SELECT {listed} FROM {table} WHERE {present} GROUP BY {listed} "
        f"HAVING count(*) > 1) d USING ({listed})"
    )


def _alone(table: str, other: str, columns: str, where: str = "TRUE") -> tuple[str, str]:
    return table, f"FROM (SELECT * FROM {table} WHERE {where}) t ANTI JOIN {other} o USING ({columns})"


def _above(pollutant: str, quota: str) -> tuple[str, str]:
    return "permits", (
        f"FROM permits t JOIN (SELECT subject, sum(amount_y1_t) AS amount FROM air_limits WHERE pollutant = "
        f"'{pollutant}' GROUP BY subject) a USING (subject) WHERE amount > {quota} * 1.001"
    )


def _by_outlets(values: str, wrong: str) -> tuple[str, str]:
    return "permits", (
        f"FROM permits t JOIN (SELECT subject, {values} FROM air_outlets GROUP BY subject) a USING (subject) "
        f"WHERE {wrong}"
    )


_OUTLET, _RECORD = "subject, outlet_code", "subject, outlet_code, pollutant"
_NAMED, _FULL = "outlet_code IS NOT NULL", "outlet_code IS NOT NULL AND pollutant IS NOT NULL"
_MAIN = "bool_or(outlet_class = '主要排放口' AND amount_y1_t IS NOT NULL AND pollutant = '二氧化硫')"

#: Judged table and the rest of a query from FROM on; the row is called t.
QUERIES = {
    "B-U01": _repeated("permits", "credit_code"),
    "B-U02": _repeated("permits", "unit_name", "site_address"),
    "B-U03": _repeated("air_outlets", "subject", "outlet_code"),
    "B-U04": _repeated("air_limits", "subject", "outlet_code", "pollutant"),
    "B-U05": _repeated("monitoring_plan", "subject", "outlet_code", "pollutant"),
    "B-R01": _alone("air_outlets", "permits", "subject"),
    "B-R02": _alone("air_limits", "air_outlets", _OUTLET, _NAMED),
    "B-R03": _alone("monitoring_plan", "air_outlets", _OUTLET, "starts_with(outlet_code, 'DA')"),
    "B-R04": _alone("monitoring_plan", "air_limits", _RECORD, _FULL),
    "B-R05": _alone("air_limits", "monitoring_plan", _RECORD, _FULL),
    "B-R06": _alone("permits", "air_outlets", "subject"),
    "B-R07": _alone("air_outlets", "air_limits", _OUTLET, _NAMED),
    "B-A01": _above("二氧化硫", "quota_so2_t"),
    "B-A02": _above("氮氧化物", "quota_nox_t"),
    "B-A03": _above("颗粒物", "quota_pm_t"),
    "B-A04": (
        "permits",
        f"FROM permits t JOIN (SELECT subject, {_MAIN} AS has_main FROM air_limits GROUP BY subject) a USING (subject) "
        "WHERE management_class = '重点管理' AND NOT has_main",
    ),
    "B-A05": _by_outlets("count(*) AS outlets, count(longitude_deg) AS located", "located * 4 < outlets * 3"),
    "B-A06": (
        "permits",
        "FROM permits t JOIN (SELECT subject, count(DISTINCT outlet_code) AS outlets FROM air_outlets "
        "GROUP BY subject) o USING (subject) JOIN (SELECT subject, count(DISTINCT outlet_code) AS points "
        "FROM monitoring_plan GROUP BY subject) m USING (subject) WHERE points < outlets",
    ),
    "B-A07": _by_outlets("max(stack_height_m) AS highest, median(stack_height_m) AS middle", "highest > 10 * middle"),
    "B-A08": _by_outlets("max(longitude_deg) - min(longitude_deg) AS spread", "spread > 0.3"),
}


def key_columns(table: str, prefix: str = "") -> str:
    """The three key columns of a finding; null where the table has no such column."""
    names = [*(f"{prefix}{name}" for name in KEYS[table]), "NULL", "NULL"][:3]
    return ", ".join(f"{name}::VARCHAR AS k{number}" for number, name in enumerate(names, start=1))
