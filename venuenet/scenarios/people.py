"""Residents of another year: districts' totals as the scenario says, all else in proportion."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from venuenet.area import StudyArea
from venuenet.demand.build import build_demand
from venuenet.errors import BadQueryError, UnknownNameError
from venuenet.model import DemandPoints
from venuenet.packformat import AreaMeta
from venuenet.publish.snapshot import Snapshot
from venuenet.rounding import apportion
from venuenet.scenarios.edits import Edit, Population

MOST_PEOPLE = 100_000_000


def edited_people(
    area: StudyArea, edits: Sequence[Edit]
) -> tuple[gpd.GeoDataFrame, pd.DataFrame, AreaMeta]:
    """Return districts, townships and what the pack says of itself after some edits.

    Townships whose residents are on record change as their district does, by largest remainder;
    those of the others are estimated from what is left, as ever. Groups keep their shares.

    Raises
    ------
    UnknownNameError
        A district that is not there.
    BadQueryError
        Less than nobody, or more than the world has seen.
    """
    districts, townships, meta = area.districts, area.townships, area.meta
    for edit in edits:
        if isinstance(edit, Population):
            districts, townships = _with_people(districts, townships, edit)
    if districts is not area.districts:
        meta = meta.model_copy(update={"total_people": int(districts["people"].sum())})
    return districts, townships, meta


def _with_people(
    districts: gpd.GeoDataFrame, townships: pd.DataFrame, edit: Population
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    districts, townships = districts.copy(), townships.copy()
    said = f"情景：{edit.year} 年预测 · scenario: forecast for {edit.year}"
    for adcode, people in edit.people.items():
        here = (districts["adcode"] == adcode).to_numpy()
        if not here.any():
            raise UnknownNameError(
                f"没有代码为 {adcode} 的区", f"there is no district {adcode}", param="population"
            )
        if not 0 < people <= MOST_PEOPLE:
            raise BadQueryError(
                f"{adcode} 的人口应为 1 到 {MOST_PEOPLE:,} 的整数，收到 {people}",
                f"the people of {adcode} must be 1 to {MOST_PEOPLE:,}, got {people}",
                param="population",
            )
        was = int(districts.loc[here, "people"].iloc[0])
        districts.loc[here, "people"] = people
        districts.loc[here, "people_source"] = said
        known = ((townships["adcode"] == adcode) & townships["residents"].notna()).to_numpy()
        residents = townships.loc[known, "residents"].to_numpy(float)
        if known.any():
            # Beside those on record the unknown ones have a share of their own: it stays.
            rest = max(was - residents.sum(), 0.0)
            parts = apportion(people, np.append(residents, rest))
            townships.loc[known, "residents"] = parts[:-1].astype(float)
            townships.loc[known, "residents_source"] = said
    return districts, townships


def edited_demand(snapshot: Snapshot, area: StudyArea) -> DemandPoints:
    """Spread the residents of an edited area as the snapshot's build spread its own.

    Raises
    ------
    BadQueryError
        The snapshot was built with imported shares of groups, which it does not keep.
    """
    groups = snapshot.manifest.parameters.get("groups") or {}
    if groups.get("declared"):
        raise BadQueryError(
            "该快照含导入的人群比例，情景不能改动人口；请在不含导入比例的快照上使用",
            "this snapshot holds imported shares of groups: a scenario cannot change its people; "
            "use a snapshot without them",
            param="population",
        )
    return build_demand(area, snapshot.assumptions.demand)
