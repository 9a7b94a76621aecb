"""Reads an address: district, township, road, door number, and what is left (a building, a place).

Chinese addresses as lists write them, English ones loosely; names of another city are not taken
for this one's.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from venuenet.area import StudyArea

_HAN = r"\u4e00-\u9fff"
_HAS_HAN = re.compile(f"[{_HAN}]")
_OTHER = re.compile(r"[\W_]+")
_SUFFIXES = ("街道办事处", "地区办事处", "街道", "地区", "镇", "乡")
_ETHNIC = re.compile(r"(?:(?:回|满|蒙古|朝鲜|壮|藏|苗|彝|土家|维吾尔|畲)族)+$")
# What may follow a township named without its suffix: anything else is likelier a road or a shop.
_AFTER_STEM = re.compile(
    rf"$|特区|经济|开发|工业|产业|风景|景区|旅游|度假|森林|国家|自然|水库|公园|[{_HAN}]{{0,6}}村"
)
# What may not follow a district named without its suffix: 朝阳公园, 昌平路 are no districts.
_NOT_AFTER_SHORT = re.compile(
    "[东西南北中]?(?:路|街|大街|大道|道|巷|里|桥|门|站|山|湖|河|园|寺|村|庄|镇|乡|街道|地区|线|口|关|苑"
    "|城|新城|公园|医院|大学|学院|体育|水库|剧|图书|文化|博物|科技|车站|机场|火车)"
)
_ELSEWHERE = re.compile(
    rf"(?:中国)?(?:[{_HAN}]{{2,7}}?(?:省|自治区)|[{_HAN}]{{2,4}}?市(?=[{_HAN}]{{1,6}}?[区县]))"
)
_NOT_A_DOOR = "(?!线|楼|航站|门|口|馆|厅|矿|公路)"
_DOOR = re.compile(
    rf"[甲乙丙丁]?\d+(?:[-—~]\d+)?号{_NOT_A_DOOR}(?:院|[甲乙丙丁](?![{_HAN}]))?"
    r"|(?<=[路街巷道同里条])\d+$"
)
_NUMERAL_DOOR = re.compile(rf"[一二三四五六七八九十百]+(?=号{_NOT_A_DOOR})")
_ROAD = re.compile(
    rf"[{_HAN}\w]{{1,14}}(?:大街|大道|胡同|街(?!道)|[路巷弄])|[{_HAN}\w]{{1,14}}(?<!街)[道里条]$"
)
_CROSSING = re.compile("(?<=[路街道巷胡同])[与和及]")
_STATION = re.compile(
    rf"(?P<metro>地铁|轻轨|轨道交通)?(?:[\d一二三四五六七八九十]{{1,3}}号线|[{_HAN}\w]{{2,3}}线)?"
    rf"(?P<name>[{_HAN}\d]{{2,9}}?)(?:地铁)?(?P<stop>站)?"
    r"(?:[A-Z]\d?(?:出?口)?|[东西南北]{1,2}(?:出?口))?"
)
_EN_ROAD = re.compile(
    r"\b(?:road|rd|street|st|avenue|ave|lane|alley|hutong|lu|jie|dajie|boulevard|blvd)\b\.?",
    re.IGNORECASE,
)
_EN_DOOR = re.compile(r"(?:\bno\.?\s*|#\s*)([a-z]?\d+\b)|^\s*(\d+)(?=\s+[a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """An address, read. None and "" where it says nothing.

    Attributes
    ----------
    adcode : str, optional
        The one district named.
    township_code : str, optional
        The one township named.
    road : str
        The road, lane or village that the door numbers count along.
    number : str
        Door number as written: 138号, 甲60号, 9号院.
    rest : str
        What follows: a building, or the place the address is inside of.
    """

    adcode: str | None = None
    township_code: str | None = None
    road: str = ""
    number: str = ""
    rest: str = ""


@lru_cache(maxsize=65_536)
def plain(name: str) -> str:
    """Return a name for comparing: one form per character, lower case, letters and digits only."""
    return _OTHER.sub("", unicodedata.normalize("NFKC", name).casefold())


def has_han(text: str) -> bool:
    """Tell whether any character is Chinese."""
    return _HAS_HAN.search(text) is not None


def without_brackets(text: str) -> tuple[str, list[str]]:
    """Split a name into what stands outside brackets and what stands in each."""
    folded = unicodedata.normalize("NFKC", text)
    inner = re.findall(r"[(\[【]([^()\[\]【】]*)[)\]】]", folded)
    return re.sub(r"[(\[【][^()\[\]【】]*[)\]】]", "", folded).strip(), inner


def door_key(road: str, number: str) -> tuple[str, str]:
    """Return road and number for comparing: 9号院, 9号 and 9 are one door, 甲9号 is another."""
    return plain(road), plain(number).removesuffix("院").replace("号", "")


def town_stem(name: str) -> str:
    """Return a township's name without what it is: 小汤山 of 小汤山镇."""
    return next((name.removesuffix(s) for s in _SUFFIXES if name.endswith(s)), name)


