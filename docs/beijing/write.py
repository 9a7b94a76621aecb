"""Write docs/beijing.md and docs/beijing.zh.md, with their maps, from a build of the embedded data.

Run ``make beijing``. Every number comes from the functions that the commands named beside the
tables call; tests/unit/test_beijing_report.py fails when the documents and a build disagree.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jinja2
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from venuenet.model import Question
from venuenet.pipeline import Inputs, compute
from venuenet.publish.answers import causes, coverage, gap_rows
from venuenet.publish.equity import equity_answer
from venuenet.publish.equity_ask import parse_equity
from venuenet.publish.geo import gap_shapes
from venuenet.publish.groups import as_asked, group_rows
from venuenet.publish.network import closure_rows, dependence, redundancy
from venuenet.publish.network_shape import communities
from venuenet.publish.network_system import system
from venuenet.publish.quality import quality
from venuenet.publish.sketch import WIDTH, Frame, Labels, fit, furniture
from venuenet.publish.snapshot import Snapshot, read, write
from venuenet.publish.uncertainty import parse_draws, uncertainty_answer
from venuenet.publish.words import Lang
from venuenet.publish.yardsticks import Ask, definitions, yardstick_rows
from venuenet.questions import parse_question

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from plans import plans  # noqa: E402  beside this file, wherever that is run from

TOP = 10
FINE_M = 150
"""Outlines are drawn no finer than this, metres: half the file, and nothing to be seen."""

Mark = tuple[float, float, str, str]
"""Place on the drawing, text and colour of a pin."""

COLOURS = {"service": "#c2581b", "data": "#7a6aa8"}


def ask(snapshot: Snapshot, standard: str, *, own: bool = False) -> Question:
    """Ask for a standard, as the commands do."""
    groups = [g.id for g in snapshot.area.meta.groups]
    return parse_question(snapshot.standards, groups, standard=standard, own_district=own)


def gather(snapshot: Snapshot) -> dict[str, Any]:
    """Collect everything the documents say."""
    ride, walk = ask(snapshot, "transit45"), ask(snapshot, "walk15")
    own = ask(snapshot, "transit45", own=True)
    gaps = gap_rows(snapshot, ride)
    doubt = uncertainty_answer(snapshot, ride, parse_draws(snapshot, ride, None, None))
    rural = parse_equity(snapshot, ride, {"rank_by": "rural"}, ("rank_by",))
    plain = parse_equity(snapshot, ride, {}, ())
    closed = closure_rows(snapshot, ride, (), 10_000)["items"]
    return {
        "snapshot": snapshot,
        "manifest": snapshot.manifest,
        "city": coverage(snapshot, ride, "city")[0],
        "walk_city": coverage(snapshot, walk, "city")[0],
        "own_city": coverage(snapshot, own, "city")[0],
        "districts": [
            {**a, "walk": b["share"], "own": c["share"], "p5": d["p5"], "p95": d["p95"]}
            for a, b, c, d in zip(
                coverage(snapshot, ride),
                coverage(snapshot, walk),
                coverage(snapshot, own),
                doubt["items"],
                strict=True,
            )
        ],
        "doubt": doubt["total"],
        "gaps": gaps,
        "top": gaps[:TOP],
        "causes": causes(gaps),
        "walk_causes": causes(gap_rows(snapshot, walk)),
        "closed": closed[:TOP],
        "unmissed": sum(c["lost"] == 0 for c in closed),
        "venues": len(closed),
        "dependence": dependence(snapshot, ride),
        "redundancy": redundancy(snapshot, ride),
        "communities": communities(snapshot, ride),
        "equity": equity_answer(snapshot, ride, plain),
        "rural": equity_answer(snapshot, ride, rural)["total"],
        "groups": group_rows(snapshot, as_asked(ride, ("standard",)), "city"),
        "system": system(snapshot, ride),
        "yardsticks": definitions(snapshot),
        "met": yardstick_rows(snapshot, Ask(level="city")),
        "quality": _summed(quality(snapshot)),
        "plans": plans(snapshot),
        "names": dict(snapshot.area.districts[["adcode", "name_zh"]].to_numpy().tolist()),
        "names_en": dict(snapshot.area.districts[["adcode", "name_en"]].to_numpy().tolist()),
    }


def _summed(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Add up the counts of all districts and of the venues nobody has placed in one."""
    counts = [k for k, v in rows[0].items() if isinstance(v, int)]
    return {k: sum(r[k] for r in rows) for k in counts}


