"""How well people can reach venues: pure measures on pairs of places and venues.

:mod:`~venuenet.access.pairs` holds who reaches what in how many minutes, ``decay`` what minutes
are worth, ``measures`` and ``catchment`` the measures, ``capacity`` what a venue can take, ``ask``
what may be asked for.
"""
