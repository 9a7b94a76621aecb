"""The whole city as one folium page that opens by double click, without a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any

import folium
import jinja2
import numpy as np
import shapely
from folium.features import DivIcon, GeoJsonPopup, GeoJsonTooltip
from folium.map import CustomPane
from markupsafe import Markup
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from venuenet.model import KINDS, SCIENCE_KINDS, Question
from venuenet.publish import words
from venuenet.publish.answers import CITY, Row, coverage, gap_rows, times_for, venue_rows
from venuenet.publish.geo import credits, gap_shapes, subway_collection
from venuenet.publish.how import (
    is_estimate,
    made_of,
    traveller_note,
    traveller_suffix,
    traveller_words,
)
from venuenet.publish.offline_map import LEAFLET, bare_map, both, offline_html
from venuenet.publish.sketch import symbol
from venuenet.publish.snapshot import Snapshot
from venuenet.publish.words import flag_text, word

Json = dict[str, Any]
Style = Callable[[Json], Json]

DECIMALS = 5
SMALL_KM2 = 120
MARK_SIZE = 5.2
CLASSES = ((0.2, "#f4f7fa"), (0.4, "#d5e3f0"), (0.6, "#acc9e3"), (0.8, "#7eacd3"), (1.0, "#4c87bd"))
OPEN = ("open", "unknown")
PANES = {"shares": 390, "zones": 395, "rail": 398}
"""Panes keep the order of the layers, whichever is switched on last."""

_FINISH = """<script>
addEventListener("load", function () {
  var map = window["%s"];
  function far() { map.getContainer().classList.toggle("far", map.getZoom() < 10); }
  L.control.scale({imperial: false}).addTo(map);
  map.on("zoomend", far);
  far();
});
</script>"""
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
    page = bare_map()
    for name, height in PANES.items():
        CustomPane(name, z_index=height, pointer_events=True).add_to(page)
    for layer in _layers(snapshot, question):
        layer.add_to(page)
    left, bottom, right, top = snapshot.area.districts.total_bounds
    page.fit_bounds([[bottom, left], [top, right]])
    return offline_html(page, _title(snapshot), _side(snapshot, question), script=_FINISH)


def _title(snapshot: Snapshot) -> str:
    meta = snapshot.area.meta
    traveller = traveller_suffix(snapshot.manifest, "zh")
    return escape(f"{meta.name_zh}科普场馆覆盖与缺口{traveller} · {meta.name_en}: science venues")


def _layers(snapshot: Snapshot, question: Question) -> Iterator[folium.GeoJson]:
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
        _feature(
            f["properties"]["line"],
            _geometry(shape(f["geometry"])),
            escape(f["properties"]["line"]),
            "",
        )
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
            mark = (
                f'<svg class="mark" width="20" height="20">{symbol(kind, 10, 10, MARK_SIZE)}</svg>'
            )
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
    style: Style | None = None,
    highlight: Style | None = None,
    marker: folium.Marker | None = None,
    pane: str = "markerPane",
    show: bool = True,
    popup: bool = True,
) -> folium.GeoJson:
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


def _popup_of_feature() -> GeoJsonPopup:
    """Make a popup that keeps clear of the layer control."""
    return GeoJsonPopup(
        fields=["pop"],
        labels=False,
        localize=False,
        max_width=360,
        min_width=260,
        auto_pan_padding_bottom_right=[330, 20],
    )


def _gap_style(kind: str) -> Style:
    style: Json = {"fillColor": f"url(#{kind})", "fillOpacity": 1, "weight": 1}
    if kind == "service":
        return lambda _f: style | {"color": "#b3400a"}
    return lambda _f: style | {"color": "#4b3f72", "dashArray": "4 3"}


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
        f"<tr><th>{both(zh, en)}</th><td>{escape(str(value))}</td></tr>" for zh, en, value in pairs
    )


def _popup(title: str, pairs: Sequence[tuple[str, str, object]], flags: Sequence[str]) -> str:
    notes = "".join(f"<li>{both(flag_text(f, 'zh'), flag_text(f, 'en'))}</li>" for f in flags)
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
            f"<b>{both(row['name_zh'], row['name_en'])}</b> {words.percent(row['share'], 'zh')}",
            _popup(both(row["name_zh"], row["name_en"]), _share_facts(row), row["flags"]),
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
        name = both(row["township_zh"], row["township_en"])
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
                f"{both(type_zh, type_en)}<br><b>{name}</b> {row['people']:,} 人",
                _popup(f"{both(type_zh, type_en)}<br>{name}", pairs, row["flags"]),
            )
        )
    return features


def _venues(snapshot: Snapshot, kind: str) -> list[Json]:
    """Venues of a kind that have a position and are not known to be shut."""
    features = []
    for row in venue_rows(snapshot, [kind]):
        if row["lon"] is None or row["status"] not in OPEN:
            continue
        name = both(row["name_zh"], row["name_en"])
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


def _labels(snapshot: Snapshot) -> Iterator[folium.GeoJson]:
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
    """Write what is asked, the city's answer, the legend, the districts and the sources."""
    city = coverage(snapshot, question, CITY)[0]
    times = times_for(snapshot, question)
    drawn = {k: len(_venues(snapshot, k)) for k in KINDS}
    env = jinja2.Environment(
        loader=jinja2.PackageLoader("venuenet.publish"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    env.filters["percent"] = lambda share: words.percent(share, "zh")
    env.filters["interval"] = lambda row: words.interval(row["low"], row["high"], "zh")
    return env.get_template("folium_side.html.j2").render(
        meta=snapshot.area.meta,
        estimated=is_estimate(times),
        how=made_of(snapshot, times),
        traveller=traveller_words(snapshot.manifest),
        traveller_note=traveller_note(snapshot),
        asked=[words.question_text(snapshot, question, lang) for lang in words.LANGS],
        people=[words.group_name(snapshot, question.group, lang) for lang in words.LANGS],
        city=_share_facts(city),
        reason=[words.no_data_reason(city["flags"], lang) for lang in words.LANGS],
        legend=[(Markup(mark), zh, en) for mark, zh, en in _legend([k for k in KINDS if drawn[k]])],
        districts=coverage(snapshot, question),
        credits=credits(snapshot),
        drawn=sum(drawn.values()),
        version=snapshot.manifest.version,
        leaflet=LEAFLET,
    )


def _legend(kinds: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield a mark and its words, zh and en."""
    box = '<rect x="1" y="3" width="18" height="14" fill="{}" stroke="{}"/>'
    low = 0.0
    for top, color in CLASSES:
        yield box.format(color, "#3b4754"), f"{low:.0%}–{top:.0%}", ""
        low = top
    yield box.format("url(#nothing)", "#3b4754"), "无数据", "no data"
    yield (
        box.format("url(#service)", "#b3400a"),
        "服务缺口：居民不可达",
        "service gap: out of reach",
    )
    yield (
        box.format("url(#data)", "#4b3f72"),
        "数据缺口：数据不足以判断",
        "data gap: data cannot tell",
    )
    for kind in kinds:
        yield symbol(kind, 10, 10, MARK_SIZE), *words.KINDS[kind]
    yield '<path d="M1 10H19" stroke="#56616d" stroke-width="2"/>', "轨道交通", "rail"
