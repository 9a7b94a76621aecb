"""Finds the table in a sheet: its header, in one row or two, and which column is which field."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from venuenet.errors import Fault
from venuenet.registry.fields import BY_NAME
from venuenet.registry.model import Datum, RowRef
from venuenet.sources import limits, points, values, words
from venuenet.sources.grid import Grid
from venuenet.sources.headers import Meaning, meaning, plain, score
from venuenet.sources.says import say
from venuenet.sources.values import Unclear, clean

VENUE_ID = re.compile(r"V\d{6}-\d{3,}")
_ALSO_ADDRESS = ("location", "地理位置", "位置坐标")
_DATUM_ORDER: tuple[Datum | None, ...] = ("WGS84", "CGCS2000", "GCJ-02", "BD-09", None)


@dataclass(frozen=True)
class Table:
    """A sheet's table.

    Attributes
    ----------
    grid : Grid
    headers : tuple of str
        One name per column, as written; a two-row header joined by a space, a second column of
        the same name numbered, a nameless one called by its letter.
    first : int
        Position in ``grid.rows`` of the first row under the header.
    above : int
        Rows above the header.
    heads : tuple of tuple of str
        The header's rows, as written.
    columns : mapping of field to column
        What is read, ``city`` excepted.
    cities : tuple of int
        Columns that name a province or city.
    meanings : mapping of column to Meaning
        What the header of a column in ``columns`` says beside the field.
    datum : Datum, optional
        Of the coordinates read, where their headers or the file declare it.
    """

    grid: Grid
    headers: tuple[str, ...]
    first: int
    above: int
    heads: tuple[tuple[str, ...], ...]
    columns: Mapping[str, int]
    cities: tuple[int, ...]
    meanings: Mapping[int, Meaning]
    datum: Datum | None


def find(grid: Grid, mapping: Mapping[str, str], file: str) -> tuple[Table | None, list[Fault]]:
    """Find a sheet's table.

    Parameters
    ----------
    grid : Grid
        The sheet.
    mapping : mapping of header to field
        Columns mapped by hand; "" leaves one unknown.
    file : str
        The file's name, for faults.

    Returns
    -------
    Table, optional
        None where no row among the first names a venue's name.
    list of Fault
        Columns that mean the same, or not what they are called.
    """
    head = _header(grid, mapping)
    if head is None:
        return None, []
    above, first, headers = head
    place = RowRef(file, grid.name, 0).where()
    faults: list[Fault] = []
    meanings = _meanings(headers, mapping)
    forced = {at for at, h in enumerate(headers) if _mapped(h, mapping) is not None}
    content = _content(grid, first)
    for at, found in list(meanings.items()):
        right = found.field if at in forced else _as_held(headers[at], found.field, at, content)
        if right == found.field:
            continue
        del meanings[at]
        if right is not None:
            meanings[at] = replace(found, field=right)
        elif found.field != "venue_id":  # a serial number called id is no fault
            faults.append(say("not_meant", place, None, headers[at], **_names(found.field)))
    chosen, more = _chosen(headers, meanings, content, place, forced)
    if grid.points is not None:
        chosen = {f: c for f, c in chosen.items() if f not in ("lon", "lat", "point")}
    datums = {meanings[chosen[f]].datum for f in ("lon", "lat", "point") if f in chosen}
    return Table(
        grid=grid,
        headers=headers,
        first=first,
        above=above,
        heads=tuple(tuple(map(clean, cells)) for _, cells in grid.rows[above:first]),
        columns=chosen,
        cities=tuple(at for at, m in meanings.items() if m.field == "city"),
        meanings=meanings,
        datum=grid.datum if grid.points is not None else _only(datums),
    ), faults + more


def _only(datums: set[Datum | None]) -> Datum | None:
    told = datums - {None}
    return next(iter(told)) if len(told) == 1 else None


def _names(field: str) -> dict[str, str]:
    """Return a field's names for people."""
    special = {
        "venue_id": ("场馆编号", "venue id"),
        "lon": ("经度", "longitude"), "lat": ("纬度", "latitude"),
        "precision_m": ("坐标精度", "position precision"),
    }  # fmt: skip
    if field in special:
        return dict(zip(("zh", "en"), special[field], strict=True))
    return {"zh": BY_NAME[field].zh, "en": BY_NAME[field].en}


