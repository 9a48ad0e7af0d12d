/** What Node itself has for it: threads and child processes. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type Remote, Window } from './contender.ts';
import { startFarEnd } from './far-end.ts';

/** The body that the others carry too: a number and bytes. */
export const bodyOf = (size: number): { op: number; data: Uint8Array | null } => ({
  op: 0,
  data: size === 0 ? null : new Uint8Array(size).fill(7),
});

/** `worker_threads`, structured clone: another thread of this process. */
export const workerPort: Remote = {
  name: 'worker MessagePort',
  async open(size) {
    const worker = new Worker(new URL('./far.mjs', import.meta.url), { argv: ['worker'] });
    await once(worker, 'online');
    const body = bodyOf(size);
    const window = new Window(() => worker.postMessage(body));
    worker.on('message', () => window.heard());
    return { ask: (n, outstanding) => window.run(n, outstanding), close: async () => void (await worker.terminate()) };
  },
};

/** `child_process` with the advanced serialization. */
export const childChannel: Remote = {
  name: 'child_process send',
  async open(size) {
    const far = await startFarEnd(['ipc'], 'advanced');
    const body = bodyOf(size);
    const window = new Window(() => void far.process.send(body));
    far.process.on('message', () => window.heard());
    return { ask: (n, outstanding) => window.run(n, outstanding), close: () => far.close() };
  },
};
