"""A Geocoder over one online provider: words the question, asks or remembers, explains the answer.

The same question is asked once a run; the disk keeps only what the provider's terms allow.
"""

from __future__ import annotations

from typing import Any

from venuenet.area import StudyArea
from venuenet.geocode._http import Client
from venuenet.geocode.cache import AnswerCache
from venuenet.geocode.districts import Districts
from venuenet.geocode.model import GeoAnswer, GeoQuery
from venuenet.geocode.providers import Ask, Found, Provider
from venuenet.geocode.text import AddressReader, has_han
from venuenet.registry.model import Reason


class Online:
    """A Geocoder that asks a provider.

    Parameters
    ----------
    provider : Provider
    client : Client
    area : StudyArea
    reader : AddressReader
    districts : Districts
    cache : AnswerCache, optional
        None keeps nothing on disk.
    """

    def __init__(
        self,
        provider: Provider,
        client: Client,
        area: StudyArea,
        reader: AddressReader,
        districts: Districts,
        cache: AnswerCache | None = None,
    ) -> None:
        self.name = provider.id
        self._provider = provider
        self._client = client
        self._reader = reader
        self._bounds = districts.bounds
        self._cache = cache
        self._city = area.meta.name_zh
        self._names = dict(zip(area.districts["adcode"], area.districts["name_zh"], strict=True))
        self._seen: dict[str, Any] = {}

    def locate(self, query: GeoQuery) -> GeoAnswer | None:
        """See Geocoder."""
        ask = self._ask(query)
        if not ask.text:
            return None
        body, found = self._remembered(ask)
        if body is None:
            body, found = self._client.ask(
                self._provider.params(ask), lambda b: self._provider.read(b, ask)
            )
            self._remember(ask, body, found)
        return None if found is None else self._answer(found, body)

    def _ask(self, query: GeoQuery) -> Ask:
        """Ask for the door where the address has one, else for the name, else for the address."""
        address = self._reader.read(query.address)
        adcode = query.adcode or address.adcode
        name, written = query.name.strip(), query.address.strip()
        name = "" if address.number else name
        text = name or written
        if text and has_han(text):
            district = self._names.get(adcode, "")
            text = text if district in text else f"{district}{text}"
            text = text if text.startswith(self._city) else f"{self._city}{text}"
        return Ask(text, name, self._city, adcode, self._bounds)

    def _remembered(self, ask: Ask) -> tuple[Any, Found | None]:
        question = _question(ask)
        body = self._seen.get(question)
        if body is None and self._cache is not None and self._provider.keep_days:
            body = self._cache.get(self.name, question)
        if body is None:
            return None, None
        try:
            return body, self._provider.read(body, ask)
        except Exception:  # whatever is wrong with what was kept, ask again
            return None, None

    def _remember(self, ask: Ask, body: Any, found: Found | None) -> None:  # noqa: ANN401
        question = _question(ask)
        self._seen[question] = body
        if self._cache is not None:
            days = self._provider.keep_days
            self._cache.put(self.name, question, body, days, empty=found is None)

    def _answer(self, found: Found, body: Any) -> GeoAnswer:  # noqa: ANN401
        provider = self._provider
        reasons = [
            Reason(
                f"{provider.zh}：{found.words}，误差约 {found.precision_m:.0f} 米",
                f"{provider.en}: {found.words}, good to some {found.precision_m:.0f} m",
            )
        ]
        if not provider.keep_days:
            reasons.append(
                Reason(
                    f"{provider.zh}的条款限制保存其结果，入库前请核对授权",
                    f"the terms of {provider.en} restrict storing its results; check your licence "
                    "before keeping this point",
                )
            )
        return GeoAnswer(
            lon=found.lon,
            lat=found.lat,
            precision_m=found.precision_m,
            level=found.level,
            confidence=round(found.confidence, 3),
            provider=self.name,
            reasons=tuple(reasons),
            raw=body if isinstance(body, dict) else {"answers": body},
        )


def _question(ask: Ask) -> str:
    """Return what tells questions apart: another district may choose another answer."""
    return f"{''.join(ask.text.split()).casefold()}\n{ask.adcode}\n{bool(ask.name)}"
