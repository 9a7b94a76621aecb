"""What a venue some minutes away is worth, from 1 (at the door) down to 0. Pure.

Nobody knows the parameter of an exponential by heart. Every smooth decay is therefore told by
``at``: the minutes at which the weight has fallen to one half. No decay rises, none is above 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from venuenet.errors import BadQueryError

DecayName = Literal["exponential", "power", "gaussian", "logistic", "stepped", "binary"]
DECAYS: tuple[DecayName, ...] = get_args(DecayName)
HALVED: tuple[DecayName, ...] = ("exponential", "power", "gaussian", "logistic")
"""Decays that are told by ``at``."""

Step = tuple[float, float]
MOST_STEPS = 20
LUO_QI = (1.0, 0.68, 0.22)
"""Weights of three zones: Luo & Qi (2009), Health & Place 15, the slower of two."""

SPREAD_MIN = 10.0
"""Standard deviation of the logistic decay where none is given, minutes; a usual middle value."""


@dataclass(frozen=True)
class Decay:
    """A weight for every number of minutes; see the formulas of :meth:`formula`.

    Parameters
    ----------
    name : DecayName
    at : float, optional
        Minutes where the weight is one half; for the smooth decays only. Above 1 for ``power``,
        whose weight is 1 up to one minute.
    spread : float, optional
        For ``logistic`` only: standard deviation in minutes of the logistic distribution.
    steps : tuple of (minutes, weight)
        For ``stepped`` only: the weight up to and at these minutes; 0 beyond the last.

    Raises
    ------
    BadQueryError
        A parameter is missing, one too many, not finite, or makes the weight rise, negative or
        larger than 1.
    """

    name: DecayName
    at: float | None = None
    spread: float | None = None
    steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        if self.name not in DECAYS:
            raise _refuse("decay", "没有这种衰减", "there is no such decay", DECAYS)
        self._check("decay_at", self.at, wanted=self.name in HALVED)
        self._check("decay_spread", self.spread, wanted=self.name == "logistic")
        if self.name == "power" and not (self.at or 0) > 1:
            raise _refuse("decay_at", "power 须大于 1 分钟", "must be above 1 minute for power")
        if (self.name == "stepped") != bool(self.steps):
            raise _refuse("steps", "与 stepped 同用，且只与它同用", "go with stepped, and only so")
        self._check_steps()

    def _check(self, param: str, value: float | None, *, wanted: bool) -> None:
        if wanted != (value is not None):
            raise _refuse(
                param,
                f"{self.name} {'需要' if wanted else '没有'}此参数",
                f"{self.name} {'needs' if wanted else 'does not take'} it",
            )
        if value is not None and not 0 < value < math.inf:
            raise _refuse(param, "须为正的有限分钟数", "must be a positive number of minutes")

    def _check_steps(self) -> None:
        if len(self.steps) > MOST_STEPS:
            raise _refuse("steps", f"最多 {MOST_STEPS} 级", f"at most {MOST_STEPS}")
        before: Step = (0.0, 1.0)
        for minutes, weight in self.steps:
            if not before[0] < minutes < math.inf:
                raise _refuse("steps", "分钟须为正且递增", "minutes must be positive and grow")
            if not 0 <= weight <= before[1]:
                raise _refuse("steps", "权重须在 0 到 1 且不得上升", "weights are 0..1, never rise")
            before = (minutes, weight)

    def weights(self, minutes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weight, 0..1, of every number of minutes (>= 0), in the same shape."""
        at = self.at or 0.0
        if self.name == "exponential":
            out = np.exp2(-minutes / at)
        elif self.name == "power":
            out = np.maximum(minutes, 1.0) ** (-math.log(2) / math.log(at))
        elif self.name == "gaussian":
            out = np.exp2(-np.square(minutes / at))
        elif self.name == "logistic":
            pace = math.pi / (math.sqrt(3) * (self.spread or SPREAD_MIN))
            # Half the tangent: the same curve, and no overflow far from the middle.
            out = 0.5 - 0.5 * np.tanh(0.5 * pace * (minutes - at))
        elif self.name == "stepped":
            ends, worth = (np.array(part) for part in zip(*self.steps, strict=True))
            out = np.append(worth, 0.0)[np.searchsorted(ends, minutes)]
        else:
            out = np.ones_like(minutes)
        return np.asarray(out, dtype=np.float64)

    def formula(self) -> str:
        """Say the weight as a formula; ``t`` is in minutes."""
        if self.name == "stepped":
            return "; ".join(f"t <= {m:.4g}: {w:.4g}" for m, w in self.steps)
        at = f"{self.at or 0:.4g}"
        if self.name == "exponential":
            return f"2^(-t/{at})"
        if self.name == "power":
            return f"max(t, 1)^(-ln 2 / ln {at})"
        if self.name == "gaussian":
            return f"2^(-(t/{at})^2)"
        if self.name == "logistic":
            return f"1 / (1 + exp(pi (t - {at}) / (sqrt(3) {self.spread or 0:.4g})))"
        return "1"

    def told(self, minutes: int) -> dict[str, object]:
        """Give parameters and formula as plain values; nothing counts beyond ``minutes``."""
        return {
            "name": self.name,
            "at": self.at,
            "spread": self.spread,
            "steps": [list(s) for s in self.steps] or None,
            "formula": f"{self.formula()}; t > {minutes}: 0",
        }


def thirds(minutes: float) -> Decay:
    """Give the stepped decay of Luo & Qi (2009) on three equal zones up to ``minutes``."""
    ends = (minutes / 3, 2 * minutes / 3, float(minutes))
    return Decay("stepped", steps=tuple(zip(ends, LUO_QI, strict=True)))


def interval_weights(minutes: NDArray[np.float64], low: int, high: int) -> NDArray[np.float64]:
    """Weight each number of minutes by the share of the cut-offs low..high it lies within.

    The mean of a cumulative measure over the cut-offs ``low, low + 1, ..., high`` is the sum of
    supply weighted so (Tomasiello, Santos, Oliveira, Braga & Pereira 2023, Applied Geography 157,
    103007; the paper allows mean and median).

    Raises
    ------
    BadQueryError
        Unless ``0 <= low <= high``.
    """
    if not 0 <= low <= high:
        raise _refuse("interval", "起点不得大于终点", "must not end before it begins")
    missed = np.clip(np.ceil(minutes) - low, 0, high - low + 1)
    return np.asarray(1 - missed / (high - low + 1), dtype=np.float64)


def _refuse(param: str, zh: str, en: str, allowed: tuple[str, ...] | None = None) -> BadQueryError:
    return BadQueryError(f"{param}：{zh}", f"{param}: {en}", param=param, allowed=allowed)
