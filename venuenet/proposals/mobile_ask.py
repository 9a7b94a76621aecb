"""What is asked of the mobile hall, and how it is understood: for HTTP and CLI alike. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, get_args

from venuenet.errors import BadQueryError
from venuenet.model import Question

StopSource = Literal["townships", "gaps"]
STOP_SOURCES: tuple[StopSource, ...] = get_args(StopSource)

MOST_DAYS, MOST_HOURS, MOST_REACH_KM, MOST_SECONDS = 120, 14, 20, 20
PARAMETERS = (
    "days", "hours", "stop_minutes", "set_up_minutes", "reach_km", "start", "from", "stops",
    "time_limit_s",
)  # fmt: skip


@dataclass(frozen=True)
class MobileRequest:
    """A season of the mobile hall, the parameters as understood.

    Attributes
    ----------
    question : Question
        Whom it is for: those whom no venue covers.
    districts : tuple of adcode
        Where it goes; empty for the whole area.
    days : int
        Days out at most.
    hours : float
        From leaving the depot to being back.
    stop_minutes, set_up_minutes : int
        Open to visitors, and setting up and packing, at every stop.
    reach_km : float
        How far people come, in a straight line.
    start : int
        Minutes after midnight at which a day begins.
    depot : str, optional
        A venue's id or name, or ``lon,lat``; None for the default.
    stops : tuple of StopSource
    time_limit_s : float
    """

    question: Question
    districts: tuple[str, ...] = ()
    days: int = 10
    hours: float = 8.0
    stop_minutes: int = 90
    set_up_minutes: int = 30
    reach_km: float = 3.0
    start: int = 8 * 60
    depot: str | None = None
    stops: tuple[StopSource, ...] = ("townships",)
    time_limit_s: float = 15.0


def parse_mobile(
    question: Question,
    districts: tuple[str, ...] = (),
    *,
    days: str | int | None = None,
    hours: str | float | None = None,
    stop_minutes: str | int | None = None,
    set_up_minutes: str | int | None = None,
    reach_km: str | float | None = None,
    start: str | None = None,
    depot: str | None = None,
    stops: str | None = None,
    time_limit_s: str | float | None = None,
) -> MobileRequest:
    """Understand the parameters of a season; defaults as in :class:`MobileRequest`.

    Raises
    ------
    BadQueryError
        Naming the parameter and the values that are allowed.
    """
    usual = MobileRequest(question)
    asked = MobileRequest(
        question,
        districts,
        days=_whole("days", days, usual.days, 1, MOST_DAYS),
        hours=_number("hours", hours, usual.hours, 1, MOST_HOURS),
        stop_minutes=_whole("stop_minutes", stop_minutes, usual.stop_minutes, 15, 600),
        set_up_minutes=_whole("set_up_minutes", set_up_minutes, usual.set_up_minutes, 0, 240),
        reach_km=_number("reach_km", reach_km, usual.reach_km, 0.5, MOST_REACH_KM),
        start=_clock(start, usual.start),
        depot=depot,
        stops=_sources(stops, usual.stops),
        time_limit_s=_number("time_limit_s", time_limit_s, usual.time_limit_s, 1, MOST_SECONDS),
    )
    if asked.start + 60 * asked.hours > 24 * 60:
        latest = clock(60 * (24 * 60 - math.ceil(60 * asked.hours)))
        raise BadQueryError(
            f"从 {clock(60 * asked.start)} 起 {asked.hours:g} 小时会过午夜，请把 start 提前",
            f"{asked.hours:g} h from {clock(60 * asked.start)} end after midnight; start earlier",
            param="start",
            allowed=[f"00:00..{latest}"],
        )
    return asked


def clock(seconds: float) -> str:
    """Write seconds after midnight as HH:MM, to the nearest minute."""
    minutes = round(seconds / 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def parse_point(text: str) -> tuple[float, float] | None:
    """Return the longitude and latitude written as ``lon,lat``, WGS84 degrees; None if not so."""
    parts = text.replace("，", ",").split(",")
    if len(parts) != 2:
        return None
    numbers = [_plain(p) for p in parts]
    if numbers[0] is None or numbers[1] is None:
        return None
    return numbers[0], numbers[1]


def _plain(text: str) -> float | None:
    """Read a plain decimal number; None for anything else, nan, inf and 1e9 included."""
    found = re.fullmatch(r"\s*[-+]?[0-9]{1,9}(\.[0-9]{1,12})?\s*", text, re.ASCII)
    return float(text) if found else None


def _number(name: str, value: str | float | None, usual: float, least: float, most: float) -> float:
    if value is None:
        return usual
    number = _plain(str(value)[:60])
    if number is not None and least <= number <= most:
        return number
    raise _refused(name, value, "数", "a number", least, most)


def _whole(name: str, value: str | int | None, usual: int, least: int, most: int) -> int:
    if value is None:
        return usual
    number = _plain(str(value)[:60])
    if number is not None and "." not in str(value) and least <= number <= most:
        return int(number)
    raise _refused(name, value, "整数", "a whole number", least, most)


def _refused(
    name: str, value: object, zh: str, en: str, least: float, most: float
) -> BadQueryError:
    shown = str(value)[:60]
    return BadQueryError(
        f"{name} 应为 {least:g} 到 {most:g} 的{zh}，收到“{shown}”",
        f"{name} must be {en} from {least:g} to {most:g}, got “{shown}”",
        param=name,
        allowed=[f"{least:g}..{most:g}"],
    )


def _clock(value: str | None, usual: int) -> int:
    if value is None:
        return usual
    found = re.fullmatch(r"([01]?[0-9]|2[0-3])[:：]([0-5][0-9])", value.strip(), re.ASCII)
    if found:
        return 60 * int(found[1]) + int(found[2])
    raise BadQueryError(
        f"start 应为 HH:MM 的时刻，如 08:00，收到“{value[:60]}”",
        f"start must be a time of day as HH:MM, such as 08:00, got “{value[:60]}”",
        param="start",
        allowed=["00:00..23:59"],
    )


def _sources(value: str | None, usual: tuple[StopSource, ...]) -> tuple[StopSource, ...]:
    if value is None:
        return usual
    names = [n.strip() for n in value.replace("，", ",").split(",") if n.strip()]
    unknown = [n for n in names if n not in STOP_SOURCES]
    if unknown or not names:
        raise BadQueryError(
            f"stops 的值“{(unknown or [value])[0][:60]}”无效，可用：{'、'.join(STOP_SOURCES)}",
            f"stops cannot be “{(unknown or [value])[0][:60]}”; allowed: {', '.join(STOP_SOURCES)}",
            param="stops",
            allowed=list(STOP_SOURCES),
        )
    return tuple(s for s in STOP_SOURCES if s in names)
