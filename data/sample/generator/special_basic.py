"""Faults of numbers, codes and terms, and those that take several permits.

Each function plants one fault into the permit at hand and tells what must be found, or returns
None when the permit has no place for it.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from generator import city
from generator.planting import Context, Finding, Plant, Planter, action, one

_RENEWED = timedelta(days=1)


def _permit(rule: str) -> Finding:
    return Finding(rule, "permits", None)


def _renumber(at: Context, new: str) -> str:
    """Give the permit another number in every table."""
    old = ""
    for table in at.book.names:
        if "permit_no" in at.book.fields(table):
            for row in at.rows(table):
                old = at.get(table, row, "permit_no")
                at.book.put(table, row, "permit_no", new)
    return old


# --- numbers and codes ---------------------------------------------------------------------------


@action
def wrong_check_digit(at: Context, planter: Planter, row: int) -> Plant:
    code, number = at.get(planter.table, row, "credit_code"), at.get(planter.table, row, "permit_no")
    letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    wrong = code[:17] + letters[(letters.index(code[17]) + 7) % len(letters)]
    at.book.put(planter.table, row, "credit_code", wrong)
    _renumber(at, wrong + number[18:])
    return one(planter, row, "credit_code", code, wrong)


@action
def letter_in_credit_code(at: Context, planter: Planter, row: int) -> Plant:
    code = at.get(planter.table, row, "credit_code")
    wrong = code[:8] + "O" + code[9:]
    at.book.put(planter.table, row, "credit_code", wrong)
    return one(planter, row, "credit_code", code, wrong)


@action
def credit_code_of_another(at: Context, planter: Planter, row: int) -> Plant:
    code = at.get(planter.table, row, "credit_code")
    region = np.array([code[2:8]])
    other = str(city.credit_codes(np.array([at.pid + 500_000_000]), region)[0])
    at.book.put(planter.table, row, "credit_code", other)
    return one(planter, row, "credit_code", code, other)


@action
def short_permit_number(at: Context, planter: Planter, row: int) -> Plant:
    number = at.get(planter.table, row, "permit_no")
    wrong = number[:18] + "01" + number[21:]
    _renumber(at, wrong)
    return one(planter, row, "permit_no", number, wrong)


@action
def sequence_000(at: Context, planter: Planter, row: int) -> Plant:
    number = at.get(planter.table, row, "permit_no")
    wrong = number[:18] + "000" + number[21:]
    _renumber(at, wrong)
    return one(planter, row, "permit_no", number, wrong)


# --- terms ---------------------------------------------------------------------------------------


def _years_on(day: date, years: int) -> date:
    return day.replace(year=day.year + years)


def _put_term(at: Context, row: int, valid: str, *, versions: bool = True) -> str:
    """Another term on the permit and on every version that had the old one."""
    old = at.get("permit_records", row, "valid")
    at.book.put("permit_records", row, "valid", valid)
    for version in at.rows("permit_versions") if versions else ():
        if at.get("permit_versions", version, "valid") == old:
            at.book.put("permit_versions", version, "valid", valid)
    return old


def _term(at: Context, row: int) -> tuple[date, date]:
    start, _, end = at.get("permit_records", row, "valid").partition("至")
    return date.fromisoformat(start), date.fromisoformat(end)


def _ending(at: Context, planter: Planter, row: int, first: date, days: int) -> Plant:
    end = first + timedelta(days=int(at.rng.integers(0, days)))
    start = _years_on(end + _RENEWED, -5)
    valid = f"{start}至{end}"
    old = _put_term(at, row, valid)
    at.book.put("permit_records", row, "issue_date", str(start))
    at.book.put("permit_versions", at.rows("permit_versions")[0], "decision_date", str(start))
    return one(planter, row, "valid", old, valid)


@action
def expired(at: Context, planter: Planter, row: int) -> Plant:
    return _ending(at, planter, row, date(2026, 10, 2), 24)


@action
def ends_soon(at: Context, planter: Planter, row: int) -> Plant:
    return _ending(at, planter, row, date(2026, 11, 5), 50)


@action
def three_years(at: Context, planter: Planter, row: int) -> Plant:
    start, _ = _term(at, row)
    valid = f"{start}至{_years_on(start, 3) - _RENEWED}"
    return one(planter, row, "valid", _put_term(at, row, valid), valid)


@action
def term_turned_round(at: Context, planter: Planter, row: int) -> Plant:
    start, end = _term(at, row)
    valid = f"{end}至{_years_on(start, 1)}"
    return one(planter, row, "valid", _put_term(at, row, valid, versions=False), valid)


@action
def renewed_too_early(at: Context, planter: Planter, row: int) -> Plant | None:
    row = at.rows("permit_versions")[-1]
    decided = date.fromisoformat(at.get("permit_versions", row, "decision_date"))
    valid = f"{decided}至{_years_on(decided, 5) - _RENEWED}"
    old = _put_term(at, at.rows("permit_records")[0], valid)
    return one(planter, row, "valid", old, valid)


@action
def old_term_kept(at: Context, planter: Planter, row: int) -> Plant | None:
    versions = at.rows("permit_versions")
    valid = at.get("permit_versions", versions[-2], "valid")
    if valid.partition("至")[2] < "2027-03-15":
        return None
    old = _put_term(at, at.rows("permit_records")[0], valid)
    return one(planter, versions[-1], "valid", old, valid)


# --- several permits -----------------------------------------------------------------------------


@action
def same_eia_number(at: Context, planter: Planter, row: int) -> Plant | None:
    peers = at.peers("eia", 1)
    if not peers:
        return None
    number = at.get("permit_records", row, "eia_no")
    other = at.book.rows("permit_records", peers[0])[0]
    old = at.get("permit_records", other, "eia_no")
    at.book.put("permit_records", other, "eia_no", number)
    return Plant((_permit(planter.rule), Finding(planter.rule, "permits", None, pid=peers[0])), "eia_no", old, number)


@action
def shared_phone(at: Context, planter: Planter, row: int) -> Plant | None:
    peers = at.peers("phone", 4)
    if len(peers) < 4:  # five units in all make the rule speak
        return None
    phone = at.get("permit_records", row, "phone")
    for pid in peers:
        at.book.put("permit_records", at.book.rows("permit_records", pid)[0], "phone", phone)
    findings = [_permit(planter.rule), *(Finding(planter.rule, "permits", None, pid=pid) for pid in peers)]
    return Plant(tuple(findings), "phone", None, phone)


@action
def short_phone(at: Context, planter: Planter, row: int) -> Plant:
    old, new = at.get(planter.table, row, "phone"), at.pick([f"139{at.pid % 10**7:07d}", f"0531-{at.pid % 10**6:06d}"])
    at.book.put(planter.table, row, "phone", new)
    return one(planter, row, "phone", old, new)


@action
def second_permit(at: Context, planter: Planter, row: int) -> Plant:
    number = at.get("permit_records", row, "permit_no")
    second = number[:18] + "002" + number[21:]
    # Under a number of its own, so that no other fault is planted into the second permit.
    values = at.book.original("permit_records", row)
    at.book.add("permit_records", row, {**values, "permit_no": second, "pid": at.pid + 1_000_000_000})
    return Plant((Finding(planter.rule, "permits", None, permit_no=second),), "permit_no", None, second)


@action
def listed_but_simplified(at: Context, planter: Planter, row: int) -> Plant:
    values = {name: at.get("permit_records", row, name) for name in ("unit_name", "credit_code", "district")}
    for book in at.books:
        last = book.order("key_polluters")[-1]
        book.add("key_polluters", last, {**values, "pid": at.pid, "list_kinds": "大气环境重点排污单位", "year": "2026"})
    return one(planter, row, "list_kinds", None, "大气环境重点排污单位")


@action
def registered_as_well(at: Context, planter: Planter, row: int) -> Plant:
    names = ("unit_name", "credit_code", "district", "site_address", "longitude_deg", "latitude_deg", "industry_name")
    values = {name: at.get("permit_records", row, name) for name in names}
    number = at.get("permit_records", row, "permit_no")[:18] + "002Y"
    term = {"registered_date": "2025-06-10", "valid": "2025-06-10至2030-06-09"}
    last = at.book.order("registrations")[-1]
    at.book.add("registrations", last, {**values, **term, "pid": at.pid, "permit_no": number})
    return one(planter, row, "permit_no", None, number)


@action
def registration_expired(at: Context, planter: Planter, row: int) -> Plant:
    begun = date(2021, 1, 10) + timedelta(days=int(at.rng.integers(0, 270)))
    valid = f"{begun}至{_years_on(begun, 5) - _RENEWED}"
    old = at.get(planter.table, row, "valid")
    at.book.put(planter.table, row, "valid", valid)
    at.book.put(planter.table, row, "registered_date", str(begun))
    return one(planter, row, "valid", old, valid)
