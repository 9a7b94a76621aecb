"""What each online geocoder is asked, and what its answers mean; docs/geocoding.md has the terms.

One function words a provider's request, one reads its answer. Points come out as WGS84 degrees,
match levels as ours, precision in metres: the provider's own where it states one, else an
estimate by level that docs/geocoding.md calls one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import cos, hypot, isfinite, radians
from typing import Any

from venuenet import crs
from venuenet.geocode._http import Trouble, clean
from venuenet.geocode.model import MatchLevel
from venuenet.geocode.text import plain

PUBLIC_NOMINATIM = "nominatim.openstreetmap.org"
PUBLIC_IN_ALL = 100
"""Requests a run may make to the public Nominatim: its policy forbids bulk geocoding."""
_SURE: Mapping[MatchLevel, float] = {
    "exact": 0.85, "door": 0.85, "street": 0.6, "township": 0.45, "district": 0.25,
}  # fmt: skip
_POINT_OF_INTEREST: tuple[MatchLevel, float] = ("exact", 300)
# What Tianditu, AMap and Baidu call a match. None: no finer than the city, which is no answer.
_WORDS: Mapping[str, tuple[MatchLevel, float] | None] = {
    **dict.fromkeys(("国家", "省", "市", "城市"), None),
    **dict.fromkeys(("区县", "区", "县"), ("district", 20_000)),
    **dict.fromkeys(("乡镇", "街道", "开发区", "未知", "UNKNOWN", ""), ("township", 6_000)),
    "道路": ("street", 2_500),
    **dict.fromkeys(("村庄", "村", "热点商圈", "商圈"), ("street", 1_500)),
    **dict.fromkeys(("道路交叉路口", "道路交叉口", "交叉路口"), ("street", 500)),
    **dict.fromkeys(("住宅区", "地产小区", "公交地铁站点", "公交站台、地铁站"), ("street", 500)),
    **dict.fromkeys(("门牌号", "门址", "单元号", "楼号"), ("door", 200)),
}
# Baidu publishes what its confidence means: (at least, metres).
_BAIDU_CONFIDENCE = (
    (100, 20), (90, 50), (80, 100), (75, 200), (70, 300), (60, 500), (50, 1_000), (40, 2_000),
    (30, 5_000), (25, 8_000),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to a provider.

    Attributes
    ----------
    text : str
        The address or the name, with its city and district before it.
    name : str
        The venue's name where that is what ``text`` asks for, "" where it asks for an address.
    city : str
        ``area.meta.name_zh``.
    adcode : str or None
        The district named.
    bounds : (west, south, east, north)
        Of the area, WGS84 degrees.
    """

    text: str
    name: str
    city: str
    adcode: str | None
    bounds: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Found:
    """A provider's answer, understood: WGS84 degrees, metres, confidence 0..1, its own words."""

    lon: float
    lat: float
    precision_m: float
    level: MatchLevel
    confidence: float
    words: str


@dataclass(frozen=True, slots=True)
class Provider:
    """An online geocoder.

    Attributes
    ----------
    id, zh, en : str
        ``id`` is the method printed with a position.
    path : str
        After the server's address.
    key : str or None
        The parameter its key goes into.
    per_second : float
        Requests, at most.
    keep_days : float
        How long an answer may lie on disk; 0 where its terms forbid storing answers.
    params : callable
        Words the request.
    read : callable
        Reads the body; None where the provider knows nothing. Raises Trouble where it refuses.
    """

    id: str
    zh: str
    en: str
    path: str
    key: str | None
    per_second: float
    keep_days: float
    params: Callable[[Ask], dict[str, str]]
    read: Callable[[Any, Ask], Found | None]


def _level(word: str, *, itself: bool) -> tuple[MatchLevel, float] | None:
    """Read a provider's level; a point of interest is exact only if it is the venue asked for."""
    level = _WORDS.get(word, _POINT_OF_INTEREST)
    return ("door", level[1]) if level == _POINT_OF_INTEREST and not itself else level


