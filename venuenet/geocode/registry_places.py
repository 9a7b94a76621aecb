"""Geocodes by the registry's own venues: what is placed once need not be asked for again."""

from __future__ import annotations

from collections.abc import Sequence

from venuenet.area import StudyArea
from venuenet.geocode.districts import Districts
from venuenet.geocode.names import NameIndex, Place
from venuenet.geocode.places import UNKNOWN_M, Places
from venuenet.geocode.text import AddressReader
from venuenet.registry.model import Subject


def registry_places(
    subjects: Sequence[Subject], area: StudyArea, reader: AddressReader, districts: Districts
) -> Places:
    """Index the registry's venues.

    Parameters
    ----------
    subjects : sequence of Subject
        WGS84 degrees; those without a point are left out. One without a district belongs to the
        one that holds its point.
    area : StudyArea
    reader : AddressReader
    districts : Districts

    Returns
    -------
    Places
        A Geocoder called ``registry``.
    """
    placed = [
        (s, float(s.lon), float(s.lat)) for s in subjects if s.lon is not None and s.lat is not None
    ]
    _, holders = districts.outside_m(
        [lon for _, lon, _ in placed], [lat for _, _, lat in placed], [None] * len(placed)
    )
    known = [
        Place(
            names=s.names,
            adcode=s.adcode or holder,
            lon=lon,
            lat=lat,
            precision_m=UNKNOWN_M if s.precision_m is None else s.precision_m,
            address=reader.read(s.address) if s.address else None,
        )
        for (s, lon, lat), holder in zip(placed, holders, strict=True)
    ]
    return Places("registry", NameIndex(known, area), reader, districts)
