"""How often the datum of a list is told, asked about or got wrong, on lists drawn from Beijing.

Run ``python -m benchmarks.datum [--seeds 1 2 3 4 5] [--lists 200]``. The places of a list are real
venues and stations and made-up ones. Its points, the points of the known places and the borders
its district column was filled in by carry errors of their own, drawn independently.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely
from scipy.optimize import brentq
from scipy.stats import norm

from venuenet import crs
from venuenet.area import StudyArea, load
from venuenet.model import LocatedVenue
from venuenet.registry.model import Datum
from venuenet.sources.datum import FINE_M, HYPOTHESES, DatumVerdict, judge, known_places

GOOD_M = 150
"""Places known at least this well are the truth lists are drawn from."""
WRONG_DISTRICT, NO_DISTRICT = 0.02, 0.05
BORDER_MEDIAN_M, BORDER_P90_M, BORDER_WAVE_M = 73.0, 321.0, 1500.0
SHIFT = {
    "WGS84": lambda lon, lat: (lon, lat),
    "GCJ-02": crs.gcj02_from_wgs84,
    "BD-09": crs.bd09_from_wgs84,
}
KNOWN = {"5": (5, 5), "6-10": (6, 10), ">10": (11, 40)}
FEW = {"0-4": (0, 4)}


@dataclass(frozen=True)
class Care:
    """How a list was made: metres per axis, shares of rows at another entrance and elsewhere."""

    noise_m: tuple[float, float] = (10, 60)
    entrance: float = 0.15
    wrong: float = 0.05


USUAL, ROUGH = Care(), Care((60, 120), 0.3, 0.1)


@dataclass(frozen=True)
class World:
    """Beijing as it is taken to be: named places (metres, precision) and districts (metres)."""

    area: StudyArea
    names: list[str]
    xy: np.ndarray
    precision: np.ndarray
    shapes: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class Sheet:
    """A list in WGS84, and what the registry knows; ``named`` marks rows it knows well."""

    names: list[str]
    lon: np.ndarray
    lat: np.ndarray
    adcodes: list[str | None]
    known: dict
    named: np.ndarray


def read_world() -> World:
    area = load()
    venues = [v for v in area.venues if isinstance(v, LocatedVenue)]
    rows = [(v.name_zh, v.lon, v.lat, v.precision_m) for v in venues]
    stations = area.stations[["name_zh", "lon", "lat", "precision_m"]]
    rows += [(f"{n}站", *place) for n, *place in stations.itertuples(index=False)]
    names, lon, lat, precision = zip(*rows, strict=True)
    metric = area.districts.to_crs(area.meta.crs_metric)
    people = area.districts["people"].to_numpy(float)
    xy = np.column_stack(area.metric(lon, lat))
    return World(
        area,
        list(names),
        xy,
        np.array(precision),
        metric.geometry.to_numpy(),
        people / people.sum(),
    )


def disc(rng, count, radius):
    """Steps that end anywhere in a disc, evenly."""
    angle, reach = rng.uniform(0, 2 * np.pi, count), radius * np.sqrt(rng.uniform(0, 1, count))
    return np.column_stack((np.cos(angle), np.sin(angle))) * reach[:, None]


def smooth(rng, xy, wave):
    """A smooth Gaussian field of unit variance at ``xy``: random Fourier features."""
    turns = rng.normal(0, 1 / wave, (300, 2))
    return np.sqrt(2 / 300) * np.cos(xy @ turns.T + rng.uniform(0, 2 * np.pi, 300)).sum(axis=1)


@cache
def border_law():
    """Size and lognormal spread of the borders' error that give its median and 90 % point."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)

    def point(spread, share):
        def missed(at):
            within = 2 * norm.cdf(at * np.exp(-spread * nodes)) - 1
            return weights @ within / weights.sum() - share

        return brentq(missed, 1e-3, 1e3)

    ratio = BORDER_P90_M / BORDER_MEDIAN_M
    spread = brentq(lambda s: point(s, 0.9) / point(s, 0.5) - ratio, 0.1, 3)
    return BORDER_MEDIAN_M / point(spread, 0.5), spread


