"""The fewest rules that would have to give way for a choice to exist. Pure.

Elastic programming after Chinneck & Dravnieks 1991: every rule may give way, at a price.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import block_array, csr_array, eye_array, hstack, vstack

from venuenet.siting.explain_words import Reason
from venuenet.siting.flows import solved
from venuenet.siting.rows import rule_rows, site_bounds
from venuenet.siting.solver import Programme, Solved, solve
from venuenet.siting.types import Floats, Rules
from venuenet.siting.wishes import Wish

_TOLERANCE = 1e-6


@dataclass(frozen=True)
class _Piece:
    """One rule: ``rows @ (x, v) <= high``, and the rule alone."""

    code: str
    rows: csr_array
    high: Floats
    alone: Rules


def cheapest(
    rules: Rules, sites: int, wish: Wish | None, cost: Floats, *, seconds: float
) -> Solved:
    """Find the choice of least cost that keeps the rules and grants the wish.

    Parameters
    ----------
    rules : Rules
        Checked.
    sites : int
    wish : Wish, optional
    cost : (sites,) float64
        What is made least; zeros to ask only whether there is any choice.
    seconds : float
    """
    lower, upper = site_bounds(rules, sites)
    more = 0 if wish is None else len(wish.upper)
    rows, low, high = rule_rows(rules, sites, width=sites + more)
    if wish is not None:
        rows = csr_array(vstack([rows, wish.rows, _granted(wish, sites)], format="csr"))
        low = np.concatenate([low, wish.low, [-np.inf]])
        high = np.concatenate([high, wish.high, [wish.allowed]])
        upper = np.concatenate([upper, wish.upper])
    nothing = np.zeros(more)
    programme = Programme(
        cost=np.concatenate([cost, nothing]),
        rows=rows,
        row_low=low,
        row_high=high,
        lower=np.concatenate([lower, nothing]),
        upper=upper,
        integer=np.arange(sites + more) < sites,
    )
    return solved(programme, seconds)


def least_relaxation(
    rules: Rules, sites: int, wish: Wish | None = None, *, seconds: float = 20.0
) -> list[Reason]:
    """Say which rules, as few as may be, would have to give way, and how far.

    With a_r x <= b_r for the rows r of the rules and of the wish, each in its rule k::

        minimise    sum_k z_k
        subject to  a_r x - s_r <= b_r,   0 <= s_r <= M_r z_k,   x and z whole

    where M_r is the most that row r can be broken by. Among those with as few rules, the least
    sum_r s_r / max(1, abs(b_r)) is taken. What gives way as one: the count, the budget, each forced
    and each forbidden site, each district's least and most, the spacing, the known choices, the
    wish. Facts do not give way: one option stands at a place, whom a site reaches, its room.

    Parameters
    ----------
    rules : Rules
        Checked.
    sites : int
    wish : Wish, optional
    seconds : float
        Of thinking; after that the best found is given.

    Returns
    -------
    list of Reason
        ``relax_*`` with the number that makes the rules possible, all of them together; empty when
        they are possible as they are; one ``not_known`` when nothing was found in time.
    """
    end = time.monotonic() + seconds
    possible = cheapest(rules, sites, wish, np.zeros(sites), seconds=seconds / 2)
    if possible.x is not None:
        return []
    pieces = list(_pieces(rules, sites, wish))
    fewest = solve(
        _elastic(pieces, rules, sites, wish, None),
        time_limit_s=(end - time.monotonic()) / 2,
    )
    if fewest.x is None:
        return [Reason("not_known", {"seconds": seconds})]
    number = round(fewest.objective)
    gentlest = solve(
        _elastic(pieces, rules, sites, wish, number), time_limit_s=end - time.monotonic()
    )
    answer = fewest.x if gentlest.x is None else gentlest.x
    more = 0 if wish is None else len(wish.upper)
    x = np.concatenate([np.round(answer[:sites]), answer[sites : sites + more]])
    return [
        _reason(piece, x, rules, sites, wish)
        for piece in pieces
        if (piece.rows @ x > piece.high + _TOLERANCE * np.maximum(1, np.abs(piece.high))).any()
    ] or [Reason("not_known", {"seconds": seconds})]


def _pieces(rules: Rules, sites: int, wish: Wish | None) -> Iterator[_Piece]:
    """Take the rules apart, each with what it has to say of the sites."""
    more = 0 if wish is None else len(wish.upper)
    bare = Rules(fixed=rules.fixed, cost=rules.cost, district=rules.district)
    alone = []
    if rules.count is not None:
        alone.append(("relax_count", replace(bare, count=rules.count)))
    if rules.budget is not None:
        alone.append(("relax_budget", replace(bare, budget=rules.budget)))
    for site in sorted(set(rules.forced)):
        alone.append(("relax_forced", replace(bare, forced=(site,))))
    for site in sorted(set(rules.forbidden) - set(rules.fixed)):
        alone.append(("relax_forbidden", replace(bare, forbidden=(site,))))
    for district, number in rules.at_least.items():
        alone.append(("relax_at_least", replace(bare, at_least={district: number})))
    for district, number in rules.at_most.items():
        alone.append(("relax_at_most", replace(bare, at_most={district: number})))
    if rules.apart:
        alone.append(("relax_spacing", replace(bare, apart=rules.apart)))
    if rules.other_than:
        known = replace(bare, other_than=rules.other_than, differ=rules.differ)
        alone.append(("relax_other_than", known))
    for code, rule in alone:
        rows, high = _at_most(rule, sites, sites + more)
        yield _Piece(code, rows, high, rule)
    if wish is not None:
        high = np.array([wish.allowed])
        yield _Piece(f"relax_{wish.kind}", _granted(wish, sites), high, bare)


def _at_most(rule: Rules, sites: int, width: int) -> tuple[csr_array, Floats]:
    """Write a rule as ``rows @ x <= high``, its bounds of single sites among the rows."""
    rows, low, high = rule_rows(rule, sites, width=width)
    lower, upper = site_bounds(rule, sites)
    open_upper = site_bounds(Rules(fixed=rule.fixed), sites)[1]
    must, must_not = np.flatnonzero(lower > 0), np.flatnonzero(upper < open_upper)
    single = csr_array(eye_array(sites, width, format="csr"))
    parts = [
        (rows[np.isfinite(high)], high[np.isfinite(high)]),
        (-rows[np.isfinite(low)], -low[np.isfinite(low)]),
        (-single[must], -lower[must]),
        (single[must_not], upper[must_not]),
    ]
    return (
        csr_array(vstack([part for part, _ in parts], format="csr")),
        np.concatenate([side for _, side in parts]),
    )


def _elastic(
    pieces: list[_Piece], rules: Rules, sites: int, wish: Wish | None, number: int | None
) -> Programme:
    """Build the programme of ``least_relaxation``: of z, or with at most ``number`` of them, of s.

    Columns: x, the wish's v, s of every row, z of every rule.
    """
    upper = np.ones(sites)
    upper[list(rules.fixed)] = 0
    if wish is not None:
        upper = np.concatenate([upper, wish.upper])
    rows = csr_array(vstack([csr_array((0, len(upper))), *(p.rows for p in pieces)], format="csr"))
    high = np.concatenate([np.zeros(0), *(piece.high for piece in pieces)])
    rule = np.repeat(np.arange(len(pieces)), [len(piece.high) for piece in pieces])
    most = np.maximum(rows.maximum(0) @ upper - high, 0)
    n, s, z = len(upper), len(high), len(pieces)
    of_rule = csr_array((most, (np.arange(s), rule)), shape=(s, z))
    places, low_place, high_place = rule_rows(
        Rules(fixed=rules.fixed, place=rules.place), sites, width=n
    )
    blocks: list[list[csr_array | None]] = [
        [rows, csr_array(-eye_array(s)), csr_array((s, z))],
        [csr_array((s, n)), csr_array(eye_array(s)), -of_rule],
        [places, csr_array((len(low_place), s)), None],
        [csr_array((1, n)), None, csr_array(np.ones((1, z)))],
    ]
    at_most = z if number is None else number
    lows = [np.full(2 * s, -np.inf), low_place, np.array([-np.inf])]
    highs = [high, np.zeros(s), high_place, np.array([float(at_most)])]
    if wish is not None:
        blocks.append([wish.rows, csr_array((len(wish.low), s)), None])
        lows.append(wish.low)
        highs.append(wish.high)
    price = np.zeros(s) if number is None else 1 / np.maximum(1, np.abs(high))
    return Programme(
        cost=np.concatenate([np.zeros(n), price, np.full(z, float(number is None))]),
        rows=csr_array(block_array(blocks, format="csr")),
        row_low=np.concatenate(lows),
        row_high=np.concatenate(highs),
        upper=np.concatenate([upper, most, np.ones(z)]),
        integer=np.concatenate([np.arange(n) < sites, np.zeros(s, np.bool_), np.ones(z, np.bool_)]),
    )


def _granted(wish: Wish, sites: int) -> csr_array:
    return csr_array(hstack([csr_array((1, sites)), csr_array(wish.unserved[None, :])]))


def _reason(piece: _Piece, x: Floats, rules: Rules, sites: int, wish: Wish | None) -> Reason:
    """Tell how far a rule gives way in the answer x."""
    chosen = frozenset(np.flatnonzero(x[:sites] > 0.5).tolist())
    rule, code = piece.alone, piece.code
    if wish is not None and code == f"relax_{wish.kind}":
        return _of_wish(code, wish, x[sites:])
    if code == "relax_spacing":
        there = chosen | set(rules.fixed)
        pairs = {frozenset(p) for p in rule.apart if set(p) <= there and chosen & set(p)}
        return Reason(code, {"pairs": len(pairs)}, tuple(sorted(frozenset().union(*pairs))))
    if code == "relax_other_than":
        known = [k for k in rule.other_than if len(chosen & set(k)) > len(k) - rule.differ]
        return Reason(code, {"plans": len(known)})
    districts = tuple({**rule.at_least, **rule.at_most})
    if districts and rule.district is not None:
        asked: float = {**rule.at_least, **rule.at_most}[districts[0]]
        possible = float(x[:sites] @ (rule.district == districts[0]))
    elif rule.budget is not None:
        asked = rule.budget
        possible = float(x[:sites] @ (np.ones(sites) if rule.cost is None else rule.cost))
    elif rule.count is not None:
        asked, possible = rule.count, len(chosen)
    else:
        return Reason(code, sites=(*rule.forced, *rule.forbidden))
    return Reason(code, {"asked": asked, "possible": possible}, districts=districts)


def _of_wish(code: str, wish: Wish, v: Floats) -> Reason:
    """Tell whom the wish gives up."""
    unserved = None if wish.people is None else float(wish.people @ v)
    if wish.kind == "share" and unserved is not None:
        asked = 1 - wish.allowed / wish.total
        return Reason(code, {"asked": asked, "possible": 1 - unserved / wish.total})
    without = wish.without[(v > _TOLERANCE) & (wish.unserved > 0)]
    places = tuple(np.flatnonzero(np.isin(wish.classes, without)).tolist())
    return Reason(code, {} if unserved is None else {"people": unserved}, places=places)
