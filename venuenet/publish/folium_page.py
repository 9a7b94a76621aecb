"""The whole city as one folium page that opens by double click, without a network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import folium
import numpy as np
import shapely
from branca.element import Element, MacroElement
from folium.features import DivIcon, GeoJsonPopup, GeoJsonTooltip
from folium.map import CustomPane
from jinja2 import Template
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from venuenet.model import KINDS, SCIENCE_KINDS, Question
from venuenet.publish import words
from venuenet.publish.answers import CITY, Row, coverage, gap_rows, venue_rows
from venuenet.publish.geo import credits, gap_shapes, subway_collection
from venuenet.publish.sketch import symbol
from venuenet.publish.snapshot import Snapshot
from venuenet.publish.words import flag_text, word

Json = dict[str, Any]

LEAFLET = "1.9.4"
DECIMALS = 5
SMALL_KM2 = 120
CLASSES = ((0.2, "#f4f7fa"), (0.4, "#d5e3f0"), (0.6, "#acc9e3"), (0.8, "#7eacd3"), (1.0, "#4c87bd"))
OPEN = ("open", "unknown")
PANES = {"shares": 390, "zones": 395, "rail": 398}
"""Panes keep the order of the layers, whichever is switched on last."""

_FINISH = """
{% macro script(this, kwargs) %}
L.control.scale({imperial: false}).addTo({{ this._parent.get_name() }});
(function (map) {
  function far() { map.getContainer().classList.toggle("far", map.getZoom() < 10); }
  map.on("zoomend", far); far();
})({{ this._parent.get_name() }});
{% endmacro %}
"""
"""A metric scale; the names of small districts wait until there is room for them."""


def folium_html(snapshot: Snapshot, question: Question) -> str:
    """Draw the answer to a question for the whole city.

    Districts by share within reach, service and data gaps, venues by kind and rail lines, each
    a layer that can be switched off. Texts in Chinese and English.

    Returns
    -------
    str
        One HTML document; scripts and styles are in it, and nothing is loaded from elsewhere.
    """
    page = folium.Map(tiles=None, zoom_snap=0.25, attribution_control=False)
    page.default_js, page.default_css = [], []
    for name, height in PANES.items():
        CustomPane(name, z_index=height, pointer_events=True).add_to(page)
    for layer in _layers(snapshot, question):
        layer.add_to(page)
    folium.LayerControl(collapsed=False).add_to(page)
    left, bottom, right, top = snapshot.area.districts.total_bounds
    page.fit_bounds([[bottom, left], [top, right]])
    finish = MacroElement()
    finish._template = Template(_FINISH)
    finish.add_to(page)
    figure = page.get_root()
    figure.title = _title(snapshot)
    figure.header.add_child(_verbatim(_style()), name="style")
    figure.header.add_child(
        _verbatim(f"<script>{_vendored('leaflet.js')}</script>"), name="leaflet"
    )
    figure.html.add_child(_verbatim(_side(snapshot, question)), name="side")
    for number, element in enumerate(_elements(figure)):
        element._id = f"{number:032x}"
    html: str = figure.render()
    html = html.replace("<html>", '<html lang="zh-CN">', 1)
    refuse_outside_requests(html)
    return html


def refuse_outside_requests(html: str) -> None:
    """Raise RuntimeError, naming them, if a page would load anything that is not in it."""
    found = _Loads()
    found.feed(html)
    if found.outside:
        raise RuntimeError(f"the page loads from elsewhere: {', '.join(found.outside[:5])}")


class _Loads(HTMLParser):
    """Collects what a page would fetch: elements with an address, and addresses in styles."""

    _ADDRESSES = ("src", "href", "data", "srcset", "poster", "action", "background", "xlink:href")

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        for name, value in attrs:
            if name in self._ADDRESSES and not (value or "").startswith(("#", "data:")):
                self.outside.append(f"<{tag} {name}={value}>")
            if name == "style":
                self._look(value or "")

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self._look(data)

    def _look(self, css: str) -> None:
        self.outside += re.findall(r"@import[^;]*", css)
        addresses = re.findall(r"url\(\s*['\"]?([^'\")]*)", css)
        self.outside += [a for a in addresses if not a.startswith(("#", "data:"))]


def _elements(top: Any) -> Iterator[Any]:
    """Walk a page's elements, so that they can be numbered: folium names them at random."""
    parts = [top, *(getattr(top, n) for n in ("header", "html", "script") if hasattr(top, n))]
    for part in parts:
        yield part
        for child in part._children.values():
            yield from _elements(child)


