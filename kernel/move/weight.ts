/**
 * What of a task's threads would travel while it is frozen, by size: bulk belongs in memory, whose pages may follow
 * later. The walk trusts nothing: a state may hold what no image can.
 */
import { bodySize } from '../../ports/body.ts';
import { BODY_DEPTH_MAX } from '../../ports/limits.ts';
import type { Task, Thread } from '../kernel.ts';
import { type FrozenTask, freezeStates, STATES_MAX, threadText } from './states.ts';

/** The weight of an image. */
export interface ImageWeight {
  readonly bytes: number;
  /** The deepest part that still holds half of it or more, as a path such as `state.cache.words`. */
  readonly heaviest: { readonly path: string; readonly bytes: number };
  /** Parts of a state that cannot travel, by path, and why; or that it is too much. */
  readonly obstacles: readonly string[];
}

interface Weighed {
  readonly bytes: number;
  readonly path: string;
  readonly parts: readonly Weighed[];
}

/** Weighs the states of all threads of a task. States with a codec weigh what they are as bytes. */
export const weighImage = (task: Task): ImageWeight => {
  const obstacles: string[] = [];
  const rootOf = (thread: Thread): string => `${threadText(task, thread)}state`;
  const plain = [...task.threads].filter(({ program }) => program.image === undefined);
  const parts = plain.map((thread) => weigh(thread.state, rootOf(thread), 0, obstacles));
  for (const obstacle of obstacles.splice(0)) obstacles.push(`${obstacle}, and only plain data can move`);
  const frozen = freezeStates(task);
  if ('parts' in frozen) parts.push(...frozen.parts.map((part) => weighFrozen(task, part)));
  else obstacles.push(...frozen);
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  let heaviest: Weighed = { bytes, path: 'state', parts };
  for (let next = heaviestOf(heaviest); next !== undefined && next.bytes * 2 >= bytes; next = heaviestOf(next)) {
    heaviest = next;
  }
  if (bytes > STATES_MAX) {
    const part = `${heaviest.path} (${heaviest.bytes} bytes)`;
    obstacles.push(`the image has ${bytes} bytes, and ${STATES_MAX} may move; put ${part} into memory (sys.vm.box)`);
  }
  return { bytes, heaviest: { path: heaviest.path, bytes: heaviest.bytes }, obstacles };
};

/** A codec says which part is the heaviest; how the rest is made up it keeps to itself. */
const weighFrozen = (task: Task, { threads, frozen }: FrozenTask['parts'][number]): Weighed => {
  const { bytes, heaviest } = frozen;
  const thread = threads[heaviest?.index ?? 0];
  const of = thread === undefined ? '' : threadText(task, thread);
  if (heaviest === null || thread === undefined) return { bytes, path: `${of}state`, parts: [] };
  return { bytes, path: `${of}state`, parts: [{ bytes: heaviest.bytes, path: `${of}${heaviest.path}`, parts: [] }] };
};

const heaviestOf = ({ parts }: Weighed): Weighed | undefined =>
  parts.reduce<Weighed | undefined>(
    (most, part) => (most === undefined || part.bytes > most.bytes ? part : most),
    undefined,
  );

const weigh = (value: unknown, path: string, depth: number, obstacles: string[]): Weighed => {
  if (typeof value === 'function' || typeof value === 'symbol') {
    obstacles.push(`${path} is a ${typeof value}`);
    return { bytes: 0, path, parts: [] };
  }
  if (depth > BODY_DEPTH_MAX) {
    obstacles.push(`${path} is nested without end`);
    return { bytes: 0, path, parts: [] };
  }
  if (Array.isArray(value)) {
    return whole(
      path,
      value.map((each, at) => weigh(each, `${path}[${at}]`, depth + 1, obstacles)),
    );
  }
  if (!isRecord(value)) return { bytes: bodySize(value as never), path, parts: [] };
  return whole(
    path,
    Object.entries(value).map(([key, each]) => weigh(each, `${path}.${key}`, depth + 1, obstacles)),
  );
};

const whole = (path: string, parts: readonly Weighed[]): Weighed => ({
  bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
  path,
  parts,
});

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};
