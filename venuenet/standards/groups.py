"""How each group travels and which venues serve it, as ``groups.yaml`` gives them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Generic, TypeVar

from pydantic import BeforeValidator, Field

from venuenet.model import KINDS, SCIENCE_KINDS, Kind, Mode
from venuenet.questions import Habit
from venuenet.standards import HERE, _load, _Strict

T = TypeVar("T")
GROUP_ID = r"^[a-z][a-z0-9_]{0,31}$"
TRAVELLER_ID = r"^[\w-]{1,40}$"
"""What may be in a folder's name: a traveller's times lie in ``travel-<mode>@<traveller>``."""


def _kinds(said: object) -> object:
    if said in ("science", "all"):
        return SCIENCE_KINDS if said == "science" else KINDS
    known = isinstance(said, list | tuple) and all(kind in KINDS for kind in said)
    # In the one order questions have them in, so that the same fit is the same question.
    return tuple(k for k in KINDS if k in said) if known else said  # type: ignore[operator]


class Said(_Strict, Generic[T]):
    """A choice with the reason it is what it is."""

    value: T
    source: str
    confidence: str


class Going(_Strict):
    """How people travel, and to what.

    Attributes
    ----------
    traveller : Said of str
        One of ``travellers.yaml``: whose walking and transit times are the group's.
    mode : Said of Mode
        By which mode, where a question does not say.
    kinds : Said of tuple of Kind
        Which kinds of venue serve the group, where a question does not say.
    """

    traveller: Said[Annotated[str, Field(pattern=TRAVELLER_ID)]]
    mode: Said[Mode]
    kinds: Said[Annotated[tuple[Kind, ...], BeforeValidator(_kinds), Field(min_length=1)]]

    @property
    def habit(self) -> Habit:
        """What a question about the group is answered for unless it says otherwise."""
        return Habit(self.mode.value, self.kinds.value)


class GroupRule(Going):
    """One group's, and what to call it where the area pack does not have it."""

    name_zh: str
    name_en: str


class GroupRules(_Strict):
    """Everything in ``groups.yaml``."""

    version: float | str
    default: Going
    groups: dict[Annotated[str, Field(pattern=GROUP_ID)], GroupRule]

    def of(self, group: str) -> Going:
        """Return a group's rule: its own, or the default."""
        return self.groups.get(group, self.default)

    def habits(self, groups: list[str]) -> dict[str, Habit]:
        """Return the habits of some groups."""
        return {group: self.of(group).habit for group in groups}


def load_groups(path: Path | None = None) -> GroupRules:
    """Read the groups' rules; the embedded ones without a path.

    Raises
    ------
    BadQueryError
        Naming every fault of the file at once.
    """
    return _load(GroupRules, path or HERE / "groups.yaml")
