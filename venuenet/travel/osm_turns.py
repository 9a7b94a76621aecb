"""Turn restrictions: what a relation says, and the turns it takes from drivers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_SPARES_DRIVERS = frozenset({"motorcar", "motor_vehicle", "vehicle"})


@dataclass(frozen=True)
class Restriction:
    """A turn restriction: ids of its ways, its node, and whether it names the only turns."""

    from_ways: tuple[int, ...]
    via: int
    to_ways: tuple[int, ...]
    only: bool


class Arm(NamedTuple):
    """An end of a street at a junction: its way, and whether drivers enter or leave by it."""

    way: int
    street: int
    enters: bool
    leaves: bool


Arms = dict[int, list[Arm]]
"""The arms at each node."""


def restriction(tags: dict[str, str], members: Sequence[tuple[str, str, int]]) -> Restriction | str:
    """Read a relation of type restriction.

    Parameters
    ----------
    tags : dict
        The relation's tags.
    members : sequence of (role, type, id)
        Type is ``n``, ``w`` or ``r``.

    Returns
    -------
    Restriction or str
        A string is the reason it binds no driver here, or cannot be used.
    """
    kind = tags.get("restriction:motorcar") or tags.get("restriction", "")
    if not kind.startswith(("no_", "only_")):
        conditional = any(k.endswith(":conditional") for k in tags)
        return "restriction_conditional" if conditional else "restriction_other"
    if _SPARES_DRIVERS & set(tags.get("except", "").replace(" ", "").split(";")):
        return "restriction_except"
    came, via, went = (
        tuple(ref for r, t, ref in members if (r, t) == wanted)
        for wanted in (("from", "w"), ("via", "n"), ("to", "w"))
    )
    if any((role, type_) == ("via", "w") for role, type_, _ in members):
        return "restriction_via_way"
    if len(via) != 1 or not came or not went:
        return "restriction_incomplete"
    return Restriction(came, via[0], went, kind.startswith("only_"))


def no_turns(
    restrictions: Sequence[Restriction],
    arms: Arms,
    place: NDArray[np.int32],
    ignored: Counter[str],
) -> NDArray[np.int32]:
    """List the turns drivers may not take; an ``only_`` forbids all the others, U-turns included.

    Parameters
    ----------
    restrictions : sequence of Restriction
        ``via`` is a node's position, -1 where no street runs through it.
    arms : mapping
        All arms at the nodes named.
    place : (n,) int32
        Each node's junction.
    ignored : Counter
        Counts the restrictions without such a turn and those that do not say which turn.

    Returns
    -------
    (t, 3) int32
        Rows of ``Streets.no_turn``, sorted, none twice.
    """
    rows: set[tuple[int, int, int]] = set()
    for r in restrictions:
        here = arms.get(r.via, [])
        came = [[a for a in here if a.enters and a.way == way] for way in r.from_ways]
        went = [[a for a in here if a.leaves and a.way == way] for way in r.to_ways]
        if not all(came) or not all(went):
            ignored["restriction_no_such_turn"] += 1
        elif _unclear(here, came + went):
            ignored["restriction_ambiguous"] += 1
        else:
            named = {group[0].street for group in went}
            leaves = {a.street for a in here if a.leaves}
            for group, street in product(came, leaves - named if r.only else named):
                rows.add((group[0].street, int(place[r.via]), street))
    return np.array(sorted(rows), np.int32).reshape(-1, 3)


def _unclear(here: list[Arm], groups: list[list[Arm]]) -> bool:
    """Tell whether a way meets the junction twice, or a street both begins and ends there."""
    loops = len({a.street for a in here}) < len(here)
    return loops or any(len(group) > 1 for group in groups)