def _is(told: object, ask: Ask, *before: object) -> bool:
    """Tell whether a place bears the very name asked for, the city and district before it aside."""
    name = plain(str(told or ""))
    for part in before:
        name = name.removeprefix(plain(str(part or "")))
    return bool(name) and name == plain(ask.name)


def _degrees(lon: object, lat: object) -> tuple[float, float]:
    """Read a point; anything but two finite degrees is not of the agreed form."""
    x, y = float(str(lon)), float(str(lat))
    if not (isfinite(x) and isfinite(y) and abs(x) <= 180 and abs(y) <= 90):
        raise ValueError("no point")
    return x, y


def _tianditu_params(ask: Ask) -> dict[str, str]:
    return {"ds": json.dumps({"keyWord": ask.text}, ensure_ascii=False)}


def _tianditu(body: Any, ask: Ask) -> Found | None:  # noqa: ANN401  any JSON may come
    status, said = str(body.get("status", body.get("code"))), clean(body.get("msg", ""))
    if status.startswith("301"):
        raise Trouble("off", f"密钥被拒（{status} {said}）", f"key refused ({status} {said})")
    if status == "101" or (status == "0" and not body.get("location")):
        return None
    if status != "0":
        raise Trouble("query", f"无法解析（{status} {said}）", f"not understood ({status} {said})")
    place = body["location"]
    lon, lat = _degrees(place["lon"], place["lat"])  # CGCS2000: WGS84 within centimetres
    word, score = str(place.get("level", "")), float(place.get("score") or 0)
    level = _level(word, itself=bool(ask.name) and score >= 100)  # it tells no name
    if level is None:
        return None
    sure = _SURE[level[0]] * min(max(score, 0), 100) / 100
    return Found(lon, lat, level[1], level[0], sure, f"{word} score={score:g}")


def _amap_params(ask: Ask) -> dict[str, str]:
    return {"address": ask.text, "city": ask.city, "output": "JSON"}


def _amap(body: Any, ask: Ask) -> Found | None:  # noqa: ANN401
    code, said = str(body.get("infocode", "")), clean(body.get("info", ""))
    if str(body.get("status")) != "1":
        told = f"{code} {said}"
        if code in ("10003", "10044", "10045", "40000", "40002"):
            raise Trouble("off", f"配额用尽（{told}）", f"quota used up ({told})")
        if code in ("10004", "10014", "10015", "10016", "10019", "10020", "10021"):
            raise Trouble("busy", f"请求过快或服务繁忙（{told}）", f"too fast or busy ({told})")
        if code.startswith("10"):
            raise Trouble("off", f"密钥或权限被拒（{told}）", f"key or permission refused ({told})")
        raise Trouble("query", f"无法解析（{told}）", f"not understood ({told})")
    answers = body.get("geocodes") or []
    if not answers:
        return None
    place = next((g for g in answers if ask.adcode and g.get("adcode") == ask.adcode), answers[0])
    lon, lat = _wgs84(crs.wgs84_from_gcj02, *_degrees(*place["location"].split(",")))
    word = str(place.get("level", ""))
    told = place.get("formatted_address")
    level = _level(word, itself=_is(told, ask, place.get("city"), place.get("district")))
    return level and Found(lon, lat, level[1], level[0], _SURE[level[0]], word)


def _baidu_params(ask: Ask) -> dict[str, str]:
    text = ask.text.encode()[:84].decode(errors="ignore")  # longer ones are refused
    return {"address": text, "city": ask.city, "output": "json", "ret_coordtype": "bd09ll"}


