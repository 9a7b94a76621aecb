"""Hot spots as a map layer (RFC 7946): where poor or good access clusters, in plain words.

Cells count alike, whoever lives there. "Hot" of minutes means far: words say good and poor.
"""

from __future__ import annotations

import json
from collections import Counter

import h3.api.numpy_int as h3n
import numpy as np

from venuenet.access.ask import AccessSpec
from venuenet.model import Question
from venuenet.publish.access import cell_values, describe_access
from venuenet.publish.equity import measure_flags, unit_per_head
from venuenet.publish.equity_ask import SpotsAsk, is_cost
from venuenet.publish.geo import Json, credits, describe
from venuenet.publish.how import describe_travel
from venuenet.publish.remembered import remembered
from venuenet.publish.snapshot import Snapshot
from venuenet.spots import Spots, gi_star, local_moran

Words = tuple[str, str]
NOT_SIGNIFICANT: Words = ("不显著", "not significant")
NOT_JUDGED: Words = ("无法判断", "cannot be judged")
METHOD: dict[str, Words] = {
    "gi": (
        "Getis-Ord Gi*：与全市平均相比，本格及邻格的值偏高或偏低",
        "Getis-Ord Gi*: a cell and its neighbours against the average of all cells",
    ),
    "moran": (
        "局部莫兰指数：本格与邻格的值是否同高、同低或相反",
        "Local Moran's I: whether a cell and its neighbours are alike or opposite",
    ),
}
P_VALUE: Words = (
    "按正态近似双侧检验，错误发现率校正（Benjamini-Hochberg）；每格同权，不按人口加权",
    "two-sided, normal approximation, false-discovery rate held (Benjamini-Hochberg); "
    "every cell counts alike, not by people",
)


def spot_words(spot: str, spec: AccessSpec) -> Words:
    """Name what a cell is so that nobody takes many minutes for much access, zh and en."""
    if spot in ("none", "no_data"):
        return NOT_SIGNIFICANT if spot == "none" else NOT_JUDGED
    high: Words = ("差", "poor") if is_cost(spec) else ("好", "good")
    low: Words = ("好", "good") if is_cost(spec) else ("差", "poor")
    here, _, around = spot.partition("_")
    zh, en = high if here == "high" else low
    if not around:
        mark = ("热点", "hot spot") if here == "high" else ("冷点", "cold spot")
        return f"可达性{zh}聚集（值{mark[0]}）", f"cluster of {en} access ({mark[1]} of values)"
    level = {"high": "高", "low": "低"}
    signs = f"{level[here]}-{level[around]}", f"{here}-{around}"
    if here == around:
        return f"可达性{zh}聚集（{signs[0]}）", f"{en} access among {en} ({signs[1]})"
    zh_round, en_round = high if around == "high" else low
    return f"周边{zh_round}、此处{zh}（{signs[0]}）", f"{en} access amid {en_round} ({signs[1]})"


@remembered(most=16)
def spots(snapshot: Snapshot, question: Question, ask: SpotsAsk) -> tuple[np.ndarray, Spots]:
    """Judge every cell that has a value: its positions, (m,), and its standing among them."""
    demand = snapshot.demand
    value = cell_values(snapshot, question, ask.spec)
    known = np.flatnonzero(np.isfinite(value))
    judge = gi_star if ask.statistic == "gi" else local_moran
    xy = np.column_stack([demand.x, demand.y])[known]
    return known, judge(value[known], xy, ask.band_m, ask.significance)


@remembered(most=4)
def spots_geojson(
    snapshot: Snapshot, question: Question, ask: SpotsAsk, adcodes: tuple[str, ...] = ()
) -> bytes:
    """Give the hot spots as the bytes of a .geojson file, UTF-8.

    Parameters
    ----------
    adcodes : tuple of str
        Only cells of these districts are given; they are judged among all cells all the same.
    """
    collection = spots_collection(snapshot, question, ask, adcodes)
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":")).encode()


def spots_collection(
    snapshot: Snapshot, question: Question, ask: SpotsAsk, adcodes: tuple[str, ...] = ()
) -> Json:
    """Give the hot spots as a FeatureCollection; foreign members tell date, sources and rule."""
    known, found = spots(snapshot, question, ask)
    value = cell_values(snapshot, question, ask.spec)
    codes = list(snapshot.area.districts["adcode"])
    flags, reasons = measure_flags(snapshot, question, ask.spec)
    words = {str(s): spot_words(str(s), ask.spec) for s in np.unique(found.spot)}
    features: list[Json] = []
    for i, cell in enumerate(known):
        adcode = codes[snapshot.demand.cell_district[cell]]
        if adcodes and adcode not in adcodes:
            continue
        spot = str(found.spot[i])
        properties = {
            "cell": h3n.int_to_str(int(snapshot.demand.cell[cell])),
            "adcode": adcode,
            "value": _short(value[cell]),
            "z": _short(found.z[i]),
            "p": _short(found.p[i]),
            "p_adjusted": _short(found.p_adjusted[i]),
            "class": spot,
            "class_zh": words[spot][0],
            "class_en": words[spot][1],
        }
        geometry = {"type": "Polygon", "coordinates": [_ring(snapshot.demand.cell[cell])]}
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    if not features:
        flags = [*flags, *reasons]
    counts = Counter(feature["properties"]["class"] for feature in features)
    return {
        "type": "FeatureCollection",
        **credits(snapshot),
        "question": describe(question),
        "travel": describe_travel(snapshot, question),
        **describe_access(snapshot, question, ask.spec),
        "unit": unit_per_head(ask.spec),
        "statistic": ask.statistic,
        "band_m": ask.band_m,
        "significance": ask.significance,
        "method_zh": f"{METHOD[ask.statistic][0]}；{P_VALUE[0]}",
        "method_en": f"{METHOD[ask.statistic][1]}; {P_VALUE[1]}",
        "classes": dict(sorted(counts.items())),
        "cells_left_out": len(value) - len(known),
        "flags": flags,
        "features": features,
    }


def spots_file_name(
    snapshot: Snapshot, question: Question, ask: SpotsAsk, adcodes: tuple[str, ...] = ()
) -> str:
    """Name a download by place, mode, measure, statistic and date."""
    places = snapshot.area.districts
    names = dict(zip(places["adcode"], places["name_zh"], strict=True))
    where = "-".join(names[a] for a in adcodes[:3]) or snapshot.area.meta.name_zh
    more = "等" if len(adcodes) > 3 else ""
    day = snapshot.manifest.as_of.isoformat()
    what = f"{question.mode}_{ask.spec.measure}_{ask.statistic}"
    return f"spots_{where}{more}_{what}_{day}.geojson"


def _ring(cell: np.uint64) -> list[list[float]]:
    """Corners of a cell, closed, WGS84 degrees to six decimals, a tenth of a metre."""
    ring = [[round(lon, 6), round(lat, 6)] for lat, lon in h3n.cell_to_boundary(cell)]
    return [*ring, ring[0]]


def _short(value: float) -> float | None:
    """Keep six digits; None where there is no number."""
    return float(f"{value:.6g}") if np.isfinite(value) else None
