"""What the environment may set; read when asked for, never at import."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_data() -> Path:
    return user_data_path("venuenet", appauthor=False)


class Settings(BaseSettings):
    """Settings of the service and the command line, each from ``VENUENET_<NAME>``.

    Attributes
    ----------
    data : Path
        Folder of the embedded store.
    """

    model_config = SettingsConfigDict(env_prefix="VENUENET_", frozen=True)

    data: Path = Field(default_factory=_default_data)