def border_error(rng, xy):
    """How far the drawn border is off near each point: a smooth Gaussian times a lognormal."""
    size, spread = border_law()
    swell = size * np.exp(spread * smooth(rng, xy, BORDER_WAVE_M))
    return np.column_stack([swell * smooth(rng, xy, BORDER_WAVE_M) for _ in range(2)])


def within(rng, shape):
    """One point evenly in a polygon, by trial."""
    west, south, east, north = shape.bounds
    while True:
        at = rng.uniform((west, south), (east, north))
        if shape.contains(shapely.Point(at)):
            return at


def draw(world, rng, size, named, district, care=USUAL):
    """Draw a list of ``size`` rows, ``named`` of them places the registry knows well."""
    fine = rng.choice(np.flatnonzero(world.precision <= GOOD_M), named, replace=False)
    coarse = np.flatnonzero(world.precision > FINE_M)
    coarse = rng.choice(coarse, min(rng.integers(0, 5), size - named), replace=False)
    chosen = np.concatenate((fine, coarse))
    shapes = world.shapes[rng.choice(len(world.shapes), size - len(chosen), p=world.weights)]
    unknown = np.array([within(rng, s) for s in shapes]).reshape(-1, 2)
    truth = np.concatenate((world.xy[chosen], unknown))
    names = [world.names[i] for i in chosen] + [f"无名科普站{i}" for i in range(len(unknown))]
    at = truth + rng.normal(0, rng.uniform(*care.noise_m), truth.shape)
    entrance = rng.uniform(size=size) < care.entrance
    at[entrance] += disc(rng, entrance.sum(), 250)
    wrong = rng.uniform(size=size) < care.wrong
    at[wrong] = truth[wrong] + disc(rng, wrong.sum(), 2000)
    lon, lat = crs.to_degrees(*at.T, world.area.meta.crs_metric)
    # A precision holds in 95 of 100 cases: 2.45 deviations of each axis.
    seen = world.xy + rng.normal(size=world.xy.shape) * world.precision[:, None] / 2.45
    places = zip(*crs.to_degrees(*seen.T, world.area.meta.crs_metric), world.precision, strict=True)
    known = known_places(zip(world.names, places, strict=True))
    adcodes = district_column(world, rng, truth) if district else [None] * size
    mix = rng.permutation(size)
    return Sheet(
        [names[i] for i in mix], lon[mix], lat[mix], [adcodes[i] for i in mix], known, mix < named
    )


def district_column(world, rng, truth):
    """Name each place's district by borders other than the drawn ones; some wrong, some blank."""
    points = shapely.points(truth + border_error(rng, truth))
    home = shapely.distance(points[:, None], world.shapes[None]).argmin(axis=1)
    astray = rng.uniform(size=len(truth)) < WRONG_DISTRICT
    home[astray] = rng.integers(0, len(world.shapes), astray.sum())
    blank = rng.uniform(size=len(truth)) < NO_DISTRICT
    codes = world.area.districts["adcode"]
    return [None if b else codes[h] for h, b in zip(home, blank, strict=True)]


@dataclass(frozen=True)
class Trial:
    """One list judged: labelled right, labelled wrong, unlabelled, mixed, converted twice.

    ``lesser`` is how many known places the lesser datum of the mixed list holds.
    """

    bin: str
    truth: Datum
    right: DatumVerdict
    wrong: DatumVerdict
    none: DatumVerdict
    mixed: DatumVerdict
    lesser: int
    twice: DatumVerdict


def run(world, seed, lists, bins, district=None, care=USUAL, rows=(20, 200)):
    """Draw and judge lists; ``district`` None gives every second one a district column."""
    rng = np.random.default_rng(seed)
    return [
        trial(world, rng, rng.choice(list(bins)), bins, district, care, rows) for _ in range(lists)
    ]


