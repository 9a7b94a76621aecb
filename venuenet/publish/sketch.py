"""One district as a sketch map in SVG: reads in black and white, needs no tiles and no script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from venuenet.model import SCIENCE_KINDS, LocatedVenue, Question
from venuenet.publish.answers import Row, coverage, gap_rows
from venuenet.publish.geo import gap_shapes, outline
from venuenet.publish.snapshot import Snapshot
from venuenet.publish.words import Lang, pick

WIDTH = 1000.0
HEIGHTS = (620.0, 1180.0)
MARGIN = 34.0
LABEL_SIZE = 15.0
MARKER = 10.0
SCALE_BARS_M = (500, 1000, 2000, 5000, 10_000, 20_000, 50_000)

Number = TypeVar("Number", float, NDArray[np.float64])
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Frame:
    """From metres to the drawing: units right and down from its upper left corner."""

    left: float
    top: float
    per_metre: float
    height: float

    def at(self, x: Number, y: Number) -> tuple[Number, Number]:
        """Map metres to the drawing's units."""
        return (x - self.left) * self.per_metre, (self.top - y) * self.per_metre

    def clip(self, shape: BaseGeometry) -> BaseGeometry:
        """Cut a shape, metres, to what the drawing shows."""
        right = self.left + WIDTH / self.per_metre
        bottom = self.top - self.height / self.per_metre
        return shapely.clip_by_rect(shape, self.left, bottom, right, self.top)

    def path(self, shape: BaseGeometry) -> str:
        """Write polygons, metres, as the data of an SVG path; holes kept."""
        return "".join(self._ring(r) for r in _rings(shape))

    def _ring(self, points: NDArray[np.float64]) -> str:
        x = (points[:, 0] - self.left) * self.per_metre
        y = (self.top - points[:, 1]) * self.per_metre
        return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True)) + "Z"


@dataclass
class Labels:
    """Labels that keep out of each other's way; ``left_out`` counts those without room."""

    height: float
    taken: list[Box] = field(default_factory=list)
    left_out: int = 0

    def mark(self, x: float, y: float, reach: float) -> None:
        """Keep labels off a mark; units of the drawing."""
        self.taken.append((x - reach, y - reach, x + reach, y + reach))

    def place(self, x: float, y: float, text: str) -> str:
        """Write a label beside a point, where there is room."""
        wide = sum(1.0 if ord(c) > 0x2E7F else 0.56 for c in text) * LABEL_SIZE
        high, off = LABEL_SIZE, 6.0
        for anchor, dx, dy in (
            ("start", off, high * 0.36),
            ("end", -off, high * 0.36),
            ("middle", 0.0, -off),
            ("middle", 0.0, off + high * 0.8),
        ):
            left = x + dx - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
            box = (left, y + dy - high * 0.9, left + wide, y + dy + high * 0.2)
            if self._free(box):
                self.taken.append(box)
                return (
                    f'<text x="{x + dx:.1f}" y="{y + dy:.1f}" text-anchor="{anchor}">'
                    f"{escape(text)}</text>"
                )
        self.left_out += 1
        return ""

    def _free(self, box: Box) -> bool:
        inside = box[0] > 2 and box[1] > 2 and box[2] < WIDTH - 2 and box[3] < self.height - 2
        return inside and not any(
            box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in self.taken
        )


@dataclass(frozen=True)
class Sketch:
    """The drawing, and what could not be put on it."""

    svg: str
    labels_left_out: int
    townships_unplaced: int


def _rings(shape: BaseGeometry) -> Iterator[NDArray[np.float64]]:
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon" and not part.is_empty:
            for ring in (part.exterior, *part.interiors):
                yield shapely.get_coordinates(ring)


