"""From a request to a plan: candidates, matrix, model, alternatives, and what the plan brings."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from venuenet.errors import BadQueryError
from venuenet.proposals.answer import answer
from venuenet.proposals.candidates import Candidates, sites_of
from venuenet.proposals.matrix import Matrix, matrix_of
from venuenet.proposals.types import BY_TIME, CHEAPEST, WITH_ROOM, Request, Site
from venuenet.publish.snapshot import Snapshot
from venuenet.siting.ready import get_ready
from venuenet.siting.types import Limits, Rules, Sites

Tell = Callable[[str, str, float | None, float | None], None]
"""Told of the stage, zh and en, of the best objective and of the proven bound; None where there is
none yet. May raise to stop the work."""

MOST_PAIRS_APART = 200_000
"""Pairs of sites too near each other that a model takes."""
WITHIN = 0.05
"""By which share of the best objective an alternative may be worse."""
LEAST_S = 1.0
"""Seconds a model is given at least, however long its matrix took."""


ROUNDING = 1e-6
"""Gap that is left where seconds times people are added up: their sums are rounded."""


@dataclass(frozen=True)
class Found:
    """What the models say: columns of the matrix, objectives in persons, seconds or cost."""

    rules: Rules
    best: Sites
    plans: tuple[Sites, ...]


def propose(
    snapshot: Snapshot,
    request: Request,
    networks: Path | None = None,
    tell: Tell | None = None,
) -> dict[str, Any]:
    """Work out where to build and what to improve.

    Parameters
    ----------
    snapshot : Snapshot
        Its venues that count under the question are there already, whatever is chosen.
    request : Request
        From :func:`venuenet.proposals.request.parse_request`.
    networks : Path, optional
        The folder of the user's own networks the snapshot was built with.
    tell : Tell, optional

    Returns
    -------
    dict
        Plain values, the same for HTTP, CLI and files; see docs/siting.md.

    Raises
    ------
    BadQueryError
        There are no candidates or too many, or nobody knows the times to them.
    """
    began = time.monotonic()
    say = tell or _silent
    say("列出候选", "listing candidates", None, None)
    candidates = sites_of(snapshot, request)
    say("计算到候选的时间", "travel times to candidates", None, None)

    def done(some: int, of: int) -> None:
        zh, en = f"计算到候选的时间 {some}/{of}", f"travel times to candidates {some}/{of}"
        say(zh, en, None, None)

    matrix = matrix_of(snapshot, request, candidates.sites, networks, done)
    rules = rules_of(snapshot, request, candidates, matrix.fixed)
    say("准备求解（首次运行需编译）", "getting ready (compiling on the first run)", None, None)
    paused = time.monotonic()
    get_ready(request.goal)
    began += time.monotonic() - paused
    found = _solved(snapshot, request, matrix, rules, began, say)
    say("核算方案效果", "working out what the plan brings", None, None)
    said = answer(
        snapshot, request, candidates, matrix, found.rules, found.best, found.plans, networks
    )
    return {**said, "seconds": round(time.monotonic() - began, 3)}


def _silent(_zh: str, _en: str, _objective: float | None, _bound: float | None) -> None:
    pass


def rules_of(snapshot: Snapshot, request: Request, candidates: Candidates, fixed: int) -> Rules:
    """Say the request's rules for the matrix's columns.

    Where room is not asked for, options at one place are as good as each other: all but the
    cheapest are forbidden, which no plan is the worse for. Forced ones stay.
    """
    sites = candidates.sites
    code = {a: i for i, a in enumerate(snapshot.area.districts["adcode"])}
    places = {place: i for i, place in enumerate(dict.fromkeys(s.place for s in sites))}
    nowhere = np.full(fixed, -1)
    forbidden = set(candidates.forbidden)
    if request.goal not in WITH_ROOM:
        forbidden |= _dearer(sites, candidates)
    return Rules(
        count=request.count,
        cost=np.array([0.0] * fixed + [s.cost for s in sites]),
        budget=request.budget,
        fixed=tuple(range(fixed)),
        forced=tuple(fixed + i for i in candidates.forced),
        forbidden=tuple(fixed + i for i in sorted(forbidden)),
        district=np.array([*nowhere, *(code.get(s.venue.adcode or "", -1) for s in sites)]),
        at_least={code[a]: n for a, n in request.at_least.items()},
        at_most={code[a]: n for a, n in request.at_most.items()},
        place=np.array([*nowhere, *(places[s.place] for s in sites)]),
        apart=_apart(snapshot, request, sites, fixed),
        differ=request.differ,
    )


def _dearer(sites: Sequence[Site], candidates: Candidates) -> set[int]:
    """Sites beside which another at the same place does the same for no more."""
    kept: dict[str, int] = {}
    for i in sorted(
        set(range(len(sites))) - set(candidates.forbidden),
        key=lambda i: (i not in candidates.forced, sites[i].cost, i),
    ):
        kept.setdefault(sites[i].place, i)
    return set(range(len(sites))) - set(kept.values()) - set(candidates.forced)


def _apart(
    snapshot: Snapshot, request: Request, sites: Sequence[Site], fixed: int
) -> tuple[tuple[int, int], ...]:
    """Pairs of new sites nearer to each other than asked for; at one place they exclude anyway."""
    if request.spacing_km is None:
        return ()
    new = [i for i, s in enumerate(sites) if s.upgrades is None]
    if not new:
        return ()
    xy = snapshot.area.metric([sites[i].venue.lon for i in new], [sites[i].venue.lat for i in new])
    tree = cKDTree(np.column_stack(xy))
    radius = np.nextafter(1000 * request.spacing_km, 0)  # exactly so far is far enough
    if tree.count_neighbors(tree, radius) > 2 * MOST_PAIRS_APART + len(new):
        raise BadQueryError(
            f"间距 {request.spacing_km:g} km 内的候选超过 {MOST_PAIRS_APART:,} 对，请减小",
            f"more than {MOST_PAIRS_APART:,} pairs of candidates are nearer than "
            f"{request.spacing_km:g} km; ask for less spacing or fewer candidates",
            param="spacing_km",
        )
    pairs = sorted((new[a], new[b]) for a, b in tree.query_pairs(radius))
    return tuple((fixed + a, fixed + b) for a, b in pairs if sites[a].place != sites[b].place)


def sense_of(request: Request) -> Literal[1, -1]:
    """Tell whether less is better (1), or more (-1)."""
    return 1 if request.goal in (*CHEAPEST, *BY_TIME) else -1


def _solved(
    snapshot: Snapshot,
    request: Request,
    matrix: Matrix,
    rules: Rules,
    began: float,
    say: Tell,
) -> Found:
    """Solve the model, and again for other plans, within the time that is left."""
    scale = scale_of(request, matrix)

    def progress(zh: str, en: str) -> Callable[[float, float], None]:
        def tell(objective: float, bound: float) -> None:
            say(zh, en, _known(objective / scale), _known(bound / scale))

        return tell

    def left() -> float:
        return request.time_limit_s - (time.monotonic() - began)

    def solve(rules: Rules, zh: str, en: str) -> Sites:
        say(zh, en, None, None)
        gap = max(request.gap, ROUNDING) if request.goal in BY_TIME else request.gap
        limits = Limits(max(left(), LEAST_S), gap, progress(zh, en))
        return run(snapshot, request, matrix, rules, limits)

    best = solve(rules, "求解", "solving")
    plans: tuple[Sites, ...] = ()
    if request.alternatives and not math.isnan(best.objective):
        from venuenet.siting.alternatives import near_optimal  # noqa: PLC0415  most ask for none

        def again(other: Rules) -> Sites:
            if left() < LEAST_S:
                return Sites((), math.nan, math.nan, math.inf, "time_limit")
            return solve(other, "寻找其他方案", "looking for other plans")

        plans = near_optimal(
            again,
            best,
            rules,
            sense=sense_of(request),
            most=request.alternatives + 1,
            within=WITHIN,
        )
    return Found(rules, best, plans)


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def scale_of(request: Request, matrix: Matrix) -> float:
    """By what a model's objective is divided to be told: persons, person-seconds or cost."""
    if request.goal in (*CHEAPEST, "nearest_at_worst"):
        return 1.0
    if request.goal in ("nearest_on_average", "nearest_with_room"):
        return float(matrix.places.people.sum()) or 1.0
    return float(matrix.places.scale)


