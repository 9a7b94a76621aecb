/** The answers of the server, as API.md defines them, and the one way to ask for them. */

import type { FeatureCollection, MultiPolygon, Polygon } from 'geojson';
import type { Mode, State, VenueKind } from './state';

export interface Source {
  id: string;
  title: string;
  title_en: string;
  date: string;
  licence: string;
  attribution: string;
}

export interface Envelope {
  snapshot: string;
  as_of: string;
  sources: Source[];
}

/** How the times of an answer were made, and for whom. */
export interface Travel {
  mode: Mode;
  basis: string;
  engine: string;
  estimated: boolean;
  period: string | null;
  zh: string;
  en: string;
  traveller: Named & { id: string };
}

export interface Figures {
  people: number | null;
  covered: number | null;
  uncovered: number | null;
  share: number | null;
  low: number | null;
  high: number | null;
  median_minutes: number | null;
  p90_minutes: number | null;
  mean_minutes: number | null;
  no_access: number | null;
  nearest: { venue_id: string; name_zh: string; name_en: string; minutes: number } | null;
  flags: string[];
  /** The same question with surface transit assumed; shown beside, never in, the figures. */
  with_surface?: { covered: number | null; share: number | null } | null;
}

export interface Named {
  name_zh: string;
  name_en: string;
}

export interface DistrictRow extends Figures, Named {
  adcode: string;
}

export interface TownshipRow extends Figures, Named {
  township_code: string;
}

export interface GroupRow extends Figures {
  group: string;
  group_zh: string;
  group_en: string;
  standing: 'known' | 'estimated' | 'unknown';
}

export interface CoverageAnswer extends Envelope {
  travel: Travel;
  standard: string | null;
  mode: Mode;
  minutes: number;
  items: DistrictRow[];
  total: Figures;
}

export interface DistrictAnswer extends Envelope {
  item: DistrictRow;
  townships: TownshipRow[];
  groups: GroupRow[];
}

export interface Gap {
  gap_id: string;
  adcode: string;
  township_code: string;
  township_zh: string;
  township_en: string;
  people: number;
  area_km2: number;
  nearest_venue_id: string | null;
  nearest_venue_zh: string | null;
  nearest_venue_en: string | null;
  nearest_minutes: number | null;
  cause: string;
  cause_zh: string;
  cause_en: string;
  evidence_zh: string;
  evidence_en: string;
  gap_type: 'service' | 'data';
  severity: 'high' | 'medium' | 'low';
  flags: string[];
}

export interface Cause {
  cause: string;
  cause_zh: string;
  cause_en: string;
  gap_type: 'service' | 'data';
  gaps: number;
  people: number;
}

export interface GapsAnswer extends Envelope {
  items: Gap[];
  causes: Cause[];
}

export interface Venue extends Named {
  venue_id: string;
  kind: VenueKind;
  tier: 'hub' | 'branch' | 'node' | '-';
  level: string;
  adcode: string | null;
  address_zh: string | null;
  status: string;
  lon: number | null;
  lat: number | null;
  precision_m: number | null;
  confidence: string;
  flags: string[];
  source: string;
}

export interface Standard extends Named {
  id: string;
  mode: Mode;
  minutes: number;
  kinds: VenueKind[] | 'science' | 'all';
  k: number;
  source: string;
}

export type DistrictShapes = FeatureCollection<
  Polygon | MultiPolygon,
  { adcode: string; name_zh: string; name_en: string; label_lon: number; label_lat: number }
>;

/** An RFC 9457 problem, in both languages. */
export interface Problem {
  title: string;
  title_en: string;
  status: number;
  detail: string;
  detail_en: string;
  param?: string | null;
  allowed?: string[] | null;
}

export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail_en);
    this.problem = problem;
  }
}

const UNREACHABLE: Problem = {
  title: '连接不到服务',
  title_en: 'The server does not answer',
  status: 0,
  detail: '请确认运行 venuenet serve 的窗口没有关闭，然后重试。本页不需要访问互联网。',
  detail_en:
    'Check that the window running "venuenet serve" is still open, then try again. This page needs no internet.',
};

/** Make a Problem of any refusal, also of one that is not problem+json. */
export function problemOf(status: number, body: unknown): Problem {
  const given = typeof body === 'object' && body !== null ? (body as Partial<Problem>) : {};
  return {
    title: given.title ?? '服务返回了错误',
    title_en: given.title_en ?? given.title ?? 'The server returned an error',
    status,
    detail: given.detail ?? `HTTP ${status}。请稍后重试；若仍出现，请把本页地址发给管理员。`,
    detail_en:
      given.detail_en ??
      given.detail ??
      `HTTP ${status}. Try again later; if it persists, send this page's address to the administrator.`,
    param: given.param ?? null,
    allowed: given.allowed ?? null,
  };
}

/** Ask for JSON; `path` is relative, so the page also works below another path. */
export async function ask<T>(path: string): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, { headers: { Accept: 'application/json' } });
  } catch {
    throw new ApiError(UNREACHABLE);
  }
  const body: unknown = await answer.json().catch(() => null);
  if (!answer.ok || body === null) throw new ApiError(problemOf(answer.status, body));
  return body as T;
}

/** The question as query parameters; a standard already says mode, minutes and kinds. */
export function question(state: State): URLSearchParams {
  const query = new URLSearchParams();
  if (state.standard) {
    query.set('standard', state.standard);
  } else {
    query.set('mode', state.mode);
    query.set('minutes', String(state.minutes));
    query.set('kinds', state.kinds);
  }
  query.set('group', state.group);
  if (state.surface && (state.standard || state.mode === 'transit'))
    query.set('surface_transit', 'true');
  return query;
}

export const paths = {
  coverage: (state: State) => `coverage?${question(state)}`,
  district: (state: State, adcode: string) => `coverage/${adcode}?${question(state)}`,
  gaps: (state: State, adcode: string) => `gaps?district=${adcode}&${question(state)}`,
  gapShapes: (state: State, adcode: string | null) =>
    `gaps.geojson?${adcode ? `district=${adcode}&` : ''}${question(state)}`,
  report: (state: State, adcode: string) =>
    `reports/${adcode}?lang=${state.lang}&${question(state)}`,
  workbook: (state: State, adcode: string) => `reports/${adcode}.xlsx?${question(state)}`,
  venues: 'venues?kinds=all',
  standards: 'standards',
  words: 'map/words',
  districts: 'map/districts.geojson',
  subway: 'map/subway.geojson',
} as const;
