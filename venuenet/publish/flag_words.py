"""What every flag means, zh and en."""

from __future__ import annotations

FLAGS: dict[str, tuple[str, str]] = {
    # behind scenarios and mobile halls
    "scenario": ("情景：假设，非现状", "a scenario: assumed, not as it is"),
    "no_data:before": ("之前无数据", "no data before"),
    "no_data:after": ("之后无数据", "no data after"),
    "mobile_assumptions": (
        "布展、开放和行车时间为假设",
        "times for setting up, visiting and driving are assumptions",
    ),
    "drive_estimated": (
        "站点间行车时间按直线距离和分区车速估算",
        "drives between stops are estimated from straight lines and zonal speeds",
    ),
    "time_limit": (
        "到时限为止的最好方案，可能还有更好的",
        "the best found within the time limit; there may be better",
    ),
    # behind people and times
    "demand_modelled": (
        "人口为模型推算到网格的估计值，不是点数",
        "residents per cell are a model's estimate, not a count",
    ),
    "travel_estimated": (
        "出行时间为估算值（直线距离加绕行系数，轨道交通按发车间隔）",
        "travel times are estimates (straight lines with a detour; rail by headways)",
    ),
    "walk_estimated": (
        "乘车按导入班次，但步行段为估算值（直线距离加绕行系数）",
        "rides follow imported services, but walking is estimated (straight lines with a detour)",
    ),
    "traveller:senior": ("时间按出行者“老年人”计算", "times are those of a senior traveller"),
    "traveller:child": (
        "时间按出行者“儿童（成人陪同）”计算",
        "times are those of a child with an adult",
    ),
    "traveller:no_car": (
        "时间按出行者“无车居民”计算",
        "times are those of a traveller without a car",
    ),
    "surface_transit_assumed": (
        "含假设的地面公交，无实际公交数据",
        "includes an assumed bus service; there is no bus data",
    ),
    "venues_unlocated": (
        "部分场馆没有位置，未计入覆盖",
        "some venues have no position and cover nobody here",
    ),
    "residents_estimated": (
        "乡镇人口无普查数，按本区余数估计",
        "township residents estimated from what is left of the district's census figure",
    ),
    "residents_unknown": (
        "未收录该乡镇普查人口",
        "the township's census residents are not on record",
    ),
    "townships_unplaced": (
        "乡镇位置不明，其人口按本区其他居民的分布推算",
        "township location unknown; its residents take the pattern of the rest of the district",
    ),
    "point_unknown": ("乡镇位置不明", "township location unknown"),
    "residents_unplaced": (
        "含位置不明乡镇的部分居民",
        "includes residents of townships whose location is unknown",
    ),
    "area_unknown": ("乡镇面积未知", "township area unknown"),
    "area_doubtful": ("乡镇面积存疑（密度过高）", "township area doubtful (too dense)"),
    "area_sum_doubtful": (
        "本区各乡镇面积之和超过全区",
        "the known township areas of the district add up to more than the district",
    ),
    "group_estimated": (
        "人群比例由全市数扣除已知区后推算，为估计",
        "the group's share is estimated: what the city's figure leaves after the known districts",
    ),
    "relies_on_next_district": (
        "最近的场馆在外区",
        "the nearest venue lies in another district",
    ),
    "capacity_unknown": (
        "部分场馆容量未知，按不限量计",
        "the capacity of some venues is unknown; they are taken as never full",
    ),
    "group_fit": (
        "只计入人群表中服务于该人群的场馆类别",
        "only the kinds of venue that the groups' table says serve the group",
    ),
    "position_uncertain": (
        "场馆位置精度影响结果，见低—高区间",
        "depends on how exactly venues are located; see the low-high interval",
    ),
    "opening_unknown": (
        "部分场馆是否开放不明，影响结果，见低—高区间",
        "depends on venues whose opening is unknown; see the low-high interval",
    ),
    "travel_varies": (
        "出行时间随出发时刻变化，影响结果，见低—高区间",
        "depends on the departure taken; see the low-high interval",
    ),
    "no_data:group_unknown": (
        "该人群无公开人口数据",
        "no public figure for this group",
    ),
    "no_data:venues_unlocated": (
        "所问场馆多数没有位置，无法回答",
        "most of the venues asked for have no position",
    ),
    "no_data:no_people": ("范围内没有居民", "nobody lives there"),
    # behind a venue
    "unlocated": ("位置不明，不计入覆盖", "no position; covers nobody here"),
    "point_recalled": ("位置凭记忆标注，较粗", "position from memory, coarse"),
    "placeholder": ("体系占位记录，承办单位未知", "placeholder of the system; host unknown"),
    "status_unverified": ("开放状态未核实", "opening state not verified"),
    "base_unverified": ("科普基地身份未核实", "base status not verified"),
    "kind_unverified": (
        "清单未写明类别，暂按“其他”",
        "the list names no kind; counted as other for now",
    ),
    "validity_lapsed": (
        "有效期已过，场馆仍按开放计",
        "its term is over; the venue still counts as open",
    ),
    "base_term_ended": (
        "科普基地认定期 2021—2025 年已满，续期情况不明",
        "named as a base for 2021-2025; renewal unknown",
    ),
    "address_unverified": ("地址未核实", "address not verified"),
    "name_unverified": ("名称未核实", "name not verified"),
    "district_unverified": ("所属区未核实", "district not verified"),
    "district_conflict": ("各来源所属区不一致", "sources differ on the district"),
    "outside_own_district": (
        "位置略超出所属区界（在容差内）",
        "lies slightly outside its district's outline, within tolerance",
    ),
    "same_site": ("与另一场馆同址", "shares the site of another venue"),
    "candidate_site": ("可开展活动的场所，不是场馆", "a place for mobile activity, not a venue"),
    "datum_converted": ("坐标由 GCJ-02 转换", "converted from GCJ-02"),
    # accessibility
    "cell_centre_times": (
        "按格网中心的出行时间计算",
        "by the times of cells' centres",
    ),
    "capacity_from_area": (
        "部分容量由展厅面积推算",
        "some capacities are worked out from exhibition areas",
    ),
    "capacity_assumed": (
        "部分容量为假设值",
        "some capacities are assumed",
    ),
    "some_unknown": (
        "部分居民只能到达容量未知的场馆，未计入",
        "people who reach only venues of unknown capacity are left out",
    ),
    "some_unreached": (
        "部分居民到不了任何场馆，未计入均值",
        "people who reach no venue are left out of the mean",
    ),
    "total_not_mean": (
        "为总量而非均值",
        "a total, not a mean",
    ),
    "no_data:capacity_unknown": (
        "场馆容量均未知",
        "no venue's capacity is known",
    ),
    "no_data:unreached": (
        "无人能到达场馆",
        "nobody reaches a venue",
    ),
    # equity
    "unreached_left_out": (
        "到不了任何场馆的居民另计",
        "people who reach no venue are counted apart",
    ),
    "unmeasured_left_out": (
        "无数据的居民另计",
        "people without data are counted apart",
    ),
    "urban_rural_modelled": (
        "城乡按各区比例划分，为估计",
        "urban and rural are split by each district's share: an estimate",
    ),
    "own_district_up_to_60": (
        "本区场馆时间只算到60分钟",
        "times to venues of the own district are kept up to 60 minutes",
    ),
    "rank_estimated": (
        "排序所用比例部分为估计",
        "some of the shares ranked by are estimated",
    ),
    "no_data:all_zero": ("数值均为零", "all values are zero"),
    "no_data:bottom_has_nothing": (
        "最低四成居民的数值为零，比值无意义",
        "the lowest 40 % have nothing: the ratio means nothing",
    ),
    "no_data:no_line": ("未给出标准线", "no line was given"),
    "no_data:rank_unknown": ("排序所用人群比例未知", "the share ranked by is unknown"),
    "no_data:ranked_alike": (
        "各区比例相同（假设值），无法排序",
        "the shares are all alike (assumed): there is no order",
    ),
    # the network
    "cell_centres": ("按格网中心计算", "by the centres of cells"),
    "reach_by_cell_centres": ("可达人数按格网中心计算", "reach is counted by cells' centres"),
    "cell_far": ("附近无居民格网，取较远的一格", "no populated cell near: a farther one stands in"),
    "tier_not_kind": ("层级与类别不一致，待核实", "tier and kind differ: to be confirmed"),
    "no_data:theme": ("名录没有主题信息", "the lists give no themes"),
    "no_data:base_unlocated": ("基地没有位置", "the base has no position"),
    "no_data:no_way": ("没有路可达", "there is no way"),
    "no_data:own_district_times": (
        "没有本区场馆的出行时间",
        "times to venues of the own district are not kept for this question",
    ),
    "no_data:reach_beyond_matrix": (
        "超出出行时间矩阵的时长",
        "beyond the times the matrix holds",
    ),
    # yardsticks and plan
    "partial": ("部分场馆数值未知，为下限", "some figures are unknown: a lower bound"),
    "as_listed": ("按名录计数，名录可能不全", "counted from the lists, which may lack some"),
    "class_unverified": (
        "统计口径（建筑面积 500 m² 以上等）未核实",
        "the statistics class (building of 500 m² or more) is not checked",
    ),
    "no_target": ("没有目标值", "nobody set a target"),
    "no_venue": ("名录中没有此类场馆", "no venue of the class is listed"),
    "above_band": ("参观人次高于设计范围", "more visits than the halls are meant for"),
    "status_uncertain": ("结论取决于区间", "the status depends on the interval"),
    "user_value": ("用户导入的数值", "a figure the user imported"),
    "no_data:figures_unknown": ("面积、人次等数值均未知", "no venue's figure is known"),
    "no_data:no_venue": ("名录中没有此类场馆", "no venue of the class is listed"),
    "no_data:not_imported": ("需由用户导入", "only a user's import can tell"),
    "no_data:no_registered_population": (
        "未导入户籍人口",
        "registered population was not imported",
    ),
    "no_data:unknown_metric": ("没有这个指标", "there is no such metric"),
    "no_data:unknown_district": ("没有这个区", "there is no such district"),
    "by_cell": ("以所在格网代替场馆位置", "the cell it lies in stands for the venue"),
    "no_data:no_earlier_snapshot": ("没有更早的快照", "there is no earlier snapshot"),
}
