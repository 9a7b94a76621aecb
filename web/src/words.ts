/** Flags in plain words. A flag is a code from the server; one without words here is shown as is. */

import { pick } from './i18n';

export const FLAGS: Record<string, readonly [zh: string, en: string]> = {
  // What stands behind a number.
  demand_modelled: [
    '人口按模型分到格网，不是逐户统计；越小的范围越粗略。',
    'People are spread over cells by a model, not counted house by house; the smaller the area, the rougher.',
  ],
  travel_estimated: [
    '步行和驾车时间按直线距离和绕行系数估算，没有使用道路网。',
    'Walking and driving times are estimated from distance and a detour factor, without a road network.',
  ],
  surface_transit_assumed: [
    '计入了地面公交的假设速度和候车时间，不是主口径。',
    'Assumed bus speeds and waiting times are included; this is not the headline figure.',
  ],
  venues_unlocated: [
    '部分场馆没有位置，没有计入覆盖，实际覆盖可能更高。',
    'Some venues have no position and were not counted; true coverage may be higher.',
  ],
  residents_estimated: [
    '有街道或乡镇的常住人口未查到普查数，由所在区总数分摊估计。',
    'Where no census figure was found for a township, residents were shared out from the district total.',
  ],
  townships_unplaced: [
    '有街道或乡镇没有可用的位置，其居民的分布更粗略。',
    'Some townships have no usable point, so their residents are placed more roughly.',
  ],
  residents_unplaced: [
    '这里含有位置不明的街道或乡镇的居民。',
    'Includes residents of townships whose place is unknown.',
  ],
  group_estimated: [
    '该区没有此人群的比例，套用了全市比例。',
    "The district's share of this group is unknown; the city's share was used.",
  ],
  position_uncertain: [
    '场馆位置有误差，覆盖率是一个区间。',
    'Venue positions are uncertain, so the share is an interval.',
  ],
  point_unknown: ['没有可用的位置。', 'No usable point.'],
  'no_data:group_unknown': [
    '无数据：此人群没有公开的人数。',
    'No data: nobody publishes how many people are in this group.',
  ],
  'no_data:venues_unlocated': [
    '无数据：所问的场馆多数没有位置，不能判断覆盖。',
    'No data: most of the venues asked for have no position, so coverage cannot be told.',
  ],
  'no_data:no_people': ['无数据：这里没有此人群。', 'No data: nobody of this group lives here.'],
  // What is known of a venue.
  unlocated: ['没有位置，不在图上，也不计入覆盖。', 'No position: not on the map, not counted.'],
  point_recalled: [
    '位置凭常识给出，未经测绘核对。',
    'The point is from general knowledge, not checked on a survey.',
  ],
  status_unverified: ['是否开放未核实。', 'Whether it is open was not verified.'],
  placeholder: [
    '按“1+16+N”体系占位，承办单位和地址待确认。',
    'A placeholder from the 1+16+N system; host and address to be confirmed.',
  ],
  base_unverified: ['科普基地资格未核实。', 'Its standing as a science base was not verified.'],
  base_term_ended: ['科普基地命名已到期。', 'Its term as a science base has ended.'],
  address_unverified: ['地址未核实。', 'The address was not verified.'],
  district_unverified: ['所在区未核实。', 'The district was not verified.'],
  outside_own_district: [
    '位置略出本区界线（在容差内），按地址归区。',
    'The point lies slightly outside its district (within tolerance); the address decides.',
  ],
  district_conflict: [
    '地址所在区与位置所在区不一致，请核对。',
    'The districts of its address and its point differ; please check.',
  ],
  same_site: ['与另一条记录在同一地点。', 'On the same site as another record.'],
  name_unverified: ['名称未核实。', 'The name was not verified.'],
  candidate_site: ['可作候选点。', 'A candidate site.'],
  datum_converted: [
    '位置由加密坐标换算而来。',
    'The point was converted from an offset datum.',
  ],
};

export function flagText(code: string): string {
  const words = FLAGS[code];
  return words ? pick(words[0], words[1]) : code;
}
