/** What the review asks of its own server, with the token of this start. */

import { ApiError, problemOf } from '../api';

export const KINDS = ['same', 'new', 'place', 'datum'] as const;
export const ANSWERS = ['accept', 'merge', 'reject', 'move', 'split', 'ask'] as const;
export const DATUMS = ['WGS84', 'CGCS2000', 'GCJ-02', 'BD-09'] as const;

export type QuestionKind = (typeof KINDS)[number];
export type Answer = (typeof ANSWERS)[number];
export type Datum = (typeof DATUMS)[number];

/** WGS84 degrees. */
export interface Place {
  lon: number;
  lat: number;
}

export interface ListRow {
  file: string;
  sheet: string | null;
  row: number;
  raw: Record<string, unknown>;
}

export interface Card {
  venue_id: string;
  name_zh: string | null;
  name_en: string | null;
  aliases: string[];
  kind: string | null;
  adcode: string | null;
  district_zh: string | null;
  address_zh: string | null;
  phone: string | null;
  status: string | null;
  lon: number | null;
  lat: number | null;
  precision_m: number | null;
  standing: string;
  source: string | null;
  stated_on: string | null;
  row: ListRow | null;
}

export interface Candidate extends Place {
  precision_m: number | null;
  label_zh: string;
  label_en: string;
  usable: boolean;
}

export interface Reply {
  answer: Answer;
  values: Record<string, unknown>;
  who: string;
  at: string;
  why: string;
  receipt: number;
}

export interface Question {
  id: string;
  kind: QuestionKind;
  title_zh: string;
  title_en: string;
  adcode: string | null;
  district_zh: string | null;
  venues: Card[];
  reasons: { zh: string; en: string }[];
  score: number | null;
  candidates: Candidate[];
  answers: Answer[];
  state: 'open' | 'asked' | 'answered';
  reply: Reply | null;
  list_title: string;
  /** The id that a split parts from what it was merged with. */
  merged_id: string | null;
}

export interface Questions {
  revision: number;
  items: Question[];
  counts: { open: number; asked: number; answered: number };
}

export interface Values extends Partial<Place> {
  into?: string;
  datum?: Datum;
}

export interface Settled {
  receipt: { number: number; title: string };
  question: Question | null;
  snapshot_outdated: boolean;
  note_zh: string | null;
  note_en: string | null;
}

const UNREACHABLE = {
  title: '连接不到服务',
  title_en: 'The server does not answer',
  detail: '请确认运行 venuenet serve 的窗口没有关闭。重新启动后，请打开它显示的新的审核地址。',
  detail_en:
    'Check that the window running "venuenet serve" is still open. After a restart, open the new review address it prints.',
};

/** Whoever asks the server holds the token; addresses are relative, as on the map page. */
export interface Client {
  questions(state: 'open' | 'answered'): Promise<Questions>;
  decide(id: string, answer: Answer, who: string, why: string, values: Values): Promise<Settled>;
  split(venueId: string, who: string, why: string): Promise<Settled>;
  undo(receipt: number, who: string, why: string): Promise<Settled>;
}

export function createClient(token: string): Client {
  async function call<T>(path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = {
      Accept: 'application/json',
      'X-Venuenet-Token': token,
    };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    let answer: Response;
    try {
      answer = await fetch(path, {
        method: body === undefined ? 'GET' : 'POST',
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        cache: 'no-store',
      });
    } catch {
      throw new ApiError(problemOf(0, UNREACHABLE));
    }
    const found: unknown = await answer.json().catch(() => null);
    if (!answer.ok || found === null) throw new ApiError(problemOf(answer.status, found));
    return found as T;
  }

  return {
    questions: (state) => call(`review/questions?state=${state}`),
    decide: (id, answer, who, why, values) =>
      call(`review/questions/${encodeURIComponent(id)}`, { answer, who, why, values }),
    split: (venue_id, who, why) => call('review/split', { venue_id, who, why }),
    undo: (receipt, who, why) => call('review/undo', { receipt, who, why }),
  };
}
