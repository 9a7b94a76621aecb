"""What words mean: kinds, levels, states and districts as lists name them.

Rules are tried in order, the first that fits wins; what none fits is unclear, never guessed.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache

import pandas as pd

from venuenet.area import resolve_district
from venuenet.errors import UnknownNameError
from venuenet.model import KINDS, Kind, Status
from venuenet.registry.model import Confidence
from venuenet.sources.values import Unclear, is_blank

_BRANCH = re.compile("北京科学中心.{1,12}分中心")
_SCIENCE = (
    "科技|科学|自然|地质|天文|航空|航天|古生物|古动物|动物|植物|昆虫|农业|铁道|铁路|汽车|电信|邮电"
    "|通信|海洋|地震|气象|化石|恐龙|矿|水利|能源|煤炭|石油|印刷|纺织|核工业|核能|核电|计量|测绘|标本"
    r"|science|technolog|\bnatur|geolog|astronom|aviation|\bspace|aerospace|zoolog|botan|insect"
    "|railway|automobile"
)
# Kinds by what a list calls them; a museum is one of science only when its name says so.
_KIND_RULES: tuple[tuple[str, Kind], ...] = (
    (r"科普.{0,6}基地|科普示范|science (popularization|popularisation|education) base", "base"),
    (
        "科技馆|科学技术馆|科学中心|科学馆|科普馆|科普场馆|科技场馆|科技展览馆|科学技术.{0,2}博物馆"
        "|科技.{0,2}博物馆|自然.{0,4}博物馆|天文馆|天文台|海洋馆|science (museum|cent|hall)"
        "|planetarium|science (and|&) technology museum|natural history museum",
        "science_museum",
    ),
    (
        "公园|景区|风景|图书|剧场|剧院|音乐厅|体育|会展|文化中心|文化馆|文化宫|演出|影院|美术馆|画廊|游乐"
        r"|乐园|\bparks?\b|librar|theat|stadium|sports|art (museum|gallery)|galler|cultural cent",
        "other",
    ),
)
_LEVEL_RULES = (
    ("^(国家级?|全国.*|national)$|国家级", "national"),
    ("^(市|省|city|municipal|provincial|北京市)$|市级|省级|市.{0,4}基地", "city"),
    ("^(区|县|district|county)$|区级|县级|区.{0,4}基地", "district"),
)
_STATUS_RULES: tuple[tuple[str, Status], ...] = (
    ("暂|装修|维修|修缮|改造|升级|临时|不对外|不开放|不闭馆|temporar|renovat", "unknown"),
    ("在建|建设中|筹|规划|拟建|未开|待开|planned|under construction", "planned"),
    ("关闭|闭馆|停业|歇业|拆除|撤销|关停|停止|注销|已关|closed", "closed"),
    ("到期|失效|过期|摘牌|lapsed|expired", "lapsed"),
    ("开放|正常|运营|营业|开馆|在用|^open", "open"),
)
# GB/T 2260: the first two digits of a code, and the province's short name.
_PROVINCES = {
    "11": "北京", "12": "天津", "13": "河北", "14": "山西", "15": "内蒙古", "21": "辽宁",
    "22": "吉林", "23": "黑龙江", "31": "上海", "32": "江苏", "33": "浙江", "34": "安徽",
    "35": "福建", "36": "江西", "37": "山东", "41": "河南", "42": "湖北", "43": "湖南",
    "44": "广东", "45": "广西", "46": "海南", "50": "重庆", "51": "四川", "52": "贵州",
    "53": "云南", "54": "西藏", "61": "陕西", "62": "甘肃", "63": "青海", "64": "宁夏",
    "65": "新疆", "71": "台湾", "81": "香港", "82": "澳门",
}  # fmt: skip
_MUNICIPALITIES = ("11", "12", "31", "50")
_SUFFIX = "(?:省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)"
_CONFIDENCE: dict[str, Confidence] = {
    "high": "high", "高": "high", "medium": "medium", "中": "medium", "low": "low", "低": "low",
}  # fmt: skip


def kind(text: str, name: str) -> Kind | None:
    """Return the kind a list means.

    Parameters
    ----------
    text : str
        The list's own word, a clean cell; may be blank.
    name : str
        The venue's name: 北京科学中心…分中心 is a branch, whatever the list calls it; a 博物馆 is
        one of science when its name says so.

    Raises
    ------
    Unclear
        No rule knows the word.
    """
    if _BRANCH.fullmatch(name):
        return "center_district"
    if is_blank(text):
        return None
    word = _folded(text)
    if word in KINDS:
        return next(k for k in KINDS if k == word)
    if re.match("[非无不]", word):
        raise Unclear("kind")
    for pattern, found in _KIND_RULES:
        if re.search(pattern, word):
            return found
    if "博物" in word or "museum" in word:
        return "science_museum" if re.search(_SCIENCE, f"{word} {_folded(name)}") else "other"
    raise Unclear("kind")


def level(text: str) -> str | None:
    """Return ``national``, ``city`` or ``district``: who named the venue.

    Raises
    ------
    Unclear
        No rule knows the word.
    """
    if is_blank(text) or text in ("未定级", "未评级"):
        return None
    word = _folded(text)
    for pattern, found in _LEVEL_RULES:
        if re.search(pattern, word):
            return found
    raise Unclear("level")


def status(text: str) -> Status | None:
    """Return the state a list names; ``unknown`` for a venue shut for now (the note keeps why).

    Raises
    ------
    Unclear
        No rule knows the word: "auto" is nobody's state.
    """
    word = _folded(text)
    if word in ("unknown", "未知", "不详"):
        return "unknown"
    if is_blank(text):
        return None
    for pattern, found in _STATUS_RULES:
        if re.search(pattern, word):
            return found
    raise Unclear("status")


def confidence(text: str) -> Confidence | None:
    """Return how sure a list is: high, medium, low (高, 中, 低)."""
    if is_blank(text):
        return None
    found = _CONFIDENCE.get(_folded(text))
    if found is None:
        raise Unclear("confidence")
    return found


def district_reader(
    districts: pd.DataFrame,
) -> tuple[Callable[[str], str | None], Callable[[str], str | None]]:
    """Return two readers of adcodes: of a district column's cell, of the start of an address.

    Parameters
    ----------
    districts : DataFrame
        ``StudyArea.districts``.

    Returns
    -------
    named : callable
        Takes a cell: name, short name, pinyin or adcode, with or without city and township. Raises
        :class:`Unclear` when it names no district of the area, or several.
    addressed : callable
        Takes an address; None where it does not begin with a district in full.
    """
    table = pd.DataFrame(districts[["adcode", "name_zh", "name_en", "pinyin"]])
    codes = {str(n): str(c) for n, c in zip(table["name_zh"], table["adcode"], strict=True)}
    english = {
        f"{en} district".casefold(): str(code)
        for en, code in zip(table["name_en"], table["adcode"], strict=True)
    }
    in_full = re.compile("|".join(map(re.escape, sorted(codes, key=len, reverse=True))))
    in_english = re.compile("|".join(map(re.escape, english)), re.IGNORECASE)
    home = _home(districts)
    province, city = (
        _PROVINCES[home],
        "" if home in _MUNICIPALITIES else "(?:[\u4e00-\u9fff]{2,7}?市)?",
    )
    before = re.compile(
        rf"^(?:中国)?(?:{province}{_SUFFIX})?{city}(?:{province})?(?:市辖区|城区|郊县)?[\s,，·/-]*"
    )

    @lru_cache(maxsize=65_536)
    def named(text: str) -> str | None:
        if is_blank(text):
            return None
        bare = unicodedata.normalize("NFKC", text[:60])
        bare = before.sub("", bare, count=1) or bare
        if bare.isdecimal() and bare[:6] in codes.values():
            return bare[:6]
        for name in (bare, bare.removesuffix("县")):  # old directories: 密云县 before 2015
            with contextlib.suppress(UnknownNameError):
                return resolve_district(table, name)
        found = {codes[name] for name in in_full.findall(bare)}
        if len(found) != 1:
            raise Unclear("district")
        return found.pop()

    def addressed(text: str) -> str | None:
        found = in_full.match(before.sub("", text[:60], count=1))
        if found:
            return codes[found[0]]
        named_en = in_english.findall(text) if text[:1].isascii() else []
        return english[named_en[0].casefold()] if len(named_en) == 1 else None

    return named, addressed


def elsewhere_reader(districts: pd.DataFrame) -> Callable[..., str | None]:
    """Return a reader that tells which other province or city a row lies in, if it says so.

    Parameters
    ----------
    districts : DataFrame
        ``StudyArea.districts``; the first two digits of their codes are the home province.

    Returns
    -------
    elsewhere : callable
        Takes the row's address and district, then its cells of province or city; returns the one
        that names another place, None where none does. A word such as 河北镇 is no province.
    """
    home = _home(districts)
    others = [name for code, name in _PROVINCES.items() if code != home]
    other = re.compile(rf"(?:中国)?(?:{'|'.join(others)})(?:{_SUFFIX}|$)")
    own = _PROVINCES[home]
    municipal = home in _MUNICIPALITIES

    @lru_cache(maxsize=65_536)
    def names_other(text: str) -> bool:
        return other.match(text) is not None

    @lru_cache(maxsize=4096)
    def other_city(text: str) -> bool:
        city = text.removesuffix("市")
        return municipal and text.endswith("市") and not city.startswith(own)

    def elsewhere(texts: Sequence[str], cities: Sequence[str]) -> str | None:
        for text in (*texts, *cities):
            if text and names_other(text):
                return text
        return next((text for text in cities if other_city(text)), None)

    return elsewhere


def _home(districts: pd.DataFrame) -> str:
    return str(districts["adcode"].iloc[0])[:2]


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text[:200]).casefold().split())
