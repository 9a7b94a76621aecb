"""The cheapest choice under the rules when every site has a price: bound, choice, what is settled.

What is left of a distance model once its places are relaxed. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from venuenet.siting.rows import rule_rows, site_bounds
from venuenet.siting.solver import Programme, solve
from venuenet.siting.types import Floats, Ints, Rules

if TYPE_CHECKING:
    import highspy

_PRICED_S = 5.0
"""Seconds one whole choice may take; the model around it goes on without it."""


class Relaxed:
    """Minimise sum_j r_j x_j over the rules, for prices r that change from call to call.

    Attributes
    ----------
    free : (n,) int64
        Columns of the model's matrix that stand here.
    rows : (rules, n) csr_array of float64
        ``low <= rows @ x <= high``.
    low, high : (rules,) float64
    lower, upper : (n,) float64
        Of every x; they close in as sites are settled.
    possible : bool
        False once no choice keeps the rules and what was settled.
    """

    def __init__(self, rules: Rules, sites: int, free: Ints) -> None:
        rows, self.low, self.high = rule_rows(rules, sites)
        lower, upper = site_bounds(rules, sites)
        self.free = free
        self.rows = csr_array(rows[:, free])
        self.lower, self.upper = lower[free], upper[free]
        self.possible = bool((lower <= upper).all())
        if not len(free):
            self.possible &= bool(((self.low <= 0) & (self.high >= 0)).all())
        self._counted = rules.count if rows.shape[0] == 1 else None
        self._model: highspy.Highs | None = None

    def cheapest(self, price: Floats) -> tuple[Floats, float, Floats]:
        """Give a cheapest choice, where sites may be chosen in part, and what is proven by it.

        Parameters
        ----------
        price : (n,) float64

        Returns
        -------
        x : (n,) float64
        least : float
            No choice is cheaper; right for any dual values, so rounding in the solver is harmless.
        reduced : (n,) float64
            By how much ``least`` rises, at least, if a site that is out comes in; by how much,
            with the sign turned, if one that is in goes out.
        """
        if self._counted is not None:
            x, dual = self._counted_choice(price, self._counted)
        else:
            x, dual = self._linear_choice(price)
        dual = np.where(dual > 0, dual * np.isfinite(self.low), dual * np.isfinite(self.high))
        reduced = price - self.rows.T @ dual
        side = np.where(dual > 0, self.low, self.high)
        least = float(dual @ np.where(dual == 0, 0, side))
        return (
            x,
            least + float(np.minimum(self.lower * reduced, self.upper * reduced).sum()),
            reduced,
        )

    def settle(self, reduced: Floats, room: float) -> None:
        """Close sites in or out whose change costs more than there is room for."""
        if np.isfinite(room):
            open_ = self.lower < self.upper  # what is settled has its price in the bound already
            self.upper[open_ & (reduced > room)] = 0
            self.lower[open_ & (-reduced > room)] = 1
            self.possible &= room >= 0

    def whole(self, price: Floats, x: Floats, seconds: float, *, search: bool) -> Ints | None:
        """Give a choice that keeps the rules and is cheap at these prices.

        Parameters
        ----------
        x : (n,) float64
            From ``cheapest``; taken if no site is chosen in part.
        search : bool
            Else look for one by branch and bound. If there is none, ``possible`` becomes False.
        """
        if np.abs(x - np.round(x)).max(initial=0) < 1e-6:
            return np.flatnonzero(x > 0.5)
        if not search:
            return None
        programme = Programme(
            price / max(np.abs(price).max(initial=0), 1e-300), self.rows, self.low, self.high,
            self.upper, np.ones(len(price), dtype=np.bool_), self.lower,
        )  # fmt: skip
        found = solve(programme, time_limit_s=min(seconds, _PRICED_S), relative_gap=0.01)
        if found.status == "infeasible":
            self.possible = False
        return None if found.x is None else np.flatnonzero(found.x > 0.5)

    def _counted_choice(self, price: Floats, count: int) -> tuple[Floats, Floats]:
        """Take the cheapest ones: nothing but their number is ruled."""
        x = self.lower.copy()
        open_ = np.flatnonzero(self.lower < self.upper)
        more = count - int(x.sum())
        if not 0 <= more <= len(open_):
            self.possible = False
            return x, np.zeros(1)
        if more == 0:
            return x, np.array([price[open_].min(initial=0)])
        order = open_[np.argpartition(price[open_], more - 1)[:more]]
        x[order] = 1
        return x, np.array([price[order].max()])

    def _linear_choice(self, price: Floats) -> tuple[Floats, Floats]:
        import highspy  # noqa: PLC0415  nobody who only reads answers should wait for the solver

        n = len(price)
        every = np.arange(n, dtype=np.int32)
        scale = max(np.abs(price).max(initial=0), 1e-300)
        if self._model is None:
            self._model = highspy.Highs()  # type: ignore[no-untyped-call]
            self._model.setOptionValue("output_flag", False)
            self._model.setOptionValue("threads", 1)
            self._model.passModel(
                n, self.rows.shape[0], self.rows.nnz, int(highspy.MatrixFormat.kRowwise),
                int(highspy.ObjSense.kMinimize), 0.0, price / scale, self.lower, self.upper,
                self.low, self.high, self.rows.indptr.astype(np.int32),
                self.rows.indices.astype(np.int32), self.rows.data, np.zeros(n, dtype=np.int32),
            )  # fmt: skip
        else:
            self._model.changeColsCost(n, every, price / scale)
            self._model.changeColsBounds(n, every, self.lower, self.upper)
        self._model.run()
        solution = self._model.getSolution()
        if self._model.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
            self.possible = False
            return self.lower.copy(), np.zeros(self.rows.shape[0])
        return np.array(solution.col_value), np.array(solution.row_dual) * scale
