"""How evenly people share what they have or bear: Gini, Palma, Theil, FGT, concentration. Pure.

Every function takes a value for each place and how many people have it. Nobody at all, or
nothing to share, gives None: no data is not zero. Splitting a place in two with the same value,
or counting everyone twice, changes no result.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

TOP, BOTTOM = 0.1, 0.4
"""The shares of people the Palma ratio compares: the most and the least provided."""


def mean(value: ArrayLike, people: ArrayLike) -> float | None:
    """Return what a person has on average.

    Parameters
    ----------
    value : (n,) array_like
        What everybody at a place has, >= 0 and finite, in any unit.
    people : (n,) array_like
        How many people are there, >= 0 and finite.

    Returns
    -------
    float or None
        In the unit of ``value``; None where there is nobody.

    Raises
    ------
    ValueError
        A value or a number of people is negative, infinite or NaN, or the shapes differ.
    """
    had, who = _checked(value, people)
    # Relative to the largest, so that no sum of very large values overflows.
    top = had.max(initial=0.0)
    if len(who) == 0 or top == 0:
        return 0.0 if len(who) else None
    return float(np.average(had / top, weights=who) * top)


def lorenz(value: ArrayLike, people: ArrayLike, points: int = 21) -> Floats | None:
    """Return the Lorenz curve: what share of all there is the people who have least have.

    Lorenz, M. O. (1905). Methods of measuring the concentration of wealth. *Publications of the
    American Statistical Association* 9(70), 209-219.

    Parameters
    ----------
    value, people : (n,) array_like
        See :func:`mean`.
    points : int
        How many points, evenly spaced over people, both ends included.

    Returns
    -------
    (points, 2) float64 or None
        Cumulative share of people, least provided first, and of the value: (0, 0) to (1, 1).
        The curve runs straight between two places, so their people are split evenly.
    """
    curve = _curve(*_checked(value, people))
    if curve is None:
        return None
    at = np.linspace(0, 1, points)
    return np.column_stack([at, np.interp(at, *curve)])


def gini(value: ArrayLike, people: ArrayLike) -> float | None:
    r"""Return the Gini coefficient, people-weighted: 0 is equal, towards 1 one person has all.

    Gini, C. (1912). *Variabilità e mutabilità*. One minus twice the area under the Lorenz curve,
    which is the covariance form of Lerman, R. I. & Yitzhaki, S. (1984), *Economics Letters*
    15(3-4), 363-368, with people as weights:

    .. math:: G = 1 - \sum_i p_i (L_i + L_{i-1})

    No correction for small samples: the people are all there are.

    Parameters
    ----------
    value, people : (n,) array_like
        See :func:`mean`.

    Returns
    -------
    float or None
        0 <= G < 1; None where there is nobody or nothing to share.
    """
    curve = _curve(*_checked(value, people))
    if curve is None:
        return None
    who, had = curve
    return max(float(1 - np.sum(np.diff(who) * (had[1:] + had[:-1]))), 0.0)


def palma(value: ArrayLike, people: ArrayLike) -> float | None:
    """Return the Palma ratio: what the top tenth of people have over what the bottom 40 % have.

    Palma, J. G. (2011). Homogeneous middles vs. heterogeneous tails. *Development and Change*
    42(1), 87-153. People at a place across the border of a tenth are split along the Lorenz
    curve. Equality is 0.25.

    Parameters
    ----------
    value, people : (n,) array_like
        See :func:`mean`.

    Returns
    -------
    float or None
        None where there is nobody, or the bottom 40 % have nothing.
    """
    curve = _curve(*_checked(value, people))
    if curve is None:
        return None
    bottom, rest = np.interp([BOTTOM, 1 - TOP], *curve)
    return float((1 - rest) / bottom) if bottom > 0 else None


def theil(value: ArrayLike, people: ArrayLike) -> float | None:
    r"""Return the Theil T index: 0 is equal, ln(people) is one person having all.

    Theil, H. (1967). *Economics and Information Theory*, ch. 4. With r the value over its mean
    and p the share of people, and 0 ln 0 = 0:

    .. math:: T = \sum_i p_i r_i \ln r_i

    Parameters
    ----------
    value, people : (n,) array_like
        See :func:`mean`.

    Returns
    -------
    float or None
        None where there is nobody or nothing to share.
    """
    had, who = _checked(value, people)
    share = _relative(had, who)
    if share is None:
        return None
    return max(float(np.sum(who * _xlogx(share)) / who.sum()), 0.0)


def theil_between_within(
    value: ArrayLike, people: ArrayLike, part: ArrayLike
) -> tuple[float, float] | None:
    r"""Split the Theil T index into what lies between parts and what lies within them.

    Theil (1967), ch. 4; with s a part's share of the value, q of people and T its own index:

    .. math:: T = \sum_g s_g \ln (s_g / q_g) + \sum_g s_g T_g

    The two are computed each on its own and add up to :func:`theil` within rounding.

    Parameters
    ----------
    value, people : (n,) array_like
        See :func:`mean`.
    part : (n,) array_like
        Which part a place belongs to: any labels; every place belongs to one.

    Returns
    -------
    (between, within) or None
        None where there is nobody or nothing to share.
    """
    labels = np.asarray(part)
    had, who = _checked(value, people)
    if labels.shape != np.shape(people):
        raise ValueError("part must have one label for every value")
    share = _relative(had, who)
    if share is None:
        return None
    _, of = np.unique(labels[np.asarray(people) > 0], return_inverse=True)
    heads = np.bincount(of, who)
    level = np.bincount(of, who * share) / heads
    between = float(np.sum(heads * _xlogx(level)) / who.sum())
    # A part in which nobody has anything has no inequality of its own.
    own = share / np.where(level > 0, level, 1)[of]
    within = float(np.sum(who * level[of] * _xlogx(own)) / who.sum())
    return max(between, 0.0), max(within, 0.0)


def fgt(value: ArrayLike, people: ArrayLike, line: float) -> tuple[float, float, float] | None:
    r"""Return the poverty of people below a line, for values of which more is better.

    Foster, J., Greer, J. & Thorbecke, E. (1984). A class of decomposable poverty measures.
    *Econometrica* 52(3), 761-766:

    .. math:: P_a = \sum_{x_i < z} p_i ((z - x_i) / z)^a, \quad a = 0, 1, 2

    Somebody exactly at the line is not poor, as a venue exactly at the cut-off is inside.

    Parameters
    ----------
    value, people : (n,) array_like
        See :func:`mean`.
    line : float
        The line z, > 0, in the unit of ``value``.

    Returns
    -------
    (float, float, float) or None
        Share of people who are poor (0), mean gap (1), mean squared gap (2), each of all people:
        0 <= P2 <= P1 <= P0 <= 1. None where there is nobody.
    """
    had, who = _checked(value, people)
    return _powers(np.clip(1 - had / _line(line), 0, None), who)


def fgt_excess(
    value: ArrayLike, people: ArrayLike, line: float
) -> tuple[float, float, float] | None:
    r"""Return the *excess index*: Foster-Greer-Thorbecke mirrored, for costs such as minutes.

    Poor are those **above** the line, and the gap is how far above, in lines:

    .. math:: E_a = \sum_{t_i > z} p_i ((t_i - z) / z)^a, \quad a = 0, 1, 2

    So E0 is the share of people beyond the standard; E1 is the mean time beyond it, in
    standards (0.5 at 45 minutes: 22.5 minutes too many, averaged over everybody); E2 weighs
    the farthest most. Exactly at the line is not poor. A cost has no ceiling, so E1 and E2 may
    exceed E0 and 1, unlike :func:`fgt`.

    Parameters
    ----------
    value, people : (n,) array_like
        See :func:`mean`.
    line : float
        The line z, > 0, in the unit of ``value``.

    Returns
    -------
    (float, float, float) or None
        E0, E1, E2; None where there is nobody.
    """
    had, who = _checked(value, people)
    return _powers(np.clip(had / _line(line) - 1, 0, None), who)


def concentration(value: ArrayLike, people: ArrayLike, rank: ArrayLike) -> float | None:
    r"""Return the concentration index of a value over people ranked by something else.

    Kakwani, N., Wagstaff, A. & van Doorslaer, E. (1997). Socioeconomic inequalities in health.
    *Journal of Econometrics* 77(1), 87-103. With r the value over its mean and R the share of
    people ranked lower plus half of those ranked alike (mid-ranks):

    .. math:: C = 2 \sum_i p_i r_i R_i - 1

    Parameters
    ----------
    value, people : (n,) array_like
        See :func:`mean`.
    rank : (n,) array_like
        What people are ranked by, finite; only its order matters.

    Returns
    -------
    float or None
        -1 < C < 1: above 0 where those ranked high have more. None where there is nobody,
        nothing to share, or all are ranked alike.
    """
    given = np.asarray(rank, dtype=np.float64)
    had, who = _checked(value, people)
    if given.shape != np.shape(people) or not np.isfinite(given).all():
        raise ValueError("rank must have one finite number for every value")
    share = _relative(had, who)
    level, of = np.unique(given[np.asarray(people) > 0], return_inverse=True)
    if share is None or len(level) < 2:
        return None
    alike = np.bincount(of, who)
    middle = (np.cumsum(alike) - alike / 2) / who.sum()
    # The mean of r is 1 and of R is 1/2: the covariance, which keeps its digits near zero.
    return float(2 * np.average((share - 1) * (middle[of] - 0.5), weights=who))


def _checked(value: ArrayLike, people: ArrayLike) -> tuple[Floats, Floats]:
    """Give values and people as floats, places without anybody left out."""
    had = np.asarray(value, dtype=np.float64)
    who = np.asarray(people, dtype=np.float64)
    if had.ndim != 1 or had.shape != who.shape:
        raise ValueError("value and people must be of one length")
    for name, given in (("value", had), ("people", who)):
        if not np.isfinite(given).all() or (given < 0).any():
            raise ValueError(f"{name} must be finite and not negative")
    some = who > 0
    return had[some], who[some]


def _relative(had: Floats, who: Floats) -> Floats | None:
    """Values over their mean; None where there is nobody or nothing to share."""
    top = had.max(initial=0.0)
    if top == 0:
        return None
    of_top = had / top
    return np.asarray(of_top / np.average(of_top, weights=who))


def _curve(had: Floats, who: Floats) -> tuple[Floats, Floats] | None:
    """Corners of the Lorenz curve, (n + 1,) each: cumulative share of people and of the value."""
    share = _relative(had, who)
    if share is None:
        return None
    order = np.argsort(share, kind="stable")
    shares = [np.cumsum(part[order]) for part in (who, who * share)]
    x, y = (np.concatenate([[0.0], part / part[-1]]) for part in shares)
    return x, y


def _xlogx(share: Floats) -> Floats:
    """Return x ln x, with 0 ln 0 = 0."""
    return np.asarray(share * np.log(np.where(share > 0, share, 1)))


def _line(line: float) -> float:
    if not (np.isfinite(line) and line > 0):
        raise ValueError("line must be finite and above 0")
    return line


def _powers(gap: Floats, who: Floats) -> tuple[float, float, float] | None:
    """Mean of a gap to the powers 0, 1 and 2, where 0 to the 0 is 0."""
    if len(who) == 0:
        return None
    p0, p1, p2 = (float(np.average(g, weights=who)) for g in (gap > 0, gap, gap**2))
    return p0, p1, p2
