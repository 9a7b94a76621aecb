"""One mixed-integer programme, solved by HiGHS, with what the solver proved of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Status = Literal["optimal", "time_limit", "infeasible", "unbounded", "failed"]


@dataclass(frozen=True)
class Programme:
    """Minimise ``cost @ x`` with ``row_low <= rows @ x <= row_high`` and ``0 <= x <= upper``.

    Attributes
    ----------
    cost : (n,) float64
    rows : (m, n) sparse float64
    row_low, row_high : (m,) float64
        Infinite where a side is open.
    upper : (n,) float64
    integer : (n,) bool
        Variables that must be whole.
    """

    cost: Floats
    rows: csr_array
    row_low: Floats
    row_high: Floats
    upper: Floats
    integer: NDArray[np.bool_]


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
    """

    status: Status
    x: Floats | None
    objective: float
    bound: float

    @property
    def gap(self) -> float:
        """How far the answer may be from the best, as a share of its value; 0 when proven best."""
        if self.x is None:
            return np.inf
        return abs(self.objective - self.bound) / max(abs(self.objective), 1e-9)


def solve(programme: Programme, *, time_limit_s: float = 60, relative_gap: float = 0.0) -> Solved:
    """Solve a programme by branch and bound.

    Parameters
    ----------
    programme : Programme
    time_limit_s : float
        When to stop and give the best found.
    relative_gap : float
        Share of the objective that may be left unproven.
    """
    import highspy  # noqa: PLC0415  nobody who only reads answers should wait for the solver

    model = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in (
        ("output_flag", False),
        ("time_limit", float(time_limit_s)),
        ("mip_rel_gap", float(relative_gap)),
        ("mip_abs_gap", 0.0 if relative_gap == 0 else 1e-6),
        ("threads", 1),
        ("random_seed", 0),
    ):
        model.setOptionValue(name, value)
    n, rows = len(programme.cost), programme.rows
    model.passModel(
        n, rows.shape[0], rows.nnz, int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize), 0.0, programme.cost, np.zeros(n), programme.upper,
        programme.row_low, programme.row_high, rows.indptr.astype(np.int32),
        rows.indices.astype(np.int32), rows.data, programme.integer.astype(np.int32),
    )  # fmt: skip
    model.run()
    status = _STATUS.get(model.getModelStatus().name, "failed")
    info = model.getInfo()
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    x = np.array(model.getSolution().col_value) if found else None
    whole = bool(programme.integer.any())
    bound = info.mip_dual_bound if whole else info.objective_function_value
    if status in ("infeasible", "unbounded", "failed"):
        x = None
    return Solved(
        status=status,
        x=x,
        objective=info.objective_function_value if x is not None else np.inf,
        bound=bound if status in ("optimal", "time_limit") else -np.inf,
    )


_STATUS: dict[str, Status] = {
    "kOptimal": "optimal",
    "kTimeLimit": "time_limit",
    "kInfeasible": "infeasible",
    "kUnboundedOrInfeasible": "infeasible",
    "kUnbounded": "unbounded",
}
