/** What tasks, ports and messages take of the heap: bytes, by the engine's own count, with collections asked for. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { bootKernel } from '../../kernel/boot.ts';
import type { Kernel, Task } from '../../kernel/kernel.ts';
import { createTask, createThread, terminateTask } from '../../kernel/lives.ts';
import { machine } from '../../kernel/machine.ts';
import { runKernel } from '../../kernel/scheduler.ts';
import type { PortName } from '../../ports/name.ts';
import { allocate, carry, land } from '../../ports/name-calls.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_SEND_ONCE } from '../../ports/right.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const heap = (): number => {
  collect();
  return process.memoryUsage().heapUsed;
};

const newKernel = (): Kernel =>
  bootKernel({
    node: 'footprint',
    clock: { now: () => 0 },
    pump: { wanted: () => undefined, deadline: () => undefined },
  });

const newPort = (task: Task): PortName => {
  const name = allocate(task.space, 'RECEIVE');
  if (typeof name === 'string') throw new Error(name);
  return name;
};

const give = (from: Task, name: PortName, to: Task): PortName => {
  const right = carry(from.space, name, MAKE_SEND);
  const landed = typeof right === 'string' ? right : land(to.space, right);
  if (typeof landed === 'string') throw new Error(landed);
  return landed;
};

interface Idle {
  at: string;
  readonly port: PortName;
}

const idler = machine<Idle, Idle>({
  name: 'idler',
  start: (state) => state,
  handlers: { wait: (sys, s) => sys.receive(s.port) },
});

const idle = (kernel: Kernel): Task => {
  const task = createTask(kernel, 'idle');
  createThread(task, idler, { at: 'wait', port: newPort(task) });
  return task;
};

const live = (kernel: Kernel): void => {
  while (kernel.runQueue.length > 0) runKernel(kernel, 1 << 20);
};

test('an idle task with a port and a waiting thread takes few bytes', () => {
  const kernel = newKernel();
  for (let i = 0; i < 500; i += 1) idle(kernel);
  live(kernel);
  const before = heap();
  for (let i = 0; i < 2000; i += 1) idle(kernel);
  live(kernel);
  const bytes = (heap() - before) / 2000;
  expect(kernel.tasks.size).toBe(2500);
  expect(bytes).toBeLessThan(2000);
});

test('tasks and ports that have come and gone leave nothing', () => {
  const kernel = newKernel();
  const round = (count: number): void => {
    for (let i = 0; i < count; i += 1) {
      const task = idle(kernel);
      if (i % 2 === 0) live(kernel);
      terminateTask(task);
    }
    live(kernel);
  };
  round(3000); // the ring of lives is full from now on
  const before = heap();
  round(8000);
  const bytes = (heap() - before) / 8000;
  expect([kernel.tasks.size, kernel.ipc.ports, kernel.ipc.messages]).toEqual([0, 0, 0]);
  expect(bytes).toBeLessThan(20);
});

interface Client {
  at: string;
  left: number;
  readonly to: PortName;
  readonly replies: PortName;
}

const client = machine<Client, Client>({
  name: 'client',
  start: (state) => state,
  handlers: {
    ask(sys, s) {
      if (s.left === 0) return sys.receive(s.replies);
      s.left -= 1;
      const draft = {
        remote: s.to,
        remoteDisposition: COPY_SEND,
        local: s.replies,
        localDisposition: MAKE_SEND_ONCE,
        id: 1,
      };
      sys.rpc(draft, s.replies);
    },
  },
});

const server = machine<Idle, Idle>({
  name: 'server',
  start: (state) => state,
  handlers: {
    wait(sys, s, { message }) {
      if (message !== null) sys.send({ remote: message.remote, remoteDisposition: MOVE_SEND_ONCE, id: 2 });
      sys.receive(s.port);
    },
  },
});

/** Bytes of a draft as the client writes it, of one as the server does, and of two messages: headers of 3 words. */
const DUE = (3 + 5 + 3 + 3 + 2 * (3 + 16)) * 8;

test('a round trip makes two messages, and the programs their drafts; nothing else', () => {
  const kernel = newKernel();
  const [asking, serving] = [createTask(kernel, 'client'), createTask(kernel, 'server')];
  const port = newPort(serving);
  const state: Client = { at: 'ask', left: 30_000, to: give(serving, port, asking), replies: newPort(asking) };
  createThread(serving, server, { at: 'wait', port });
  const thread = createThread(asking, client, state);
  live(kernel); // compiled, and every ring as long as it gets
  const bytes = [1, 2, 3, 4, 5].map(() => {
    state.left = 2000;
    kernel.makeRunnable(thread);
    const before = heap();
    live(kernel);
    return (process.memoryUsage().heapUsed - before) / 2000;
  });
  expect(state.left).toBe(0);
  expect(Math.min(...bytes)).toBeGreaterThan(DUE * 0.5);
  expect(Math.min(...bytes)).toBeLessThan(DUE * 1.15);
});
