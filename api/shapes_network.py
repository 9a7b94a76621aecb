"""The shapes of the network's answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from api.shapes import Asked


class Place(BaseModel):
    """A district; null code where the district of a venue is unknown, or for the city."""

    adcode: Annotated[str | None, Field(examples=["110108"])]
    name_zh: str
    name_en: str


class Served(Place):
    """A district whose venues serve some people."""

    people: int


class VenueName(BaseModel):
    """A venue, by its address district."""

    venue_id: Annotated[str, Field(examples=["V110102-001"])]
    name_zh: str
    name_en: str
    kind: str
    adcode: str | None


class DependenceItem(Place):
    """Whose venues are nearest to a district's residents, of those who meet the question."""

    people: int | None
    covered: Annotated[int | None, Field(description="the sum of `served_by`")]
    own: Annotated[int | None, Field(description="served by venues of their own district")]
    own_share: float | None
    imported: Annotated[int | None, Field(description="residents served by other districts")]
    exported: Annotated[int | None, Field(description="residents of others served here")]
    net_export: int | None
    unknown: Annotated[int | None, Field(description="served by venues of unknown district")]
    own_reach: Annotated[
        int | None, Field(description="have a venue of their own district within the cut-off")
    ]
    needs_others: Annotated[
        int | None, Field(description="covered only thanks to venues elsewhere")
    ]
    served_by: list[Served]
    flags: list[str]


class LeaningTownship(Place):
    """A township more than half of whose covered people are served by other districts."""

    township_code: str
    covered: int
    from_others: int
    share: float
    served_by: list[Served]


class DependenceAnswer(Asked):
    """GET /network/dependence."""

    items: list[DependenceItem]
    townships: list[LeaningTownship]
    flags: list[str]


class Lost(Place):
    """Residents of a district who would not meet the question any more."""

    lost: int


class ClosureItem(VenueName):
    """What is lost if this venue alone closes."""

    rank: int
    status: str
    lost: Annotated[int, Field(description="people who would not meet the question any more")]
    nearest: Annotated[int, Field(description="people who meet it and have this venue nearest")]
    extra_person_minutes: Annotated[
        int, Field(description="by which the ways to the k-th nearest venue grow, all together")
    ]
    mean_extra_minutes: Annotated[
        float | None, Field(description="per person whose k-th nearest venue changes")
    ]
    stranded: Annotated[int, Field(description="people left with no k-th venue at all")]
    districts: list[Lost]
    flags: list[str]


class ClosuresAnswer(Asked):
    """GET /network/closures."""

    district: list[str]
    top: int
    venues: Annotated[int | None, Field(description="how many venues serve anybody")]
    items: list[ClosureItem]
    flags: list[str]


class RedundancyItem(Place):
    """People by how many venues they can choose from; they add up to `people`."""

    people: int | None
    none: int | None
    one: int | None
    two: int | None
    three_plus: int | None
    critical: Annotated[
        int | None, Field(description="with exactly k choices: any closure loses the standard")
    ]


class OnlyChoice(VenueName):
    """A venue that is somebody's one and only choice."""

    only_choice_of: int


class RedundancyAnswer(Asked):
    """GET /network/redundancy."""

    items: list[RedundancyItem]
    total: RedundancyItem
    venues: list[OnlyChoice]
    flags: list[str]


class SystemItem(Place):
    """What hub and branches do for a district; null is no data, its reason in `flags`."""

    people: int | None
    branches: list[str]
    branches_located: int
    branch_reach: int | None
    branch_share: float | None
    hub_reach: int | None
    hub_share: float | None
    flags: list[str]


class Member(VenueName):
    """The hub or a branch, for the people it is nearest to among its kind."""

    status: str
    located: bool
    within: Annotated[int | None, Field(description="people within the cut-off")]
    nearest: Annotated[int | None, Field(description="people, however far")]
    span_minutes: Annotated[
        float | None, Field(description="minutes by which 90 % of `nearest` have arrived")
    ]
    flags: list[str]


class Nodes(BaseModel):
    """The N."""

    count: int
    located: int
    by_level: dict[str, int]
    by_theme: Annotated[dict[str, int] | None, Field(description="no list tells themes")]
    venues: list[VenueName]
    flags: list[str]


class OrphanBase(VenueName):
    """A base no tie names, and the branch with the shortest way from its cell."""

    branch: VenueName | None
    minutes: float | None
    off_m: Annotated[int | None, Field(description="metres to the centre of that cell")]
    flags: list[str]


class SystemAnswer(Asked):
    """GET /network/system."""

    items: list[SystemItem]
    hub: list[Member]
    branches: list[Member]
    nodes: Nodes
    bases: list[OrphanBase]
    flags: list[str]


class VenuesOf(Place):
    """A district and how many venues of a community lie in it."""

    venues: int


class Community(BaseModel):
    """Venues that share more people than chance would have them."""

    community: int
    venues: list[VenueName]
    districts: list[VenuesOf]


class Borders(BaseModel):
    """Communities compared with address districts."""

    compared: Annotated[int, Field(description="venues whose district is known")]
    adjusted_rand: float | None
    mutual_information: float | None
    modularity: float | None
    modularity_of_districts: float | None
    zh: str
    en: str


class Bridge(BaseModel):
    """Two venues whose shared people alone tie two parts of the network together."""

    venues: list[VenueName]
    people: int


class CommunitiesAnswer(Asked):
    """GET /network/communities."""

    items: list[Community]
    alone: list[VenueName]
    borders: Borders | None
    bridges: list[Bridge]
    cut_venues: list[VenueName]
    parts: int | None
    flags: list[str]


class FlowItem(BaseModel):
    """People of one district who have one venue nearest."""

    from_adcode: str
    from_zh: str
    from_en: str
    venue_id: str
    venue_zh: str
    venue_en: str
    to_adcode: str | None
    to_zh: str
    to_en: str
    people: int


class Reached(VenueName):
    """Who goes to a venue if everybody takes the nearest, and who could come."""

    nearest: int
    reach: int | None


class FlowAnswer(Asked):
    """GET /network/flow."""

    items: list[FlowItem]
    venues: list[Reached]
    flags: list[str]