def trial(world, rng, chosen, bins, district, care, rows):
    size = rng.integers(rows[0], rows[1] + 1)
    named = min(rng.integers(bins[chosen][0], bins[chosen][1] + 1), size)
    column = bool(rng.integers(2)) if district is None else district
    sheet = draw(world, rng, size, named, column, care)
    truth, wrong, other = rng.permutation(HYPOTHESES)

    def say(points, declared):
        return judge(
            *points,
            sheet.adcodes,
            sheet.names,
            sheet.known,
            world.area.districts,
            world.area.meta.crs_metric,
            declared,
        )

    points = SHIFT[truth](sheet.lon, sheet.lat)
    moved = rng.uniform(size=size) < rng.uniform(0.2, 0.5)
    mixed = [
        np.where(moved, b, a)
        for a, b in zip(points, SHIFT[other](sheet.lon, sheet.lat), strict=True)
    ]
    in_other = int((moved & sheet.named).sum())
    # GCJ-02 taken for WGS84 and shifted again, or WGS84 taken for GCJ-02 and shifted back.
    again = crs.gcj02_from_wgs84(*crs.gcj02_from_wgs84(sheet.lon, sheet.lat))
    back = crs.wgs84_from_gcj02(sheet.lon, sheet.lat)
    return Trial(
        bin=str(chosen),
        truth=truth,
        right=say(points, truth),
        wrong=say(points, wrong),
        none=say(points, None),
        mixed=say(mixed, truth),
        lesser=min(in_other, named - in_other),
        twice=say(again if rng.integers(2) else back, None),
    )


def wilson(hits, total):
    """Wilson's 95 % interval of a share."""
    z = 1.959964
    share, extra = hits / total, z**2 / total
    half = z * np.sqrt(share * (1 - share) / total + extra / (4 * total))
    low, high = ((share + extra / 2 + side * half) / (1 + extra) for side in (-1, 1))
    return max(0.0, low), min(1.0, high)


ALARMS = ("contradicted", "mixed", "doubtful")


def count(trials, case, *standings):
    """Trials whose verdict in this case has one of these standings."""
    return sum(getattr(t, case).standing in standings for t in trials)


def told(trials):
    """Unlabelled lists told right, asked about, told wrong."""
    right = sum(t.none.datum == t.truth for t in trials)
    asked = sum(t.none.datum is None for t in trials)
    return right, asked, len(trials) - right - asked


def share(hits, total):
    if not total:
        return "-"
    low, high = wilson(hits, total)
    return f"{hits}/{total} ({100 * low:.1f}-{100 * high:.1f} %)"


HEAD = (
    "lists",
    "wrong label caught",
    "right label alarmed",
    "no label: told right, asked, told wrong",
    "mixed caught",
    "mixed, 2+ known places of each",
    "converted twice, caught",
)


def line(name, trials):
    both = [t for t in trials if t.lesser >= 2]
    cells = (
        share(count(trials, "wrong", *ALARMS), len(trials)),
        share(count(trials, "right", *ALARMS), len(trials)),
        ", ".join(str(n) for n in told(trials)),
        share(count(trials, "mixed", *ALARMS), len(trials)),
        share(count(both, "mixed", *ALARMS), len(both)),
        share(count(trials, "twice", *ALARMS), len(trials)),
    )
    print(f"| {name} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--lists", type=int, default=200)
    asked = parser.parse_args()
    world = read_world()

    print("| " + " | ".join(HEAD) + " |\n|---|" + "---:|" * (len(HEAD) - 1))
    every = []
    for seed in asked.seeds:
        trials = run(world, seed, asked.lists, KNOWN)
        line(f"5-40 known places, seed {seed}", trials)
        every += trials
    line("all seeds", every)
    for name in KNOWN:
        line(f"{name} known places", [t for t in every if t.bin == name])
    seed, lists = asked.seeds[0], asked.lists
    line("rough lists, 5-40 known places", run(world, seed, lists, KNOWN, care=ROUGH))
    line("0-4 known places, no district", run(world, seed, lists, FEW, district=False))
    for rows in ((20, 200), (300, 500)):
        trials = run(world, seed, lists, FEW, district=True, rows=rows)
        line(f"0-4 known places, districts, {rows[0]}-{rows[1]} rows", trials)


if __name__ == "__main__":
    main()