def station_name(text: str) -> str | None:
    """Return the station a text names (地铁4号线西四站 → 西四), None where it names none."""
    folded = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    found = _STATION.fullmatch(re.sub(r"(?:附近|旁边?|内)$", "", folded))
    if found is None or not (found["metro"] or found["stop"]):
        return None
    return found["name"]


def parse_address(text: str, area: StudyArea) -> Address:
    """Read one address of an area; for many, keep one :class:`AddressReader`."""
    return AddressReader(area).read(text)


class AddressReader:
    """Reads addresses of one area; names that several places share are not taken.

    Parameters
    ----------
    area : StudyArea
        Its districts and townships are the names known.
    """

    def __init__(self, area: StudyArea) -> None:
        districts = area.districts.to_dict("records")
        townships = area.townships.to_dict("records")
        city = area.meta.name_zh
        self._city = (city, city.removesuffix("市"))
        self._full: dict[str, str] = {}
        self._short: dict[str, str] = {}
        english: list[tuple[str, str]] = []
        for row in districts:
            name, adcode = str(row["name_zh"]), str(row["adcode"])
            stem = name[:-1] if len(name) > 2 and name[-1] in "区县市旗" else name
            self._full |= {name: adcode, f"{stem}区": adcode, f"{stem}县": adcode}
            if len(stem) > 1:
                self._short[stem] = adcode
            en, pinyin = str(row["name_en"]), str(row["pinyin"] or "")
            english += [(n, adcode) for n in (en, f"{en} District", pinyin) if n]
        self._english = _unique((plain(n), a) for n, a in english)
        self._english_noise = {plain(n) for n in (area.meta.name_en, "China", "P.R. China", "PRC")}
        self._english_noise |= {plain(f"{area.meta.name_en} {word}") for word in ("City", "Shi")}
        self._code_district = {str(r["township_code"]): str(r["adcode"]) for r in townships}
        names = [(str(r["name_zh"]), str(r["township_code"]), str(r["adcode"])) for r in townships]
        self._city_towns = _unique((name, code) for name, code, _ in names)
        stems = {adcode: stem for stem, adcode in self._short.items()}
        self._towns = {
            adcode: _TownNames([(n, c) for n, c, a in names if a == adcode], stems.get(adcode, ""))
            for adcode in map(str, area.districts["adcode"])
        }
        self._english_towns = _unique(
            (plain(str(r["name_en"])), str(r["township_code"])) for r in townships if r["name_en"]
        )
        self.read = lru_cache(maxsize=65_536)(self._read)
        """Read an address: ``read(text) -> Address``; remembers what it has read."""

    def _read(self, text: str) -> Address:
        folded = unicodedata.normalize("NFKC", text).strip()
        if not folded:
            return Address()
        return (
            self._read_zh(re.sub(r"\s", "", folded)) if has_han(folded) else self._read_en(folded)
        )

    def _read_zh(self, text: str) -> Address:
        if not text.startswith(self._city) and _ELSEWHERE.match(text):
            return Address(rest=text)
        adcode, text = self._district(text)
        text = without_brackets(text)[0]
        code, text = self._township(text, adcode)
        if code is not None and adcode is None:
            adcode = self._code_district[code]
        return Address(adcode, code, *_door(text))

    def _district(self, text: str) -> tuple[str | None, str]:
        """Take the district off: in full at the start or elsewhere, short only at the start."""
        while True:
            bare = text.removeprefix("中国").removeprefix(self._city[0])
            after_city = bare.removeprefix(self._city[1])
            if after_city.startswith((*self._full, *self._short)):
                bare = after_city
            if bare == text:
                break
            text = bare
        for name, adcode in self._full.items():
            if text.startswith(name):
                return adcode, text.removeprefix(name)
        for name, adcode in self._short.items():
            after = text.removeprefix(name)
            if after != text and not _NOT_AFTER_SHORT.match(after):
                return adcode, after
        found = {name: adcode for name, adcode in self._full.items() if name in text}
        if len(set(found.values())) != 1:
            return None, text
        name = max(found, key=len)
        return found[name], text.replace(name, "", 1)

    def _township(self, text: str, adcode: str | None) -> tuple[str | None, str]:
        if adcode is not None:
            return self._towns[adcode].take(text)
        for name, code in self._city_towns.items():
            if text.startswith(name):
                return code, text.removeprefix(name)
        return None, text

    def _read_en(self, text: str) -> Address:
        adcode = code = None
        road = number = ""
        rest: list[str] = []
        without_postcode = re.sub(r"\b\d{6}\b", "", text)
        for part in (p.strip() for p in re.split("[,;]", without_postcode)):
            key = plain(part)
            if not key or key in self._english_noise:
                continue
            if adcode is None and key in self._english:
                adcode = self._english[key]
            elif code is None and key in self._english_towns:
                code = self._english_towns[key]
            elif not road and _EN_ROAD.search(part):
                door = _EN_DOOR.search(part)
                number = (door[1] or door[2]) if door else number
                road = _EN_DOOR.sub("", part).strip()
            elif not number and (door := _EN_DOOR.fullmatch(part)):
                number = door[1]
            else:
                rest.append(part)
        if code is not None and adcode not in (None, self._code_district[code]):
            code = None
        if code is not None:
            adcode = self._code_district[code]
        return Address(adcode, code, road, number, ", ".join(rest))


