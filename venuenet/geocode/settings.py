"""Which online geocoders may be asked, and with whose key; read when asked for, never at import."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, HttpUrl, SecretStr, TypeAdapter
from pydantic_settings import BaseSettings, SettingsConfigDict

_HTTP = TypeAdapter(HttpUrl)


def _web_address(text: str) -> str:
    """Refuse what is not http(s); keep it as written, without the last slash."""
    _HTTP.validate_python(text)
    return text.rstrip("/")


Url = Annotated[str, AfterValidator(_web_address)]


class GeocodeSettings(BaseSettings):
    """Settings of online geocoding, each from ``VENUENET_<NAME>``; an empty one counts as unset.

    Attributes
    ----------
    tianditu_key, amap_key, baidu_key : SecretStr, optional
        A provider without a key is never asked.
    nominatim_url : str, optional
        Nominatim needs no key, so it is asked only where this names a server.
    tianditu_url, amap_url, baidu_url : str
        Other servers with the same interface: a bureau's mirror, a test.
    nominatim_per_second : float
        Requests a second to a Nominatim of one's own; the public one always gets 1 at most.
    geocode_timeout_s, geocode_deadline_s : float
        Longest silence of a server, and the longest one query may take with its retries.
    geocode_tries : int
        Requests per query, at most.
    """

    model_config = SettingsConfigDict(env_prefix="VENUENET_", env_ignore_empty=True, frozen=True)

    tianditu_key: SecretStr | None = None
    amap_key: SecretStr | None = None
    baidu_key: SecretStr | None = None
    nominatim_url: Url | None = None
    tianditu_url: Url = "https://api.tianditu.gov.cn"
    amap_url: Url = "https://restapi.amap.com"
    baidu_url: Url = "https://api.map.baidu.com"
    nominatim_per_second: float = Field(default=1.0, gt=0, le=50)
    geocode_timeout_s: float = Field(default=5.0, gt=0)
    geocode_deadline_s: float = Field(default=15.0, gt=0)
    geocode_tries: int = Field(default=3, ge=1, le=10)
