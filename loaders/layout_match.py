"""Which layout fits a sheet: headings compared by name, with groups, merged cells and title rows.

Position and table number never count. What the matched columns contain is not looked at, except for
the few layouts that declare it. Label-and-value sheets are the work of :mod:`loaders.form`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import polars as pl

from loaders.form import match_form
from loaders.headings import Key, heading_key, leaf, squeeze
from loaders.layout_model import Catalogue, Layout
from loaders.match_model import Match, Unknown, name_score
from loaders.sheet import Sheet

#: Rows in which titles and headings are looked for.
SEARCH_ROWS = 20
#: A sheet of whose headings a layout understands less than this is not that layout's.
LEAST_SHARE = 0.5
LEAST_SHARE_FORCED = 0.2
#: Rows whose values are looked at where a layout asks for certain values.
SAMPLE_ROWS = 2000

#: How surely a heading was recognised: whole path, without its unit, below another group, among its like.
_PATH, _UNITLESS, _LEAF, _REPEATED = 1.0, 0.98, 0.92, 0.85
#: What a known heading counts that this kind of export does not usually have.
_UNUSUAL = 0.6


@dataclass(frozen=True)
class _Heading:
    column: int
    text: str
    path: Key
    leaf: Key | None


@dataclass(frozen=True)
class _Fit:
    """A layout held against one possible heading row."""

    layout: Layout
    rows: tuple[int, ...]
    headings: tuple[_Heading, ...]
    assigned: dict[int, str]
    understood: float

    @property
    def coverage(self) -> float:
        """Between 0 and 1: the sheet's headings understood, and the layout's columns found."""
        expected = self.layout.expected
        fields = {name.split(":")[0] for name in self.assigned.values()}
        found = sum(name in fields for name in expected) / len(expected) if expected else 1.0
        return 0.6 * self.understood + 0.4 * found


def match(sheet: Sheet, layouts: Catalogue, only: str | None = None) -> Match | None:
    """The layout that fits best, or None for a sheet of another kind. ``only`` names the one to try."""
    chosen = Catalogue((layouts[only],)) if only else layouts
    least = LEAST_SHARE_FORCED if only else LEAST_SHARE
    rows = _rows(sheet)
    accepted: list[Match] = []
    for fit in _fits(rows, chosen):
        if fit.understood >= least and _has_required(fit) and len(fit.assigned) > 1:
            evidence = _evidence(sheet, rows, fit)
            if evidence is not None:
                accepted.append(_to_match(fit, evidence))
    form = match_form(sheet, chosen, least)
    if form is not None:
        accepted.append(form)
    if not accepted:
        return None
    best = max(accepted, key=lambda item: item.score)  # the first declared wins a tie
    rivals = {item.layout.name for item in accepted if item.score >= best.score and _differs(item.layout, best.layout)}
    return replace(best, rivals=tuple(sorted(rivals)))


def _differs(one: Layout, other: Layout) -> bool:
    """Whether it matters which of two layouts is taken."""
    return (one.table, one.constants) != (other.table, other.constants)


def nearest(sheet: Sheet, layouts: Catalogue, limit: int = 3) -> list[tuple[Layout, float]]:
    """The layouts most like the sheet, with scores from 0 to 1, for a sheet that none fits."""
    best: dict[str, tuple[Layout, float]] = {}
    rows = _rows(sheet)
    for fit in _fits(rows, layouts):
        has_evidence = _has_required(fit) and _evidence(sheet, rows, fit) is not None
        score = round((0.9 if has_evidence else 0.45) * fit.coverage, 3)
        if score > best.get(fit.layout.name, (fit.layout, 0.0))[1]:
            best[fit.layout.name] = (fit.layout, score)
    known = sorted(best.values(), key=lambda item: -item[1])[:limit]
    return [*known, *_alike(sheet, [layout for layout in layouts if layout.name not in best], limit - len(known))]


def _alike(sheet: Sheet, layouts: Sequence[Layout], limit: int) -> list[tuple[Layout, float]]:
    """Layouts whose title reads most like the sheet's own words, for sheets without one known heading."""
    from rapidfuzz import fuzz, process

    words = " ".join([sheet.source.name, sheet.name, *(text for _, text in heading_texts(sheet, None))])
    titles = {number: layout.title for number, layout in enumerate(layouts)}
    found = process.extract(words, titles, scorer=fuzz.partial_ratio, limit=max(limit, 0))
    return [(layouts[number], round(score / 1000, 3)) for _, score, number in found]


