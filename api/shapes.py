"""The shapes of the answers, for /openapi.json and to keep the code to them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field


class SourceShape(BaseModel):
    """Where numbers come from."""

    id: str
    title: str
    title_en: str
    date: str
    licence: str
    attribution: str


class Envelope(BaseModel):
    """What every JSON answer carries."""

    snapshot: Annotated[str, Field(examples=["2f1c9a7be03d4512"])]
    as_of: Annotated[str, Field(examples=["2026-10-07"])]
    sources: list[SourceShape]


class TravellerShape(BaseModel):
    """Whose times a snapshot holds, whichever residents are counted."""

    id: Annotated[str, Field(examples=["adult"])]
    name_zh: str
    name_en: str


class Travel(BaseModel):
    """How the times of the asked mode were made."""

    mode: str
    engine: str
    basis: Annotated[
        str,
        Field(
            description="straight | headways | streets | feed | timetable | matrix | no_car | other"
        ),
    ]
    estimated: Annotated[bool, Field(description="no street network was used")]
    period: str | None
    zh: str
    en: str
    traveller: TravellerShape


class Asked(Envelope):
    """The parameters as understood."""

    standard: Annotated[str | None, Field(examples=["transit45"])]
    mode: Annotated[str, Field(examples=["transit"])]
    minutes: Annotated[int, Field(examples=[45])]
    k: Annotated[int, Field(examples=[1], description="venues that must be in reach")]
    group: Annotated[str, Field(examples=["all"])]
    kinds: list[str]
    surface_transit: bool
    own_district: Annotated[bool, Field(description="only venues of the own district count")]
    capacitated: Annotated[bool, Field(description="known capacities are not exceeded")]
    travel: Travel


class Nearest(BaseModel):
    """The venue nearest to most of an area's people, and those people's mean minutes."""

    venue_id: str
    name_zh: str
    name_en: str
    minutes: float


class WithSurface(BaseModel):
    """The same question with assumed buses: an assumption, beside the headline, never in it."""

    covered: int | None
    share: float | None


class Item(BaseModel):
    """One area's coverage; null is no data, its reason in `flags`."""

    adcode: Annotated[str | None, Field(examples=["110108"])]
    name_zh: Annotated[str, Field(examples=["海淀区"])]
    name_en: Annotated[str, Field(examples=["Haidian"])]
    people: int | None
    covered: int | None
    uncovered: int | None
    share: float | None
    low: Annotated[float | None, Field(description="worst case, see docs/uncertainty.md")]
    high: Annotated[float | None, Field(description="best case; bounds, not what is usual")]
    mean_minutes: float | None
    median_minutes: float | None
    p90_minutes: float | None
    no_access: Annotated[int | None, Field(description="people beyond 120 minutes")]
    nearest: Nearest | None
    flags: list[str]
    with_surface: WithSurface | None = None


class TownshipItem(Item):
    """One township's coverage."""

    township_code: str


class GroupItem(Item):
    """One group's coverage in one district."""

    group: str
    group_zh: str
    group_en: str
    standing: Annotated[str, Field(description="known | estimated | unknown")]


class CoverageAnswer(Asked):
    """GET /coverage."""

    level: str
    items: list[TownshipItem | Item]
    total: Item


class AccessShape(BaseModel):
    """A measure of access in one area; null is no data, its reason in `flags`."""

    value: Annotated[
        float | None, Field(description="people-weighted mean; for availability the total")
    ]
    p10: Annotated[float | None, Field(description="a tenth of the people have this or less")]
    median: float | None
    p90: float | None
    people_zero: Annotated[
        int | None, Field(description="people with no access at all by this measure")
    ]
    unit: str
    flags: list[str]


class AccessItem(Item):
    """One area's coverage and access."""

    access: AccessShape


class AccessTownshipItem(TownshipItem):
    """One township's coverage and access."""

    access: AccessShape


class DecayShape(BaseModel):
    """What minutes are worth, as understood."""

    name: str
    at: Annotated[float | None, Field(description="minutes where the weight is one half")]
    spread: Annotated[float | None, Field(description="logistic: standard deviation, minutes")]
    steps: Annotated[list[list[float]] | None, Field(description="stepped: minutes and weights")]
    formula: Annotated[str, Field(description="t is in minutes")]


class SupplyShape(BaseModel):
    """What venues count and of how many it is known, in numbers of venues."""

    counts: Annotated[str, Field(description="venues | capacity")]
    rule: Annotated[str | None, Field(description="unknown capacities: leave_out | minimum | …")]
    known: int
    from_area: Annotated[int, Field(description="of the known: worked out from exhibition area")]
    assumed: int
    left_out: int
    unclaimed: Annotated[int | None, Field(description="venues with nobody in reach")]
    unit: str