def map_of(
    snapshot: Snapshot, lang: Lang, body: str, marks: Sequence[Mark], frame: Frame, titled: str
) -> str:
    """Put a drawing over the districts, with its title, scale and the sketch map's note."""
    area = snapshot.area
    edges = "".join(f'<path d="{frame.path(shape)}"/>' for shape in _shapes(snapshot))
    labels = Labels(frame.height)
    for x, y, *_ in marks:
        labels.mark(x, y, 12)
    names = []
    for row, shape in zip(area.districts.itertuples(), _shapes(snapshot), strict=True):
        at = shape.representative_point()
        x, y = frame.at(at.x, at.y)
        names.append(labels.place(x, y, row.name_zh if lang == "zh" else row.name_en))
    note = area.meta.map_note_zh if lang == "zh" else area.meta.map_note_en
    told = f"{titled} · {note} · {snapshot.manifest.as_of}"
    high = frame.height + 30
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {high:.0f}" '
        f'font-family="Noto Sans SC, Noto Sans CJK SC, sans-serif" font-size="15">'
        f'<rect width="{WIDTH:.0f}" height="{high:.0f}" fill="#fff"/>'
        f'{body}<g fill="none" stroke="#555" stroke-width="1.2">{edges}</g>'
        f'<g fill="#333" stroke="#fff" stroke-width="3" paint-order="stroke">{"".join(names)}</g>'
        f"{_pins(marks)}"
        f'<g stroke="#333" fill="#333">{furniture(frame, lang).replace("<text", _PLAIN)}</g>'
        f'<text x="12" y="{frame.height + 20:.0f}" fill="#333">{escape(told)}</text></svg>\n'
    )


_PLAIN = '<text stroke="none"'


def _shapes(snapshot: Snapshot) -> list[BaseGeometry]:
    return [_metres(snapshot, g) for g in snapshot.area.districts.geometry]


def _metres(snapshot: Snapshot, shape: BaseGeometry) -> BaseGeometry:
    return shapely.transform(
        shape, lambda c: np.column_stack(snapshot.area.metric(c[:, 0], c[:, 1]))
    )


def gap_map(facts: Mapping[str, Any], lang: Lang) -> str:
    """Draw the gaps by type, the largest numbered."""
    snapshot = facts["snapshot"]
    frame = fit(shapely.union_all(_shapes(snapshot)))
    zones = gap_shapes(snapshot, ask(snapshot, "transit45"))
    parts, marks = [], []
    for i, gap in enumerate(facts["gaps"]):
        shape = _metres(snapshot, zones[gap["gap_id"]]).simplify(FINE_M)
        colour = COLOURS[gap["gap_type"]]
        deep = 0.8 if i < TOP else 0.35
        parts.append(f'<path d="{frame.path(shape)}" fill="{colour}" fill-opacity="{deep}"/>')
        if i < TOP:
            at = shape.representative_point()
            marks.append((*frame.at(at.x, at.y), str(i + 1), "#1c1c1c"))
    legend = {
        "zh": "45 分钟内（步行+轨道）到不了科普场馆的居民区：橙=服务缺口，紫=数据缺口，编号=前十大",
        "en": "Out of 45 min (walk + rail): orange service gap, violet data gap; ten largest",
    }
    return map_of(snapshot, lang, "".join(parts), marks, frame, legend[lang])


def venue_map(facts: Mapping[str, Any], lang: Lang) -> str:
    """Draw the venues whose closing would cost most, by how many people would lose cover."""
    snapshot = facts["snapshot"]
    frame = fit(shapely.union_all(_shapes(snapshot)))
    at = {v.venue_id: v for v in snapshot.area.venues}
    most = max(c["lost"] for c in facts["closed"])
    circles, marks = [], []
    for c in facts["closed"]:
        venue = at[c["venue_id"]]
        x, y = frame.at(*(float(p) for p in snapshot.area.metric(venue.lon, venue.lat)))
        size = 46 * (c["lost"] / most) ** 0.5
        circles.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" fill="#0b6e99" fill-opacity="0.35"/>'
        )
        marks.append((x, y, str(c["rank"]), "#0b4f6e"))
    legend = {
        "zh": "若关闭，失去 45 分钟覆盖的人数（圆面积），编号同表",
        "en": "People who would lose 45-minute cover if it closed (area of the circle)",
    }
    return map_of(snapshot, lang, "".join(circles), marks, frame, legend[lang])


