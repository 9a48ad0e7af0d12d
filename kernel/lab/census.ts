/**
 * A census of one kernel: who holds which rights and references, what is queued, which memory and which threads wait;
 * by task, and (while a `SiteBook` follows) by the call that obtained it. Two censuses tell what has grown.
 */
import { DEAD_NAME, PORT_SET, RECEIVE, SEND, SEND_ONCE } from '../../ports/right.ts';
import { stackOfThread } from '../inspect.ts';
import type { Kernel, Task, Thread } from '../kernel.ts';
import type { Labels } from './labels.ts';
import type { Site, SiteBook } from './sites.ts';
import { blockedOn, outOfLineBytes } from './snapshot.ts';

/** What is counted. References of send rights and dead names; memory and out-of-line memory in bytes. */
export interface Counts {
  readonly receive: number;
  readonly send: number;
  readonly sendOnce: number;
  readonly sets: number;
  readonly dead: number;
  /** Messages that it has sent, and nobody has received: queued, or held by a blocked sender. */
  readonly messages: number;
  readonly outOfLine: number;
  readonly memory: number;
  /** Threads that wait there. */
  readonly blocked: number;
}

/** What one call site of a task holds. */
export interface SiteCount extends Counts {
  /** `program place (call)`. */
  readonly site: string;
}

/** A name of a task, and the calls that it has its rights from. */
export interface NameCount {
  readonly name: number;
  readonly port: string | null;
  readonly rights: readonly string[];
  readonly references: number;
  /** Call sites with how much each has obtained of it, most first. */
  readonly from: readonly { readonly site: string; readonly count: number }[];
}

/** One task. */
export interface TaskCount extends Counts {
  readonly task: string;
  readonly names: number;
  /** Messages queued on the ports that it receives from. */
  readonly inbox: number;
  readonly sites: readonly SiteCount[];
  /** Names, those with most references first. */
  readonly held: readonly NameCount[];
  /** Names that are not told, because there are too many. */
  readonly more: number;
  readonly waits: readonly { readonly thread: string; readonly site: string; readonly waits: string }[];
}

/** The census of a kernel. */
export interface Census {
  readonly now: number;
  /** Call sites are known: a `SiteBook` follows. */
  readonly hasSites: boolean;
  readonly ports: number;
  readonly messages: number;
  readonly tasks: readonly TaskCount[];
}

/** Names of one task that are told. */
const NAMES_TOLD_MAX = 1000;

type Tally = { -readonly [K in keyof Counts]: number };

const nothing = (): Tally => ({
  receive: 0,
  send: 0,
  sendOnce: 0,
  sets: 0,
  dead: 0,
  messages: 0,
  outOfLine: 0,
  memory: 0,
  blocked: 0,
});

/** A call site in one line. */
export const siteText = ({ program, place, call }: Site): string =>
  [program, place, call === '' ? '' : `(${call})`].filter((part) => part !== '').join(' ');

const UNKNOWN = 'not followed';
const FIELD = { receive: 'receive', send: 'send', sendOnce: 'sendOnce', set: 'sets', dead: 'dead' } as const;

/** Counts for one task while the kernel is walked. */
class TaskTally {
  readonly all: Tally = nothing();
  readonly sites: Map<string, Tally> = new Map();

  add(site: string, what: keyof Counts, count: number): void {
    if (count === 0) return;
    this.all[what] += count;
    const tally = this.sites.get(site) ?? nothing();
    tally[what] += count;
    this.sites.set(site, tally);
  }
}

/** Takes a census. Changes nothing. */
export const takeCensus = (kernel: Kernel, labels: Labels, book: SiteBook | null = null): Census => {
  const tallies = new Map([...kernel.tasks].map((task) => [task, new TaskTally()] as const));
  const byToken = new Map([...kernel.tasks].map((task) => [task.space.identity, task] as const));
  const tasks = [...tallies].map(([task, tally]) => ({ task, tally, ...countNames(task, tally, labels, book) }));
  for (const task of kernel.tasks) {
    for (const message of queuedFor(task)) {
      const sender = message.sender === null ? undefined : byToken.get(message.sender);
      const tally = sender === undefined ? undefined : tallies.get(sender);
      const site = book?.senderOf(message) ?? null;
      tally?.add(site === null ? UNKNOWN : siteText(site), 'messages', 1);
      tally?.add(site === null ? UNKNOWN : siteText(site), 'outOfLine', outOfLineBytes(message));
    }
  }
  const counted = tasks.map(({ task, tally, held, names }): TaskCount => {
    const waits = countWaits(task, tally, labels, book);
    countMemory(task, tally, book);
    const sites = [...tally.sites].map(([site, counts]) => ({ site, ...counts }));
    sites.sort((a, b) => totalOf(b) - totalOf(a) || (a.site < b.site ? -1 : 1));
    const inbox = queuedFor(task).length;
    const more = Math.max(0, held.length - NAMES_TOLD_MAX);
    return {
      task: labels.task(task),
      names,
      ...tally.all,
      inbox,
      sites,
      held: held.slice(0, NAMES_TOLD_MAX),
      more,
      waits,
    };
  });
  const { ports, messages } = kernel.ipc;
  return { now: kernel.now, hasSites: book !== null, ports, messages, tasks: counted };
};

