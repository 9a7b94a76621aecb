"""Puts the geocoders of an installation together: what is known here, then who has a key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from venuenet.area import StudyArea
from venuenet.geocode._http import Client, Limits
from venuenet.geocode.cache import AnswerCache
from venuenet.geocode.cascade import Cascade
from venuenet.geocode.districts import Districts
from venuenet.geocode.gazetteer import Gazetteer
from venuenet.geocode.online import Online
from venuenet.geocode.providers import (
    AMAP,
    BAIDU,
    NOMINATIM,
    PUBLIC_IN_ALL,
    PUBLIC_NOMINATIM,
    TIANDITU,
    Provider,
)
from venuenet.geocode.registry_places import registry_places
from venuenet.geocode.settings import GeocodeSettings
from venuenet.geocode.text import AddressReader
from venuenet.registry.model import Subject


def from_settings(
    area: StudyArea,
    subjects: Sequence[Subject],
    settings: GeocodeSettings | None = None,
    cache_folder: Path | None = None,
) -> Cascade:
    """Return the cascade: list, registry, gazetteer, Tianditu, AMap, Baidu, Nominatim.

    Parameters
    ----------
    area : StudyArea
    subjects : sequence of Subject
        The registry's venues.
    settings : GeocodeSettings, optional
        Read from the environment by default. A provider without a key (Nominatim: without an
        address) is not made at all.
    cache_folder : Path, optional
        Where answers may be kept; None keeps none on disk.

    Returns
    -------
    Cascade
    """
    settings = settings or GeocodeSettings()
    reader, districts = AddressReader(area), Districts(area)
    cache = AnswerCache(cache_folder) if cache_folder is not None else None
    return Cascade(
        [
            registry_places(subjects, area, reader, districts),
            Gazetteer(area, reader, districts),
            *(
                Online(provider, client, area, reader, districts, cache)
                for provider, client in _online(settings)
            ),
        ],
        area,
        reader,
        districts,
    )


def _online(settings: GeocodeSettings) -> Iterator[tuple[Provider, Client]]:
    for provider, key, url in (
        (TIANDITU, settings.tianditu_key, settings.tianditu_url),
        (AMAP, settings.amap_key, settings.amap_url),
        (BAIDU, settings.baidu_key, settings.baidu_url),
        (NOMINATIM, None, settings.nominatim_url),
    ):
        if url is None or (provider.key is not None and key is None):
            continue
        public = urlsplit(url).hostname == PUBLIC_NOMINATIM
        own = provider is NOMINATIM and not public
        limits = Limits(
            per_second=settings.nominatim_per_second if own else provider.per_second,
            timeout_s=settings.geocode_timeout_s,
            deadline_s=settings.geocode_deadline_s,
            tries=settings.geocode_tries,
            in_all=PUBLIC_IN_ALL if public else None,
        )
        secret = (provider.key, key.get_secret_value()) if provider.key and key else None
        yield provider, Client(provider.zh, provider.en, url + provider.path, limits, secret)
