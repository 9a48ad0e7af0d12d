/**
 * States of threads as data. Those of machines are data; threads whose programs have a codec are frozen together, one
 * graph for each codec, because they share objects. A freeze changes nothing, so it comes before anything is taken
 * apart, and a thaw before anything is put together.
 */
import type { Body } from '../../ports/body.ts';
import { INLINE_BODY_MAX } from '../../ports/limits.ts';
import type { TaskImage } from '../interface/image.ts';
import type { Kernel, Task, Thread } from '../kernel.ts';
import type { FrozenStates, Program, StateCodec } from '../program.ts';
import { copyData } from './data.ts';

/** Bytes of the states of one task: an inline body, less what its names, threads and regions may need. */
export const STATES_MAX: number = INLINE_BODY_MAX - (64 << 10);

/** The states of a task as data. */
export interface FrozenTask {
  readonly heaps: readonly Body[];
  /** Index of the heap that a thread's state is in; none for a state that is data. */
  readonly heapOf: ReadonlyMap<Thread, number>;
  /** One for each codec, with the threads whose states it holds, in order. */
  readonly parts: readonly { readonly threads: readonly Thread[]; readonly frozen: FrozenStates }[];
}

/** The threads of a task by the codecs of their programs. */
const byCodec = (task: Task): ReadonlyMap<StateCodec, readonly Thread[]> => {
  const groups = new Map<StateCodec, Thread[]>();
  for (const thread of task.threads) {
    const { image } = thread.program;
    if (image === undefined) continue;
    const group = groups.get(image);
    if (group === undefined) groups.set(image, [thread]);
    else group.push(thread);
  }
  return groups;
};

/** How a thread is called where its task is described. */
export const threadText = (task: Task, thread: Thread): string =>
  task.threads.size === 1 ? '' : `thread ${thread.serial}: `;

/** The states that have a codec, or what of them cannot be data, in words. Changes nothing. */
export const freezeStates = (task: Task): FrozenTask | readonly string[] => {
  const heapOf = new Map<Thread, number>();
  const parts: { threads: readonly Thread[]; frozen: FrozenStates }[] = [];
  const refusals: string[] = [];
  for (const [codec, threads] of byCodec(task)) {
    const frozen = codec.encode(
      threads.map(({ program }) => program),
      threads.map(({ state }) => state),
    );
    if (frozen.kind === 'refused') {
      const thread = threads[frozen.index];
      refusals.push(`${thread === undefined ? '' : threadText(task, thread)}${frozen.why}`);
      continue;
    }
    for (const thread of threads) heapOf.set(thread, parts.length);
    parts.push({ threads, frozen });
  }
  return refusals.length > 0 ? refusals : { heaps: parts.map(({ frozen }) => frozen.heap), heapOf, parts };
};

/**
 * The states of an image's threads, in their order, or why there are none. All its programs are here. Builds nothing
 * that anybody else could see.
 */
export const thawStates = (kernel: Kernel, { threads, heaps }: TaskImage): readonly object[] | string => {
  const states: object[] = threads.map(({ state }) => copyData(state) as object);
  for (const [index, heap] of (heaps ?? []).entries()) {
    const members = threads.flatMap(({ heap: own }, at) => (own === index ? [at] : []));
    const programs = members.flatMap((at) => {
      const { program = '', hash = '' } = threads[at] ?? {};
      return kernel.programs.find(program, hash) ?? [];
    });
    const codec = programs[0]?.image;
    if (codec === undefined || !programs.every(({ image }) => image === codec)) return 'a heap of no thread';
    const thawed = codec.decode(programs as readonly Program[], heap);
    if (typeof thawed === 'string') return thawed;
    for (const [i, at] of members.entries()) states[at] = thawed[i] as object;
  }
  const isHeld = threads.every(
    ({ program, hash, heap = -1 }) =>
      heap < (heaps?.length ?? 0) && heap >= 0 === (kernel.programs.find(program, hash)?.image !== undefined),
  );
  return isHeld ? states : 'a thread without its state';
};
