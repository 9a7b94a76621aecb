"""What a cell says, from the text people wrote: clean text, numbers, dates.

A cell that says nothing is None; one that says something unclear raises :class:`Unclear`.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re
import unicodedata
from typing import Literal

from venuenet.sources import limits

Measure = Literal["area", "people", "days", "metres"]

_BLANK = {
    "无", "没有", "暂无", "暂缺", "不详", "未知", "待定", "待补", "待补充", "未填", "空",
    "na", "n/a", "none", "null", "nil", "tbd", "tba", "unknown",
    "#n/a", "#ref!", "#value!", "#name?", "#div/0!", "#null!", "#num!",
}  # fmt: skip
_LONGEST_BLANK = max(map(len, _BLANK))
_LETTER = re.compile(r"[^\W_]")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity|∞|1\.#(?:inf|ind|qnan))", re.IGNORECASE)
# Full-width letters and digits, and the ideographic space; Chinese punctuation stays as it is.
_NARROW: dict[int, int] = {
    wide: wide - 0xFEE0
    for first, last in ("０９", "ＡＺ", "ａｚ")
    for wide in range(ord(first), ord(last) + 1)
} | {0x3000: 0x20, 0xA0: 0x20}
# Characters nobody sees: controls, zero-width and direction marks, soft hyphen, lone surrogates.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_TIDY = re.compile(r"[\x21-\x7e\u4e00-\u9fff]*(?: [\x21-\x7e\u4e00-\u9fff]+)*")


class Unclear(ValueError):  # noqa: N818  it is a finding, told as a fault
    """A cell says something that cannot be taken; ``code`` is a key of ``says.SAYS``."""

    def __init__(self, code: str, **words: float) -> None:
        super().__init__(code)
        self.code, self.words = code, words


def clean(text: str) -> str:
    """Return a cell's text fit to keep: NFC, no unseen characters, single spaces, no NUL.

    Full-width letters and digits become plain ones; Chinese punctuation stays. At most
    ``limits.CELL_CHARS`` characters.
    """
    text = text[: limits.CELL_CHARS]
    if _TIDY.fullmatch(text):
        return text
    text = _UNSEEN.sub("", text).translate(_NARROW)
    return " ".join(unicodedata.normalize("NFC", text).split())


def is_blank(text: str) -> bool:
    """Tell whether a clean cell says that there is nothing to say: 无, 暂无, —, /, N/A."""
    if len(text) > _LONGEST_BLANK:
        return _LETTER.search(text) is None
    return text.casefold() in _BLANK or _LETTER.search(text) is None


# Units by what they measure: word → how many of ours (m², visits, days, m).
_UNITS: dict[Measure, dict[str, float]] = {
    "area": {
        "平方公里": 1e6, "平方千米": 1e6, "km2": 1e6, "公顷": 1e4, "ha": 1e4, "亩": 10_000 / 15,
        "平方米": 1, "平米": 1, "平方": 1, "m2": 1, "m²": 1, "sqm": 1, "㎡": 1,
    },
    "people": {
        "人次每年": 1, "人次/年": 1, "人/年": 1, "人次": 1, "人数": 1, "人": 1, "次": 1,
    },
    "days": {"天/年": 1, "日/年": 1, "天": 1, "日": 1, "days": 1},
    "metres": {"公里": 1000, "千米": 1000, "km": 1000, "米": 1, "m": 1},
}  # fmt: skip
_UNIT_WORDS = {
    measure: sorted(units.items(), key=lambda u: -len(u[0])) for measure, units in _UNITS.items()
}
_HEAD = re.compile(
    "^(?:大约|约|近|超过|超|逾|不少于|不低于|至少|达到|达|共计|共|年均|每年|全年|累计|[≥>~≈]=?)+"
)
_TAIL = re.compile(r"(?:左右|以上|上下|多|余|许|\+)+$")
_SPAN = re.compile(r"[\d十百千万亿](?:[^\d]{0,6})[-~–—至到][^\d]{0,2}[\d一二三四五六七八九十]")
_THOUSANDS = re.compile(r"(?<![\d.])\d{1,3}(?: \d{3})+(?!\d)")
_LOOSE = re.compile(r"(?<!\d) | (?!\d)")
_FIGURE = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]?\d{1,3})?|\.\d+")
_DIGITS = {
    sign: value
    for value, signs in enumerate(
        ("〇零", "一壹", "二贰两", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖")
    )
    for sign in signs
}
_POWERS = {
    "十": 10,
    "拾": 10,
    "百": 100,
    "佰": 100,
    "千": 1000,
    "仟": 1000,
    "万": 10**4,
    "亿": 10**8,
}
_SCALE = re.compile("[十百千万亿]+")


def scale_of(unit: str, measure: Measure) -> float:
    """Return what one in a column of this unit is worth: 万人次 → 10,000, 亩 → 666.7, none → 1."""
    folded = unicodedata.normalize("NFKC", unit).casefold().replace(" ", "")
    scale = 1.0
    for c in "".join(_SCALE.findall(folded)):
        scale *= _POWERS[c]
    rest = _SCALE.sub("", folded)
    for word, worth in _UNIT_WORDS[measure]:
        if word in rest:
            return scale * worth
    return scale


def number(
    text: str, measure: Measure, *, low: float = 0.0, high: float = math.inf, scale: float = 1.0
) -> float | None:
    """Read a figure: 3,000㎡, 约1.2万人次, ３０００, 2000余, 一千五百, 1.5公顷.

    Parameters
    ----------
    text : str
        A clean cell.
    measure : {"area", "people", "days", "metres"}
        What it counts; a unit of another kind is a fault.
    low, high : float
        What is sensible, in m², visits, days or metres, both ends included.
    scale : float
        What the header's unit is worth; a cell with a unit or 万 of its own goes by that.

    Raises
    ------
    Unclear
        A range, text, NaN or infinity, another unit, a value beyond sense.
    """
    if _NOT_FINITE.fullmatch(text):
        raise Unclear("not_finite")
    if is_blank(text):
        return None
    if len(text) > 60:
        raise Unclear("number")
    folded = unicodedata.normalize("NFKC", text).casefold().replace("−", "-").replace("负", "-")
    folded = _LOOSE.sub("", _THOUSANDS.sub(lambda run: run[0].replace(" ", ""), folded))
    if not _FIGURE.fullmatch(folded) and _SPAN.search(folded):
        raise Unclear("number_range")
    sign = -1.0 if folded.startswith("-") else 1.0
    core = _TAIL.sub("", _HEAD.sub("", folded.lstrip("+-")))
    core, worth = _without_unit(core, measure)
    core = _TAIL.sub("", core)
    figure = _figure(core)
    if worth is None:
        worth = 1.0 if any(c in _POWERS for c in core) else scale
    value = sign * figure * worth
    if not math.isfinite(value):
        raise Unclear("not_finite")
    if not low <= value <= high:
        raise Unclear("absurd", number=value, low=low, high=high)
    return value


def _without_unit(text: str, measure: Measure) -> tuple[str, float | None]:
    for name, words in _UNIT_WORDS.items():
        for word, worth in words:
            if text.endswith(word):
                if name != measure:
                    raise Unclear("unit")
                return text.removesuffix(word), worth
    return text, None


def _figure(text: str) -> float:
    """Read 1200, 1.2万, 1万2千, 一千五百, 一万二, 二〇二四 (positional).

    A run of digits or one Chinese digit, then a power of ten, again and again; 万 multiplies what
    stands before it up to the last 亿, 亿 all of it. A last digit without a power counts a tenth
    of the last power (一万二 is 12,000), unless 零 stands before it.
    """
    if len(text) > 1 and all(c in _DIGITS for c in text) and not text.isascii():
        return float("".join(str(_DIGITS[c]) for c in text))
    total = section = 0.0
    digit: float | None = None
    power = 1.0
    at = 0
    while at < len(text):
        c = text[at]
        run = _FIGURE.match(text, at)
        if run:
            if digit not in (None, 0.0):
                raise Unclear("number")
            digit, at, power = float(run[0].replace(",", "")), run.end(), power if at == 0 else 1.0
            continue
        if c in _DIGITS:
            if digit not in (None, 0.0):
                raise Unclear("number")
            digit = float(_DIGITS[c])
            power = 1.0 if digit == 0 else power
        elif (c in _POWERS and at > 0) or c in "十拾":
            power = float(_POWERS[c])
            if power < 10**4:
                section += (1.0 if digit is None else digit) * power
            elif power < 10**8:
                total, section = total + (section + (digit or 0.0)) * power, 0.0
            else:
                total, section = (total + section + (digit or 0.0)) * power, 0.0
            digit = None
        else:
            raise Unclear("number")
        at += 1
    if not text:
        raise Unclear("number")
    last = 0.0 if digit is None else digit
    return total + section + (last * power / 10 if power > 10 and 0 < last < 10 else last)


_DAY = re.compile(
    r"(?<!\d)(?P<year>\d{4})(?:年|[./-])?"
    r"(?:(?<=[年./-])(?P<month>\d{1,2})(?!\d)(?:月(?:份)?|[./-])?"
    r"(?:(?<=[月./-])(?P<day>\d{1,2})(?!\d)[日号]?)?)?(?P<part>年?[底末初]|月?[底末初])?"
)
_PACKED = re.compile(r"(?<!\d)(\d{4})(\d{2})(\d{2})?(?!\d)")
_CLOCK = re.compile(r"(?<=\d)[T ]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?")
_NO_END = re.compile("(?:长期|永久|无限期|无固定期限|不限)(?:有效|期限)?")
_BEGINS = re.compile("至今|到今|[起始]$")
_BETWEEN = re.compile(
    r"[\s\-—–~～至到自从起止前为由()（）:：,，、]|有效期限?|截止?|到期|今|开放|建成|以前|之前"
)


def date(text: str, *, end: bool) -> dt.date | None:
    """Read a day: 2024年3月, 2024/3/1, 2024.03.01, 20240301, 2025年底; of 2021-2025 the end.

    Parameters
    ----------
    text : str
        A clean cell.
    end : bool
        Whether a year or month stands for its last day (and a span for its end) or its first; a
        span says nothing of a beginning.

    Raises
    ------
    Unclear
        Text, a span where a day is asked, a day no calendar has.
    """
    if _NOT_FINITE.fullmatch(text):
        raise Unclear("not_finite")
    if is_blank(text):
        return None
    if len(text) > 60:
        raise Unclear("date")
    folded = unicodedata.normalize("NFKC", text)
    if _NO_END.fullmatch(folded):
        return None
    if end and _BEGINS.search(folded):
        raise Unclear("date")
    folded = _PACKED.sub(_parted, _CLOCK.sub("", folded)).replace(" ", "")
    found = list(_DAY.finditer(folded))
    if not 1 <= len(found) <= 2 or _BETWEEN.sub("", _DAY.sub("", folded)):
        raise Unclear("date")
    if len(found) == 2 and not end:
        raise Unclear("date_range")
    return _day(found[-1], end=end)


def _parted(run: re.Match[str]) -> str:
    return "-".join(p for p in run.groups() if p)


def _day(found: re.Match[str], *, end: bool) -> dt.date:
    """Return the first or last day of the year, month or day that was found."""
    year, month, day = (int(found[g]) if found[g] else None for g in ("year", "month", "day"))
    part = found["part"] or ""
    if part:
        end = "初" not in part
    if year is None or not 1000 <= year <= 2200:
        raise Unclear("date")
    month = month or (12 if end else 1)
    try:
        last = calendar.monthrange(year, month)[1]
        return dt.date(year, month, day or (last if end else 1))
    except ValueError:
        raise Unclear("date") from None
