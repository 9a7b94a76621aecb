"""One typed function per thing a route needs: snapshot, registry, question, districts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request
from fastapi.params import Depends as DependsParam

from venuenet.area import resolve_district
from venuenet.errors import BadQueryError
from venuenet.model import Question
from venuenet.publish.answers import Row, envelope
from venuenet.publish.geo import describe
from venuenet.publish.how import describe_travel
from venuenet.publish.snapshot import Snapshot
from venuenet.questions import parse_question
from venuenet.store.protocol import Store

Lang = Literal["zh", "en"]
MAX_DISTRICTS = 40


def get_snapshot(request: Request) -> Snapshot:
    """Return the snapshot this service was started with."""
    snapshot: Snapshot = request.app.state.snapshot
    return snapshot


SnapshotDep = Annotated[Snapshot, Depends(get_snapshot)]


def get_registry(request: Request) -> Store:
    """Return the registry; the review's guard lets nobody pass where there is none."""
    registry: Store = request.app.state.registry
    return registry


RegistryDep = Annotated[Store, Depends(get_registry)]


def get_bound(request: Request, snapshot: SnapshotDep) -> str | None:
    """Return the adcode of the one district this service may write, None for all."""
    named: str | None = request.app.state.district
    return resolve_district(snapshot.area, named) if named else None


BoundDep = Annotated[str | None, Depends(get_bound)]


def known_only(*names: str, often: tuple[str, ...] = ("district",)) -> DependsParam:
    """Refuse query parameters nobody reads: a misspelt one must not be ignored in silence.

    Those of ``often`` may be given several times.
    """

    def check(request: Request) -> None:
        for name in request.query_params:
            if name not in names:
                raise BadQueryError(
                    f"没有名为 {name[:60]} 的参数，可用：{'、'.join(names) or '（无）'}",
                    f"there is no parameter {name[:60]!r}; allowed: {', '.join(names) or 'none'}",
                    param=name[:60],
                    allowed=list(names),
                )
        for name in set(request.query_params).difference(often):
            if len(request.query_params.getlist(name)) > 1:
                raise BadQueryError(
                    f"参数 {name} 只能给一次", f"parameter {name} may be given once", param=name
                )

    return DependsParam(check)


QUESTION = (
    "mode", "minutes", "standard", "group", "kinds", "surface_transit", "own_district",
    "capacitated",
)  # fmt: skip


def get_question(
    snapshot: SnapshotDep,
    mode: Annotated[
        str | None,
        Query(description="walk | transit | drive（默认 transit）", examples=["transit"]),
    ] = None,
    minutes: Annotated[
        str | None, Query(description="1..120 整数分钟（默认 45）", examples=["45"])
    ] = None,
    standard: Annotated[
        str | None,
        Query(description="标准编号，见 /standards；与 mode、minutes 互斥", examples=["walk15"]),
    ] = None,
    group: Annotated[str | None, Query(description="人群，默认 all", examples=["seniors"])] = None,
    kinds: Annotated[
        str | None,
        Query(description="science（默认）| all | 逗号分隔的类别", examples=["science"]),
    ] = None,
    surface_transit: Annotated[
        str | None,
        Query(description="true 时按假设加入地面公交，仅限 transit", examples=["false"]),
    ] = None,
    own_district: Annotated[
        str | None,
        Query(description="true 时只计居民本区的场馆，最长 60 分钟", examples=["false"]),
    ] = None,
    capacitated: Annotated[
        str | None,
        Query(description="true 时，已知容量的场馆不超额计算覆盖人口", examples=["false"]),
    ] = None,
) -> Question:
    """Understand the question's parameters; raises BadQueryError."""
    return parse_question(
        snapshot.standards,
        [g.id for g in snapshot.area.meta.groups],
        mode=mode,
        minutes=minutes,
        standard=standard,
        group=group,
        kinds=kinds,
        surface_transit=surface_transit,
        own_district=own_district,
        capacitated=capacitated,
        habits=snapshot.groups.habits([g.id for g in snapshot.area.meta.groups]),
    )


QuestionDep = Annotated[Question, Depends(get_question)]


def get_districts(
    snapshot: SnapshotDep,
    district: Annotated[
        list[str] | None,
        Query(
            description="区：代码、中文名（可省“区”）、英文名或拼音；可重复",
            examples=[["海淀区"]],
        ),
    ] = None,
) -> tuple[str, ...]:
    """Resolve the districts asked for; none means all."""
    wanted = district or []
    if len(wanted) > MAX_DISTRICTS:
        raise BadQueryError(
            f"一次最多 {MAX_DISTRICTS} 个区", f"at most {MAX_DISTRICTS} districts", param="district"
        )
    return tuple(dict.fromkeys(resolve_district(snapshot.area, d) for d in wanted))


DistrictsDep = Annotated[tuple[str, ...], Depends(get_districts)]


def wrap(snapshot: Snapshot, question: Question | None = None, **more: Any) -> Row:
    """Put the common envelope around an answer."""
    asked = {}
    if question:
        asked = {**describe(question), "travel": describe_travel(snapshot, question)}
    return {**envelope(snapshot), **asked, **more}