def _header(grid: Grid, mapping: Mapping[str, str]) -> tuple[int, int, tuple[str, ...]] | None:
    """Return (rows above, position under the header, names) of the sheet's header, if it has one.

    The first header whose cells are mostly known words, else the row that names most fields. Two
    rows are read as one where together they say more than either. A name alone makes a header
    only on top of the table: further down it is a row of some guide to filling in forms.
    """
    best: tuple[tuple[int, int], int, int, list[str]] | None = None
    head = [[clean(c) for c in cells] for _, cells in grid.rows[: limits.HEADER_ROWS + 1]]
    worth = [_worth(row, mapping) for row in head]
    on_top = True
    for at, row in enumerate(head[: limits.HEADER_ROWS]):
        here = worth[at], at, at + 1, row
        # A lone first cell is a title; a group has columns beside it.
        if at + 1 < len(head) and any(row[1:]):
            joined = _joined(grid, at, row, head[at + 1])
            both = _worth(joined, mapping)
            if both > max(worth[at], worth[at + 1]):
                here = both, at, at + 2, joined
        fields, filled = here[0][0], len(here[3]) - here[3].count("")
        if fields > (0 if on_top else 1) and (best is None or here[0] > best[0]):
            best = here
        if 2 * fields > filled and fields > 1:
            best = here
            break
        on_top = on_top and filled <= 1
    if best is None:
        return None
    _, above, first, names = best
    width = max(len(cells) for _, cells in grid.rows[first - 1 :])
    return above, first, _unlike(names + [""] * (width - len(names)))


def _worth(row: Sequence[str], mapping: Mapping[str, str]) -> tuple[int, int]:
    """Return how many fields a header names, and for how many columns it tells unit or datum."""
    said = [m for cell in row if cell and (m := meaning(cell)) is not None]
    return score(row, mapping), sum(m.datum is not None or bool(m.unit) for m in said)


def _joined(grid: Grid, at: int, upper: list[str], lower: list[str]) -> list[str]:
    """Read two rows as one header: a group's name stands over its columns, or spans them."""
    width = max(len(upper), len(lower))
    upper = upper + [""] * (width - len(upper))
    lower = lower + [""] * (width - len(lower))
    spans = [
        (left, right)
        for top, left, bottom, right in grid.merged
        if top == grid.rows[at][0] == bottom
    ]
    names = []
    group, until = "", -1
    for column, (above, below) in enumerate(zip(upper, lower, strict=True)):
        if above:
            group = above
            until = next(
                (right for left, right in spans if left == column), width if not spans else -1
            )
        if not below:
            names.append(above)
        elif above or (group and column <= until):
            names.append(_best_name(group, below))
        else:
            names.append(below)
    return names


def _best_name(group: str, name: str) -> str:
    """Join a group and a name within it, in the order that makes sense, datum and unit kept."""
    for joined in (f"{group} {name}", f"{name} {group}"):
        if meaning(joined) is not None:
            return joined
    if meaning(name) is not None:
        return f"{name}（{group}）"
    return f"{group} {name}"


def _unlike(names: list[str]) -> tuple[str, ...]:
    """Make names differ: a second 电话 is 电话 (2), a nameless column is called by its letter."""
    taken: dict[str, int] = {}
    found = []
    for at, name in enumerate(names):
        word = name or f"[{_letter(at)}]"
        taken[word] = taken.get(word, 0) + 1
        while taken[word] > 1 and f"{word} ({taken[word]})" in names:
            taken[word] += 1
        found.append(word if taken[word] == 1 else f"{word} ({taken[word]})")
    return tuple(found)


def _letter(at: int) -> str:
    letters = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _mapped(header: str, mapping: Mapping[str, str]) -> str | None:
    """Return what a header was mapped to by hand: as written, else whatever its spelling."""
    if header in mapping:
        return mapping[header]
    word = plain(header)
    return next((field for h, field in mapping.items() if word and plain(h) == word), None)


def _meanings(headers: Sequence[str], mapping: Mapping[str, str]) -> dict[int, Meaning]:
    """Say what each column holds; a field mapped by hand is read from nowhere else."""
    found = {}
    by_hand = {_mapped(h, mapping) for h in headers}
    for at, header in enumerate(headers):
        said = meaning(header)
        field = _mapped(header, mapping)
        if field:
            found[at] = replace(said or Meaning(field, 0), field=field)
        elif field is None and said is not None and said.field not in by_hand:
            found[at] = said
    return found


