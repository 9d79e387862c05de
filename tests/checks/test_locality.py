"""Which queries rest on a permit's own rows only; what cannot be proven does not count."""

from __future__ import annotations

import pytest

from checks import catalogue
from checks.locality import Keys, keys_of

_TABLES: dict[str, Keys] = {
    "permits": {"subject": "subject", "rid": "rid"},
    "limits": {"subject": "subject", "rid": "rid"},
    "ref_codes": {},
    "mixed": None,
}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT rid FROM limits",
        "SELECT p.rid, count(*) AS n FROM permits p LEFT JOIN limits l ON l.subject = p.subject GROUP BY p.rid",
        "SELECT p.rid, l.n FROM permits p LEFT JOIN (SELECT subject, count(*) AS n FROM limits GROUP BY subject) l "
        "ON p.subject = l.subject AND l.n > 2",
        "SELECT rid, count(*) OVER (PARTITION BY subject, code) AS n FROM limits",
        "SELECT l.rid, r.name AS name FROM limits l LEFT JOIN ref_codes r ON r.code = l.code",
        "SELECT p.rid FROM permits p JOIN limits USING (subject)",
        "SELECT rid FROM permits WHERE subject IN (SELECT subject FROM limits)",
        "SELECT rid FROM permits WHERE industry IN (SELECT code FROM ref_codes)",
        "SELECT rid FROM (SELECT rid, subject FROM permits UNION ALL SELECT rid, subject FROM limits) AS u",
        "WITH l AS (SELECT subject, max(x) AS x FROM limits GROUP BY subject) "
        "SELECT p.rid FROM permits p JOIN l ON l.subject = p.subject",
        "SELECT min(rid) AS rid FROM limits GROUP BY subject, code",
    ],
)
def test_local(sql: str) -> None:
    keys = keys_of(sql, _TABLES.__getitem__)
    assert keys is not None
    assert keys["rid"] == "rid"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT rid FROM mixed",
        "SELECT count(*) AS rid FROM limits",
        "SELECT min(rid) AS rid FROM limits GROUP BY code",
        "SELECT rid, count(*) OVER (PARTITION BY code) AS n FROM limits",
        "SELECT rid, rank() OVER (ORDER BY code) AS n FROM limits",
        "SELECT p.rid FROM permits p JOIN limits l ON l.credit_code = p.credit_code",
        "SELECT p.rid FROM permits p JOIN limits l ON l.subject = p.subject OR l.code = p.code",
        "SELECT p.rid FROM permits p JOIN limits l ON l.rid = p.subject",
        "SELECT p.rid FROM permits p CROSS JOIN limits l",
        "SELECT p.rid FROM permits p LEFT JOIN (SELECT code, count(*) AS n FROM limits GROUP BY code) n "
        "ON n.code = p.code",
        "SELECT rid FROM permits WHERE credit_code IN (SELECT credit_code FROM limits)",
        "SELECT rid FROM permits WHERE (SELECT count(*) FROM limits) > 2",
        "SELECT rid FROM permits ORDER BY rid LIMIT 1",
        "SELECT rid FROM permits UNION ALL SELECT source_id AS rid FROM limits",
        "SELECT DISTINCT code FROM limits",
    ],
)
def test_not_proven(sql: str) -> None:
    assert (keys_of(sql, _TABLES.__getitem__) or {}).get("rid") != "rid"


def test_rules_that_compare_permits_are_not_local() -> None:
    facts = catalogue.load().facts
    assert not facts["G-018"].is_local  # one unit with several permits
    assert facts["G-066"].is_local
    local = sum(fact.is_local for fact in facts.values())
    assert 0.9 * len(facts) < local < len(facts)