const queuedFor = (task: Task) =>
  task.space.entries().flatMap(({ type, port }) => {
    if ((type & RECEIVE) === 0 || port === null) return [];
    const queued = Array.from({ length: port.msgcount }, (_, at) => port.queue?.at(at));
    return [...queued.filter((message) => message !== undefined), ...blockedOn(port).map(({ message }) => message)];
  });

const BITS = [
  [RECEIVE, 'receive'],
  [SEND, 'send'],
  [SEND_ONCE, 'sendOnce'],
  [PORT_SET, 'set'],
  [DEAD_NAME, 'dead'],
] as const;

const countNames = (
  task: Task,
  tally: TaskTally,
  labels: Labels,
  book: SiteBook | null,
): { readonly held: NameCount[]; readonly names: number } => {
  const entries = task.space.entries();
  const held = entries.map((entry): NameCount => {
    const kinds = BITS.filter(([bit]) => (entry.type & bit) !== 0).map(([, kind]) => kind);
    const from = new Map<string, number>();
    for (const kind of kinds) {
      const isCounted = kind === 'send' || kind === 'dead';
      const sites = (book?.heldBy(entry) ?? []).filter((each) => each.kind === kind);
      let left = isCounted ? entry.urefs : 1;
      for (const { site, count } of sites) {
        tally.add(siteText(site), FIELD[kind], count);
        from.set(siteText(site), (from.get(siteText(site)) ?? 0) + count);
        left -= count;
      }
      tally.add(UNKNOWN, FIELD[kind], Math.max(0, left));
    }
    return {
      name: entry.name,
      port: entry.port === null ? null : labels.port(entry.port),
      rights: kinds,
      references: entry.urefs,
      from: [...from].map(([site, count]) => ({ site, count })).sort((a, b) => b.count - a.count),
    };
  });
  held.sort((a, b) => b.references - a.references || a.name - b.name);
  return { held, names: entries.length };
};

const countWaits = (task: Task, tally: TaskTally, labels: Labels, book: SiteBook | null): TaskCount['waits'] => {
  const waiting = [...task.threads].filter((thread) => thread.run === 'waiting' && thread.waitsFor !== 'state');
  return waiting.map((thread) => {
    const site = whereOf(thread, book);
    tally.add(site, 'blocked', 1);
    const { waits } = stackOfThread(thread);
    const where = waits.port === null ? '' : ` on name ${waits.port}`;
    return { thread: labels.thread(thread), site, waits: `${waits.call}${where}` };
  });
};

const whereOf = (thread: Thread, book: SiteBook | null): string => {
  const [inner] = stackOfThread(thread).calls;
  const place =
    book?.placeOf(thread) ??
    (inner === undefined ? '' : inner.file === null ? inner.name : `${inner.file}:${inner.line}`);
  return siteText({ program: thread.program.name, place, call: stackOfThread(thread).waits.call });
};

/** Bytes that are mapped, by the calls that mapped them; what is mapped twice counts for whoever came last. */
const countMemory = (task: Task, tally: TaskTally, book: SiteBook | null): void => {
  let left = 0;
  const mapped = task.memory.regions.list;
  for (const { start, end } of mapped) left += end - start;
  for (const { address, bytes, site } of [...(book?.memoryOf(task) ?? [])].reverse()) {
    let still = 0;
    for (const { start, end } of mapped)
      still += Math.max(0, Math.min(end, address + bytes) - Math.max(start, address));
    const counted = Math.min(still, left);
    tally.add(siteText(site), 'memory', counted);
    left -= counted;
  }
  tally.add(UNKNOWN, 'memory', left);
};

/** How much there is of everything: what a row is sorted by. Memory counts by the page. */
const totalOf = (counts: Counts): number =>
  counts.receive +
  counts.send +
  counts.sendOnce +
  counts.sets +
  counts.dead +
  counts.messages +
  counts.blocked +
  (counts.memory + counts.outOfLine) / 4096;

/** What a call site holds more of than before. */
export interface Growth extends Counts {
  readonly task: string;
  readonly site: string;
}

const KEYS = Object.keys(nothing()) as (keyof Counts)[];

/** What has grown from one census to another, by call site, most first. What has shrunk is not told. */
export const growth = (before: Census, after: Census): Growth[] => {
  const was = new Map<string, SiteCount>();
  for (const { task, sites } of before.tasks) for (const site of sites) was.set(`${task}\n${site.site}`, site);
  const grown: Growth[] = [];
  for (const { task, sites } of after.tasks) {
    for (const now of sites) {
      const then = was.get(`${task}\n${now.site}`);
      const more = nothing();
      for (const key of KEYS) more[key] = Math.max(0, now[key] - (then?.[key] ?? 0));
      if (totalOf(more) > 0) grown.push({ task, site: now.site, ...more });
    }
  }
  return grown.sort((a, b) => totalOf(b) - totalOf(a) || (a.site < b.site ? -1 : 1));
};
