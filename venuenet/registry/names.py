"""Reads a venue's name: one spelling for one name, the part it speaks of, how it sounds; compares.

Nothing here knows a city's districts: what a name says of its place is read from its own words.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel, LCSseq, Levenshtein

Level = Literal[
    "same", "generic", "weak", "place", "sound", "moved", "telling", "typo", "near", "contained",
    "similar", "different",
]  # fmt: skip
"""How two names agree, the first that holds.

same: in one spelling, the city aside. generic: the same, but only a word like 科技馆. weak: one
lacks 中国, 国家 or its district. place: those words contradict. sound: the same pinyin. moved: the
same characters in another order. telling: they differ in what tells venues apart (航空 and 航天).
typo: one character. near: two. contained: one has words the other lacks. similar, different: by
what is left without weak words and the word for the kind.
"""
Part = Literal["", "same", "unsure", "one", "different"]
"""Of the parts two names speak of: neither names one, the same, perhaps, only one does, another."""

_HAN = r"\u3007\u4e00-\u9fff"
_BRACKETS = str.maketrans("[]【】〔〕『』「」《》〈〉{}", "()()()()()()()()")
# What brackets say of a venue's state or past, not of which venue it is.
_STATE = re.compile(
    r"\((?:筹[备建]?中?|在建|建设中|暂停开放|已?闭馆|已?关闭|停业|(?:原|旧称)[^()]*)\)"
)
_GAP = re.compile(rf"\s+(?=[{_HAN}])|(?<=[{_HAN}])\s+")

_EQUIVALENT = """
科学技术=科技 科学普及=科普 科普教育=科普 北京市=北京 展览馆=展馆 展览中心=展示中心
北京航空航天大学=北航 北京航空航天博物馆=北航博物馆 中国科学院=中科院 中科院大学=国科大
中国农业科学院=中国农科院 中国医学科学院=中国医科院 中国地质大学北京=地大 中国地质大学=地大
中国石油大学北京=石大 中国农业大学=农大 中国人民大学=人大 中国传媒大学=中传 北京大学=北大
清华大学=清华 北京师范大学=北师大 北京理工大学=北理工 北京科技大学=北科大 北京交通大学=北交大
北京邮电大学=北邮 北京工业大学=北工大 北京化工大学=北化 北京林业大学=北林 北京中医药大学=北中医
首都师范大学=首师大 首都医科大学=首医大 中国农大=农大 中农大=农大 北林大=北林 中国地大=地大
"""
EQUIVALENT: tuple[tuple[str, str], ...] = tuple(re.findall(r"(\S+)=(\S+)", _EQUIVALENT))
"""Words that mean the same in a venue's name, applied in order.

