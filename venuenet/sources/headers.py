"""What a column is called: from a header as people write it to a field of VenueRecord.

A header is stripped of brackets, units, datums and of whose it is (场馆地址, 基地电话) until it is
one of the words known.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from venuenet.registry.model import Datum

# By field, the surest word first: between columns equally filled, the earlier word wins.
_WORDS = {
    "venue_id": "venueid 场馆编号 场馆id 场馆代码 id 编号 编码",
    "name_zh": (
        "namezh 场馆名称 基地名称 科普基地名称 博物馆名称 科技馆名称 中文名称 名称 场馆名 馆名"
        " 全称 venuename name 名字 中文名 namecn namechinese chinesename 设施名称 资源名称"
        " 场所名称 机构名称 单位名称 场馆 场馆全称 基地 科普基地 venue museum museumname"
    ),
    "name_en": "nameen 英文名称 英文名 英文 englishname nameenglish 名称英文 外文名称",
    "aliases": (
        "aliases alias 别名 曾用名 简称 其他名称 又名 原名 别称 原名称 别名曾用名 formername"
        " othernames"
    ),
    "kind": (
        "kind 场馆类型 场馆类别 基地类型 基地类别 类别 类型 分类 type category 单位类别 venuetype"
        " 所属类别"
    ),
    "level": "level 级别 等级 认定级别 命名级别 基地级别 场馆级别 基地等级 grade",
    "adcode": (
        "adcode 所属区 所在区 所属区县 所在区县 行政区 区县 辖区 所属辖区 行政区划 行政区域 区名"
        " 区县名称 所属行政区 所属地区 所在地区 所属区域 district districtzh districtname adname"
        " 属地 区域 区 区划代码 行政区划代码 行政区代码 区县代码 county"
    ),
    "address_zh": (
        "addresszh 详细地址 场馆地址 地址 address 具体地址 所在地址 开放地址 单位地址 通讯地址"
        " 办公地址 联系地址 所在地 所在位置 地点 位置 addr fulladdress"
    ),
    "phone": (
        "phone 联系电话 电话 咨询电话 预约电话 场馆电话 电话号码 tel telephone 座机 联系人电话"
        " 手机 联系方式 contactphone phonenumber mobile"
    ),
    "lon": (
        "lon 经度 lng longitude long 东经 经度e 经度坐标 坐标经度 x x坐标 坐标x coordx centerlon"
        " centerlng"
    ),
    "lat": "lat 纬度 latitude 北纬 纬度n 纬度坐标 坐标纬度 y y坐标 坐标y coordy centerlat",
    "point": (
        "经纬度 坐标 经纬度坐标 地理坐标 位置坐标 坐标点 坐标经度纬度 经度纬度 纬度经度 纬经度"
        " lnglat lonlat latlng latlon coordinates coordinate coords gps location point 地理位置"
    ),
    "precision_m": "precision coordprecision 精度 定位精度 坐标精度 位置精度 accuracy",
    "status": "status 开放状态 运营状态 运行状态 开馆状态 场馆状态 状态 开放情况 运营情况 当前状态",
    "opened_on": (
        "openedon 开放日期 开馆日期 开馆时间 建成时间 建成日期 建馆时间 成立时间 建成年份"
        " 开馆年份 开放年份 落成时间 启用日期 启用时间 opened opendate openingdate"
    ),
    "closed_on": (
        "closedon 关闭日期 关闭时间 停业日期 闭馆日期 闭馆时间 closed closedate closingdate"
    ),
    "valid_until": (
        "validuntil 有效期至 有效期止 到期日期 到期时间 到期日 到期 有效期 有效期限 命名有效期"
        " 认定有效期 资质有效期 有效期截止 有效截止日期 expires expiry expirydate"
    ),
    "exhibition_m2": (
        "exhibitionm2 展厅面积 展览面积 展示面积 展陈面积 陈列面积 布展面积 展区面积 科普展厅面积"
        " 常设展厅面积 室内展厅面积 科普展示面积 面积展厅 exhibitionarea exhibitionaream2"
    ),
    "building_m2": (
        "buildingm2 建筑面积 总建筑面积 建筑总面积 面积建筑 buildingarea buildingaream2 floorarea"
    ),
    "visits_per_year": (
        "visitsperyear 年接待量 年参观人次 年接待人次 年参观人数 年接待人数 年参观量 年观众量"
        " 年客流量 年访客量 年游客量 年均接待量 年均参观人次 年均接待人次 年度接待量 年接待观众"
        " 参观人次 接待人次 接待量 参观人数 接待人数 visits annualvisits annualvisitors visitors"
    ),
    "open_days": "opendays 开放天数 年开放天数 年开放日 全年开放天数 年均开放天数 opendaysperyear",
    "confidence": "confidence 可信度 置信度 可靠性",
    "note": "note 备注 notes 说明 remark remarks 附注 comment comments",
    "city": "cityname pname city province 城市 市 省 省份 省市 所在城市 所在省市 所属城市",
}  # fmt: skip
FIELDS = tuple(f for f in _WORDS if f != "city")
"""What a column may be taken for: fields of VenueRecord, ``adcode`` for anything that names the
district, and ``point`` for a longitude and latitude in one cell."""

_BY_WORD = {
    word: (field, rank)
    for field, words in _WORDS.items()
    for rank, word in enumerate(words.split())
}
_DATUMS: tuple[tuple[re.Pattern[str], Datum], ...] = (
    (re.compile("gcj-?0?2|火星(坐标系?)?|高德|腾讯|amap|gaode|国测局"), "GCJ-02"),
    (re.compile("bd-?09(ll)?|百度|baidu"), "BD-09"),
    (re.compile("wgs-?_?84?|gps(?=.)|84坐标系?"), "WGS84"),
    (re.compile("cgcs-?2000|(国家|大地)2000(坐标系?)?|2000(国家)?(大地)?坐标系?"), "CGCS2000"),
)
_BRACKETS = re.compile(r"[(\[{<【〔《]([^()\[\]{}<>【】〔〕《》]*)[)\]}>】〕》]")
_UNIT = re.compile(
    "(?:[十百千万亿]+)?(?:人次|人|平方公里|平方米|平米|公顷|亩|km2|m2|m|米|天|日|次)(?:/年|每年|/人|年)?$|万$"
)
_OWNER = re.compile("^(?:科普)?(?:场馆|基地|单位|机构|博物馆|科技馆|venue|museum)")
_YEAR = re.compile(r"^(?:19|20)\d\d年?度?")
_ENGLISH = re.compile("英文|外文|english|^en$")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a header says: the field (``city`` beside ``FIELDS``), and what stands in brackets.

    ``rank`` grows as the word gets vaguer. ``unit`` is written as in the header. ``lat_first``
    where a column of points is called 纬度,经度. ``year`` is the year a figure is of, 0 if unsaid.
    """

    field: str
    rank: int
    unit: str = ""
    datum: Datum | None = None
    lat_first: bool = False
    year: int = 0