class _TownNames:
    """The townships of one district, by name with and without suffix; unique names only."""

    def __init__(self, towns: list[tuple[str, str]], district_stem: str) -> None:
        self._codes = dict(towns)
        stems = []
        for name, code in towns:
            stem = town_stem(name)
            stems += [(short, code) for short in {stem, _ETHNIC.sub("", stem)} if len(short) > 1]
        self._stems = _unique(stems)
        self._stems.pop(district_stem, None)
        self._by_length = sorted(self._stems, key=len, reverse=True)

    def take(self, text: str) -> tuple[str | None, str]:
        """Take a township's name off the start."""
        for name, code in self._codes.items():
            if text.startswith(name):
                return code, re.sub("^办事处", "", text.removeprefix(name))
        for stem in self._by_length:
            if not text.startswith(stem):
                continue
            after = text.removeprefix(stem)
            for suffix in _SUFFIXES:
                if after.startswith(suffix):
                    return self._stems[stem], after.removeprefix(suffix)
            whole = stem.endswith(("乡", "镇")) or _AFTER_STEM.match(after)
            if whole and not _ROAD.match(text):
                return self._stems[stem], after
        return None, text


def _door(text: str) -> tuple[str, str, str]:
    """Split what follows the township into road, door number and rest."""
    text = _NUMERAL_DOOR.sub(lambda m: str(_number(m[0])), text)
    door = _DOOR.search(text)
    if door is not None:
        road = _CROSSING.split(text[: door.start()])[0]
        return road.strip("-,，、。."), door[0], _rest(text[door.end() :])
    road_only = _ROAD.match(text)
    if road_only is None:
        return "", "", _rest(text)
    return _CROSSING.split(road_only[0])[0], "", _rest(text[road_only.end() :])


def _rest(text: str) -> str:
    """Drop what only says "inside of", "beside"."""
    text = text.strip("-,，、。.;；")
    text = re.sub(r"(?:附近|旁边?|对面|(?<=大学)院内|(?<![学医法剧影])院内|内)$", "", text)
    return text.removeprefix("院")


def _number(numeral: str) -> int:
    """Read a Chinese numeral below a thousand."""
    digits = {c: i for i, c in enumerate("零一二三四五六七八九")}
    total, digit = 0, 0
    for c in numeral:
        if c in "十百":
            total += (digit or 1) * (10 if c == "十" else 100)
            digit = 0
        else:
            digit = digits[c]
    return total + digit


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Keep the names that mean one thing only; the same pair twice is one thing."""
    known = set(pairs)
    times = Counter(name for name, _ in known)
    return {name: code for name, code in known if times[name] == 1}