def _verbatim(text: str) -> Any:
    """Hold text that is no template, whatever braces it has."""
    element = Element("{{ this.text }}")
    element.text = text
    return element


@lru_cache(maxsize=4)
def _vendored(name: str) -> str:
    """Return a vendored file without what it would fetch: a source map, pictures."""
    text = (files("venuenet.publish") / "vendor" / "leaflet" / name).read_text(encoding="utf-8")
    text = re.sub(r"//# sourceMappingURL=.*", "", text)
    return re.sub(r"url\((?:images/|#default)[^)]*\)", "none", text)


def _title(snapshot: Snapshot) -> str:
    meta = snapshot.area.meta
    return escape(f"{meta.name_zh}科普场馆覆盖与缺口 · {meta.name_en}: science venues")


def _both(zh: object, en: object) -> str:
    """Write Chinese with the English beside it, for HTML."""
    return f'{escape(str(zh))} <i lang="en">{escape(str(en))}</i>'


def _layers(snapshot: Snapshot, question: Question) -> Iterator[Any]:
    """Yield the layers from the bottom up."""
    districts = _districts(snapshot, question)
    yield _layer(
        "各区覆盖率 Share by district",
        districts,
        style=lambda f: {
            "fillColor": f["properties"]["fill"],
            "fillOpacity": 1,
            "color": "#3b4754",
            "weight": 1.2,
        },
        highlight=lambda _f: {"weight": 3},
        pane="shares",
    )
    for kind in ("service", "data"):
        gaps = _gaps(snapshot, question, kind)
        if gaps:
            zh, en = words.GAP_TYPES[kind]
            yield _layer(f"{zh} {en.capitalize()}s", gaps, style=_gap_style(kind), pane="zones")
    lines = [
        {**f, "id": f["properties"]["line"], "properties": {"tip": escape(f["properties"]["line"])}}
        for f in subway_collection(snapshot)["features"]
        if "line" in f["properties"]
    ]
    if lines:
        yield _layer(
            "轨道交通 Rail lines",
            lines,
            style=lambda _f: {"color": "#56616d", "weight": 1.6, "opacity": 0.9},
            pane="rail",
            show=False,
            popup=False,
        )
    yield from _labels(snapshot)
    for kind in KINDS:
        venues = _venues(snapshot, kind)
        if venues:
            zh, en = words.KINDS[kind]
            mark = f'<svg class="mark" width="20" height="20">{symbol(kind, 10, 10, 5.2)}</svg>'
            yield _layer(
                f"{zh} {en}",
                venues,
                marker=folium.Marker(
                    icon=DivIcon(html=mark, icon_size=(20, 20), icon_anchor=(10, 10))
                ),
                show=kind in SCIENCE_KINDS,
            )


def _layer(
    name: str,
    features: Sequence[Json],
    *,
    style: Any = None,
    highlight: Any = None,
    marker: Any = None,
    pane: str = "markerPane",
    show: bool = True,
    popup: bool = True,
) -> Any:
    """Make a layer whose features bring their own tooltip (``tip``) and popup (``pop``)."""
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": list(features)},
        name=name,
        style_function=style,
        highlight_function=highlight,
        marker=marker,
        show=show,
        tooltip=GeoJsonTooltip(fields=["tip"], labels=False),
        popup=_popup_of_feature() if popup else None,
        pane=pane,
    )


def _popup_of_feature() -> Any:
    """Make a popup that keeps clear of the layer control."""
    return GeoJsonPopup(
        fields=["pop"],
        labels=False,
        localize=False,
        max_width=360,
        min_width=260,
        auto_pan_padding_bottom_right=[330, 20],
    )


def _gap_style(kind: str) -> Any:
    color, dash = ("#b3400a", None) if kind == "service" else ("#4b3f72", "4 3")
    style = {"fillColor": f"url(#{kind})", "fillOpacity": 1, "color": color, "weight": 1}
    return lambda _f: style | ({"dashArray": dash} if dash else {})


def _geometry(shape: BaseGeometry) -> Json:
    """Round to five decimals, about a metre; no point is dropped."""
    geometry: Json = mapping(shapely.transform(shape, lambda c: np.round(c, DECIMALS)))
    return geometry


def _feature(name: str, geometry: Json, tip: str, pop: str, **more: object) -> Json:
    return {
        "type": "Feature",
        "id": name,
        "geometry": geometry,
        "properties": {"tip": tip, "pop": pop, **more},
    }


def _fill(share: float | None) -> str:
    if share is None:
        return "url(#nothing)"
    return next((color for top, color in CLASSES if share < top), CLASSES[-1][1])


