/**
 * What the page is showing, and how a link says it.
 * Parameter names are those of the HTTP API, so a link reads like a query.
 */

export const LANGS = ['zh', 'en'] as const;
export const MODES = ['walk', 'transit', 'drive'] as const;
export const VENUE_KINDS = [
  'center_city',
  'center_district',
  'center_n',
  'science_museum',
  'base',
  'other',
] as const;
/** The groups offered; which of them have data is the server's answer. */
export const GROUPS = [
  'all',
  'youth',
  'seniors',
  'seniors_65',
  'rural',
  'farmers',
  'workers',
  'cadres',
] as const;
export const LAYERS = ['subway', ...VENUE_KINDS] as const;
export const SORTS = ['adcode', 'people', 'covered', 'share', 'low', 'median_minutes'] as const;

export type Lang = (typeof LANGS)[number];
export type Mode = (typeof MODES)[number];
export type VenueKind = (typeof VENUE_KINDS)[number];
/** A layer the reader can switch off: the subway, or one kind of venue. */
export type Layer = (typeof LAYERS)[number];
export type SortKey = (typeof SORTS)[number];
export type Sort = { key: SortKey; descending: boolean };

export interface State {
  lang: Lang;
  /** A named yardstick; when set, the server takes mode, minutes and kinds from it. */
  standard: string | null;
  mode: Mode;
  minutes: number;
  group: string;
  kinds: 'science' | 'all';
  surface: boolean;
  district: string | null;
  hidden: readonly Layer[];
  /** Gap zones: null follows the selection (shown with a district, not for the whole city). */
  gaps: boolean | null;
  sort: Sort;
}

export const MINUTES = { min: 5, max: 120 } as const;

export const DEFAULTS: State = {
  lang: 'zh',
  standard: null,
  mode: 'transit',
  minutes: 45,
  group: 'all',
  kinds: 'science',
  surface: false,
  district: null,
  hidden: [],
  gaps: null,
  sort: { key: 'share', descending: true },
};

export function clampMinutes(value: number): number {
  if (!Number.isFinite(value)) return DEFAULTS.minutes;
  return Math.min(MINUTES.max, Math.max(MINUTES.min, Math.round(value)));
}

export function gapsShown(state: State): boolean {
  return state.gaps ?? state.district !== null;
}

function oneOf<T extends string>(allowed: readonly T[], value: string | null): T | undefined {
  return allowed.find((item) => item === value);
}

/** Read a link; what it does not say, or says wrongly, keeps its default. */
export function parseState(search: string, storedLang: string | null = null): State {
  const query = new URLSearchParams(search);
  const flag = (name: string): boolean | null => {
    const value = query.get(name);
    return value === null ? null : value === '1' || value === 'true';
  };
  const minutes = query.get('minutes');
  const sort = query.get('sort') ?? '-share';
  const sortKey = oneOf(SORTS, sort.replace(/^-/, ''));
  return {
    lang: oneOf(LANGS, query.get('lang')) ?? oneOf(LANGS, storedLang) ?? DEFAULTS.lang,
    standard: query.get('standard') || null,
    mode: oneOf(MODES, query.get('mode')) ?? DEFAULTS.mode,
    minutes: minutes === null ? DEFAULTS.minutes : clampMinutes(Number.parseInt(minutes, 10)),
    group: query.get('group') || DEFAULTS.group,
    kinds: oneOf(['science', 'all'], query.get('kinds')) ?? DEFAULTS.kinds,
    surface: flag('surface_transit') ?? DEFAULTS.surface,
    district: query.get('district') || null,
    hidden: (query.get('hide') ?? '').split(',').filter((x) => oneOf(LAYERS, x)) as Layer[],
    gaps: flag('gaps'),
    sort: sortKey ? { key: sortKey, descending: sort.startsWith('-') } : DEFAULTS.sort,
  };
}

/** The shortest link that `parseState` reads back as the same question and view. */
export function formatState(state: State): string {
  const query = new URLSearchParams();
  query.set('lang', state.lang);
  if (state.standard) {
    query.set('standard', state.standard);
  } else {
    if (state.mode !== DEFAULTS.mode) query.set('mode', state.mode);
    if (state.minutes !== DEFAULTS.minutes) query.set('minutes', String(state.minutes));
    if (state.kinds !== DEFAULTS.kinds) query.set('kinds', state.kinds);
  }
  if (state.group !== DEFAULTS.group) query.set('group', state.group);
  if (state.surface) query.set('surface_transit', 'true');
  if (state.district) query.set('district', state.district);
  if (state.hidden.length > 0) query.set('hide', state.hidden.join(','));
  if (state.gaps !== null) query.set('gaps', state.gaps ? '1' : '0');
  const sort = (state.sort.descending ? '-' : '') + state.sort.key;
  if (sort !== '-share') query.set('sort', sort);
  return `?${query.toString().replaceAll('%2C', ',')}`;
}
