/**
 * What a node has decided, and can still say after it has been killed. A decision is a record in the journal before
 * anything depends on it; a move that the destination has taken up is settled, and nobody will ask about it any more.
 */
import type { Body } from '../../ports/body.ts';
import type { DecisionVerdict } from './protocol.ts';

/** Keeps records over a crash. Each of its calls throws if it cannot: then it is as if it had not been made. */
export interface Journal {
  append(record: string): void;
  /** Everything that was kept, oldest first; null if nothing is kept over a crash. */
  records(): readonly string[] | null;
  /** Keeps these in place of all others. */
  replace(records: readonly string[]): void;
}

/** One decided move. `to` is the life of the node that it was decided for: another is not meant (protocols 2.3). */
export interface Decision {
  readonly mid: string;
  readonly task: string;
  readonly identity: string;
  readonly to: string;
  readonly at: number;
}

/** A line of the journal: a decision and, so that it costs no write of its own, what has been settled before. */
interface Line extends Partial<Decision> {
  readonly settled?: readonly string[];
  /** Decisions have been forgotten that were not settled. */
  readonly hasForgotten?: boolean;
}

/** Records beyond which the journal is written anew, and decisions kept at most. */
const RECORDS_MAX = 1024;
const OPEN_MAX = 512;

/** See the head of this file. */
export class Decisions {
  readonly #journal: Journal;
  readonly #open: Map<string, Decision> = new Map();
  #newlySettled: string[] = [];
  #records = 0;
  #hasForgotten = false;

  constructor(journal: Journal) {
    this.#journal = journal;
    for (const record of journal.records() ?? []) this.#replay(record);
  }

  /** Decisions that nobody has confirmed: of this life, and of those before. */
  get open(): readonly Decision[] {
    return [...this.#open.values()];
  }

  /** Decides a move. Throws if that cannot be written down; then nothing has been decided. */
  decide(decision: Decision): void {
    if (this.#records >= RECORDS_MAX) this.#compact();
    const line: Line = { ...decision, settled: this.#newlySettled };
    this.#journal.append(JSON.stringify(line));
    this.#records += 1;
    this.#newlySettled = [];
    this.#open.set(decision.mid, decision);
  }

  /** The destination runs the task. */
  settle(mid: string): void {
    if (this.#open.delete(mid)) this.#newlySettled.push(mid);
  }

  /** What was decided of a move, for a node that asks in its own name. */
  verdictOn(mid: string, asker: string): DecisionVerdict {
    const decision = this.#open.get(mid);
    if (decision !== undefined) return decision.to === asker ? 'COMMIT' : 'ABORT';
    return this.#journal.records() === null || this.#hasForgotten ? 'UNKNOWN' : 'ABORT';
  }

  #replay(record: string): void {
    this.#records += 1;
    const line = readLine(record);
    for (const mid of line.settled ?? []) this.#open.delete(mid);
    this.#hasForgotten ||= line.hasForgotten === true;
    const { mid, task = '', identity = '', to, at = 0 } = line;
    if (mid !== undefined && to !== undefined) this.#open.set(mid, { mid, task, identity, to, at });
  }

  /** Leaves out what is settled. A disk that has no room for it is heard of by the next record. */
  #compact(): void {
    const open = this.open.slice(-OPEN_MAX);
    const hasForgotten = this.#hasForgotten || open.length < this.#open.size;
    const lines: Line[] = [...(hasForgotten ? [{ hasForgotten }] : []), ...open];
    try {
      this.#journal.replace(lines.map((line) => JSON.stringify(line)));
    } catch {
      return;
    }
    this.#records = lines.length;
    this.#newlySettled = [];
    this.#hasForgotten = hasForgotten;
    this.#open.clear();
    for (const decision of open) this.#open.set(decision.mid, decision);
  }
}

/** A record that is none of ours says nothing. */
const readLine = (record: string): Line => {
  let line: unknown;
  try {
    line = JSON.parse(record);
  } catch {
    return {};
  }
  if (typeof line !== 'object' || line === null) return {};
  const { mid, task, identity, to, at, settled, hasForgotten } = line as Record<string, Body>;
  return {
    ...(typeof mid === 'string' && typeof to === 'string' ? { mid, to } : {}),
    ...(typeof task === 'string' ? { task } : {}),
    ...(typeof identity === 'string' ? { identity } : {}),
    ...(typeof at === 'number' ? { at } : {}),
    ...(Array.isArray(settled) ? { settled: settled.filter((each) => typeof each === 'string') } : {}),
    hasForgotten: hasForgotten === true,
  };
};
