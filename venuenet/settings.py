"""What the environment may set; read when asked for, never at import."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_data() -> Path:
    return user_data_path("venuenet", appauthor=False)


class Settings(BaseSettings):
    """Settings of the service and the command line, each from ``VENUENET_<NAME>``.

    Attributes
    ----------
    data : Path
        Folder of the embedded store.
    database_url : SecretStr, optional
        Where the registry is kept, such as ``postgresql://user@host/name``; by default a SQLite
        file in ``data``.
    district : str, optional
        The one district whose venues may be written from here; all by default.
    who : str, optional
        Name written down for changes of the registry; the login name by default.
    """

    # Set but empty, as a compose file leaves what it does not use, is not set.
    model_config = SettingsConfigDict(env_prefix="VENUENET_", frozen=True, env_ignore_empty=True)

    data: Path = Field(default_factory=_default_data)
    database_url: SecretStr | None = None
    district: str | None = None
    who: str | None = None