def run(
    snapshot: Snapshot, request: Request, matrix: Matrix, rules: Rules, limits: Limits
) -> Sites:
    """Hand the matrix to the model of the goal."""
    people = matrix.places.people
    if request.goal in BY_TIME:
        return _by_time(request, matrix, people, rules, limits)
    if request.goal == "cover_with_room":
        from venuenet.siting.rooms import cover_with_room  # noqa: PLC0415  brings the solver

        return cover_with_room(matrix.reach, people, matrix.room, rules, limits)
    return _covering(snapshot, request, matrix, rules, limits)


def _covering(
    snapshot: Snapshot, request: Request, matrix: Matrix, rules: Rules, limits: Limits
) -> Sites:
    """Run a goal that counts who has a venue in reach."""
    from venuenet.siting import cover  # noqa: PLC0415  brings the solver

    reach, people = matrix.reach, matrix.places.people
    if request.goal == "cover_all":
        return cover.cover_all(reach, rules, limits)
    if request.goal == "cover_share":
        return cover.cover_share(reach, people, request.share or 0.0, rules, limits)
    if request.goal == "cover_twice":
        return cover.cover_twice(reach, people, rules, limits)
    if request.goal == "cover_fairly":
        from venuenet.siting.fairly import cover_fairly  # noqa: PLC0415  brings the solver

        return cover_fairly(reach, people, district_of(snapshot, matrix), rules, limits)
    return cover.cover_most(reach, people, rules, limits)


def district_of(snapshot: Snapshot, matrix: Matrix) -> NDArray[np.int64]:
    """District of each place: position in ``area.districts``."""
    return snapshot.demand.cell_district[matrix.places.cell].astype(np.int64)


def _by_time(
    request: Request, matrix: Matrix, people: NDArray[np.float64], rules: Rules, limits: Limits
) -> Sites:
    """Run a goal that weighs times."""
    if matrix.cost is None:
        raise ValueError("times are needed")
    if request.goal == "nearest_with_room":
        from venuenet.siting.rooms import nearest_with_room  # noqa: PLC0415  brings the solver

        return nearest_with_room(matrix.cost, people, matrix.room, rules, limits)
    from venuenet.siting.median import nearest_on_average  # noqa: PLC0415  brings the solver

    if request.goal == "nearest_on_average":
        return nearest_on_average(matrix.cost, people, rules, limits)
    from venuenet.siting.centre import nearest_at_worst  # noqa: PLC0415  brings the solver

    return nearest_at_worst(matrix.cost, rules, limits, people=people)