def _facts(pairs: Sequence[tuple[str, str, object]]) -> str:
    return "".join(
        f"<tr><th>{_both(zh, en)}</th><td>{escape(str(value))}</td></tr>" for zh, en, value in pairs
    )


def _popup(title: str, pairs: Sequence[tuple[str, str, object]], flags: Sequence[str]) -> str:
    notes = "".join(f"<li>{_both(flag_text(f, 'zh'), flag_text(f, 'en'))}</li>" for f in flags)
    return f'<h4>{title}</h4><table class="facts">{_facts(pairs)}</table><ul>{notes}</ul>'


def _share_facts(row: Row) -> list[tuple[str, str, object]]:
    pairs: list[tuple[str, str, object]] = [
        ("人口", "People", words.whole(row["people"], "zh")),
        ("可达", "Within reach", words.whole(row["covered"], "zh")),
        ("不可达", "Not within reach", words.whole(row["uncovered"], "zh")),
        ("覆盖率", "Share", words.percent(row["share"], "zh")),
        ("低—高", "Low-high", words.interval(row["low"], row["high"], "zh")),
    ]
    if "with_surface" in row:
        share = words.percent(row["with_surface"]["share"], "zh")
        pairs.append(("含假设公交（仅参考）", "Incl. assumed surface transit", share))
    pairs.append(("中位分钟", "Median minutes", words.decimal(row["median_minutes"], "zh")))
    return pairs


def _districts(snapshot: Snapshot, question: Question) -> list[Json]:
    rows = coverage(snapshot, question)
    return [
        _feature(
            row["adcode"],
            _geometry(shape),
            f"<b>{_both(row['name_zh'], row['name_en'])}</b> {words.percent(row['share'], 'zh')}",
            _popup(_both(row["name_zh"], row["name_en"]), _share_facts(row), row["flags"]),
            fill=_fill(row["share"]),
        )
        for row, shape in zip(rows, snapshot.area.districts.geometry, strict=True)
    ]


def _gaps(snapshot: Snapshot, question: Question, kind: str) -> list[Json]:
    shapes = gap_shapes(snapshot, question)
    features = []
    for row in gap_rows(snapshot, question):
        if row["gap_type"] != kind:
            continue
        name = _both(row["township_zh"], row["township_en"])
        type_zh, type_en = words.GAP_TYPES[kind]
        severity = words.SEVERITIES[row["severity"]]
        minutes = row["nearest_minutes"]
        pairs = [
            ("人口", "People", words.whole(row["people"], "zh")),
            ("面积", "Area", f"{words.decimal(row['area_km2'], 'zh')} km²"),
            ("程度", "Severity", f"{severity[0]} {severity[1]}"),
            ("原因", "Cause", f"{row['cause_zh']} {row['cause_en']}"),
            (
                "最近场馆",
                "Nearest venue",
                f"{row['nearest_venue_zh'] or '无数据'} {row['nearest_venue_en'] or ''}",
            ),
            (
                "平均分钟",
                "Mean minutes",
                "到不了 never" if minutes is None else words.decimal(minutes, "zh"),
            ),
        ]
        features.append(
            _feature(
                row["gap_id"],
                _geometry(shapes[row["gap_id"]]),
                f"{_both(type_zh, type_en)}<br><b>{name}</b> {row['people']:,} 人",
                _popup(f"{_both(type_zh, type_en)}<br>{name}", pairs, row["flags"]),
            )
        )
    return features


def _venues(snapshot: Snapshot, kind: str) -> list[Json]:
    """Venues of a kind that have a position and are not known to be shut."""
    features = []
    for row in venue_rows(snapshot, [kind]):
        if row["lon"] is None or row["status"] not in OPEN:
            continue
        name = _both(row["name_zh"], row["name_en"])
        pairs: list[tuple[str, str, object]] = [
            (zh, en, f"{word(table, row[key], 'zh')} {word(table, row[key], 'en')}")
            for zh, en, table, key in (
                ("类别", "Kind", words.KINDS, "kind"),
                ("级别", "Level", words.LEVELS, "level"),
                ("状态", "Status", words.STATUSES, "status"),
            )
        ]
        pairs += [
            ("地址", "Address", row["address_zh"] or "无数据 no data"),
            ("位置精度", "Position ±", f"{words.whole(row['precision_m'], 'zh')} m"),
        ]
        point = {
            "type": "Point",
            "coordinates": [round(row["lon"], DECIMALS), round(row["lat"], DECIMALS)],
        }
        features.append(
            _feature(row["venue_id"], point, f"<b>{name}</b>", _popup(name, pairs, row["flags"]))
        )
    return features


