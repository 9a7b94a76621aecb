/** What the browser remembers: the token for this window, the reviewer's name, what to undo. */

const TOKEN = 'venuenet.review.token';
const DONE = 'venuenet.review.done';
const WHO = 'venuenet.review.who';
const LETTERS = 'venuenet.review.letters';
const LANGUAGE = 'venuenet.lang';

export interface Done {
  receipt: number;
  question: string | null;
  title: string;
}

/** A value kept in a storage that may be switched off: then until the window closes. */
function remembered(storage: () => Storage, key: string) {
  let kept: string | null = null;
  return {
    get(): string | null {
      try {
        return storage().getItem(key) ?? kept;
      } catch {
        return kept;
      }
    },
    set(value: string): void {
      kept = value;
      try {
        storage().setItem(key, value);
      } catch {
        // kept above
      }
    },
  };
}

const token = remembered(() => sessionStorage, TOKEN);
const done = remembered(() => sessionStorage, DONE);
export const who = remembered(() => localStorage, WHO);
export const letters = remembered(() => localStorage, LETTERS);
export const storedLanguage = remembered(() => localStorage, LANGUAGE);

/** Take the token out of the address, where a glance or a bookmark would find it, and keep it. */
export function takeToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    token.set(given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return given ?? token.get();
}

/** Decisions of this window, oldest first. */
export function decisions(): Done[] {
  try {
    const found: unknown = JSON.parse(done.get() ?? '[]');
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

export function remember(decision: Done): void {
  done.set(JSON.stringify([...decisions(), decision]));
}

export function forget(receipt: number): void {
  done.set(JSON.stringify(decisions().filter((each) => each.receipt !== receipt)));
}
