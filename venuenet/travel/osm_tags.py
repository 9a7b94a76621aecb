"""What OpenStreetMap's tags say: who may use a way, which way and how fast; who passes a node.

After the OSM wiki's pages on access, oneway, maxspeed and barrier; docs/roads.md tells the rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import get_args

from venuenet.travel.speeds import CycleClass, DelayAt, DriveClass, Speeds

Tags = Mapping[str, str]
Both = tuple[float, float]
CLOSED_KMH: Both = (0.0, 0.0)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NOT_IN_USE = _words("construction proposed planned abandoned disused razed demolished removed")
_DRIVEN: frozenset[str] = frozenset(get_args(DriveClass))
_RIDDEN: frozenset[str] = frozenset(get_args(CycleClass))
_WALKED = (_DRIVEN | _RIDDEN | {"steps", "platform", "corridor"}) - {"motorway", "motorway_link"}
# Closed unless the profile's own key opens them.
_ON_REQUEST = {
    "drive": {"track", "pedestrian", "ferry"},
    "cycle": {"footway", "pedestrian", "bridleway"},
}
_EDGES = frozenset({"pedestrian", "platform"})
_OWN = {
    "walk": ("foot",),
    "cycle": ("bicycle",),
    "drive": ("motorcar", "motor_vehicle"),
}
_WIDER = {"walk": ("access",), "cycle": ("vehicle", "access"), "drive": ("vehicle", "access")}
_ALLOWED = _words(
    "yes permissive designated official public destination customers discouraged dismount"
)
_DENIED = _words(
    "no private military agricultural forestry delivery emergency permit restricted residents "
    "employees use_sidepath psv bus"
)
_YES = frozenset({"yes", "true", "1"})
_NO = frozenset({"no", "false", "0", "alternating"})
_BACK = frozenset({"-1", "reverse"})
_CONTRAFLOW = ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both")
_SURFACES = dict.fromkeys(
    _words(
        "unpaved gravel dirt ground earth sand mud grass fine_gravel pebblestone compacted rock "
        "clay woodchips"
    ),
    "unpaved",
) | dict.fromkeys(_words("cobblestone sett unhewn_cobblestone stepping_stones"), "cobbled")
_LIMIT = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*(km/h|kmh|kph|mph)?")
# "CN:urban" and its like; the numbers are those of China's road traffic regulations.
_ZONES = {"urban": 50.0, "rural": 70.0, "motorway": 120.0, "living_street": 20.0}
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3})(?::(\d{2}))?")
_ISO = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")

WAY_KEYS = _words(
    "highway route railway public_transport area junction oneway oneway:bicycle oneway:foot "
    "cycleway:left:oneway cycleway:right:oneway access vehicle motor_vehicle motorcar bicycle "
    "foot sidewalk motorroad expressway maxspeed maxspeed:forward maxspeed:backward surface "
    "conveying duration"
) | frozenset(_CONTRAFLOW)
"""The keys of a way that are looked at; ways alike in these are alike."""

# Who passes a barrier when it does not say itself: on foot, by bicycle, by car.
_EVERYONE, _NARROW, _ON_FOOT, _NOBODY = (
    (True, True, True), (True, True, False), (True, False, False), (False, False, False)
)  # fmt: skip
_BARRIERS = (
    dict.fromkeys(
        _words(
            "no entrance gate lift_gate swing_gate sliding_gate sliding_beam toll_booth "
            "border_control cattle_grid kerb height_restrictor sally_port hampshire_gate "
            "bump_gate rope spikes speed_bump"
        ),
        _EVERYONE,
    )
    | dict.fromkeys(
        _words(
            "bollard block cycle_barrier motorcycle_barrier bus_trap sump_buster jersey_barrier "
            "debris planter log chain bar yes"
        ),
        _NARROW,
    )
    | dict.fromkeys(_words("kissing_gate stile turnstile full-height_turnstile"), _ON_FOOT)
    | dict.fromkeys(_words("wall fence hedge city_wall ditch guard_rail"), _NOBODY)
)


@dataclass(frozen=True)
class Rule:
    """How one kind of street may be used: along its way, and back.

    Attributes
    ----------
    walk : (bool, bool)
    stairs : bool
    cycle_kmh, drive_kmh : (float, float)
        km/h, 0 where that is not allowed.
    ferry_s : float, optional
        Seconds the whole way takes, where it says so; speeds then follow from its length.
    """

    walk: tuple[bool, bool]
    stairs: bool
    cycle_kmh: Both
    drive_kmh: Both
    ferry_s: float | None = None

    def back(self) -> Rule:
        """Return the rule of the same street drawn the other way."""
        return replace(
            self,
            walk=self.walk[::-1],
            cycle_kmh=self.cycle_kmh[::-1],
            drive_kmh=self.drive_kmh[::-1],
        )

    def behind(self, passes: tuple[bool, bool, bool]) -> Rule:
        """Return what is left of the rule behind a barrier that lets some pass."""
        walk, cycle, drive = passes
        return replace(
            self,
            walk=self.walk if walk else (False, False),
            cycle_kmh=self.cycle_kmh if cycle else CLOSED_KMH,
            drive_kmh=self.drive_kmh if drive else CLOSED_KMH,
        )

    def timed(self, kmh: float | None) -> Rule:
        """Return a ferry's rule at a speed, or at the table's where there is none to give."""
        if kmh is None:
            return replace(self, ferry_s=None)
        cycle, drive = (
            (kmh * (both[0] > 0), kmh * (both[1] > 0)) for both in (self.cycle_kmh, self.drive_kmh)
        )
        return replace(self, cycle_kmh=cycle, drive_kmh=drive, ferry_s=None)

    @property
    def closed(self) -> bool:
        """Whether nobody may use it."""
        return not any(self.walk + self.cycle_kmh + self.drive_kmh)


def way_rule(tags: Tags, speeds: Speeds) -> Rule | str | None:
    """Tell how a way may be used.

    Parameters
    ----------
    tags : mapping
        The way's tags, at least those of ``WAY_KEYS``.
    speeds : Speeds
        The speed table.

    Returns
    -------
    Rule, str or None
        A string is the reason a street is left out; None means the way is no street at all.
    """
    road = _road(tags)
    if road is None:
        return None
    if road in NOT_IN_USE:
        return "not_in_use"
    if road not in _WALKED | _DRIVEN:
        return "other_highway"
    if tags.get("area") == "yes" and road not in _EDGES:
        return "area"
    oneway = _oneway(tags.get("oneway"), implied=_runs_one_way(tags, road))
    rule = Rule(
        walk=_walk(tags, road),
        stairs=road == "steps",
        cycle_kmh=_cycle(tags, road, oneway, speeds),
        drive_kmh=_drive(tags, road, oneway, speeds),
        ferry_s=parse_duration(tags.get("duration", "")) if road == "ferry" else None,
    )
    return "closed" if rule.closed else rule


def _road(tags: Tags) -> str | None:
    road = tags.get("highway")
    if road is None and tags.get("route") == "ferry":
        return "ferry"
    if road is None and "platform" in (tags.get("railway"), tags.get("public_transport")):
        return "platform"
    return road


def _opens(tags: Tags, road: str, profile: str) -> bool:
    """Tell whether access tags let a profile in; the most specific key that says a word decides.

    A wider key (``access=yes``) never opens what the class of road closes.
    """
    for key in _OWN[profile]:
        if tags.get(key) in _ALLOWED | _DENIED:
            return tags[key] in _ALLOWED
    for key in _WIDER[profile]:
        if tags.get(key) in _ALLOWED | _DENIED:
            if tags[key] in _DENIED:
                return False
            break
    if profile != "drive" and "yes" in (tags.get("motorroad"), tags.get("expressway")):
        return False
    return road not in _ON_REQUEST.get(profile, ())


def _walk(tags: Tags, road: str) -> tuple[bool, bool]:
    if road not in _WALKED or not _opens(tags, road, "walk"):
        return False, False
    no_sidewalk = tags.get("sidewalk") in ("no", "none") and "foot" not in tags
    if no_sidewalk and road in ("trunk", "trunk_link"):
        return False, False
    if road == "steps" and tags.get("conveying") in ("forward", "backward"):
        return (True, False) if tags["conveying"] == "forward" else (False, True)
    return _oneway(tags.get("oneway:foot"), implied=False)


def _cycle(tags: Tags, road: str, oneway: tuple[bool, bool], speeds: Speeds) -> Both:
    if road not in _RIDDEN or not _opens(tags, road, "cycle"):
        return CLOSED_KMH
    table = speeds.cycle
    if tags.get("oneway:bicycle"):
        oneway = _oneway(tags["oneway:bicycle"], implied=False)
    elif any(tags.get(k, "").startswith("opposite") for k in _CONTRAFLOW) or any(
        tags.get(f"cycleway:{side}:oneway") in _BACK | _NO for side in ("left", "right")
    ):
        oneway = (True, True)
    if tags.get("bicycle") == "dismount":
        kmh, oneway = table.dismount_kmh.value, _oneway(tags.get("oneway:foot"), implied=False)
    else:
        kmh = table.speed_kmh[road].value  # type: ignore[index]
    share = _SURFACES.get(tags.get("surface", ""))
    kmh *= table.surface_share[share].value if share else 1  # type: ignore[index]
    return (kmh * oneway[0], kmh * oneway[1])


def _drive(tags: Tags, road: str, oneway: tuple[bool, bool], speeds: Speeds) -> Both:
    if road not in _DRIVEN or tags.get("area") == "yes" or not _opens(tags, road, "drive"):
        return CLOSED_KMH
    table = speeds.drive
    share = _SURFACES.get(tags.get("surface", ""))
    usual = table.speed_kmh[road].value  # type: ignore[index]
    usual *= table.surface_share[share].value if share else 1  # type: ignore[index]

    def kmh(way: str) -> float:
        limit = parse_maxspeed(tags.get(f"maxspeed:{way}") or tags.get("maxspeed", ""))
        return usual if limit is None else min(usual, limit * table.limit_share.value)

    return (kmh("forward") * oneway[0], kmh("backward") * oneway[1])


def _runs_one_way(tags: Tags, road: str) -> bool:
    return road == "motorway" or tags.get("junction") in ("roundabout", "circular")


def _oneway(value: str | None, *, implied: bool) -> tuple[bool, bool]:
    """Read a oneway value: (along, back). Reversible is neither: the hour decides, not the map."""
    if value in _YES:
        return True, False
    if value in _BACK:
        return False, True
    if value == "reversible":
        return False, False
    return True, value in _NO or not implied


def parse_maxspeed(text: str) -> float | None:
    """Read a maxspeed as km/h; None where it is no number this side of 200, such as ``none``."""
    found = _LIMIT.fullmatch(text.strip())
    if not found:
        return _ZONES.get(text.partition(":")[2])
    limit = float(found[1]) * (1.609344 if found[2] == "mph" else 1)
    return limit if 5 <= limit <= 200 else None


def parse_duration(text: str) -> float | None:
    """Read a duration (``MM``, ``HH:MM``, ``HH:MM:SS``, ``PT1H30M``) as seconds, or None."""
    found = _CLOCK.fullmatch(text.strip()) or _ISO.fullmatch(text.strip())
    if not found:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(hours * 3600 + minutes * 60 + seconds) or None


def node_passes(tags: Tags) -> tuple[bool, bool, bool] | None:
    """Tell who passes a barrier node: on foot, by bicycle, by car; None where there is none.

    Access tags on the node decide; without them the kind of barrier does. Cars do not pass a
    kind nobody knows.
    """
    if "barrier" not in tags:
        return None
    kind = _NOBODY if tags.get("locked") == "yes" else _BARRIERS.get(tags["barrier"], _NARROW)
    passes = []
    for profile, usual in zip(("walk", "cycle", "drive"), kind, strict=True):
        said = [tags[k] for k in _OWN[profile] + _WIDER[profile] if tags.get(k) in _SAID]
        passes.append(said[0] in _ALLOWED if said else usual)
    return passes[0], passes[1], passes[2]


_SAID = _ALLOWED | _DENIED


def node_delay(tags: Tags) -> tuple[DelayAt, tuple[bool, bool]] | None:
    """Tell what a node makes people wait for, and which way: along its way, back."""
    kind = tags.get("highway")
    if kind == "crossing" and tags.get("crossing") == "traffic_signals":
        kind = "traffic_signals"
    elif tags.get("railway") == "level_crossing":
        kind = "level_crossing"
    if kind not in get_args(DelayAt):
        return None
    facing = tags.get("traffic_signals:direction") or tags.get("direction")
    return kind, (facing != "backward", facing != "forward")  # type: ignore[return-value]
