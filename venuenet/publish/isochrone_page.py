"""Isochrones as one page that opens offline: districts, what is within reach, who that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import jinja2
import numpy as np
import shapely
from markupsafe import Markup
from shapely.geometry.base import BaseGeometry

from venuenet.area import StudyArea
from venuenet.model import KINDS, LocatedVenue, Mode
from venuenet.publish import words
from venuenet.publish.geo import credits, outline
from venuenet.publish.how import made_of, traveller_note, traveller_words
from venuenet.publish.isochrones import LABEL_EN, LABEL_ZH, Target, reach_of, venue_of, who
from venuenet.publish.offline_map import refuse_outside_requests
from venuenet.publish.sketch import (
    WIDTH,
    Frame,
    Labels,
    fit,
    furniture,
    in_sight,
    rail_lines,
    symbol,
)
from venuenet.publish.snapshot import Snapshot
from venuenet.travel.isochrone import Reach

MODES: words.Table = {
    "walk": ("步行", "on foot"),
    "transit": ("公共交通", "by transit"),
    "drive": ("驾车", "by car"),
}
SHADES = np.array([(8, 48, 107), (33, 113, 181), (107, 174, 214), (189, 215, 236)])
"""Red, green, blue from the shortest cut-off to the longest; told apart in black and white too."""
SCREEN = 1.28
"""How much wider than high the drawing is at least."""
ROOM, LEAST_M = 0.08, 4000
"""Room around what is within reach, of its own size; and the least a drawing shows, metres."""
PHONE = 2.4
"""How much larger names are drawn on a phone."""


@dataclass(frozen=True)
class _Name:
    """A name to write beside a mark; units of the drawing."""

    text: str
    at: tuple[float, float]
    mark: float
    css: str


def isochrone_html(
    snapshot: Snapshot,
    target: Target,
    mode: Mode,
    minutes: Sequence[int],
    *,
    surface_transit: bool = False,
) -> str:
    """Draw what lies within some minutes of a venue, or of the nearest of some kinds.

    Takes and raises what :func:`~venuenet.publish.isochrones.isochrone_collection` does.

    Returns
    -------
    str
        One HTML document, zh with en beside, that loads nothing.
    """
    times, reaches = reach_of(snapshot, target, mode, minutes, surface=surface_transit)
    total = int(snapshot.demand.people.sum())
    rows = [
        {
            "minutes": r.minutes,
            "people": words.whole(r.people, "zh"),
            "share": words.percent(r.people / total if total else None, "zh"),
            "area": words.decimal(r.area_km2, "zh"),
            "shade": shade,
        }
        for r, shade in zip(reaches, _shades(len(reaches)), strict=True)
    ]
    drawn = {v.kind for v in _venues(snapshot, target)}
    env = jinja2.Environment(
        loader=jinja2.PackageLoader("venuenet.publish"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    page = env.get_template("isochrone.html.j2").render(
        who=who(snapshot, target),
        venue=venue_of(snapshot, target) if isinstance(target, str) else None,
        mode=MODES[mode],
        how=made_of(snapshot, times),
        traveller=traveller_words(snapshot.manifest),
        traveller_note=traveller_note(snapshot),
        rows=rows,
        drawing=Markup(_drawing(snapshot, target, reaches, rail=mode == "transit")),
        marks=[(Markup(symbol(k, 10, 10, 6.5)), *words.KINDS[k]) for k in KINDS if k in drawn],
        label=(LABEL_ZH, LABEL_EN),
        credits=credits(snapshot),
        manifest=snapshot.manifest,
    )
    refuse_outside_requests(page)
    return page


def _shades(n: int) -> list[str]:
    """Spread n shades evenly, in hexadecimal; a single one is of the middle."""
    at = np.linspace(0, len(SHADES) - 1, n) if n > 1 else np.array([1.5])
    mixed = [np.interp(at, range(len(SHADES)), channel) for channel in SHADES.T]
    return [
        "#" + "".join(f"{round(float(c)):02x}" for c in rgb) for rgb in zip(*mixed, strict=True)
    ]


def _venues(snapshot: Snapshot, target: Target) -> list[LocatedVenue]:
    if isinstance(target, str):
        return [venue_of(snapshot, target)]
    placed = [v for v in snapshot.area.venues if isinstance(v, LocatedVenue)]
    return [v for v in placed if v.counts and v.kind in target]


def _metres(area: StudyArea, shape: BaseGeometry) -> BaseGeometry:
    return shapely.transform(shape, lambda c: np.column_stack(area.metric(c[:, 0], c[:, 1])))


def _drawing(snapshot: Snapshot, target: Target, reaches: Sequence[Reach], *, rail: bool) -> str:
    """Draw districts, the reaches over them from the longest to the shortest, and the venues."""
    area, venues = snapshot.area, _venues(snapshot, target)
    one = isinstance(target, str)
    districts = [_metres(area, shape) for shape in area.districts.geometry]
    shapes = [_metres(area, outline(r.cell)) if len(r.cell) else None for r in reaches]
    at = [tuple(float(c) for c in area.metric(v.lon, v.lat)) for v in venues]
    seen = [*filter(None, shapes), *map(shapely.Point, at)] if one else districts
    frame = fit(_landscape(seen, room=one))
    size = 11.0 if one else 2.2
    marks = [symbol(v.kind, *frame.at(x, y), size) for v, (x, y) in zip(venues, at, strict=True)]
    names = [_Name(venues[0].name_zh, frame.at(*at[0]), size, "venue-name")] if one else []
    names += _district_names(area.districts["name_zh"], districts, frame)
    home = "".join(_path("home", frame, frame.clip(d)) for d in districts)
    edges = "".join(_path("edge", frame, frame.clip(d)) for d in districts)
    bands = [
        _path("reach", frame, shape, f' fill="{shade}"')
        for shape, shade in zip(shapes, _shades(len(shapes)), strict=True)
        if shape is not None
    ]
    return (
        f'<svg class="sketch" role="img" preserveAspectRatio="xMinYMin" '
        f'viewBox="0 0 {WIDTH:.0f} {frame.height:.0f}" '
        f'aria-label="{escape(LABEL_ZH)}">'
        f'<clipPath id="frame"><rect width="{WIDTH:.0f}" height="{frame.height:.0f}"/></clipPath>'
        f'<g clip-path="url(#frame)">{home}{"".join(reversed(bands))}'
        f"{rail_lines(snapshot, frame) if rail else ''}{edges}"
        f'<g class="{"one" if one else "many"}">{"".join(marks)}</g>'
        f'<g class="names wide">{"".join(_written(names, frame, 1))}</g>'
        f'<g class="names narrow" transform="scale({PHONE})">'
        f"{''.join(_written(names, frame, PHONE))}</g></g>"
        f"{furniture(frame, 'zh')}"
        f'<rect class="border" width="{WIDTH:.0f}" height="{frame.height:.0f}"/></svg>'
    )


def _path(css: str, frame: Frame, shape: BaseGeometry, more: str = "") -> str:
    return f'<path class="{css}"{more} d="{frame.path(shape)}"/>'


def _landscape(shapes: Sequence[BaseGeometry], *, room: bool) -> BaseGeometry:
    """Return a box around shapes, metres, at least as wide as a screen."""
    left, bottom, right, top = shapely.total_bounds(np.array(shapes))
    longer = max(right - left, top - bottom)
    around = max(ROOM * longer, (LEAST_M - longer) / 2) if room else 0.0
    wide, high = right - left + 2 * around, top - bottom + 2 * around
    beside = around + max(0.0, SCREEN * high - wide) / 2
    return shapely.box(left - beside, bottom - around, right + beside, top + around)


def _district_names(
    names: Sequence[str], districts: Sequence[BaseGeometry], frame: Frame
) -> list[_Name]:
    """Put each district's name where the part of it that is seen has room."""
    seen = [frame.clip(d).representative_point() for d in districts]
    return [
        _Name(str(name), frame.at(p.x, p.y), 0.0, "district-name")
        for name, p in zip(names, seen, strict=True)
        if not p.is_empty
    ]


def _written(names: Sequence[_Name], frame: Frame, scale: float) -> Iterator[str]:
    """Write names where there is room for them, the first before the others.

    At a scale, all is placed in a drawing that much smaller, to be blown up again.
    """
    labels = Labels(frame.height / scale)
    labels.taken += [
        (0, (frame.height - 60) / scale, 210 / scale, frame.height / scale),
        ((WIDTH - 70) / scale, 0, WIDTH / scale, 90 / scale),
        (WIDTH / scale - 2, -np.inf, np.inf, np.inf),
    ]
    for name in names:
        x, y = name.at
        if in_sight(name.at, frame):
            if name.mark:
                labels.mark(x / scale, y / scale, name.mark / scale)
            text = labels.place((x + name.mark) / scale, y / scale, name.text)
            yield text.replace("<text", f'<text class="{name.css}"', 1)