def _baidu(body: Any, ask: Ask) -> Found | None:  # noqa: ANN401
    status, said = int(body["status"]), clean(body.get("message") or body.get("msg") or "")
    told = f"{status} {said}"
    if status == 1 and "无相关结果" in said:
        return None
    if status in (1, 401, 402):
        raise Trouble("busy", f"服务繁忙或并发超限（{told}）", f"busy or too fast ({told})")
    if status in (4, 301, 302):
        raise Trouble("off", f"配额用尽（{told}）", f"quota used up ({told})")
    if status in (3, 5, 9, 101, 102) or 200 <= status < 300:
        raise Trouble("off", f"密钥或权限被拒（{told}）", f"key or permission refused ({told})")
    if status:
        raise Trouble("query", f"无法解析（{told}）", f"not understood ({told})")
    result = body.get("result")
    if not result:
        return None
    point = result["location"]
    lon, lat = _wgs84(crs.wgs84_from_bd09, *_degrees(point["lng"], point["lat"]))
    confidence = int(result.get("confidence") or 0)
    understood = int(result.get("comprehension") or 0)
    word = str(result.get("level", ""))
    sure_of_it = result.get("precise") == 1 and understood >= 100  # it tells no name
    level = _level(word, itself=bool(ask.name) and sure_of_it)
    if level is None:
        return None
    stated = next((metres for least, metres in _BAIDU_CONFIDENCE if confidence >= least), 10_000)
    # Published too: within 500 m in 95-96 of 100 from comprehension 80, in 90 of 100 from 50.
    likely = 500 if understood >= 80 else 1_000 if understood >= 50 else 2_000
    precision = float(max(stated, likely, level[1] if level[0] != "exact" else 0))
    words = f"{word} confidence={confidence} comprehension={understood}"
    return Found(lon, lat, precision, level[0], _SURE[level[0]] * max(understood, 20) / 100, words)


def _nominatim_params(ask: Ask) -> dict[str, str]:
    west, south, east, north = ask.bounds
    return {
        "q": ask.text,
        "format": "jsonv2",
        "limit": "1",
        "countrycodes": "cn",
        "viewbox": f"{west:.5f},{north:.5f},{east:.5f},{south:.5f}",
        "bounded": "1",
        "accept-language": "zh",
    }


def _nominatim(body: Any, ask: Ask) -> Found | None:  # noqa: ANN401
    if isinstance(body, dict):
        said = clean(body.get("error", ""))
        raise Trouble("query", f"无法解析（{said}）", f"not understood ({said})")
    if not body:
        return None
    place = body[0]
    lon, lat = _degrees(place["lon"], place["lat"])
    rank = int(place["place_rank"])
    level: MatchLevel
    if rank <= 8:  # the city or larger
        return None
    if rank <= 13:
        level = "district"
    elif rank <= 19:
        level = "township"
    elif rank <= 27:
        level = "street"
    else:
        level = "exact" if _is(place.get("name"), ask) else "door"
    south, north, west, east = (float(edge) for edge in place["boundingbox"])
    half_m = hypot(north - south, (east - west) * cos(radians(lat))) / 2 * 111_320
    words = f"{place.get('category')}={place.get('type')} rank={rank}"
    return Found(lon, lat, float(round(max(half_m, 100))), level, _SURE[level], words)


def _wgs84(
    undo: Callable[[float, float], tuple[crs.Floats, crs.Floats]], lon: float, lat: float
) -> tuple[float, float]:
    x, y = undo(lon, lat)
    return float(x), float(y)


TIANDITU = Provider(
    "tianditu", "天地图", "Tianditu", "/geocoder", "tk", 2.0, 30, _tianditu_params, _tianditu
)
AMAP = Provider("amap", "高德地图", "AMap", "/v3/geocode/geo", "key", 3.0, 0, _amap_params, _amap)
BAIDU = Provider(
    "baidu", "百度地图", "Baidu Maps", "/geocoding/v3/", "ak", 3.0, 0, _baidu_params, _baidu
)
NOMINATIM = Provider(
    "nominatim", "Nominatim", "Nominatim", "/search", None, 1.0, 180, _nominatim_params, _nominatim
)
