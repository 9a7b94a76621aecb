"""What a choice of sites is asked to reach, as columns and rows beside those of the rules. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, diags_array, eye_array, hstack, vstack

from venuenet.siting.types import Floats, Ints


@dataclass(frozen=True)
class Wish:
    """Who must be served: ``unserved @ v <= allowed`` with columns v beside the sites' x.

    Attributes
    ----------
    kind : {"every", "share"}
    rows : (m, sites + n) csr_array of float64
        What going without means: ``low <= rows @ (x, v) <= high``.
    low, high : (m,) float64
    upper : (n,) float64
        Of v, which is not negative.
    unserved : (n,) float64
        What each v counts: places, or persons.
    allowed : float
        How many may go without.
    total : float
        People in all; NaN where they are not known.
    without : (n,) int64
        Which class of places goes without when v is above 0; -1 where v says something else.
    people : (n,) float64, optional
        Persons that go without per unit of v; None where they are not known.
    classes : (places,) int64
        Places with the same sites in reach share a class; -1: always served.
    """

    kind: Literal["every", "share"]
    rows: csr_array
    low: Floats
    high: Floats
    upper: Floats
    unserved: Floats
    allowed: float
    total: float
    without: Ints
    people: Floats | None
    classes: Ints


def wish(
    reach: csr_array,
    people: Floats | None,
    fixed: Sequence[int],
    *,
    share: float | None,
    room: Floats | None,
) -> Wish:
    """Write down who must be served; without ``share``, everybody.

    Without rooms, v_i is whether class i goes without: sum over sites j in reach of x_j + v_i >= 1.
    With rooms, persons f_ij go from class i to site j and v_i persons go without::

        sum_j f_ij + v_i = w_i        sum_i f_ij <= room_j x_j        (fixed: x_j = 1)

    Parameters
    ----------
    reach : (places, sites) csr_array of bool
    people : (places,) float64, optional
        Needed for a share and for rooms.
    fixed : sequence of int
    share : float, optional
        0..1 of all people; no person may go without by default.
    room : (sites,) float64, optional
    """
    if room is None:
        return _in_reach(reach, people, fixed, share)
    if people is None:
        raise ValueError("room needs the people of every place")
    return _with_room(reach, people, fixed, share, room)


def _in_reach(
    reach: csr_array, people: Floats | None, fixed: Sequence[int], share: float | None
) -> Wish:
    at_issue = np.flatnonzero(reach[:, list(fixed)].sum(axis=1) == 0)
    classes, rows = covering_classes(reach, at_issue)
    n = rows.shape[0]
    weight = None if people is None else _sums(classes, people, n)
    places = _sums(classes, np.ones(len(classes)), n)
    total = np.nan if people is None else float(people.sum())
    if share is not None and weight is None:
        raise ValueError("share needs the people of every place")
    return Wish(
        kind="every" if share is None else "share",
        rows=csr_array(hstack([rows, eye_array(n)], format="csr")),
        low=np.ones(n),
        high=np.full(n, np.inf),
        upper=np.ones(n),
        unserved=places if share is None or weight is None else weight,
        allowed=0.0 if share is None else (1 - share) * total,
        total=total,
        without=np.arange(n),
        people=weight,
        classes=classes,
    )


def _with_room(
    reach: csr_array, people: Floats, fixed: Sequence[int], share: float | None, room: Floats
) -> Wish:
    sites = reach.shape[1]
    classes, rows = covering_classes(reach, np.flatnonzero(people > 0))
    n = rows.shape[0]
    weight = _sums(classes, people, n)
    pairs = rows.tocoo()
    m = len(pairs.row)
    flow = np.arange(m)
    room = np.minimum(room, rows.T @ weight)
    there = np.isin(np.arange(sites), fixed)
    leave = csr_array((np.ones(m), (pairs.row, flow)), shape=(n, m))
    arrive = csr_array((np.ones(m), (pairs.col, flow)), shape=(sites, m))
    opened = diags_array(np.where(there, 0.0, -room))
    return Wish(
        kind="every" if share is None else "share",
        rows=csr_array(
            vstack(
                [
                    hstack([csr_array((n, sites)), leave, eye_array(n)]),
                    hstack([opened, arrive, csr_array((sites, n))]),
                ],
                format="csr",
            )
        ),
        low=np.concatenate([weight, np.full(sites, -np.inf)]),
        high=np.concatenate([weight, np.where(there, room, 0.0)]),
        upper=np.concatenate([weight[pairs.row], weight]),
        unserved=np.repeat([0.0, 1.0], [m, n]),
        allowed=0.0 if share is None else (1 - share) * float(people.sum()),
        total=float(people.sum()),
        without=np.concatenate([np.full(m, -1), np.arange(n)]),
        people=np.repeat([0.0, 1.0], [m, n]),
        classes=classes,
    )


def covering_classes(reach: csr_array, at_issue: NDArray[np.intp]) -> tuple[Ints, csr_array]:
    """Group some places by the sites they reach: each one's group, -1 in none; rows of groups."""
    classes = np.full(reach.shape[0], -1, dtype=np.int64)
    seen: dict[bytes, int] = {}
    first: list[np.intp] = []
    for place in at_issue:
        sites = reach.indices[reach.indptr[place] : reach.indptr[place + 1]]
        classes[place] = seen.setdefault(sites.tobytes(), len(seen))
        if len(first) < len(seen):
            first.append(place)
    return classes, csr_array(reach[first].astype(np.float64))


def _sums(classes: Ints, weight: Floats, n: int) -> Floats:
    mine = classes >= 0
    return np.bincount(classes[mine], weights=weight[mine], minlength=n).astype(np.float64)


def as_reach(reach: ArrayLike | csr_array) -> csr_array:
    """Give a table of who reaches what as sorted sparse rows of true.

    Raises
    ------
    ValueError
        When it is no table of true and false.
    """
    table = reach if isinstance(reach, csr_array) else np.asarray(reach)
    if table.ndim != 2 or table.dtype != np.bool_:
        raise ValueError("reach must be a table of places by sites, true or false")
    rows = csr_array(table)
    rows.sum_duplicates()
    rows.eliminate_zeros()
    rows.sort_indices()
    return rows


def as_people(people: ArrayLike, places: int) -> Floats:
    """Give persons per place as an array, or raise ValueError saying what is wrong."""
    weight = np.asarray(people, dtype=np.float64)
    if weight.shape != (places,) or not (np.isfinite(weight) & (weight >= 0)).all():
        raise ValueError("people must be one finite number per place, not negative")
    return weight


def as_rooms(room: ArrayLike, sites: int) -> Floats:
    """Give room per site as an array, or raise ValueError saying what is wrong."""
    rooms = np.asarray(room, dtype=np.float64)
    if rooms.shape != (sites,) or not (rooms >= 0).all():
        raise ValueError("room must be one number per site, not negative; infinite: no limit")
    return rooms
