/** What a key means. Pure: an event in, a command out. */

export type Direction = 'north' | 'south' | 'east' | 'west';

export type Command =
  | { do: 'next' | 'previous' | 'undo' | 'help' | 'confirm' | 'cancel' }
  | { do: 'answer'; answer: 'accept' | 'reject' | 'merge' | 'move' | 'split' | 'ask' }
  | { do: 'nudge'; to: Direction; metres: number }
  | { do: 'candidate'; index: number };

export interface Key {
  key: string;
  code: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
  repeat: boolean;
}

const LETTERS: Record<string, Command> = {
  j: { do: 'next' },
  k: { do: 'previous' },
  a: { do: 'answer', answer: 'accept' },
  r: { do: 'answer', answer: 'reject' },
  m: { do: 'answer', answer: 'merge' },
  p: { do: 'answer', answer: 'move' },
  s: { do: 'answer', answer: 'split' },
  d: { do: 'answer', answer: 'ask' },
  u: { do: 'undo' },
  '?': { do: 'help' },
};

const ARROWS: Record<string, { turn: Command; to: Direction }> = {
  ArrowUp: { turn: { do: 'previous' }, to: 'north' },
  ArrowDown: { turn: { do: 'next' }, to: 'south' },
  ArrowLeft: { turn: { do: 'previous' }, to: 'west' },
  ArrowRight: { turn: { do: 'next' }, to: 'east' },
};

const STEP_M = 10;
const LONG_STEP_M = 100;

/** The letter meant: an input method for Chinese hides it, or writes it in full width. */
function letterOf({ key, code, shiftKey }: Key): string {
  if (key === 'Process' || key === 'Unidentified') {
    if (code === 'Slash' && shiftKey) return '?';
    return /^(Key[A-Z]|Digit[1-9])$/.test(code) ? code.slice(-1).toLowerCase() : '';
  }
  return key.length === 1 ? key.normalize('NFKC').toLowerCase() : key;
}

/**
 * @param moving the pin is being moved: arrows move it, and no other answer can be given by mistake
 * @param letters single letters are switched on
 */
export function commandOf(event: Key, moving: boolean, letters = true): Command | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const arrow = ARROWS[event.key];
  if (moving) {
    if (arrow) return { do: 'nudge', to: arrow.to, metres: event.shiftKey ? LONG_STEP_M : STEP_M };
    if (event.repeat) return null;
    if (event.key === 'Enter') return { do: 'confirm' };
    if (event.key === 'Escape') return { do: 'cancel' };
  } else if (arrow) return arrow.turn;
  if (!letters) return null;
  const letter = letterOf(event);
  if (/^[1-9]$/.test(letter)) return { do: 'candidate', index: Number(letter) - 1 };
  const command = LETTERS[letter] ?? null;
  if (moving) return null;
  const turning = command?.do === 'next' || command?.do === 'previous';
  return event.repeat && !turning ? null : command;
}
