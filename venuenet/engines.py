"""Which engine a build uses for each mode: the user's networks, else the estimates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from venuenet.area import StudyArea
from venuenet.errors import BadQueryError
from venuenet.model import UNREACHED, DemandPoints, LocatedVenue, Mode, TravelTimes
from venuenet.networks import Networks
from venuenet.progress import Stage
from venuenet.standards import Assumptions, Traveller, TravelRules
from venuenet.travel.engine import Progress, TravelEngine, collect
from venuenet.travel.estimate import DriveEstimate, TransitEstimate, WalkEstimate
from venuenet.travel.imported import MatrixFile, read_matrix
from venuenet.travel.legs import StraightWalking, Walking
from venuenet.travel.streets import CLOSED, Streets

# Engines with compiled code are imported by the functions that make them: every command imports
# this module, and the compiler takes half a second to load.
if TYPE_CHECKING:
    from venuenet.travel.on_streets import Network
    from venuenet.travel.roadfile import Profile
    from venuenet.travel.ways import Ways

DEFAULT = "adult"


@dataclass(frozen=True)
class Engines:
    """The engines of one build.

    Attributes
    ----------
    area : StudyArea
    given : Assumptions
        As the user has them; the traveller's walking speed is put in their place.
    travel : TravelRules
    traveller : str
        One of ``travel.travellers``.
    networks : Networks, optional
    """

    area: StudyArea
    given: Assumptions
    travel: TravelRules
    traveller: str = DEFAULT
    networks: Networks | None = None

    def each(
        self, demand: DemandPoints, venues: Sequence[LocatedVenue]
    ) -> Iterator[tuple[str, str, TravelEngine]]:
        """Give what to call each stage (zh, en) and its engine; transit with assumed buses last.

        Raises
        ------
        BadQueryError
            No such traveller, or an area pack without the period asked for.
        TravelDataError, NetworkFileError
            A network of the user cannot be used.
        """
        plain: dict[Mode, tuple[str, str]] = {
            "walk": ("步行时间", "walking times"),
            "transit": ("公共交通时间", "transit times"),
            "drive": ("驾车时间", "driving times"),
        }
        for mode, (zh, en) in plain.items():
            yield zh, en, self.one(mode, demand, venues)
        yield (
            "公交假设情景",
            "transit with assumed buses",
            self.one("transit", demand, venues, True),
        )

    def one(
        self,
        mode: Mode,
        demand: DemandPoints,
        venues: Sequence[LocatedVenue],
        surface: bool = False,
    ) -> TravelEngine:
        """Return the engine of one mode, or of transit with assumed buses. Raises as `each`."""
        if surface:
            return TransitEstimate(self.area, self.rules, surface=True)
        if mode == "drive" and not self.who.car:
            return NoWay("drive", "no car")
        if self.imported(mode) and self.networks is not None:
            path, said = self.networks.matrices()[mode]
            source = MatrixFile(path, mode, said["made_by"], partial=said["partial"])
            return read_matrix(source, self.area, demand, venues, self.rules.walk)
        return {"walk": self._walk, "transit": self._transit, "drive": self.own_drive}[mode]()

    def imported(self, mode: Mode) -> bool:
        """Whether the times of a mode are somebody else's matrix."""
        return self.networks is not None and mode in self.networks.matrices()

    def networks_ride(self) -> bool:
        """Whether transit is that of an imported feed or matrix, not of the area's own lines."""
        found = self.networks
        return self.imported("transit") or (found is not None and found.transit() is not None)

    def own(self) -> Iterator[tuple[str, str, TravelEngine]]:
        """Give the stages of what differs by who travels: walking, transit, and having no car.

        An imported matrix is as it was made, whoever travels: its mode is left out.

        Raises
        ------
        BadQueryError
            No such traveller.
        TravelDataError, NetworkFileError
            A network of the user cannot be used.
        """
        who = self.who
        matrices = {} if self.networks is None else self.networks.matrices()
        if "walk" not in matrices:
            yield f"{who.name_zh}步行时间", f"walking times, {who.name_en}", self._walk()
        if "transit" not in matrices:
            yield f"{who.name_zh}公共交通时间", f"transit times, {who.name_en}", self._transit()
        if not who.car:
            yield f"{who.name_zh}驾车", f"driving, {who.name_en}", NoWay("drive", "no car")

    @property
    def who(self) -> Traveller:
        """The traveller. Raises BadQueryError when there is none of that name."""
        known = self.travel.travellers
        if self.traveller not in known:
            raise BadQueryError(
                f"没有“{self.traveller}”这类出行者",
                f"no traveller is called {self.traveller!r}",
                param="traveller",
                allowed=list(known),
            )
        return known[self.traveller]

    @cached_property
    def rules(self) -> Assumptions:
        """The assumptions, with the traveller's walking speed."""
        speed = self.given.walk.speed_kmh
        slower = speed.model_copy(update={"value": speed.value * self.who.walk_ratio.value})
        walk = self.given.walk.model_copy(update={"speed_kmh": slower})
        return self.given.model_copy(update={"walk": walk})

    @cached_property
    def _streets(self) -> Streets | None:
        found = None if self.networks is None else self.networks.streets()
        if found is None:
            return None
        streets, meta = found
        here = self.area.meta
        if (meta.get("area"), streets.crs) != (here.id, here.crs_metric):
            raise BadQueryError(
                f"道路是为区域 {meta.get('area')} 导入的，不能用于 {here.id}；"
                "请用 venuenet network build --osm --area 重新导入，或用 --estimates",
                f"the roads were taken in for the area {meta.get('area')}, not {here.id}; take "
                "them in again with venuenet network build --osm --area, or use --estimates",
                param="area",
            )
        return streets

    @property
    def _s_per_m(self) -> float:
        """Seconds a metre of a straight line takes on foot, its detour included."""
        walk = self.rules.walk
        return walk.detour.value * 3.6 / walk.speed_kmh.value

    def _network(self, streets: Streets, ways: Ways, profile: Profile) -> Network:
        from venuenet.travel.on_streets import Network  # noqa: PLC0415  see above
        from venuenet.travel.roadfile import main_part  # noqa: PLC0415

        speed, rules = self.rules.walk.speed_kmh.value, self.travel.streets
        on = main_part(streets, profile) & (ways.cost != CLOSED).any(axis=1)
        return Network(streets, ways, speed, rules.most_off_m.value, on)

    @cached_property
    def _walk_network(self) -> Network | None:
        if self._streets is None:
            return None
        ways = walk_ways(self._streets, self.rules, self.who)
        return self._network(self._streets, ways, "walk")

    def _walk(self) -> TravelEngine:
        if self._walk_network is None:
            return WalkEstimate(self.area, self.rules)
        from venuenet.travel.on_streets import StreetEngine  # noqa: PLC0415  see above

        return StreetEngine(self.area, self._walk_network, "walk", "walk on streets", self._s_per_m)

    def own_drive(self) -> TravelEngine:
        """Return the engine of drivers, roads or estimate, whatever matrix was imported."""
        if self._streets is None or self.networks is None:
            return DriveEstimate(self.area, self.rules)
        from venuenet.travel.on_streets import StreetEngine  # noqa: PLC0415  see above

        drive = self.rules.drive
        ways, key = self._drive_ways(self._streets)
        return StreetEngine(
            self.area,
            self._network(self._streets, ways, "drive"),
            "drive",
            "drive on streets",
            drive.detour.value * 3.6 / drive.default_speed_kmh.value,
            terminal_s=60 * drive.terminal_min.value,
            hierarchy=self.networks.hierarchy(key),
        )

    def _drive_ways(self, streets: Streets) -> tuple[Ways, str]:
        """Return the ways of drivers, and what names them: the streets and the cost of turns."""
        from venuenet.travel.ways import Turns, turning_ways  # noqa: PLC0415  see above

        rules = self.travel.streets
        turns = Turns(
            right=round(10 * rules.turn_right_s.value),
            left=round(10 * rules.turn_left_s.value),
            back=round(10 * rules.turn_back_s.value),
        )
        meta = None if self.networks is None else self.networks.streets_meta()
        key = f"{(meta or {}).get('key')} {turns.right} {turns.left} {turns.back}"
        return turning_ways(streets, streets.drive_ds, turns), key

    def prepare(self, stage: Stage) -> int:
        """Contract the graph of drivers and keep it; returns its number of nodes.

        It pays where many venues are asked for again and again: minutes for a large city, once.

        Raises
        ------
        BadQueryError
            There are no roads.
        """
        if self._streets is None or self.networks is None:
            raise BadQueryError(
                "还没有导入道路，请先运行 venuenet network build --osm FILE",
                "there are no roads yet; run venuenet network build --osm FILE first",
                param="osm",
            )
        from venuenet.travel.contract import contract  # noqa: PLC0415  see above

        ways, key = self._drive_ways(self._streets)
        with stage(
            "收缩路网（最后阶段最慢）", "contracting (slowest at the end)", ways.graph.nodes
        ) as tell:
            self.networks.add_hierarchy(key, contract(ways.graph, tell))
        return ways.graph.nodes

    def _transit(self) -> TravelEngine:
        transit = None if self.networks is None else self.networks.transit()
        if transit is None and self._walk_network is None:
            return TransitEstimate(self.area, self.rules)
        from venuenet.travel.frequent import FrequentTransit  # noqa: PLC0415  see above
        from venuenet.travel.on_streets import StreetWalking  # noqa: PLC0415
        from venuenet.travel.scheduled import ScheduledTransit  # noqa: PLC0415

        walking: Walking = StraightWalking(self._s_per_m)
        if self._walk_network is not None:
            walking = StreetWalking(self._walk_network)
        if transit is None:
            return self._embedded_rail(walking)
        first, last = transit.window
        if transit.model == "timetable":
            return ScheduledTransit(
                area=self.area,
                rules=self.rules,
                timetable=transit.timetable,
                walking=walking,
                day=dt.date.fromisoformat(transit.meta["day"]),
                window=transit.window,
                walk_s=self._walk_s,
                change_walk_s=self._change_s,
                most_rides=self.who.most_rides,
                estimated=self._walk_network is None,
            )
        clock = "-".join(f"{s // 3600:02}:{s // 60 % 60:02}" for s in (first, last))
        return FrequentTransit(
            area=self.area,
            platforms=transit.tables.platforms,
            links=transit.tables.links,
            transfers=transit.tables.transfers,
            minutes=(last - first) / 60,
            tick_minutes=transit.tick_minutes,
            period=f"{transit.meta['day']} {clock}",
            walking=walking,
            walk_s=self._walk_s,
            change_walk_s=self._change_s,
            most_rides=self.who.most_rides,
            unsure_s_per_m=self._s_per_m,
            estimated=self._walk_network is None,
        )

    def _embedded_rail(self, walking: Walking) -> TravelEngine:
        """Ride the area pack's rail by its headways, and walk on streets."""
        from venuenet.travel.frequent import FrequentTransit  # noqa: PLC0415  see above

        period = self.rules.transit.period.value
        hours = TransitEstimate(self.area, self.rules).hours(period)
        at = self.area.stations.assign(line=self.area.stations["lines"].str.split("|"))
        at = at.explode("line", ignore_index=True).assign(stop_id=lambda f: f["station_id"])
        return FrequentTransit(
            area=self.area,
            platforms=at[["station_id", "line", "stop_id", "lon", "lat"]],
            links=self.area.links.rename(columns={f"trains_{period}": "trains_window"}),
            transfers=self.area.transfers,
            minutes=60 * hours,
            tick_minutes=1.0,
            period=period,
            walking=walking,
            walk_s=self._walk_s,
            change_walk_s=self._change_s,
            most_rides=self.who.most_rides,
            unsure_s_per_m=self._s_per_m,
            estimated=False,
        )

    @property
    def _walk_s(self) -> int:
        return round(60 * self.who.longest_walk_min.value)

    @property
    def _change_s(self) -> int:
        return round(60 * self.who.longest_change_min.value)


