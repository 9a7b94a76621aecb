"""Measures in which people share what they reach: floating catchments. Pure.

Every function takes the pairs, who wants (``demand``, persons per place), what there is
(``supply`` per venue) and what minutes are worth, and gives one number per place. f is the decay's
weight, 0 for pairs that are not there.

**Venues nobody wants.** A venue whose catchment holds no demand (or only demand of weight 0) has no
supply per head. Its ratio is set to 0, so that no place gets an infinite access, and its supply is
in nobody's figure: :func:`unclaimed` tells which venues these are, and every answer counts them.
Over the other venues the sum of demand times access is the sum of their supply, exactly, in
:func:`two_step` and :func:`three_step`; :func:`availability` sums to it itself.

**Rivals.** A group that travels more slowly than the rest competes with the rest all the same.
``rivals`` are then everybody's pairs: they tell how crowded each venue is, ``pairs`` what the group
gets of it. The sums above hold where nobody travels otherwise (no ``rivals``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from venuenet.access.decay import Decay
from venuenet.access.measures import checked
from venuenet.access.pairs import Pairs

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
BINARY = Decay("binary")


def two_step(
    pairs: Pairs,
    demand: Floats,
    supply: Floats,
    decay: Decay = BINARY,
    rivals: Pairs | None = None,
) -> Floats:
    """Two-step floating catchment: supply per person, (places,).

    R_j = S_j / sum_k P_k f(t_kj), then A_i = sum_j R_j f(t_ij). With the binary decay 2SFCA (Luo &
    Wang 2003, Environment and Planning B 30, 865-884); with a stepped one E2SFCA (Luo & Qi 2009,
    Health & Place 15, 1100-1107). Both steps use the times from people to venues.

    Raises
    ------
    ValueError
        Demand or supply is negative, NaN or infinite, or not of the right length.
    """
    worth = pairs.matrix(decay.weights(pairs.minutes))
    wish = worth if rivals is None else rivals.matrix(decay.weights(rivals.minutes))
    return np.asarray(worth @ _ratio(wish, demand, supply))


def three_step(
    pairs: Pairs, demand: Floats, supply: Floats, decay: Decay, rivals: Pairs | None = None
) -> Floats:
    """Three-step floating catchment, in which people first choose; supply per person, (places,).

    G_ij = f(t_ij) / sum_k f(t_ik) is the share of place i's demand that looks to venue j; then
    R_j = S_j / sum_k P_k G_kj f(t_kj) and A_i = sum_j R_j G_ij f(t_ij): Wan, Zou & Sternberg
    (2012), International Journal of Geographical Information Science 26, 1073-1089.
    """
    worth = pairs.matrix(_chosen(pairs, decay))
    wish = worth if rivals is None else rivals.matrix(_chosen(rivals, decay))
    return np.asarray(worth @ _ratio(wish, demand, supply))


def balanced(
    pairs: Pairs, demand: Floats, supply: Floats, decay: Decay, rivals: Pairs | None = None
) -> Floats:
    """Balanced floating catchment: nobody and nothing is counted twice; (places,).

    With u_ij = f(t_ij) / sum_k f(t_ik) each person is shared once among venues, with
    w_ij = f(t_ij) / sum_k f(t_kj) each venue's level of service once among places:
    L_j = S_j / sum_i P_i u_ij, then A_i = sum_j L_j w_ij. Paez, Higgins & Vivona (2019),
    PLOS ONE 14(6), e0218773.

    The sum of A over places is the sum of L over venues with demand. A place's own figure depends
    on how the ground is cut into places: compare places of one size, never with other measures.
    """
    crowd, worth = rivals or pairs, decay.weights(pairs.minutes)
    level = _ratio(crowd.matrix(_once(crowd, decay.weights(crowd.minutes))), demand, supply)
    given = _over(np.ones(pairs.venues), pairs.per_venue(worth))
    return np.asarray(pairs.matrix(worth) @ (level * given))


def availability(pairs: Pairs, demand: Floats, supply: Floats, decay: Decay) -> Floats:
    """Spatial availability: how much of the supply falls to each place as a whole, (places,).

    V_i = sum_j S_j F_ij with F_ij = P_i f(t_ij) / sum_k P_k f(t_kj), the product of the paper's
    population and impedance factors once what they have in common is cancelled: Soukhov, Paez,
    Higgins & Mohamed (2023), PLOS ONE 18(1), e0278468. Sums to the supply that has demand in reach.
    """
    return checked("demand", demand, pairs.places) * two_step(pairs, demand, supply, decay)


def unclaimed(
    pairs: Pairs, demand: Floats, supply: Floats, decay: Decay = BINARY
) -> NDArray[np.bool_]:
    """Tell which venues have supply, but no demand in reach, (venues,)."""
    persons = checked("demand", demand, pairs.places)
    idle = pairs.matrix(decay.weights(pairs.minutes)).T @ persons == 0
    return np.asarray(idle & (checked("supply", supply, pairs.venues) > 0))


def _once(pairs: Pairs, worth: Floats) -> Floats:
    """Share each place's wish once among what it reaches, (p,): a weight over all of them."""
    return worth * _over(np.ones(pairs.places), pairs.per_place(worth))[pairs.place]


def _chosen(pairs: Pairs, decay: Decay) -> Floats:
    """Weight of each pair times its share of the place's choice, (p,)."""
    worth = decay.weights(pairs.minutes)
    return worth * _once(pairs, worth)


def _ratio(wish: csr_array, demand: Floats, supply: Floats) -> Floats:
    """Supply of each venue per person who wants it, (venues,); 0 where nobody does."""
    places, venues = wish.shape
    wanted = np.asarray(wish.T @ checked("demand", demand, places))
    return _over(checked("supply", supply, venues), wanted)


def _over(a: Floats, b: Floats) -> Floats:
    """Divide; 0 where the divisor is."""
    return np.divide(a, b, out=np.zeros_like(b), where=b > 0)