def guess(sheet: Sheet, layouts: Catalogue) -> Match | None:
    """The best fit however poor, for a layout stub; None for a sheet without any known heading."""
    fits = list(_fits(_rows(sheet), layouts))
    return _to_match(max(fits, key=lambda fit: fit.coverage), 0.0) if fits else None


def heading_texts(sheet: Sheet, heading_rows: tuple[int, ...] | None) -> list[tuple[int, str]]:
    """Column and printed heading (with its group) of these rows, or of the first row with several cells."""
    rows = _rows(sheet)
    if not heading_rows:
        several = [number for number, row in enumerate(rows) if sum(bool(text.strip()) for text in row) > 1]
        heading_rows = tuple(several[:1])
    return [(item.column, item.text) for item in _headings([rows[number] for number in heading_rows])] if rows else []


def _rows(sheet: Sheet) -> list[list[str]]:
    head = sheet.cells.head(SEARCH_ROWS + 2)
    return [[text if text else "" for text in row] for row in head.rows()]


def _fits(rows: list[list[str]], layouts: Catalogue) -> Iterable[_Fit]:
    """Every layout against every possible heading of one or two rows."""
    for start, row in enumerate(rows[:SEARCH_ROWS]):
        if sum(bool(text.strip()) for text in row) < 2:
            continue
        for count in (1, 2):
            if start + count > len(rows):
                continue
            headings = _headings(rows[start : start + count])
            if len(headings) < 2:
                continue
            hits: dict[int, int] = {}
            for heading in headings:
                for position in _known_by(heading, layouts):
                    hits[position] = hits.get(position, 0) + 1
            for position, count_known in hits.items():
                if count_known > 1:
                    yield _fit(layouts.layouts[position], tuple(range(start, start + count)), headings)


def _known_by(heading: _Heading, layouts: Catalogue) -> set[int]:
    keys = {heading.path.name, heading.path.bare}
    if heading.leaf:
        keys |= {heading.leaf.name, heading.leaf.bare}
    keys.add(leaf(heading.path.bare))
    return {position for key in keys for position in layouts.by_key.get(key, ())}


def _headings(rows: Sequence[Sequence[str]]) -> tuple[_Heading, ...]:
    """Column headings of one row, or of a row of groups above a row of names.

    Where merges are lost a group stands over its first column only; a column belongs to the last
    group on its left as long as it has a name in the second row and no text of its own above.
    """
    found: list[_Heading] = []
    group = ""
    for column, top in enumerate(rows[0]):
        below = rows[1][column] if len(rows) > 1 else ""
        top, below = top.strip(), below.strip()
        if top:
            group = top if below and squeeze(below) != squeeze(top) else ""
        elif not below:
            group = ""
        if group and below:
            text = f"{group}/{below}"
            found.append(_Heading(column, text, heading_key(text), heading_key(below)))
        elif top or below:
            text = top or below
            found.append(_Heading(column, text, heading_key(text), None))
    return tuple(item for item in found if len(item.text) <= 120)


def _fit(layout: Layout, rows: tuple[int, ...], headings: tuple[_Heading, ...]) -> _Fit:
    assigned, weight = _assign(layout, headings)
    ignored = sum(heading.column not in assigned and heading.path.name in layout.index.ignored for heading in headings)
    return _Fit(layout, rows, headings, assigned, (weight + ignored) / len(headings))


def _assign(layout: Layout, headings: tuple[_Heading, ...]) -> tuple[dict[int, str], float]:
    """Column to field, and the sum of how surely each was recognised."""
    assigned: dict[int, str] = {}
    weight = 0.0
    repeated: dict[str, list[_Heading]] = {}
    for heading in headings:
        repeated.setdefault(heading.path.name, []).append(heading)
    options: list[tuple[float, int, str]] = []
    for same in repeated.values():
        if len(same) > 1:
            # 经度 twice in one row: as many fields as columns are called so, hence in the form's order
            fields = layout.index.leaf.get(leaf(same[0].path.bare), ())
            if len(fields) == len(same):
                for heading, name in zip(same, fields, strict=True):
                    assigned[heading.column] = name
                    weight += _REPEATED
                continue
        for heading in same:
            options += [(-rank, heading.column, name) for rank, name in _options(layout, heading)]
    taken = set(assigned.values())
    usual = {*layout.expected, "permit_no", "unit_name"}
    for rank, column, name in sorted(options):
        if column not in assigned and name not in taken:
            assigned[column] = name
            taken.add(name)
            weight -= rank if name.split(":")[0] in usual else rank * _UNUSUAL
    return assigned, weight