def fit(shape: BaseGeometry) -> Frame:
    """Choose the frame that shows a shape, metres, with a margin around it."""
    left, bottom, right, top = shape.bounds
    wide, high = right - left, top - bottom
    inner = WIDTH - 2 * MARGIN
    height = min(max(inner * high / wide + 2 * MARGIN, HEIGHTS[0]), HEIGHTS[1])
    per_metre = min(inner / wide, (height - 2 * MARGIN) / high)
    return Frame(
        left=(left + right) / 2 - WIDTH / 2 / per_metre,
        top=(bottom + top) / 2 + height / 2 / per_metre,
        per_metre=per_metre,
        height=height,
    )


def symbol(kind: str, x: float, y: float, size: float, number: str = "") -> str:
    """Draw a venue's mark: the shape tells the kind, so that no colour is needed."""
    if kind == "science_museum":
        shape = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" fill="#0b4f8a"/>'
    elif kind == "base":
        shape = (
            f'<rect x="{x - size * 0.9:.1f}" y="{y - size * 0.9:.1f}" width="{size * 1.8:.1f}" '
            f'height="{size * 1.8:.1f}" fill="#00604c"/>'
        )
    elif kind == "other":
        shape = (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size * 0.85:.1f}" fill="#fff" '
            f'style="stroke:#555;stroke-width:{size * 0.16:.1f}"/>'
        )
    else:
        reach = size * 1.25
        points = f"{x:.1f},{y - reach:.1f} {x + reach:.1f},{y:.1f} {x:.1f},{y + reach:.1f} "
        shape = f'<polygon points="{points}{x - reach:.1f},{y:.1f}" fill="#111"/>'
    ink = "#333" if kind == "other" else "#fff"
    text = (
        f'<text x="{x:.1f}" y="{y + size * 0.38:.1f}" fill="{ink}" '
        f'font-size="{size * 1.15:.1f}" text-anchor="middle">{number}</text>'
        if number
        else ""
    )
    return f'<g class="venue">{shape}{text}</g>'


def district_sketch(
    snapshot: Snapshot, adcode: str, question: Question, numbers: dict[str, int], lang: Lang
) -> Sketch:
    """Draw a district with its gaps, venues, townships, rail and neighbours.

    Parameters
    ----------
    numbers : mapping of venue id to int
        The number each of the district's venues has in the report's list.
    """
    area = snapshot.area

    def metres(shape: BaseGeometry) -> BaseGeometry:
        return shapely.transform(shape, lambda c: np.column_stack(area.metric(c[:, 0], c[:, 1])))

    shapes = {d.adcode: metres(d.geometry) for d in area.districts.itertuples()}
    home = shapes[adcode]
    frame = fit(home)
    labels = Labels(frame.height)
    labels.taken += [(0, frame.height - 52, 200, frame.height), (WIDTH - 60, 0, WIDTH, 80)]
    rows = gap_rows(snapshot, question, [adcode])
    zones = gap_shapes(snapshot, question)
    # Cells reach over borders: what lies within the outline is drawn, whoever counts it. What
    # the gaps leave to see of the inhabited cells is within reach.
    inside = _inhabited(snapshot, adcode, question, frame)
    reached = f'<path class="reached" d="{frame.path(metres(inside))}"/>' if inside else ""
    here = snapshot.area.districts.set_index("adcode").geometry[adcode]
    shown = [r for r in gap_rows(snapshot, question) if zones[r["gap_id"]].intersects(here)]
    drawn = [
        f'<path class="gap {r["gap_type"]}" d="{frame.path(metres(zones[r["gap_id"]]))}"/>'
        for r in shown
    ]
    venues = _venues(snapshot, adcode, question, numbers, frame, labels)
    towns, unplaced = _towns(snapshot, adcode, frame, labels, rows, lang)
    neighbours = [(code, frame.clip(shape)) for code, shape in shapes.items() if code != adcode]
    neighbours = [(code, shape) for code, shape in neighbours if not shape.is_empty]
    names = dict(zip(area.districts["adcode"], area.districts[f"name_{lang}"], strict=True))
    beside = _neighbour_names(neighbours, names, frame, labels)
    edge = frame.path(home)
    parts = [
        f'<svg class="sketch" role="img" viewBox="0 0 {WIDTH:.0f} {frame.height:.0f}" '
        f'aria-label="{escape(names[adcode])}">',
        _PATTERNS,
        f'<clipPath id="home"><path clip-rule="evenodd" d="{edge}"/></clipPath>',
        f'<clipPath id="frame"><rect width="{WIDTH:.0f}" height="{frame.height:.0f}"/></clipPath>',
        '<g clip-path="url(#frame)">',
        *(f'<path class="beside" d="{frame.path(shape)}"/>' for _, shape in neighbours),
        f'<path class="home" d="{edge}"/>',
        f'<g clip-path="url(#home)">{reached}{"".join(drawn)}</g>',
        rail_lines(snapshot, frame),
        f'<path class="edge" d="{edge}"/>',
        f'<g class="names beside-names">{beside}</g>',
        towns,
        venues,
        "</g>",
        furniture(frame, lang),
        f'<rect class="border" width="{WIDTH:.0f}" height="{frame.height:.0f}"/>',
        "</svg>",
    ]
    return Sketch("".join(parts), labels.left_out, unplaced)