def _labels(snapshot: Snapshot) -> Iterator[Any]:
    """District names, which no click should meet.

    Each is a GeoJSON layer: a marker of its own would first ask for Leaflet's pictures.
    """
    for row in snapshot.area.districts.itertuples():
        point = _geometry(row.geometry.representative_point())
        icon = DivIcon(
            html=f"<b>{escape(row.name_zh)}</b><i>{escape(row.name_en)}</i>",
            icon_size=(90, 30),
            icon_anchor=(45, 15),
            class_name="district-name" + (" small" if row.area_km2 < SMALL_KM2 else ""),
        )
        yield folium.GeoJson(
            {"type": "FeatureCollection", "features": [_feature(row.adcode, point, "", "")]},
            marker=folium.Marker(icon=icon, interactive=False, keyboard=False),
            control=False,
        )


def _side(snapshot: Snapshot, question: Question) -> str:
    """The text beside the map: what is asked, the city, the legend, the districts, the source."""
    city = coverage(snapshot, question, CITY)[0]
    facts, meta = credits(snapshot), snapshot.area.meta
    asked = [words.question_text(snapshot, question, lang) for lang in words.LANGS]
    people = [words.group_name(snapshot, question.group, lang) for lang in words.LANGS]
    drawn = {k: len(_venues(snapshot, k)) for k in KINDS}
    reason = [words.no_data_reason(city["flags"], lang) for lang in words.LANGS]
    review = escape(facts["review_number"] or "________")
    return f"""
{_PATTERNS}
<aside>
<h1>{escape(meta.name_zh)}科普场馆覆盖与缺口<i lang="en">{escape(meta.name_en)}: reach of science venues, and gaps</i></h1>
<p class="asked"><b>{escape(asked[0])}</b><i lang="en">{escape(asked[1])}</i>
<span>{_both(*people)}</span></p>
<table class="facts">{_facts(_share_facts(city))}</table>
{f'<p class="why">{_both(*reason)}</p>' if reason[0] else ""}
<h2>{_both("图例", "Legend")}</h2>
{_legend([k for k, n in drawn.items() if n])}
<h2>{_both("各区", "Districts")}</h2>
<table class="districts"><thead><tr><th>{_both("区", "district")}</th><th>{_both("覆盖率", "share")}</th><th>{_both("低—高", "low-high")}</th></tr></thead><tbody>{_district_lines(snapshot, question)}</tbody></table>
<p class="foot"><b>{_both(facts["note_zh"] or "示意图", facts["note_en"] or "Sketch map")}</b><br>{_both("审图号", "Map review no.")} {review}<br>
{_both("截至", "As of")} {facts["as_of"]} · {_both("快照", "Snapshot")} {escape(facts["snapshot"])}<br>
{_both("数据来源", "Sources")}: {escape(facts["attribution"])}<br>
{_both("人口和时间为估算，标准为参考值；没有数据不等于零。", "People and times are estimates, standards are reference values; no data is not zero.")}<br>
{_both(f"图上 {sum(drawn.values())} 处场馆；没有位置或已关闭的未画。", f"{sum(drawn.values())} venues are drawn; those without a position, or shut, are not.")}<br>
venuenet {escape(snapshot.manifest.version)} · Leaflet {LEAFLET}</p>
</aside>
"""


def _district_lines(snapshot: Snapshot, question: Question) -> str:
    return "".join(
        f"<tr><td>{_both(r['name_zh'], r['name_en'])}</td>"
        f"<td>{words.percent(r['share'], 'zh')}</td>"
        f"<td>{words.interval(r['low'], r['high'], 'zh')}</td></tr>"
        for r in coverage(snapshot, question)
    )


def _legend(kinds: Sequence[str]) -> str:
    low = 0.0
    lines = []
    for top, color in CLASSES:
        box = f'<rect x="1" y="3" width="18" height="14" fill="{color}" stroke="#3b4754"/>'
        lines.append((box, f"{low:.0%}–{top:.0%}", ""))
        low = top
    for name, zh, en in (
        ("nothing", "无数据", "no data"),
        ("service", "服务缺口：居民不可达", "service gap: out of reach"),
        ("data", "数据缺口：数据不足以判断", "data gap: data cannot tell"),
    ):
        edge = {"nothing": "#3b4754", "service": "#b3400a", "data": "#4b3f72"}[name]
        box = f'<rect x="1" y="3" width="18" height="14" fill="url(#{name})" stroke="{edge}"/>'
        lines.append((box, zh, en))
    lines += [(symbol(kind, 10, 10, 5.2), *words.KINDS[kind]) for kind in kinds]
    lines.append(('<path d="M1 10H19" stroke="#56616d" stroke-width="2"/>', "轨道交通", "rail"))
    return '<ul class="legend">{}</ul>'.format(
        "".join(
            f'<li><svg class="mark" width="20" height="20">{mark}</svg><span>{_both(zh, en)}</span></li>'
            for mark, zh, en in lines
        )
    )


