"""What a proposal says, zh and en: goals, options, flags, and how it was worked out. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from venuenet.proposals.types import Goal
from venuenet.siting.solver import Status

Words = tuple[str, str]

GOALS: Mapping[Goal, Words] = {
    "cover_most": ("覆盖最多居民", "most people within reach"),
    "cover_share": ("以最低费用覆盖既定比例", "a share of people within reach at least cost"),
    "cover_all": ("以最低费用覆盖全部居民", "everybody within reach at least cost"),
    "cover_twice": (
        "覆盖最多居民，并尽量有第二个场馆",
        "most people within reach, and of a second venue too",
    ),
    "cover_fairly": (
        "先提高覆盖最差的区，再覆盖最多居民",
        "raise the worst-served district first, then most people",
    ),
    "cover_with_room": (
        "在接待能力之内覆盖最多居民",
        "most people within reach of a venue with room for them",
    ),
    "nearest_on_average": ("平均到最近场馆的时间最短", "the least time to the nearest, on average"),
    "nearest_at_worst": ("最远者到最近场馆的时间最短", "the least time to the nearest, at worst"),
    "nearest_with_room": (
        "在接待能力之内平均时间最短",
        "the least time on average to a venue with room",
    ),
}
STATUS: Mapping[Status, Words] = {
    "optimal": ("已证明最优（在允许差距内）", "proven best, up to the gap allowed"),
    "time_limit": ("到时限为止的最好方案", "the best found within the time limit"),
    "infeasible": ("没有方案能满足全部要求", "no plan keeps all the rules"),
    "unbounded": ("模型无界", "the model has no bound"),
    "failed": ("求解失败", "the solver failed"),
}
FLAGS: Mapping[str, Words] = {
    "costs_assumed": (
        "费用为假设的相对单位（科普角 = 1），只用于方案之间比较，不是造价",
        "costs are assumed relative units (a science corner is 1), for comparing plans only",
    ),
    "culture_centre_assumed": (
        "假设街道乡镇驻地有综合文化中心，位置以驻地为准",
        "a culture centre is assumed at the township's seat, and to stand there",
    ),
    "ground_unchecked": (
        "格网中人口最多处的中心，未核查用地",
        "the middle of where most people of the cell are; the ground was not checked",
    ),
    "not_permanent": ("非固定设施，只在停留时可达", "not permanent: within reach while it stops"),
    "options_assumed": (
        "新设施一经建成即计为场馆，其类别、容量见假设表",
        "what is built counts as a venue of the kind and room assumed for it",
    ),
    "places_aggregated": (
        "居民合并到较大格网计算，结果略有出入，前后对比仍按原样本点",
        "people were put together in larger cells for the model; before and after were not",
    ),
    "cell_centres": (
        "求解时每个格网以中心代表，前后对比仍按原样本点",
        "for the model each cell stands at its centre; before and after use its sample points",
    ),
    "room_by_point": (
        "求解时每个样本点只能去自身可达的场馆；前后对比按格网计，因此不低于目标值",
        "the model lets each sample point use what it reaches itself; before and after count "
        "cells, so they are no lower",
    ),
    "some_residents": (
        "目标、范围内与新增人数只计所列区（residents）的居民；前后对比按全市",
        "the objective and the people of each site count residents of the districts named only; "
        "before and after count everybody",
    ),
    "weighted": (
        "目标按人群加权：每位居民计 1，所列人群另加其权重",
        "people are weighted: everybody is 1, those of the groups named more by their weight",
    ),
}


def flag_words(flag: str) -> Words | None:
    """Word a flag of a proposal; None where another list has it."""
    return FLAGS.get(flag.partition(":")[0])