_PATTERNS = (
    "<defs>"
    '<pattern id="hatch" width="8" height="8" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="8" height="8" fill="#fbe6da"/>'
    '<path d="M0 0V8" stroke="#b3400a" stroke-width="4"/></pattern>'
    '<pattern id="dots" width="9" height="9" patternUnits="userSpaceOnUse">'
    '<rect width="9" height="9" fill="#eceaf4"/>'
    '<circle cx="3" cy="3" r="1.6" fill="#4b3f72"/></pattern>'
    "</defs>"
)


def _inhabited(
    snapshot: Snapshot, adcode: str, question: Question, frame: Frame
) -> BaseGeometry | None:
    """Outline of the inhabited cells in sight; None where nobody can say what is reached."""
    demand = snapshot.demand
    at = list(snapshot.area.districts["adcode"]).index(adcode)
    x, y = frame.at(demand.x, demand.y)
    cells = demand.cell[(x > 0) & (x < WIDTH) & (y > 0) & (y < frame.height)]
    if coverage(snapshot, question)[at]["share"] is None or len(cells) == 0:
        return None
    return outline(cells)


def rail_lines(snapshot: Snapshot, frame: Frame) -> str:
    """Rail as straight links between stations, with the stations."""
    area = snapshot.area
    if len(area.stations) == 0:
        return ""
    x, y = area.metric(area.stations["lon"].to_numpy(), area.stations["lat"].to_numpy())
    where = {
        s: frame.at(float(a), float(b))
        for s, a, b in zip(area.stations["station_id"], x, y, strict=True)
    }
    links = area.links[area.links["track_m"].notna()]
    pairs = {(min(a, b), max(a, b)) for a, b in zip(links["from_id"], links["to_id"], strict=True)}
    lines = "".join(
        f"M{where[a][0]:.1f} {where[a][1]:.1f}L{where[b][0]:.1f} {where[b][1]:.1f}"
        for a, b in sorted(pairs)
        if in_sight(where[a], frame) or in_sight(where[b], frame)
    )
    dots = "".join(
        f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.6"/>'
        for a, b in where.values()
        if in_sight((a, b), frame)
    )
    return f'<g class="rail"><path d="{lines}"/>{dots}</g>' if lines else ""


def in_sight(point: tuple[float, float], frame: Frame) -> bool:
    """Tell whether a point, units of the drawing, is on it or just outside."""
    return -50 < point[0] < WIDTH + 50 and -50 < point[1] < frame.height + 50