def walk_ways(streets: Streets, rules: Assumptions, who: Traveller) -> Ways:
    """Let someone walk at their speed, and only on stairs if they can."""
    from venuenet.travel.ways import plain_ways  # noqa: PLC0415  see above

    ds = np.rint(streets.length_m * 36 / rules.walk.speed_kmh.value).astype(np.int32)
    usable = streets.walk & ~(streets.stairs & (not who.stairs))[:, None]
    return plain_ways(streets, np.where(usable, ds[:, None], np.int32(CLOSED)))


@dataclass(frozen=True)
class NoWay:
    """The engine of those who cannot travel by a mode at all."""

    mode: Mode
    engine: str

    def times(
        self,
        demand: DemandPoints,
        venues: Sequence[LocatedVenue],
        cutoff_s: int,
        progress: Progress | None = None,
    ) -> TravelTimes:
        """See TravelEngine.times."""
        samples = demand.sample_xy.shape[1]

        def block(cells: NDArray[np.int64]) -> dict[str, NDArray[np.int32]]:
            shape = (len(cells) * samples, len(venues))
            none = np.full(shape, UNREACHED, dtype=np.int32)
            return {"point": none, "late": none, "early": none}

        times = collect(
            block, demand, venues, cutoff_s, progress, mode=self.mode, engine=self.engine
        )
        return replace(times, estimated=False)
