"""One mixed-integer programme, solved by HiGHS, with what the solver proved of it. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

if TYPE_CHECKING:
    import highspy

Floats = NDArray[np.float64]
Status = Literal["optimal", "time_limit", "infeasible", "unbounded", "failed"]
Heard = Callable[[float, float], None]
"""Told of the best objective and the bound of a programme, infinite where there is none yet."""

_HEARTBEAT_S = 0.3


@dataclass(frozen=True)
class Programme:
    """Minimise ``cost @ x`` with ``row_low <= rows @ x <= row_high``, ``lower <= x <= upper``.

    Attributes
    ----------
    cost : (n,) float64
    rows : (m, n) sparse float64
    row_low, row_high : (m,) float64
        Infinite where a side is open.
    upper : (n,) float64
    integer : (n,) bool
        Variables that must be whole.
    lower : (n,) float64, optional
        0 by default.
    offset : float
        Added to the cost.
    """

    cost: Floats
    rows: csr_array
    row_low: Floats
    row_high: Floats
    upper: Floats
    integer: NDArray[np.bool_]
    lower: Floats | None = None
    offset: float = 0.0


@dataclass(frozen=True)
class Solved:
    """What is known of a programme.

    Attributes
    ----------
    status : Status
        ``optimal``: no better answer exists (up to the relative gap allowed).
    x : (n,) float64, optional
        The best answer found; None where there is none.
    objective, bound : float
        Its value, and a value no answer goes below; infinite where unknown.
    reduced : (n,) float64, optional
        What the best value rises by, at least, per unit a variable is moved off its bound; of
        programmes without whole variables.
    """

    status: Status
    x: Floats | None
    objective: float
    bound: float
    reduced: Floats | None = None

    @property
    def gap(self) -> float:
        """How far the answer may be from the best, as a share of its value; 0 when proven best."""
        if self.x is None:
            return np.inf
        return abs(self.objective - self.bound) / max(abs(self.objective), 1e-9)


def solve(
    programme: Programme,
    *,
    time_limit_s: float = 60,
    relative_gap: float = 0.0,
    absolute_gap: float | None = None,
    tell: Heard | None = None,
    start: Floats | None = None,
) -> Solved:
    """Solve a programme by branch and bound.

    Parameters
    ----------
    programme : Programme
    time_limit_s : float
        When to stop and give the best found.
    relative_gap : float
        Share of the objective that may be left unproven.
    absolute_gap : float, optional
        As much of it may be left unproven; nothing by default.
    tell : Heard, optional
        Called when the objective or the bound got better, and a few times a second besides. What
        it raises ends the search and is raised from here.
    start : (n,) float64, optional
        An answer to begin with; one that breaks a row is ignored.
    """
    if len(programme.cost) == 0:
        return _nothing(programme)
    import highspy  # noqa: PLC0415  nobody who only reads answers should wait for the solver

    model = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in (
        ("output_flag", False),
        ("time_limit", max(float(time_limit_s), 0.0)),
        ("mip_rel_gap", float(relative_gap)),
        ("mip_abs_gap", 0.0 if absolute_gap is None else float(absolute_gap)),
        ("threads", 1),
        ("random_seed", 0),
    ):
        model.setOptionValue(name, value)
    n, rows = len(programme.cost), programme.rows
    lower = np.zeros(n) if programme.lower is None else programme.lower
    model.passModel(
        n, rows.shape[0], rows.nnz, int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize), programme.offset, programme.cost, lower, programme.upper,
        programme.row_low, programme.row_high, rows.indptr.astype(np.int32),
        rows.indices.astype(np.int32), rows.data, programme.integer.astype(np.int32),
    )  # fmt: skip
    if start is not None:
        model.setSolution(n, np.arange(n, dtype=np.int32), start)
    ear = None if tell is None else _listen(model, tell)
    model.run()
    if ear is not None and ear.raised is not None:
        raise ear.raised
    status = _STATUS.get(model.getModelStatus().name, "failed")
    info = model.getInfo()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    x = np.array(model.getSolution().col_value) if found else None
    whole = bool(programme.integer.any())
    bound = info.mip_dual_bound if whole else info.objective_function_value
    if not whole and status != "optimal":
        bound = -np.inf  # where a linear search stands proves nothing
    if whole and status == "optimal" and not np.isfinite(bound):
        # HiGHS may end at its start without a bound; then the gaps allowed are kept all the same
        value = info.objective_function_value
        bound = value - relative_gap * abs(value) - (absolute_gap or 0.0)
    if status in ("infeasible", "unbounded", "failed"):
        x = None
    return Solved(
        status=status,
        x=x,
        objective=info.objective_function_value if x is not None else np.inf,
        bound=bound if status in ("optimal", "time_limit") else -np.inf,
        reduced=None if whole or status != "optimal" else np.array(model.getSolution().col_dual),
    )


def _nothing(programme: Programme) -> Solved:
    """Answer a programme without variables, which HiGHS leaves open."""
    if (programme.row_low > 0).any() or (programme.row_high < 0).any():
        return Solved("infeasible", None, np.inf, -np.inf)
    offset = programme.offset
    return Solved("optimal", np.zeros(0), offset, offset, np.zeros(0))


class _Ear:
    """Passes on what HiGHS calls back, when it is news or time, and keeps what ``tell`` raised."""

    def __init__(self, tell: Heard) -> None:
        self.tell = tell
        self.raised: BaseException | None = None
        self.best = (np.inf, -np.inf)
        self.last = time.monotonic()

    def __call__(self, objective: float, bound: float) -> bool:
        """Hear, and say whether to stop."""
        if self.raised is not None:
            return True
        best = (min(self.best[0], objective), max(self.best[1], bound))
        now = time.monotonic()
        if best == self.best and now - self.last < _HEARTBEAT_S:
            return False
        self.best, self.last = best, now
        try:
            self.tell(*best)
        except BaseException as error:  # C++ cannot pass it on: raised again after the run
            self.raised = error
        return self.raised is not None


def _listen(model: highspy.Highs, tell: Heard) -> _Ear:
    import highspy  # noqa: PLC0415

    ear = _Ear(tell)
    kinds = highspy.cb.HighsCallbackType
    improving = int(kinds.kCallbackMipImprovingSolution)
    of_search = {improving, int(kinds.kCallbackMipInterrupt)}

    def called(
        kind: highspy.cb.HighsCallbackType,
        _message: str,
        seen: highspy.cb.HighsCallbackOutput,
        answer: highspy.cb.HighsCallbackInput,
        _data: object,
    ) -> None:
        news = int(kind) in of_search
        stop = ear(
            seen.mip_primal_bound if news else np.inf, seen.mip_dual_bound if news else -np.inf
        )
        if int(kind) != improving:
            answer.user_interrupt = stop

    model.setCallback(called, None)
    for kind in (
        kinds.kCallbackMipInterrupt,
        kinds.kCallbackMipImprovingSolution,
        kinds.kCallbackSimplexInterrupt,
        kinds.kCallbackIpmInterrupt,
    ):
        model.startCallback(kind)
    return ear


_STATUS: dict[str, Status] = {
    "kOptimal": "optimal",
    "kTimeLimit": "time_limit",
    "kInterrupt": "time_limit",
    "kInfeasible": "infeasible",
    "kUnboundedOrInfeasible": "infeasible",
    "kUnbounded": "unbounded",
}
