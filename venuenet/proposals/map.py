"""A plan as one folium page that opens by double click, without a network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

import folium
import jinja2
import numpy as np
import shapely
from folium.features import DivIcon, GeoJsonTooltip
from shapely.geometry import mapping

from venuenet.model import LocatedVenue, Question
from venuenet.proposals.words import flag_words
from venuenet.publish import words
from venuenet.publish.folium_page import DECIMALS
from venuenet.publish.geo import Json, credits, gap_shapes
from venuenet.publish.offline_map import bare_map, both, offline_html
from venuenet.publish.snapshot import Snapshot

Row = Mapping[str, Any]
LABEL = ("选址建议示意图，不作为划界依据", "A sketch of a proposal; borders prove nothing")
_CSS = """<style>
.new { width: 22px; height: 22px; border-radius: 4px; background: #a3123f; color: #fff;
  font: 600 12px/22px system-ui, sans-serif; text-align: center; box-shadow: 0 0 0 2px #fff }
.better { width: 22px; height: 22px; border-radius: 12px; background: #fff; color: #0b5d5a;
  font: 600 12px/20px system-ui, sans-serif; text-align: center; border: 2px solid #0b5d5a;
  box-sizing: border-box }
.there { width: 7px; height: 7px; border-radius: 4px; background: #3b4754;
  box-shadow: 0 0 0 1px #fff }
.plan { border-collapse: collapse; width: 100% }
.plan th, .plan td { padding: 2px 4px; text-align: right; border-bottom: 1px solid #eceef0 }
.plan th { font-weight: 400; color: #5b636d } .plan th i { display: block }
.plan td:nth-child(2), .plan th:nth-child(2) { text-align: left }
.label { border-left: 3px solid #a3123f; background: #fdf1f4; padding: 6px 10px; margin: 8px 0 }
aside .facts { width: 100% } aside .facts td { white-space: normal }
.label i, .facts i { display: block }
</style>"""

_SIDE = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string("""\
<aside>
<h1>选址建议<i lang="en">Where to build</i></h1>
<p class="label">{{ label[0] }}<i lang="en">{{ label[1] }}</i></p>
<div class="asked"><b>{{ plan.goal_zh }} · {{ asked[0] }}</b>
<i lang="en">{{ plan.goal_en }} · {{ asked[1] }}</i></div>
<table class="facts">
{% for zh, en, value in facts %}<tr><th>{{ zh }}<i lang="en">{{ en }}</i></th>
<td>{{ value }}</td></tr>{% endfor %}
</table>
{% if plan["items"] %}
<table class="plan"><tr><th></th><th>地点<i lang="en">site</i></th>
<th>新增人口<i lang="en">people added</i></th><th>费用<i lang="en">cost</i></th></tr>
{% for s in plan["items"] %}<tr><td>{{ s.rank }}</td><td>{{ s.name_zh }}</td>
<td>{{ "{:,}".format(s.people_marginal) }}</td><td>{{ "{:g}".format(s.cost) }}</td></tr>
{% endfor %}</table>
{% else %}<p>没有方案 <i lang="en">there is no plan</i></p>
{% for r in plan.reasons %}<p>{{ r.zh }}<br><i lang="en">{{ r.en }}</i></p>{% endfor %}{% endif %}
<h2>说明 <i lang="en">Notes</i></h2>
<ul>{% for zh, en in notes %}<li>{{ zh }} <i lang="en">{{ en }}</i></li>{% endfor %}</ul>
<p class="foot">截至 as of {{ credits.as_of }} · 快照 snapshot {{ credits.snapshot }}<br>
数据来源 Sources：{{ credits.attribution }}<br>
{{ credits.note_zh }} <i lang="en">{{ credits.note_en }}</i><br>
审图号 <i lang="en">map review no.</i> {{ credits.review_number or "________" }}</p>
</aside>""")


def plan_html(snapshot: Snapshot, question: Question, plan: Row) -> str:
    """Draw a plan: who is out of reach today, what is there, what is proposed.

    Parameters
    ----------
    snapshot : Snapshot
        What the plan was worked out from.
    question : Question
    plan : mapping
        From :func:`venuenet.proposals.solve.propose`.

    Returns
    -------
    str
        One HTML document, zh with en beside; nothing is loaded from elsewhere.
    """
    page = bare_map()
    for layer in _layers(snapshot, question, plan):
        layer.add_to(page)
    left, bottom, right, top = snapshot.area.districts.total_bounds
    page.fit_bounds([[bottom, left], [top, right]])
    return offline_html(
        page, "选址建议 · Where to build", _side(snapshot, question, plan), style=_CSS
    )


def _layers(snapshot: Snapshot, question: Question, plan: Row) -> Iterator[folium.GeoJson]:
    """Yield the layers from the bottom up."""
    yield _shapes(
        "各区 Districts",
        [
            (shape, _change(row))
            for shape, row in zip(snapshot.area.districts.geometry, plan["districts"], strict=True)
        ],
        {"fillColor": "#f4f6f8", "fillOpacity": 1, "color": "#3b4754", "weight": 1},
    )
    gaps = gap_shapes(snapshot, question)
    if gaps:
        yield _shapes(
            "现状不可达 Out of reach today",
            [(shape, "现状不可达 out of reach today") for shape in gaps.values()],
            {"fillColor": "#e8a583", "fillOpacity": 0.6, "color": "#c98361", "weight": 0.5},
        )
    here = [
        v
        for v in snapshot.area.venues
        if isinstance(v, LocatedVenue) and v.counts and v.kind in question.kinds
    ]
    if here:
        there = [(v.lon, v.lat, both(v.name_zh, v.name_en)) for v in here]
        yield _marks("现有场馆 Existing venues", there, '<div class="there"></div>', 7)
    for item in plan["items"]:
        css = "better" if item["source"] == "upgrade" else "new"
        mark = f'<div class="{css}">{item["rank"]}</div>'
        title = f"{item['rank']} {item['name_zh']}"
        yield _marks(title, [(item["lon"], item["lat"], _site(item))], mark, 22, control=False)


def _shapes(name: str, shapes: Sequence[tuple[Any, str]], style: Json) -> folium.GeoJson:
    features = [
        {
            "type": "Feature",
            "geometry": mapping(shapely.transform(shape, lambda c: np.round(c, DECIMALS))),
            "properties": {"tip": tip},
        }
        for shape, tip in shapes
    ]
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        name=name,
        style_function=lambda _f: style,
        tooltip=_tip(),
    )


def _marks(
    name: str,
    points: Sequence[tuple[float, float, str]],
    html: str,
    size: int,
    *,
    control: bool = True,
) -> folium.GeoJson:
    features = [
        {
            "type": "Feature",
            "geometry": {
                "type": "Point",
                "coordinates": [round(lon, DECIMALS), round(lat, DECIMALS)],
            },
            "properties": {"tip": tip},
        }
        for lon, lat, tip in points
    ]
    icon = DivIcon(html=html, icon_size=(size, size), icon_anchor=(size // 2, size // 2))
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        name=name,
        marker=folium.Marker(icon=icon),
        control=control,
        tooltip=_tip(),
    )


def _tip() -> GeoJsonTooltip:
    return GeoJsonTooltip(fields=["tip"], labels=False)


def _change(row: Row) -> str:
    shares = [words.percent(row["before"]["share"], "zh")]
    if row["after"] is not None:
        shares.append(words.percent(row["after"]["share"], "zh"))
    return f"<b>{both(row['name_zh'], row['name_en'])}</b> {' → '.join(shares)}"


def _site(item: Row) -> str:
    return (
        f"<b>{item['rank']} {both(item['name_zh'], item['name_en'])}</b><br>"
        f"范围内 in reach {item['people_in_reach']:,} · 新增 added {item['people_marginal']:,}<br>"
        f"{escape(item['district_zh'] or '')} · 费用 cost {item['cost']:g}"
    )


def _side(snapshot: Snapshot, question: Question, plan: Row) -> str:
    city, now = plan["city"], plan["city"]["after"]
    facts = [
        ("覆盖率（现状）", "Share today", words.percent(city["before"]["share"], "zh")),
        ("覆盖率（方案）", "Share with the plan", _share(now)),
        ("新增覆盖", "People added", words.whole(city["gained"], "zh")),
        ("候选", "Candidates seen", words.whole(plan["candidate_sites"], "zh")),
        ("求解", "Solved", f"{plan['status_zh']} {plan['status_en']}"),
        ("与最优的差距", "Gap to the bound", words.percent(plan["gap"], "zh")),
        ("费用单位", "Unit of cost", plan["cost_unit"]),
    ]
    return _SIDE.render(
        label=LABEL,
        plan=plan,
        asked=[words.question_text(snapshot, question, lang) for lang in words.LANGS],
        facts=facts,
        notes=[said for flag in plan["flags"] if (said := flag_words(flag))],
        credits=credits(snapshot),
    )


def _share(now: Row | None) -> str:
    return "无方案 no plan" if now is None else words.percent(now["share"], "zh")
