"""Where high values lie beside high ones: Getis-Ord Gi* and local Moran, through esda. Pure.

Places count alike, whoever lives there: unlike :mod:`venuenet.equity`, splitting a cell in two
changes these. esda and libpysal are imported when first asked: they take seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.spatial import KDTree
from scipy.special import ndtr

if TYPE_CHECKING:
    from libpysal.graph import Graph

Floats = NDArray[np.float64]
Statistic = Literal["gi", "moran"]
STATISTICS: tuple[Statistic, ...] = get_args(Statistic)

Spot = Literal["none", "high", "low", "high_high", "low_low", "high_low", "low_high", "no_data"]
"""What a place is: nothing unusual; in a cluster of high or low values (Gi*); high among high,
low among low, high among low, low among high (local Moran); or not to be judged."""

FEWEST = 3
"""With fewer places than this there is no spread to judge by."""


@dataclass(frozen=True)
class Spots:
    """Every place's standing among its neighbours.

    Attributes
    ----------
    z : (n,) float64
        Standard deviations from what chance gives; NaN where a place cannot be judged: no
        neighbour in the band, everybody its neighbour, or no variation at all.
    p : (n,) float64
        Two-sided probability of that under the normal distribution; NaN with ``z``.
    p_adjusted : (n,) float64
        The same with the false-discovery rate held over all places judged.
    spot : (n,) of Spot
        ``none`` unless ``p_adjusted`` is at most the significance asked for.
    """

    z: Floats
    p: Floats
    p_adjusted: Floats
    spot: NDArray[np.str_]


def gi_star(value: ArrayLike, xy: ArrayLike, band_m: float, significance: float = 0.05) -> Spots:
    """Find clusters of high and of low values: Getis-Ord Gi*, every place its own neighbour.

    Getis, A. & Ord, J. K. (1992), *Geographical Analysis* 24(3), 189-206, standardised as in
    Ord, J. K. & Getis, A. (1995), 27(4), 286-306; binary weights within the band (<=). The
    probability is the normal one.

    Parameters
    ----------
    value : (n,) array_like
        Finite and not negative.
    xy : (n, 2) array_like
        Metres in a projected CRS.
    band_m : float
        Places this near are neighbours, metres.
    significance : float
        Between 0 and 1, for the adjusted probability.

    Raises
    ------
    ValueError
        A value is negative, or it or a position not finite, or a shape is wrong.
    """
    from esda import G_Local  # noqa: PLC0415  seconds to import

    y, graph = _prepared(value, xy, band_m)
    if graph is None:
        return _unjudged(len(y))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.asarray(
            G_Local(y, graph, transform="B", star=True, permutations=0).Zs, dtype=np.float64
        )
    return _judged(z, graph, significance, np.where(z > 0, "high", "low"))


def local_moran(
    value: ArrayLike, xy: ArrayLike, band_m: float, significance: float = 0.05
) -> Spots:
    """Find clusters and outliers: local Moran's I, row-standardised weights within the band.

    Anselin, L. (1995), *Geographical Analysis* 27(2), 93-115. The probability is the normal one
    with mean and variance under conditional randomisation, Sokal, R. R., Oden, N. L. & Thomson,
    B. A. (1998), *Geographical Analysis* 30(4), 331-354, eqs. A7 and A8: no random numbers, so
    the same answer every time, and near the permutations' own where a place has some eight
    neighbours or more.

    Parameters
    ----------
    value, xy, band_m, significance
        See :func:`gi_star`.

    Raises
    ------
    ValueError
        A value is negative, or it or a position not finite, or a shape is wrong.
    """
    from esda import Moran_Local  # noqa: PLC0415  seconds to import

    y, graph = _prepared(value, xy, band_m)
    if graph is None:
        return _unjudged(len(y))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = Moran_Local(y, graph, permutations=0)
        z = np.asarray((found.Is - found.EIc) / np.sqrt(found.VIc), dtype=np.float64)
    # esda counts the quadrants high-high, low-high, low-low, high-low.
    names = np.array(["high_high", "low_high", "low_low", "high_low"])
    return _judged(z, graph, significance, names[np.asarray(found.q, dtype=np.int64) - 1])


def _prepared(value: ArrayLike, xy: ArrayLike, band_m: float) -> tuple[Floats, Graph | None]:
    """Check the values and tie the places; no graph where there is nothing to judge by."""
    y = np.asarray(value, dtype=np.float64)
    points = np.asarray(xy, dtype=np.float64)
    if y.ndim != 1 or points.shape != (len(y), 2):
        raise ValueError("value must be (n,) and xy (n, 2)")
    if not (np.isfinite(y).all() and np.isfinite(points).all()) or (y < 0).any():
        raise ValueError("value and xy must be finite, and value not negative")
    if not (np.isfinite(band_m) and band_m > 0):
        raise ValueError("band_m must be finite and above 0")
    if len(y) < FEWEST or np.ptp(y) == 0:
        return y, None
    # Neither statistic minds the scale; squares of very small or large values would not survive.
    return y / np.abs(y).max(), _ties(points, band_m)


def _ties(points: Floats, band_m: float) -> Graph:
    """Give a graph of all pairs within the band, both ways; no place tied to itself.

    ``Graph.build_distance_band`` gives the same graph in ten times the time.
    """
    from libpysal.graph import Graph  # noqa: PLC0415  seconds to import

    one, other = KDTree(points).query_pairs(band_m, output_type="ndarray").T
    here, there = np.concatenate([one, other]), np.concatenate([other, one])
    n = len(points)
    return Graph.from_sparse(sparse.coo_array((np.ones(len(here)), (here, there)), shape=(n, n)))


def _judged(z: Floats, graph: Graph, significance: float, side: NDArray[np.str_]) -> Spots:
    """Turn standard deviations into probabilities and name what is significant."""
    alone = np.asarray(graph.cardinalities) == 0
    z = np.where(alone | ~np.isfinite(z), np.nan, z)
    p = 2 * ndtr(-np.abs(z))
    known = np.isfinite(z)
    adjusted = np.full(len(z), np.nan)
    if known.any():
        adjusted[known] = adjust(p[known])
    spot = np.where(adjusted <= significance, side, np.where(known, "none", "no_data"))
    return Spots(z, p, adjusted, spot)


def adjust(p: ArrayLike) -> Floats:
    """Adjust probabilities for how many there are, (n,): Benjamini & Hochberg's rule.

    Benjamini, Y. & Hochberg, Y. (1995), *Journal of the Royal Statistical Society B* 57(1),
    289-300: among the places with an adjusted value of at most q, at most a share q is expected
    to be there by chance.
    """
    from scipy import stats  # noqa: PLC0415  half a second to import

    return np.asarray(stats.false_discovery_control(np.asarray(p, dtype=np.float64), method="bh"))


def _unjudged(n: int) -> Spots:
    nothing = np.full(n, np.nan)
    return Spots(nothing, nothing, nothing, np.full(n, "no_data"))
