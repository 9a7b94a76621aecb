"""A plan of the mobile hall as one folium page that opens by double click, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import folium
import jinja2
import shapely
from folium.features import DivIcon, GeoJsonTooltip
from shapely.geometry import mapping

from venuenet.proposals.mobile import LABEL, REASONS, mobile_collection
from venuenet.proposals.mobile_ask import MobileRequest
from venuenet.publish import words
from venuenet.publish.answers import Row
from venuenet.publish.geo import Json, credits, gap_collection
from venuenet.publish.offline_map import bare_map, both, offline_html
from venuenet.publish.snapshot import Snapshot

COLORS = ("#0b4f8a", "#b3400a", "#00604c", "#6b2d73", "#7a5c00", "#9b1c31", "#2f6f8f", "#4d4d4d")
"""Of the days, in turn; the number on every stop tells them apart without colour."""
MARGIN = 0.12
"""Room around the plan, as a share of its size."""

_CSS = """<style>
.stop { border-radius: 11px; color: #fff; font: 600 12px/22px system-ui, sans-serif;
  text-align: center; box-shadow: 0 0 0 1.5px #fff; white-space: nowrap }
.depot { width: 16px; height: 16px; background: #111; transform: rotate(45deg);
  box-shadow: 0 0 0 2px #fff }
.left { width: 8px; height: 8px; border-radius: 5px; background: #fff; border: 2px solid #5b636d;
  box-sizing: border-box }
.days td:first-child { font-weight: 600 } .days { margin-bottom: 4px }
.days th, .days td { padding: 2px 4px; text-align: right; border-bottom: 1px solid #eceef0 }
.days th:first-child, .days td:first-child, .plan td:nth-child(2) { text-align: left }
.days th { font-weight: 400; color: #5b636d } .days th i { display: block; line-height: 1.1 }
.leaflet-control-layers { max-height: 45vh; overflow-y: auto }
.label { border-left: 3px solid #b3400a; background: #fdf3ec; padding: 6px 10px; margin: 8px 0 }
.label i, .facts i { display: block }
</style>"""

_SIDE = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string("""\
<aside>
<h1>流动科技馆路线<i lang="en">Routes of the mobile science hall</i></h1>
<p class="label">{{ label[0] }}<i lang="en">{{ label[1] }}</i></p>
<div class="asked"><b>{{ asked[0] }}</b><i lang="en">{{ asked[1] }}</i></div>
<table class="facts">
{% for zh, en, value in facts %}<tr><th>{{ zh }}<i lang="en">{{ en }}</i></th>
<td>{{ value }}</td></tr>{% endfor %}
</table>
{% for day in days %}
<h2 style="color:{{ day.color }}">第 {{ day.day }} 天 {{ day.start }}–{{ day.back }} ·
{{ "{:,}".format(day.people) }} 人
<i lang="en">day {{ day.day }}, {{ day.drive_minutes }} min driven</i></h2>
<table class="days plan"><tr><th>站<i lang="en">stop</i></th><th></th>
<th>到–离<i lang="en">there</i></th><th>人<i lang="en">people</i></th></tr>
{% for s in day.visits %}<tr><td>{{ s.day }}-{{ s.order }}</td><td>{{ s.name_zh }}</td>
<td>{{ s.arrive }}–{{ s.leave }}</td><td>{{ "{:,}".format(s.people) }}</td></tr>{% endfor %}
</table>
{% else %}<p>没有可行的站点 <i lang="en">no stop can be made</i></p>{% endfor %}
{% if left %}<h2>未安排 <i lang="en">Left out</i></h2><table class="days">
{% for zh, en, count, people in left %}<tr><td>{{ zh }}<i lang="en"> {{ en }}</i></td>
<td>{{ count }}</td><td>{{ "{:,}".format(people) }} 人</td></tr>{% endfor %}</table>{% endif %}
<h2>假设 <i lang="en">Assumed</i></h2>
<table class="facts">
{% for a in assumed %}<tr><th>{{ a.zh }}<i lang="en">{{ a.en }}</i></th>
<td>{{ a.value }} {{ a.unit }}</td></tr>{% endfor %}
</table>
{% if drive %}<p>{{ drive.zh }}<br><i lang="en">{{ drive.en }}</i></p>{% endif %}
<p class="foot">截至 as of {{ credits.as_of }} · 快照 snapshot {{ credits.snapshot }}<br>
数据来源 Sources：{{ credits.attribution }}<br>
{{ credits.note_zh }} <i lang="en">{{ credits.note_en }}</i><br>
审图号 <i lang="en">map review no.</i> {{ credits.review_number or "________" }}</p>
</aside>""")


def mobile_html(snapshot: Snapshot, request: MobileRequest, answer: Row) -> str:
    """Draw a plan: gaps, schematic days, numbered stops; the timetable beside.

    Returns
    -------
    str
        One HTML document, zh with en beside; nothing is loaded from elsewhere.
    """
    page = bare_map()
    drawn = mobile_collection(snapshot, request, answer)
    for layer in _layers(snapshot, request, answer, drawn):
        layer.add_to(page)
    page.fit_bounds(_bounds(snapshot, request, drawn))
    return offline_html(
        page, "流动科技馆路线 · Mobile science hall", _side(snapshot, request, answer), style=_CSS
    )


def day_color(day: int) -> str:
    """Return the colour of a day, counted from 1."""
    return COLORS[(day - 1) % len(COLORS)]


def _layers(
    snapshot: Snapshot, request: MobileRequest, answer: Row, drawn: Json
) -> Iterator[folium.GeoJson]:
    yield _districts(snapshot)
    gaps = gap_collection(snapshot, request.question, request.districts)["features"]
    if gaps and answer["status"] != "no_data":
        yield folium.GeoJson(
            {
                "type": "FeatureCollection",
                "features": [
                    _tipped(f, f"{f['properties']['township_zh']} {f['properties']['people']:,} 人")
                    for f in gaps
                ],
            },
            name="未覆盖 Uncovered",
            style_function=lambda _f: {
                "fillColor": "#e8a583", "color": "#c98361", "weight": 0.5, "fillOpacity": 0.55,
            },
            tooltip=_tip(),
        )  # fmt: skip
    for f in drawn["features"]:
        if f["properties"]["what"] == "day":
            yield _day(f)
    left = [_feature(r, escape(f"{r['name_zh']}：{r['reason_zh']}")) for r in answer["left_out"]]
    if left:
        yield _marks("未安排的站点 Left out", left, '<div class="left"></div>', 8)
    for r in answer["items"]:
        tip = (
            f"{r['day']}-{r['order']} {r['name_zh']} {r['arrive']}–{r['leave']} {r['people']:,} 人"
        )
        mark = (
            f'<div class="stop" style="background:{day_color(r["day"])}">'
            f"{r['day']}-{r['order']}</div>"
        )
        yield _marks(None, [_feature(r, escape(tip))], mark, 34, 22)
    depot = answer["depot"]
    tip = f"{depot['name_zh']}（出发与返回 depot）"
    yield _marks(None, [_feature(depot, escape(tip))], '<div class="depot"></div>', 16)


def _districts(snapshot: Snapshot) -> folium.GeoJson:
    features = [
        {
            "type": "Feature",
            "geometry": mapping(shapely.set_precision(d.geometry, 1e-5)),
            "properties": {"tip": both(d.name_zh, d.name_en)},
        }
        for d in snapshot.area.districts.itertuples()
    ]
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        control=False,
        style_function=lambda _f: {
            "fillColor": "#f4f7fa", "fillOpacity": 1, "color": "#8a8f95", "weight": 1.2,
        },
        tooltip=_tip(),
    )  # fmt: skip


def _day(feature: Json) -> folium.GeoJson:
    p = feature["properties"]
    color = day_color(p["day"])
    tip = f"第 {p['day']} 天 day {p['day']}: {p['start']}–{p['back']}, {p['people']:,} 人"
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": [_tipped(feature, tip)]},
        name=f"第 {p['day']} 天 Day {p['day']}",
        style_function=lambda _f: {"color": color, "weight": 3, "dashArray": "7 5"},
        tooltip=_tip(),
    )


def _marks(
    name: str | None, features: list[Json], html: str, wide: int, high: int | None = None
) -> folium.GeoJson:
    size = (wide, high or wide)
    icon = DivIcon(html=html, icon_size=size, icon_anchor=(size[0] // 2, size[1] // 2))
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        name=name,
        control=name is not None,
        marker=folium.Marker(icon=icon),
        tooltip=_tip(),
    )


def _tip() -> GeoJsonTooltip:
    return GeoJsonTooltip(fields=["tip"], labels=False)


def _tipped(feature: Json, tip: str) -> Json:
    return {"type": "Feature", "geometry": feature["geometry"], "properties": {"tip": escape(tip)}}


def _feature(row: Row, tip: str) -> Json:
    point = {"type": "Point", "coordinates": [round(row["lon"], 6), round(row["lat"], 6)]}
    return {"type": "Feature", "geometry": point, "properties": {"tip": tip}}


def _bounds(snapshot: Snapshot, request: MobileRequest, drawn: Json) -> list[list[float]]:
    """Return south-west and north-east, latitude first, of the plan and the districts asked."""
    districts = snapshot.area.districts
    if request.districts:
        districts = districts[districts["adcode"].isin(request.districts)]
    shapes = [
        *districts.geometry,
        *(shapely.geometry.shape(f["geometry"]) for f in drawn["features"]),
    ]
    left, bottom, right, top = (float(v) for v in shapely.total_bounds(shapes))
    dx, dy = MARGIN * (right - left) / 4, MARGIN * (top - bottom) / 4
    return [[bottom - dy, left - dx], [top + dy, right + dx]]


def _side(snapshot: Snapshot, request: MobileRequest, answer: Row) -> str:
    items = answer["items"]
    days = [
        d | {"visits": [r for r in items if r["day"] == d["day"]], "color": day_color(d["day"])}
        for d in answer["day_totals"]
    ]
    left = []
    for reason, (zh, en) in REASONS.items():
        rows = [r for r in answer["left_out"] if r["reason"] == reason]
        if rows:
            left.append((zh, en, len(rows), sum(r["people_unserved"] for r in rows)))
    gap = answer["gap"]
    facts = [
        ("未覆盖居民", "uncovered", _whole(answer["uncovered"])),
        ("其中站点范围内", "of whom in reach of a stop", _whole(answer["in_reach_of_stops"])),
        ("本方案服务", "served by this plan", _whole(answer["people"])),
        ("任何方案至多", "no plan serves more than", _whole(answer["bound"])),
        ("差距", "gap", "无数据" if gap is None else f"{100 * gap:.1f}%"),
        ("起点", "depot", answer["depot"]["name_zh"]),
    ]
    return _SIDE.render(
        label=LABEL,
        asked=[words.question_text(snapshot, request.question, lang) for lang in words.LANGS],
        facts=facts,
        days=days,
        left=left,
        assumed=[a for a in answer["assumptions"] if a["name"] != "depot"],
        drive=answer["drive"],
        credits=credits(snapshot),
    )


def _whole(value: int | None) -> str:
    return "无数据" if value is None else f"{value:,}"