Long forms become short ones, never the reverse: 北大 inside 西北大学 must stay what it is.
博物馆 and 博物院, 展馆 and 博物馆 are deliberately no equivalents.
"""

_GENERIC = """
博物馆 博物院 科技馆 科普馆 科学馆 图书馆 文化馆 美术馆 展馆 展示中心 纪念馆 陈列馆 规划馆 规划展馆
体验馆 体验中心 科普基地 科普园 科普小屋 科普中心 科普站 科学中心 活动中心 文化中心 少年宫 青少年宫
青少年科技馆 青少年活动中心 青少年科技中心 公园 体育馆 档案馆 校史馆 安全馆 公共安全馆 气象馆
"""
GENERIC = frozenset(_GENERIC.split())
"""Names that say what a place is, not which: alike in every district."""

# Words and characters that tell venues apart when one stands where the other does.
_FAMILIES = """动物 植物 矿物|航空 航天 航海|地质 矿山 森林 湿地|中学 小学 大学|青少年 儿童 老年
|科技 博物 规划 图书 文化 美术 艺术 体育|地震 气象 消防 交通"""
_WORDS_APART = [set(family.split()) for family in _FAMILIES.split("|")]
_ANY_WORD = re.compile("|".join(sorted(set[str]().union(*_WORDS_APART))))
_CHARS = "东西南北中 新老旧古 动植矿 空天海 一二三四五六七八九十 上下 大小 馆院园场"
_CHARS_APART = _CHARS.split()

_PARENT = (
    "博物馆|博物院|科技馆|科学技术馆|科学中心|天文馆|美术馆|图书馆|纪念馆|陈列馆|展览馆|展览中心|展示中心"
    "|规划馆|文化馆|科普馆|体育馆|海洋馆|动物园|植物园|公园|文化宫|少年宫|儿童中心|活动中心"
)
_IN_BRACKETS = re.compile(r"^(.+)\(([^()]+)\)$")
_INSTITUTION = re.compile(
    r"(?:中国|国家|首都|北京).{2,}(?:馆|院|园|中心|所|大学)$"
    r"|(?:china|national|beijing) .*(?:museum|center|hall|park)$"
)
_CITY_LAST = re.compile(r"^(.+?)(?<!大学)\((北京市?|中国)\)$")
_SPLITS = (
    re.compile(rf"^(.*?(?:{_PARENT}))(?!学会|协会|之友|管理|附近|大厦|小区|[路街站桥]|地铁)(.+)$"),
    re.compile(r"^(.+(?:大学|学院|中学|学校))(.{1,8}校区)$"),
    re.compile(
        r"^(.{2,}?)(?<![a-z\d])((?:[a-z]|\d{1,2}号?|第?[一二三四五六七八九十]{1,2}号?)展?[馆厅区座])$"
    ),
    # 河北馆, 湖南馆, 山东馆 ... are provinces' halls, not wings.
    re.compile(
        r"^(.{3,}?)(?<![河湖山陕江云海广])([东西南北新老旧主分]展?(?:馆|园|厅|院|楼|部|中心))$"
    ),
    re.compile(r"^(.{3,}?)(第?[一二三四五六七八九十\d]期)(?:工程)?$"),
    re.compile(r"^(.+ .+?)(?:, ?| - )([^,]*\b(?:branch|hall|campus|area|wing|(?:nor|sou)th))$"),
)
_PART_KIND = re.compile(
    r"(?<=.)(?:纪念馆|分?中心|分馆|分园|分院|校区|园区|院区|展区|馆|厅|(?<=^.)[园区]"
    r"| (?:branch|hall|campus|site|area|section|wing))$"
)
_KIND = re.compile(
    r"(?:(?:科技|博物|科普|展|纪念|陈列|图书|文化|美术|体验|规划|艺术)馆|博物院|馆|展示中心|体验中心|中心"
    r"|(?:国家)?(?:地质|矿山|森林|湿地)?公园|博览园|园|科普基地|基地|科普小屋|展示区|自然保护区)$"
)
_DISTRICT = re.compile(rf"^([{_HAN}]{{2,3}}?)(?<![社校园景小片院厂矿新])[区县](?=.{{2}})")
_NATION = re.compile(r"^(?:中国国家|中国|中华|国家|全国)(?=.{2})")
SIMILAR = 0.6
"""Share of characters alike, in order, from which the rest of two names is similar."""
_SAME_WORD = 88
_NOISE = frozenset(["the", "of", "and", "for", "in", "at", "a", "s"])
_WEAK = frozenset(["beijing", "china", "chinese", "national", "city", "municipal", "district"])
_GENERIC_EN = frozenset([
    "museum", "hall", "center", "exhibition", "park", "science", "technology", "education", "base",
    "garden", "gallery", "youth", "library", "planning", "popularization",
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """A name in the spellings it is compared in.

    ``text``: normalised. ``key``: safe equivalents replaced; English words by alphabet. ``short``:
    the city off, 区 off the district. ``stem``: without nation and district too, which ``place``
    keeps ("nation", "city", a district, "" none). ``content``: without the word for its kind.
    ``sound``: pinyin without tones, spaces and city; of a Latin name its letters. ``generic``:
    whether it says only what the place is.
    """

    text: str
    key: str
    short: str
    stem: str
    place: str
    content: str
    sound: str
    generic: bool


@dataclass(frozen=True, slots=True)
class Name:
    """A name, read.

    ``text`` is :func:`normalise` of it, ``han`` whether it has Chinese characters. ``whole`` is
    the name, ``parent`` what is left without its part. ``branch`` is :func:`branch` of it ("" none)
    and ``part`` that without the word for its kind, for comparing: 东郊馆 → 东郊, A馆 → a.
    """

    text: str
    han: bool
    whole: Form
    parent: Form
    branch: str
    part: str


class Agreement(NamedTuple):
    """How two names agree; ``ratio`` is the share of characters alike, 0..1."""

    level: Level
    part: Part
    ratio: float


def normalise(name: str) -> str:
    """Write a name in one way: NFKC, case folded, without brackets, punctuation and (筹).

    Spaces are left between words of Latin letters only. 北京, 中国 and the like stay: they may be
    all that tells two names apart.
    """
    return _words(_open(name))


def branch(name: str) -> str | None:
    """Tell which branch or part of a venue a name speaks of.

    What stands in brackets at its end or follows the parent's name, normalised (东郊展馆 and 东郊馆
    are both 东郊馆); None for a name that speaks of a venue as a whole. A name with its parent in
    brackets is itself the part: 詹天佑纪念馆(中国铁道博物馆).
    """
    return _split(_open(name))[1] or None


@lru_cache(maxsize=1 << 17)
def read(name: str) -> Name:
    """Read a name, with its part and every spelling it is compared in."""
    opened = _open(name)
    text = _words(opened)
    han = re.search(rf"[{_HAN}]", text) is not None
    parent, part = _split(opened)
    form = _form_han if han else _form_latin
    whole = form(text)
    apart = form(_words(parent)) if part else whole
    return Name(text, han, whole, apart, part, _PART_KIND.sub("", part))


def sound(text: str) -> str:
    """Return the pinyin of a normalised text, without tones and spaces; Latin letters stay.

    A character with several readings is read with its neighbours: 首都 is shoudu, 都 is dou.
    """
    near = f" {text} "
    beside = (near[i : i + 3] if c in _several() else c for i, c in enumerate(text) if c != " ")
    return "".join([_syllable(chars) for chars in beside])


def agree(x: Name, y: Name) -> Agreement:
    """Tell how two names agree, in any two scripts; the same for ``agree(y, x)``."""
    if x.han != y.han:
        return _agree_sound(*sorted((x.whole.sound, y.whole.sound), key=len))
    x, y = sorted((x, y), key=lambda name: name.text)  # edits depend on the order of two strings
    forms = _agree_han if x.han else _agree_latin
    if x.whole.short == y.whole.short:
        return Agreement(forms(x.whole, y.whole)[0], "same" if x.part and y.part else "", 1.0)
    part = _agree_part(x, y)
    level, ratio = forms(x.parent, y.parent) if part else forms(x.whole, y.whole)
    if part == "unsure" and level != "same":
        level, ratio = forms(x.whole, y.whole)
    return Agreement(level, part, ratio)


def _open(name: str) -> str:
    """Fold a name, leaving brackets (all round) and commas, which tell parts."""
    text = unicodedata.normalize("NFKC", name).casefold().translate(_BRACKETS)
    text = text.replace("'", "").replace("’", "").replace("&", " and ").replace("centre", "center")
    return _CITY_LAST.sub(r"\2\1", _GAP.sub("", _STATE.sub("", text)).strip())


def _words(text: str) -> str:
    spaced = "".join(c if c.isalnum() else " " for c in text)
    return " ".join(_GAP.sub("", spaced).split())


def _split(text: str) -> tuple[str, str]:
    """Split an opened name into the parent's name and the part's, "" where it names none."""
    bracket = _IN_BRACKETS.match(text)
    if bracket is not None:
        outer, inner = bracket.groups()
        return (inner, _part(outer)) if _INSTITUTION.match(inner) else (outer, _part(inner))
    found = next((m for p in _SPLITS if (m := p.match(text))), None)
    return (found[1], _part(found[2])) if found else (text, "")


def _part(text: str) -> str:
    words = re.sub(r"(?<=.)展(?=[馆厅]$)", "", _words(text))
    return re.sub(r"区(?=分(?:中心|馆|园)$)", "", words)


def _form_han(text: str) -> Form:
    key = text
    for long, plain in EQUIVALENT:
        if long in key:
            key = key.replace(long, plain)
    bare = key.removeprefix("北京")
    bare = bare if len(bare) > 2 else key
    place, short, stem = "city" if bare != key else "", bare, bare
    if (district := _DISTRICT.match(bare)) is not None:
        place, stem = district[1], bare[district.end() :]
        short = place + stem
    elif (nation := _NATION.match(bare)) is not None:
        place, stem = "nation", bare[nation.end() :]
    elif bare.startswith("首都") and len(bare) > 4:
        place, stem = "city", bare[2:]
    content = _KIND.sub("", stem)
    return Form(text, key, short, stem, place, content, _letters(sound(text)), short in GENERIC)


def _form_latin(text: str) -> Form:
    words = sorted(w for w in text.split() if w not in _NOISE)
    stem = [w for w in words if w not in _WEAK]
    content = [w for w in stem if w not in _GENERIC_EN]
    key, short, bare = map(" ".join, (words, [w for w in words if w != "beijing"], stem))
    letters = _letters(text.replace(" ", ""))
    return Form(text, key, short, bare, "", " ".join(content), letters, not content)


def _letters(pinyin: str) -> str:
    """Replace equivalents and take the city off; 市 too, which pinyin cannot tell from 石."""
    for long, plain in _sounds():
        pinyin = pinyin.replace(long, plain)
    bare = pinyin.removeprefix("beijing").removeprefix("shi")
    return bare if pinyin.startswith("beijing") and len(bare) > 2 else pinyin


@lru_cache(maxsize=1 << 16)
def _syllable(near: str) -> str:
    """Read one character, or the middle of three by the words of two it may stand in."""
    char = near[len(near) // 2]
    from pypinyin.constants import PHRASES_DICT, PINYIN_DICT  # noqa: PLC0415  as in _several

    readings = PINYIN_DICT.get(ord(char), char)
    words = ((near[1:], 0), (near[:2], 1)) if len(near) == 3 else ()
    found = next((PHRASES_DICT[w][at][0] for w, at in words if w in PHRASES_DICT), readings)
    found = "chao" if char == "朝" else found  # 朝阳, the district; the dictionary says zhaoyang
    bare = unicodedata.normalize("NFD", found.partition(",")[0]).replace("\u0308", "v")
    return "".join(c for c in bare if c.isascii()).replace("uv", "v")


@cache
def _several() -> frozenset[str]:
    """Characters with several readings."""
    from pypinyin.constants import PINYIN_DICT  # noqa: PLC0415  0.3 s others need not wait for

    return frozenset(chr(code) for code, readings in PINYIN_DICT.items() if "," in readings)


@cache
def _sounds() -> tuple[tuple[str, str], ...]:
    """Equivalent words by their sound."""
    return tuple((sound(a), sound(b)) for a, b in EQUIVALENT if a != "北京市")


def _agree_part(x: Name, y: Name) -> Part:
    if not x.part or not y.part:
        lone, other = (x, y) if x.part else (y, x)
        # A part that the other name holds too was only written without brackets, or misspelt.
        return "one" if lone.part and not _holds(other, lone) else ""
    if x.part == y.part or sound(x.part) == sound(y.part):
        return "same"
    if _holds(x, y) and _holds(y, x):
        return ""
    slip = _misspelt(x.part, y.part) or _misspelt(x.text, y.text)
    return "unsure" if slip and len(x.part + y.part) > 2 else "different"


def _holds(name: Name, other: Name) -> bool:
    return len(other.part) > 1 and other.part in name.text


def _misspelt(x: str, y: str) -> bool:
    return Levenshtein.distance(x, y, score_cutoff=1) == 1 and not _telling(x, y)


def _agree_han(a: Form, b: Form) -> tuple[Level, float]:
    x, y = (a.short, b.short) if a.place == b.place else (a.stem, b.stem)
    ratio = Levenshtein.normalized_similarity(a.short, b.short)
    both = bool(a.place and b.place and a.place != b.place)
    conflict = both and not _misspelt(a.place, b.place)
    if a.key == b.key:
        level: Level = "generic" if a.key in GENERIC else "same"
    elif a.short == b.short:
        level = "contained" if a.short in GENERIC else "same"
    elif x == y and not both:
        level = "contained" if x in GENERIC else "weak"
    elif x == y:
        level = "near" if not conflict else "different" if x in GENERIC else "place"
    elif a.sound == b.sound:
        level = "sound"
    elif ratio >= 0.5 and (_telling(x, y) or _telling(a.text, b.text)):
        level = "telling"
    else:
        slip = None if conflict else _by_edits(a, b)
        level = slip or _by_content(a.content or x, b.content or y)
    return level, ratio


def _by_edits(a: Form, b: Form) -> Level | None:
    """Tell slips of the pen in any spelling; in short names even one may be another word."""
    found: Level | None = None
    for x, y in ((a.text, b.text), (a.stem, b.stem)):
        length = min(len(x), len(y))
        if sorted(x) == sorted(y):
            return "moved"
        if Levenshtein.distance(x, y, score_cutoff=2) > 2:
            continue
        first, *more = Levenshtein.editops(x, y)
        if not more and length > 5:
            return "typo"
        # Two characters side by side that both changed, or both came in, are another word.
        word = more and more[0].tag == first.tag and more[0].src_pos - first.src_pos <= 1
        found = "near" if not word and length > (5 if more else 3) else found
    return found


def _by_content(x: str, y: str) -> Level:
    shorter, common = min(len(x), len(y)), LCSseq.similarity(x, y)
    if shorter > 1 and common == shorter:
        return "contained" if shorter > 2 else "similar"
    return "similar" if 2 * common >= SIMILAR * (len(x) + len(y)) else "different"


def _telling(x: str, y: str) -> bool:
    here, there = (set(_ANY_WORD.findall(name)) for name in (x, y))
    words = any(here & f and there & f and not here & there & f for f in _WORDS_APART)
    number, other = (re.findall(r"\d+", name) for name in (x, y))
    if words or (number and other and number != other):
        return True
    close = Levenshtein.distance(x, y, score_cutoff=2) <= 2
    swaps = [e for e in Levenshtein.editops(x, y) if close and e.tag == "replace"]
    return any(x[e.src_pos] in f and y[e.dest_pos] in f for e in swaps for f in _CHARS_APART)


def _agree_latin(a: Form, b: Form) -> tuple[Level, float]:
    ratio = fuzz.ratio(a.key, b.key) / 100
    if a.short == b.short or a.sound == b.sound:
        named = not a.generic or (a.key == b.key and a.key != a.stem)
        return ("same" if named else "generic"), ratio
    words, others = a.stem.split(), b.stem.split()
    left = [w for w in words if all(fuzz.ratio(w, o) < _SAME_WORD for o in others)]
    more = [o for o in others if all(fuzz.ratio(w, o) < _SAME_WORD for w in words)]
    if a.generic or b.generic or (left and more):
        return ("similar" if ratio >= 0.75 else "different"), ratio
    if left or more:
        return "contained", ratio
    return ("weak" if a.stem == b.stem else "near"), ratio


def _agree_sound(shorter: str, longer: str) -> Agreement:
    """Compare a Latin name with the pinyin of a Chinese one."""
    ratio = Indel.normalized_similarity(shorter, longer)
    if shorter == longer or (len(shorter) > 9 and longer.startswith(shorter)):
        return Agreement("sound", "" if shorter == longer else "one", ratio)
    return Agreement("near" if ratio >= 0.92 and len(shorter) > 9 else "different", "", ratio)
