"""Takes lists into the registry: read, tell the datum, match, place, settle, write; and seeds it.

The one place that wires sources, geocode and registry together. Planning is pure and in memory;
the store then writes the whole plan in one transaction, or nothing.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from venuenet.area import StudyArea
from venuenet.errors import BadQueryError, RegistryError, StaleRegistryError
from venuenet.geocode.model import Geocoder
from venuenet.intake.model import Options, Result
from venuenet.intake.plan import plan_import
from venuenet.intake.rows import source_of
from venuenet.progress import Stage, silent
from venuenet.registry.claims import claim, seed_fields
from venuenet.registry.model import Actor, Change, Ledger, SourceInfo, SourceList
from venuenet.sources import read_list
from venuenet.store.protocol import Store

__all__ = ["Options", "Result", "import_lists", "seed"]

TRIES = 3
"""Plans made anew when somebody else changed the registry meanwhile."""


def seed(store: Store, area: StudyArea) -> Ledger:
    """Bring an area pack's venues into the registry, once per edition of the pack.

    Returns
    -------
    Ledger
        The registry, the pack's venues in it.
    """
    ledger = store.ledger()
    others = {r.title for r in ledger.receipts if r.kind == "seed"} - {_title(area)}
    if others:
        raise RegistryError(
            f"此登记簿属于“{'、'.join(others)}”，不是{area.meta.name_zh}；请用另一 --data 目录",
            f"this registry is {others.pop()!r}, not {area.meta.name_en}: use another --data",
        )
    if any(r.kind == "seed" and area.digest in r.files.values() for r in ledger.receipts):
        return ledger
    source = SourceInfo(f"pack:{area.meta.id}", _title(area), area.meta.as_of)
    claims = []
    for cells in area.venue_table.to_dict("records"):
        row = {str(name): value for name, value in cells.items()}
        fields, venue_id = seed_fields(row), str(row["venue_id"])
        told = [c for c in ledger.claims.get(venue_id, ()) if c.source == source.id]
        if not told or told[-1].fields != fields:
            claims.append(claim(venue_id, source.id, source.date, fields, row["confidence"]))
    change = Change(
        kind="seed",
        at=dt.datetime.now(dt.UTC),
        who="venuenet",
        why="内置名录 · the area pack's venues",
        title=source.title,
        files={"venues.csv": area.digest},
        sources=(source,),
        claims=tuple(claims),
    )
    try:
        store.commit(change, ledger.revision)
    except StaleRegistryError:
        return seed(store, area)
    return store.ledger()


def _title(area: StudyArea) -> str:
    return f"{area.meta.name_zh}内置名录"


def import_lists(
    store: Store,
    area: StudyArea,
    files: Sequence[Path],
    geocoder: Geocoder,
    *,
    actor: Actor,
    why: str = "",
    options: Options | None = None,
    dry_run: bool = False,
    stage: Stage = silent,
) -> Result:
    """Take lists into the registry, all of them in one transaction with one receipt.

    Parameters
    ----------
    store : Store
    area : StudyArea
    files : sequence of Path
        Lists of any known format (:mod:`venuenet.sources`).
    geocoder : Geocoder
        Places rows without coordinates.
    actor : Actor
        Who imports; with a district, rows of other districts are turned down.
    why : str
        Printed in the history.
    options : Options, optional
        What is known of the lists.
    dry_run : bool
        Plan everything, write nothing of the lists (the area's own venues are seeded).
    stage : Stage
        Told of progress.

    Returns
    -------
    Result
        ``receipt`` is None for a dry run and where nothing changed.

    Raises
    ------
    SourceError
        A file that cannot be taken; nothing was changed.
    BadQueryError
        Two of the files are editions of one list.
    """
    options = options or Options()
    ledger = seed(store, area)
    _refuse_two_of_one(files, options)
    lists = []
    with stage("读取清单", "reading the lists", len(files)) as progress:
        for path in files:
            remembered = ledger.mappings.get(source_of(path.name, options).id)
            lists.append(read_list(path, area.districts, options.mapping or remembered))
            progress(1)
    for attempt in range(TRIES):
        result, change = _planned(lists, area, ledger, geocoder, actor, why, options, stage)
        if dry_run or not (change.claims or change.links):
            break
        try:
            with stage("写入登记簿", "writing to the registry", 0):
                return replace(result, receipt=store.commit(change, ledger.revision))
        except StaleRegistryError:
            if attempt == TRIES - 1:
                raise
            ledger = store.ledger()
    return result


def _planned(
    lists: Sequence[SourceList],
    area: StudyArea,
    ledger: Ledger,
    geocoder: Geocoder,
    actor: Actor,
    why: str,
    options: Options,
    stage: Stage,
) -> tuple[Result, Change]:
    """Work out an import: what to tell, and what to write."""
    plan = plan_import(lists, area, ledger, geocoder, actor, options, stage)
    result = Result(
        rows=tuple(plan.rows),
        faults=tuple(f for li in lists for f in (*li.faults, *(r[2] for r in li.rejected))),
        questions=tuple(plan.questions),
        verdicts=plan.verdicts,
        columns={li.file: li.columns for li in lists},
        missing=tuple(plan.missing),
    )
    change = Change(
        kind="import",
        at=dt.datetime.now(dt.UTC),
        who=actor.who,
        why=why,
        title="、".join(s.title for s in plan.sources.values()),
        files={li.file: li.sha256 for li in lists},
        sources=tuple(plan.sources.values()),
        claims=tuple(plan.claims),
        links=tuple(plan.links),
        questions=tuple(plan.questions),
        rows=tuple(plan.rows),
        mappings=_remember(lists, options),
    )
    return result, change


def _refuse_two_of_one(files: Sequence[Path], options: Options) -> None:
    names = Counter(source_of(path.name, options).id for path in files)
    for name, times in names.items():
        if times > 1:
            raise BadQueryError(
                f"多个文件属于同一清单“{name}”，请分次导入或改文件名",
                f"several files are editions of one list, {name!r}: import them one by one, "
                "or rename one",
                param="FILE",
            )


def _remember(lists: Sequence[SourceList], options: Options) -> Mapping[str, Mapping[str, str]]:
    if not options.mapping:
        return {}
    return {source_of(li.file, options).id: options.mapping for li in lists}