def _options(layout: Layout, heading: _Heading) -> list[tuple[float, str]]:
    """Fields that a heading may mean, with how surely."""
    index = layout.index
    found: list[tuple[float, str]] = []
    for key, rank in ((heading.path, _PATH), (heading.leaf, _LEAF)):
        if key is None:
            continue
        if key.name in index.exact:
            found.append((rank, index.exact[key.name]))
        plain = index.exact.get(key.bare)
        names = index.bare.get(key.bare, ())
        name = plain or (names[0] if len(names) == 1 else "")
        if name and _unit_fits(index.units.get(name, frozenset()), key.unit):
            found.append((rank - 1 + _UNITLESS, name))
    if not found:
        names = index.leaf.get(leaf(heading.path.bare), ())
        if len(names) == 1 and _unit_fits(index.units.get(names[0], frozenset()), heading.path.unit):
            found.append((_REPEATED, names[0]))
    return found


def _unit_fits(declared: frozenset[str], unit: str) -> bool:
    """A heading in another unit than the table's is not understood: kg taken for t is worse than a gap."""
    return not unit or not declared or unit in declared


def _has_required(fit: _Fit) -> bool:
    fields = {name.split(":")[0] for name in fit.assigned.values()} | set(fit.layout.constants)
    return all(any(name in fields for name in group) for group in fit.layout.require)


def _evidence(sheet: Sheet, rows: list[list[str]], fit: _Fit) -> float | None:
    """What names and values add to the score; None when the layout insists on them and they are absent."""
    layout = fit.layout
    named = name_score(sheet, layout, [text for row in rows[: fit.rows[0]] for text in row if text.strip()])
    if layout.named and not named:
        return None
    if layout.when:
        holds = all(_values_fit(sheet, fit, name, pattern) for name, pattern in layout.when.items())
        if not holds and not named:
            return None
        return named + (0.04 if holds else 0.0)
    return named


def _values_fit(sheet: Sheet, fit: _Fit, name: str, pattern: re.Pattern[str]) -> bool:
    """Whether most filled cells of the column look as the layout says."""
    for column, field_name in fit.assigned.items():
        if field_name == name:
            cells = sheet.cells.get_columns()[column].slice(fit.rows[-1] + 1, SAMPLE_ROWS).str.strip_chars()
            filled = cells.filter(cells.is_not_null() & (cells != ""))
            if filled.is_empty():
                return False
            fitting = filled.to_frame("text").select(pl.col("text").str.contains(pattern.pattern).mean()).item()
            return bool(fitting >= 0.5)
    return False


def _to_match(fit: _Fit, evidence: float) -> Match:
    layout = fit.layout
    mapping = {column: name.split(":")[0] for column, name in sorted(fit.assigned.items())}
    joined: dict[str, list[tuple[str, int]]] = {}
    for column, name in fit.assigned.items():
        if ":" in name:
            joined.setdefault(name.split(":")[0], []).append((name, column))
    unknown = [
        Unknown(heading.column, heading.text, _nearest_heading(layout, heading))
        for heading in fit.headings
        if heading.column not in mapping and heading.path.name not in layout.index.ignored
    ]
    fields = set(mapping.values())
    return Match(
        layout,
        round(min(1.0, 0.9 * fit.coverage + evidence), 4),
        fit.rows,
        mapping,
        tuple(unknown),
        tuple(layout.heading_of(name) for name in layout.expected if name not in fields),
        {name: tuple(column for _, column in sorted(parts)) for name, parts in joined.items()},
    )


def _nearest_heading(layout: Layout, heading: _Heading) -> str:
    """The heading, as the table calls it, of the field that a not understood heading looks like."""
    from rapidfuzz import fuzz, process

    found = process.extractOne(heading.path.bare, list(layout.index.exact), scorer=fuzz.ratio, score_cutoff=60)
    return layout.heading_of(layout.index.exact[found[0]].split(":")[0]) if found else ""