def plain(header: str) -> str:
    """Return a header for comparing: one form per character, lower case, letters and digits."""
    folded = unicodedata.normalize("NFKC", header[:200]).casefold()
    return "".join(c for c in folded if c.isalnum())


@lru_cache(maxsize=4096)
def meaning(header: str) -> Meaning | None:
    """Say what a column called so holds; None for a name nobody knows."""
    folded = unicodedata.normalize("NFKC", header[:200]).casefold()
    folded = re.sub(r"\s", "", folded)
    inner = " ".join(_BRACKETS.findall(folded))
    bare = _BRACKETS.sub("", folded)
    if not bare:
        bare, inner = inner, ""
    base, _, after = bare.partition("/")
    if after and _UNIT.fullmatch(after):
        bare, inner = base, f"{inner} {after}"
    word = plain(bare)
    datum = next((d for pattern, d in _DATUMS if pattern.search(f"{bare} {inner}")), None)
    found, unit = _known(word)
    if found is None and datum is not None:
        for pattern, _ in _DATUMS:
            word = plain(pattern.sub("", word))
        found, unit = _known(word)
    if found is None:
        return None
    field, rank = found
    if _ENGLISH.search(inner):
        if field != "name_zh":
            return None
        field = "name_en"
    year = _YEAR.match(word)
    return Meaning(
        field,
        rank,
        unit=inner.strip() if _UNIT.search(inner) else unit,
        datum=datum if field in ("lon", "lat", "point") else None,
        lat_first=bool(re.search("纬.*经|lat.*(lon|lng)", folded)),
        year=int(year[0][:4]) if year else 0,
    )


def _known(word: str) -> tuple[tuple[str, int] | None, str]:
    """Look a word up, with less and less of it; return (field, rank) and the unit taken off."""
    unit = _UNIT.search(word)
    short = word[: unit.start()] if unit else word
    for candidate, taken in ((word, ""), (short, unit[0] if unit else "")):
        for less, vaguer in ((candidate, 0), (_OWNER.sub("", candidate), 1),
                             (_YEAR.sub("", candidate), 0)):  # fmt: skip
            if less in _BY_WORD:
                field, rank = _BY_WORD[less]
                return (field, 2 * rank + vaguer), taken
    return None, ""


def is_header_word(text: str) -> bool:
    """Tell whether a cell is, as it stands, one of the words columns are called."""
    return text.replace(" ", "").casefold() in _BY_WORD


def recognise(headers: Sequence[str]) -> dict[str, str]:
    """Say which headers are known.

    Parameters
    ----------
    headers : sequence of str
        As written.

    Returns
    -------
    dict of str to str
        Header → one of ``FIELDS``; unknown headers are absent. Two headers may mean one field:
        which of them is read depends on what they hold.
    """
    found = {header: meaning(header) for header in headers}
    return {h: m.field for h, m in found.items() if m is not None and m.field in FIELDS}


def signature(headers: Sequence[str]) -> str:
    """Return what a mapping of columns is remembered by: the same for the same set of names.

    Order, case, spaces, punctuation and full-width forms do not matter; blank headers are left
    out. SHA-256, hexadecimal.
    """
    names = sorted({plain(h) for h in headers} - {""})
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def score(cells: Sequence[str], mapping: Mapping[str, str] | None = None) -> int:
    """Tell how good a header these cells make: the fields they name, 0 without a name column."""
    known = {plain(h): field for h, field in (mapping or {}).items()}
    fields = set()
    for cell in cells:
        if cell and len(cell) <= 200:
            word = plain(cell)
            found = meaning(cell)
            fields.add(known.get(word, found.field if found else ""))
    fields -= {""}
    return len(fields) if "name_zh" in fields else 0