class AccessAnswer(Asked):
    """GET /coverage with a measure other than covered."""

    measure: str
    unit: str
    nearest_k: int | None
    interval: list[int] | None
    decay: DecayShape | None
    supply: SupplyShape
    level: str
    items: list[AccessTownshipItem | AccessItem]
    total: AccessItem


class DistrictAnswer(Asked):
    """GET /coverage/{district}."""

    item: Item
    townships: list[TownshipItem]
    groups: list[GroupItem]


class GapItem(BaseModel):
    """One gap."""

    gap_id: str
    adcode: str
    township_code: str
    township_zh: str
    township_en: str
    people: int
    area_km2: float
    nearest_venue_id: str | None
    nearest_venue_zh: str | None
    nearest_venue_en: str | None
    nearest_minutes: float | None
    cause: str
    cause_zh: str
    cause_en: str
    evidence: Annotated[
        dict[str, Any],
        Field(description="numbers behind the cause; which there are, docs/causes.md says"),
    ]
    evidence_zh: str
    evidence_en: str
    gap_type: Annotated[str, Field(description="service | data")]
    severity: Annotated[str, Field(description="high | medium | low")]
    flags: list[str]


class CauseItem(BaseModel):
    """Gaps of one cause."""

    cause: str
    cause_zh: str
    cause_en: str
    gap_type: str
    gaps: int
    people: int


class CapacityCount(BaseModel):
    """Located open venues of the asked kinds, by whether their capacity is known."""

    known: int
    unknown: int


class GapsAnswer(Asked):
    """GET /gaps."""

    items: list[GapItem]
    causes: list[CauseItem]
    capacity: Annotated[
        CapacityCount | None, Field(description="only under capacitated; unknown is never full")
    ]


class VenueItem(BaseModel):
    """One venue; null position where nobody knows it."""

    venue_id: Annotated[str, Field(examples=["V110102-001"])]
    name_zh: Annotated[str, Field(examples=["北京科学中心"])]
    name_en: str
    kind: str
    tier: Annotated[str, Field(description="hub | branch | node | -")]
    level: str
    adcode: str | None
    address_zh: str | None
    status: Annotated[str, Field(description="open | closed | planned | lapsed | unknown")]
    lon: Annotated[float | None, Field(description="WGS84 degrees")]
    lat: Annotated[float | None, Field(description="WGS84 degrees")]
    precision_m: Annotated[float | None, Field(description="how far off the point may be, metres")]
    confidence: str
    source: str
    flags: list[str]
    note: str | None


class VenuesAnswer(Envelope):
    """GET /venues."""

    kinds: list[str]
    items: list[VenueItem]


class VenueAnswer(Envelope):
    """GET /venues/{venue_id}."""

    item: VenueItem


class StandardItem(BaseModel):
    """One standard of access."""

    id: Annotated[str, Field(examples=["walk15"])]
    name_zh: str
    name_en: str
    mode: str
    minutes: int
    kinds: list[str]
    k: int
    source: str
    confidence: str


class StandardsAnswer(Envelope):
    """GET /standards."""

    items: list[StandardItem]


class NetworkAnswer(Envelope):
    """GET /network: node-link JSON as networkx reads it."""

    level: str
    items: dict[str, Any]


class QualityItem(BaseModel):
    """The state of one district's records, in counts."""

    adcode: str | None
    name_zh: str
    name_en: str
    venues: int
    located: int
    unlocated: int
    within_100_m: Annotated[int, Field(description="venues by the precision of their position")]
    within_500_m: int
    within_1000_m: int
    beyond_1000_m: int
    status_unknown: int
    closed: int
    unconfirmed: Annotated[int, Field(description="venues with a flag somebody has to settle")]
    no_address: int
    no_exhibition_area: int
    no_visits: int
    branches_unlocated: int
    nodes_unlocated: int
    validity_over: Annotated[int, Field(description="venues whose term (有效期) has ended")]
    questions_open: Annotated[int, Field(description="questions that wait in the review")]
    townships: int
    townships_without_census: int
    townships_without_point: int
    people_estimated: Annotated[int, Field(description="residents shared out, not counted")]
    cells_no_street: Annotated[
        int | None, Field(description="null where no street network was used")
    ]
    people_no_street: Annotated[
        int | None, Field(description="residents of cells with no street near")
    ]
    cells_no_way: int | None
    people_no_way: Annotated[
        int | None, Field(description="residents of cells with no way to any venue")
    ]
    confirm_zh: str
    confirm_en: str


class ToConfirm(BaseModel):
    """One venue somebody has to settle, and why."""

    venue_id: str
    name_zh: str
    name_en: str
    adcode: str | None
    kind: str
    why: list[str]
    source: str


class QualityAnswer(Envelope):
    """GET /quality."""

    items: list[QualityItem]
    to_confirm: list[ToConfirm]


class Health(BaseModel):
    """GET /healthz."""

    status: str
    version: str
    snapshot: str
    as_of: str