def _content(grid: Grid, first: int) -> Callable[[int], Mapping[str, int]]:
    """Return what counts a column's cells: text that says something → how often."""

    @cache
    def count(at: int) -> Mapping[str, int]:
        cells = Counter(cells[at] for _, cells in grid.rows[first:] if at < len(cells))
        return {text: n for cell, n in cells.items() if not values.is_blank(text := clean(cell))}

    return count


def _as_held(
    header: str, field: str, at: int, counted: Callable[[int], Mapping[str, int]]
) -> str | None:
    """Return the field, another one, or None, by what the column holds.

    States, dates and points must be readable somewhere, ids mostly ours, districts of a limited
    number; a ``location`` that holds no point is an address.
    """
    readers: dict[str, Callable[[str], object]] = {
        "status": words.status,
        "point": points.pair,
        "opened_on": lambda text: values.date(text, end=False),
        "closed_on": lambda text: values.date(text, end=False),
        "valid_until": lambda text: values.date(text, end=True),
    }
    if field not in (*readers, "venue_id", "adcode"):
        return field
    content = counted(at)
    if not content:
        return field
    if field in readers and not any(_readable(readers[field], text) for text in content):
        return "address_zh" if plain(header) in _ALSO_ADDRESS else None
    if field == "venue_id":
        ours = sum(n for text, n in content.items() if VENUE_ID.fullmatch(text.upper()))
        return field if 2 * ours > sum(content.values()) else None
    if field == "adcode" and len(content) > limits.DISTRICT_NAMES:
        return None
    return field


def _readable(reader: Callable[[str], object], text: str) -> bool:
    try:
        reader(text)
    except Unclear as unclear:
        return unclear.code not in ("status", "coordinate", "date")
    return True


def _chosen(
    headers: Sequence[str],
    meanings: Mapping[int, Meaning],
    counted: Callable[[int], Mapping[str, int]],
    place: str,
    forced: set[int],
) -> tuple[dict[str, int], list[Fault]]:
    """Choose one column per field: the best filled, then the latest year, then the surest word."""

    def merit(at: int) -> tuple[bool, int, int, int]:
        said = meanings[at]
        return at in forced, sum(counted(at).values()), said.year, -said.rank

    rivals: dict[str, list[int]] = {}
    for at, said in meanings.items():
        if said.field != "city":
            rivals.setdefault(said.field, []).append(at)
    chosen = {
        field: columns[0] if len(columns) == 1 else max(columns, key=merit)
        for field, columns in rivals.items()
    }
    faults = []
    if not _one_point(chosen, rivals, meanings, merit):
        for field in {"lon", "lat"} & chosen.keys():
            faults.append(say("half_point", place, None, headers[chosen.pop(field)]))
    for field, columns in rivals.items():
        for at in columns:
            if chosen.get(field) not in (None, at):
                other = headers[chosen[field]]
                faults.append(
                    say("two_columns", place, None, headers[at], other=other, **_names(field))
                )
    return chosen, faults


def _one_point(
    chosen: dict[str, int],
    rivals: Mapping[str, list[int]],
    meanings: Mapping[int, Meaning],
    merit: Callable[[int], tuple[bool, int, int, int]],
) -> bool:
    """Take longitude and latitude of one datum, from two columns or from one, never a mix.

    Where no two go together by name, a latitude that names no datum goes with any longitude.
    """
    sets: list[dict[str, int]] = []
    for datum in _DATUM_ORDER:
        both = {
            field: max(same, key=merit)
            for field in ("lon", "lat")
            if (same := [c for c in rivals.get(field, ()) if meanings[c].datum == datum])
        }
        if len(both) == 2:
            sets.append(both)
        sets += [{"point": c} for c in rivals.get("point", ()) if meanings[c].datum == datum]
    if not sets and {"lon", "lat"} <= chosen.keys():
        sets = [{"lon": chosen["lon"], "lat": chosen["lat"]}]
        told = {meanings[c].datum for c in sets[0].values()} - {None}
        sets = sets if len(told) == 1 else []
    if not sets:
        return False
    best = max(sets, key=lambda s: min(merit(c)[:2] for c in s.values()))
    for field in ("lon", "lat", "point"):
        chosen.pop(field, None)
    chosen.update(best)
    return True