PLAN_MAPS = {
    "five": ("五个新分中心（编号同表）", "Five new branches, numbered as in the table"),
    "each": ("低于全市平均的区各建一处（编号同表）", "One branch per under-served district"),
    "ninety": ("45 分钟覆盖 90% 居民的最省方案", "The cheapest plan that has 90 % within 45 min"),
    "both": ("40 个单位：蓝=提升，绿=新建", "40 units: blue improves, green builds"),
}


def plan_map(facts: Mapping[str, Any], name: str, lang: Lang) -> str:
    """Draw the sites of a plan over the gaps there are now, the first of them numbered."""
    snapshot, plan = facts["snapshot"], facts["plans"][name]
    frame = fit(shapely.union_all(_shapes(snapshot)))
    zones = gap_shapes(snapshot, ask(snapshot, "transit45"))
    parts, marks = [], []
    for gap in facts["gaps"]:
        shape = _metres(snapshot, zones[gap["gap_id"]]).simplify(2 * FINE_M)
        parts.append(
            f'<path d="{frame.path(shape)}" fill="{COLOURS["service"]}" fill-opacity="0.22"/>'
        )
    for item in plan["items"]:
        at = snapshot.area.metric(item["lon"], item["lat"])
        x, y = frame.at(*(float(a) for a in at))
        colour = "#0b4f6e" if item["source"] == "upgrade" else "#1d6b3a"
        if item["rank"] <= len(plan["shown"]):
            marks.append((x, y, str(item["rank"]), colour))
        else:
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>')
    titled = PLAN_MAPS[name][0 if lang == "zh" else 1]
    now = {"zh": "浅橙=现状缺口", "en": "light orange: gaps now"}[lang]
    return map_of(snapshot, lang, "".join(parts), marks, frame, f"{titled} · {now}")


def _pins(marks: Sequence[Mark]) -> str:
    return "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="11" fill="{colour}"/>'
        f'<text x="{x:.1f}" y="{y + 4.5:.1f}" text-anchor="middle" fill="#fff" '
        f'font-size="13">{text}</text>'
        for x, y, text, colour in marks
    )


def render(snapshot: Snapshot) -> dict[str, str]:
    """Write all documents; by their path below docs/."""
    facts = gather(snapshot)
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown, of our own data
    )
    env.filters |= {
        "wan": lambda n: "无数据" if n is None else f"{n / 10_000:,.1f}",
        "k": lambda n: "no data" if n is None else f"{n / 1000:,.1f}",
        "whole": lambda n: "–" if n is None else f"{n:,.0f}",
        "pct": lambda x: "–" if x is None else f"{100 * x:.1f}",
        "one": lambda x: "–" if x is None else f"{x:.1f}",
        "three": lambda x: "–" if x is None else f"{x:.3f}",
    }
    out = {}
    names: dict[Lang, str] = {"zh": "beijing.zh.md", "en": "beijing.md"}
    for lang, name in names.items():
        out[name] = env.get_template(f"{name}.j2").render(**facts)
        out[f"images/beijing-gaps.{lang}.svg"] = gap_map(facts, lang)
        out[f"images/beijing-venues.{lang}.svg"] = venue_map(facts, lang)
        for plan in PLAN_MAPS:
            out[f"images/beijing-plan-{plan}.{lang}.svg"] = plan_map(facts, plan, lang)
    return out


def main() -> None:
    """Build the embedded data in memory and write the documents."""
    with TemporaryDirectory() as folder:
        made = compute(Inputs())
        write(made, Path(folder) / "it")  # as it is read back by every command
        for name, text in render(read(Path(folder) / "it")).items():
            (HERE.parent / name).write_text(text, encoding="utf-8")
            sys.stdout.write(f"docs/{name}\n")


if __name__ == "__main__":
    main()
