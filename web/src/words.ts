/**
 * Flags in plain words, the same words as the reports' (venuenet/publish/words.py).
 * A flag is a code from the server; one without words here is shown as it is.
 */

import { h } from './dom';
import { pick, sentenceCase } from './i18n';

export const FLAGS: Record<string, readonly [zh: string, en: string]> = {
  demand_modelled: [
    '人口为模型推算到网格的估计值，不是点数',
    "residents per cell are a model's estimate, not a count",
  ],
  travel_estimated: [
    '出行时间为估算值（直线距离加绕行系数，轨道交通按发车间隔）',
    'travel times are estimates (straight lines with a detour; rail by headways)',
  ],
  surface_transit_assumed: [
    '含假设的地面公交，无实际公交数据',
    'includes an assumed bus service; there is no bus data',
  ],
  venues_unlocated: [
    '部分场馆没有位置，未计入覆盖',
    'some venues have no position and cover nobody here',
  ],
  residents_estimated: [
    '乡镇人口无普查数，按本区余数估计',
    "township residents estimated from what is left of the district's census figure",
  ],
  residents_unknown: ['未收录该乡镇普查人口', "the township's census residents are not on record"],
  townships_unplaced: [
    '乡镇位置不明，其人口按本区其他居民的分布推算',
    'township location unknown; its residents take the pattern of the rest of the district',
  ],
  point_unknown: ['乡镇位置不明', 'township location unknown'],
  residents_unplaced: [
    '含位置不明乡镇的部分居民',
    'includes residents of townships whose location is unknown',
  ],
  area_unknown: ['乡镇面积未知', 'township area unknown'],
  area_doubtful: ['乡镇面积存疑（密度过高）', 'township area doubtful (too dense)'],
  area_sum_doubtful: [
    '本区各乡镇面积之和超过全区',
    'the known township areas of the district add up to more than the district',
  ],
  group_estimated: [
    '人群比例套用全市数，为估计',
    "the group's share is the city's, an estimate for the district",
  ],
  position_uncertain: [
    '场馆位置精度影响结果，见低—高区间',
    'depends on how exactly venues are located; see the low-high interval',
  ],
  'no_data:group_unknown': ['该人群无公开人口数据', 'no public figure for this group'],
  'no_data:venues_unlocated': [
    '所问场馆多数没有位置，无法回答',
    'most of the venues asked for have no position',
  ],
  'no_data:no_people': ['范围内没有居民', 'nobody lives there'],
  unlocated: ['位置不明，不计入覆盖', 'no position; covers nobody here'],
  point_recalled: ['位置凭记忆标注，较粗', 'position from memory, coarse'],
  placeholder: ['体系占位记录，承办单位未知', 'placeholder of the system; host unknown'],
  status_unverified: ['开放状态未核实', 'opening state not verified'],
  base_unverified: ['科普基地身份未核实', 'base status not verified'],
  base_term_ended: [
    '科普基地认定期 2021—2025 年已满，续期情况不明',
    'named as a base for 2021-2025; renewal unknown',
  ],
  address_unverified: ['地址未核实', 'address not verified'],
  name_unverified: ['名称未核实', 'name not verified'],
  district_unverified: ['所属区未核实', 'district not verified'],
  district_conflict: ['各来源所属区不一致', 'sources differ on the district'],
  outside_own_district: [
    '位置略超出所属区界（在容差内）',
    "lies slightly outside its district's outline, within tolerance",
  ],
  same_site: ['与另一场馆同址', 'shares the site of another venue'],
  candidate_site: ['可开展活动的场所，不是场馆', 'a place for mobile activity, not a venue'],
  datum_converted: ['坐标由 GCJ-02 转换', 'converted from GCJ-02'],
};

export function flagText(code: string): string {
  const words = FLAGS[code];
  return words ? sentenceCase(pick(words[0], words[1])) : code;
}

/** Codes as sentences; nothing when there are none. */
export function flagList(flags: readonly string[]): HTMLElement | null {
  if (flags.length === 0) return null;
  return h(
    'ul',
    { class: 'flags' },
    flags.map((flag) => h('li', { 'data-flag': flag }, flagText(flag))),
  );
}
