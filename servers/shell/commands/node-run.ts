/**
 * `node-run`: what a process of `up` does. It tells its parent when it is ready, and lives until it is told to stop.
 */

import { lockIntrinsics } from '../../../kernel/resumable/lock/lock.ts';
import { messageOf } from '../../node/operator-error.ts';
import { nameOfNode } from '../../node/state-dir.ts';
import { startNode } from '../boot.ts';
import type { Context, RunNodeOptions } from '../context.ts';
import { rehearse } from '../rehearsal.ts';
import { asOperatorError } from '../terminal.ts';

const PAGES_PER_MIB = 256;

/** What a node's process tells its parent. */
export type NodeWord =
  | { readonly type: 'ready'; readonly node: string }
  | { readonly type: 'failed'; readonly error: Readonly<Record<string, unknown>> };

/** Runs a node until it is stopped. */
export const nodeRun = async (context: Context, name: string, options: RunNodeOptions): Promise<number> => {
  try {
    // Before any program is there, and after all that a node loads itself.
    if (options.lock) lockIntrinsics();
    const node = await startNode({
      name,
      ...(context.stateDir === undefined ? {} : { stateDir: context.stateDir }),
      ...(options.root === undefined ? {} : { root: options.root }),
      journal: options.journal ? 'on' : 'off',
      limits: {
        ...(options.memory === undefined ? {} : { pagesMax: options.memory * PAGES_PER_MIB }),
        ...(options.pageFile === undefined ? {} : { pageFileMax: options.pageFile * PAGES_PER_MIB }),
      },
      acceptCodeFrom: options.acceptCodeFrom?.includes('all') === true ? 'all' : (options.acceptCodeFrom ?? []),
      sink: ({ task, text }) =>
        void process.stdout.write(`${nameOfNode(task)} ${task.slice(task.indexOf('/') + 1)}  ${text}\n`),
    });
    const stop = (): void => void node.stop();
    process.on('SIGTERM', stop);
    context.signal.addEventListener('abort', stop, { once: true });
    if (options.tied === true) process.on('disconnect', stop);
    if (context.signal.aborted || (options.tied === true && !process.connected)) stop();
    tell({ type: 'ready', node: node.record.node }, options.tied === true ? 'keep' : 'let go');
    if (process.send === undefined) context.terminal.say(`${name} is ready (${node.record.node}); ^C stops it`);
    const ending = new AbortController();
    const rehearsal = rehearse(ending.signal).catch((error: unknown) => {
      if (!ending.signal.aborted) context.terminal.say(`${name} could not rehearse moves: ${messageOf(error)}`);
    });
    await node.stopped;
    ending.abort();
    await rehearsal;
    return 0;
  } catch (error) {
    tell({ type: 'failed', error: asOperatorError(error).toJSON() }, 'let go');
    throw error;
  }
};

/** Says a word to the parent; the channel to it is kept only to hear of its end. */
const tell = (word: NodeWord, channel: 'keep' | 'let go'): void => {
  process.send?.(word, undefined, undefined, () => {
    if (channel === 'let go') process.disconnect?.();
  });
};