def _venues(
    snapshot: Snapshot,
    adcode: str,
    question: Question,
    numbers: dict[str, int],
    frame: Frame,
    labels: Labels,
) -> str:
    """Draw the district's venues with their numbers, those around it that count small and grey."""
    own, around = [], []
    for venue in snapshot.area.venues:
        if not isinstance(venue, LocatedVenue):
            continue
        x, y = frame.at(*(float(v) for v in snapshot.area.metric(venue.lon, venue.lat)))
        if venue.adcode == adcode:
            number = str(numbers[venue.venue_id])
            own.append((venue.kind in SCIENCE_KINDS, symbol(venue.kind, x, y, MARKER, number)))
            labels.mark(x, y, MARKER)
        elif in_sight((x, y), frame) and venue.kind in question.kinds and venue.counts:
            around.append(f'<circle class="around" cx="{x:.1f}" cy="{y:.1f}" r="5"/>')
    drawn = [mark for _, mark in sorted(own, key=lambda m: m[0])]
    return "".join(around + drawn)


def _towns(
    snapshot: Snapshot,
    adcode: str,
    frame: Frame,
    labels: Labels,
    rows: Sequence[Row],
    lang: Lang,
) -> tuple[str, int]:
    """Township points; those with the most people in gaps get their name first."""
    towns = snapshot.area.townships
    mine = towns[towns["adcode"] == adcode]
    placed = mine[mine["lon"].notna()]
    people: dict[str, int] = {}
    for row in rows:
        people[row["township_code"]] = people.get(row["township_code"], 0) + row["people"]
    x, y = snapshot.area.metric(placed["lon"].to_numpy(), placed["lat"].to_numpy())
    points = [
        (people.get(str(t.township_code), 0), frame.at(float(a), float(b)), _short(t, lang))
        for t, a, b in zip(placed.itertuples(), x, y, strict=True)
    ]
    points.sort(key=lambda p: -p[0])
    for _, (a, b), _ in points:
        labels.mark(a, b, 3)
    texts = "".join(labels.place(a, b, name) for _, (a, b), name in points)
    dots = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.8"/>' for _, (a, b), _ in points)
    drawn = f'<g class="towns">{dots}</g><g class="names town-names">{texts}</g>'
    return drawn, len(mine) - len(placed)


def _short(town: object, lang: Lang) -> str:
    """Shorten a township's name as maps do: without the word for subdistrict."""
    if lang == "zh":
        name: str = getattr(town, "name_zh", "")
        return name.removesuffix("街道") if len(name) > 3 else name
    english: str = getattr(town, "name_en", "") or getattr(town, "name_zh", "")
    for word in (" Subdistrict", " Ethnic Township", " Township", " Town", " Area"):
        english = english.removesuffix(word)
    return english


def _neighbour_names(
    neighbours: Sequence[tuple[str, BaseGeometry]],
    names: dict[str, str],
    frame: Frame,
    labels: Labels,
) -> str:
    out = []
    for code, shape in neighbours:
        point = shape.representative_point()
        x, y = frame.at(point.x, point.y)
        before = labels.left_out
        out.append(labels.place(x, y, names[code]))
        labels.left_out = before
    return "".join(out)


def furniture(frame: Frame, lang: Lang) -> str:
    """Scale bar and north arrow."""
    room = 170.0
    metres = max(m for m in SCALE_BARS_M if m * frame.per_metre <= room or m == SCALE_BARS_M[0])
    length = metres * frame.per_metre
    text = f"{metres / 1000:g} {pick(('公里', 'km'), lang)}"
    x, y = 20.0, frame.height - 22
    return (
        f'<g class="scale"><path d="M{x} {y - 7}V{y}H{x + length:.1f}V{y - 7}" fill="none"/>'
        f'<text x="{x + length / 2:.1f}" y="{y - 9}" text-anchor="middle">{text}</text></g>'
        f'<g class="north"><path d="M{WIDTH - 32} 20L{WIDTH - 22} 52L{WIDTH - 32} 45'
        f'L{WIDTH - 42} 52Z"/><text x="{WIDTH - 32}" y="70" text-anchor="middle">'
        f"{pick(('北', 'N'), lang)}</text></g>"
    )