_PATTERNS = """
<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>
<pattern id="service" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<rect width="7" height="7" fill="#fbe6da" fill-opacity=".55"/><path d="M0 0V7" stroke="#b3400a" stroke-width="3"/></pattern>
<pattern id="data" width="7" height="7" patternUnits="userSpaceOnUse">
<rect width="7" height="7" fill="#eceaf4" fill-opacity=".75"/><circle cx="2.5" cy="2.5" r="1.4" fill="#4b3f72"/></pattern>
<pattern id="nothing" width="6" height="6" patternUnits="userSpaceOnUse">
<rect width="6" height="6" fill="#f0f0ee"/><path d="M0 6L6 0" stroke="#a9a9a4" stroke-width="1"/></pattern>
</defs></svg>"""


def _style() -> str:
    return f"<style>{_vendored('leaflet.css')}{_CSS}</style>"


_CSS = """
html, body { height: 100%; margin: 0 }
body { display: grid; grid-template-columns: 336px minmax(0, 1fr); color: #1b1f24; font: 13px/1.5 "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", "Hiragino Sans GB", system-ui, sans-serif }
aside { grid-column: 1; overflow-y: auto; padding: 16px 18px 20px; border-right: 1px solid #c9ced4; box-sizing: border-box; height: 100vh }
.folium-map { grid-column: 2; grid-row: 1; height: 100vh !important; min-height: 360px; background: #fafaf8 !important; font: inherit }
i { font-style: normal; color: #5b636d; font-size: .86em }
h1 { font-size: 18px; line-height: 1.35; margin: 0 0 10px } h1 i { display: block; font-weight: 400; font-size: 12px }
h2 { font-size: 13px; margin: 16px 0 6px; padding-bottom: 3px; border-bottom: 1px solid #c9ced4 }
.asked { margin: 0 0 8px; padding: 8px 10px; background: #eef4fa; border-left: 3px solid #0b4f8a } .asked b, .asked i, .asked span { display: block }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
.facts th { text-align: left; font-weight: 400; padding: 1px 8px 1px 0; vertical-align: top } aside .facts td { white-space: nowrap } .facts td { text-align: right; font-weight: 600; vertical-align: top }
.why { color: #4b3f72 }
.legend { list-style: none; margin: 0; padding: 0 } .legend li { display: flex; gap: 7px; align-items: center } .legend svg { flex: none }
.districts th { text-align: right; font-weight: 400; color: #5b636d; border-bottom: 1px solid #c9ced4; white-space: nowrap } .districts td { text-align: right; padding: 1px 0 1px 8px; border-bottom: 1px solid #eceef0; white-space: nowrap } .districts th:first-child, .districts td:first-child { text-align: left; padding-left: 0 } .districts td:last-child { color: #5b636d; font-size: 11.5px } .districts th i { display: block; line-height: 1.1 }
.foot { margin: 16px 0 0; font-size: 11.5px; color: #3d444c; overflow-wrap: anywhere }
.mark .venue > :first-child { stroke: #fff; stroke-width: 1.2 }
.district-name { text-align: center; line-height: 1.15; white-space: nowrap; pointer-events: none !important; text-shadow: 0 0 3px #fff, 0 0 3px #fff, 0 0 3px #fff, 0 0 2px #fff } .district-name b { display: block; font-size: 13px } .far .district-name.small { display: none } .district-name i { font-size: 10.5px; color: #1b1f24 }
.folium-map.leaflet-container { font-size: 13px } .leaflet-control-layers { font-size: 12.5px; line-height: 1.6 }
.foliumtooltip table { margin: 0 } .leaflet-popup-content { margin: 10px 14px; line-height: 1.45; max-height: 320px; overflow-y: auto }
.leaflet-popup-content h4 { margin: 0 0 6px; font-size: 14px } .leaflet-popup-content .facts td { text-align: left; min-width: 130px }
.leaflet-popup-content ul { margin: 6px 0 0; padding-left: 16px; font-size: 11.5px; color: #5b636d }
.leaflet-interactive:focus { outline: none }
@media (max-width: 760px) { body { display: flex; flex-direction: column } .folium-map { order: -1; flex: none } aside { height: auto; border: 0 } .folium-map { height: 62vh !important } .leaflet-control-layers { font-size: 11px } }
@media print { aside { height: auto } }
"""
