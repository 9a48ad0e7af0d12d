/**
 * Relocating: two kernels in one process, joined by a link. A counter moves; who talks to it keeps the right it has.
 */
import { setImmediate } from 'node:timers/promises';
import { HostTask } from '../kernel/host-task.ts';
import { createTask, createThread } from '../kernel/lives.ts';
import { machine } from '../kernel/machine.ts';
import { MACH_PORT_NULL, type PortName } from '../ports/name.ts';
import { COPY_SEND, MAKE_SEND_ONCE, MOVE_SEND_ONCE } from '../ports/right.ts';
import { introduce, isMain } from './support/local.ts';
import { LocalNode } from './support/node.ts';

type CounterState = { at: string; count: number; inbox: PortName };

/** Answers each request with how many there have been. All it is, between two requests, is its state: it can move. */
const counter = machine<CounterState>({
  name: 'counter',
  start: () => ({ at: 'begin', count: 0, inbox: MACH_PORT_NULL }),
  handlers: {
    begin(sys, s) {
      s.inbox = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
      s.at = 'serve';
      sys.receive(s.inbox);
    },
    serve(sys, s, { message }) {
      s.count += 1;
      if (message !== null)
        sys.send({ remote: message.remote, remoteDisposition: MOVE_SEND_ONCE, id: 101, body: s.count });
      sys.receive(s.inbox);
    },
  },
});

/** Counts, moves, counts on. Answers what the client heard and where the counter is. */
export const relocate = async (): Promise<unknown> => {
  using harbour = await LocalNode.open('harbour');
  using island = await LocalNode.open('island');
  LocalNode.join(harbour, island);
  // Code does not move: each node must know the program.
  for (const { kernel } of [harbour, island]) kernel.programs.set(counter.name, counter);

  const task = createTask(harbour.kernel, 'counter');
  const state = counter.start(undefined) as CounterState;
  createThread(task, counter, state);
  await setImmediate(); // the counter begins
  await using client = new HostTask(harbour.kernel, 'client');
  const door = introduce(task, state.inbox, client.task);
  const replies = client.allocate();
  const answerTo = { local: replies, localDisposition: MAKE_SEND_ONCE };
  const request = { remote: door, remoteDisposition: COPY_SEND, ...answerTo, id: 1 };
  const ask = async () => (await client.rpc(request, replies, { timeoutMs: 5000 })).body;

  const heard = [await ask(), await ask()];
  const record = await harbour.move('counter', 'island');
  heard.push(await ask(), await ask());
  const homes = [harbour, island].filter(({ kernel }) => [...kernel.tasks].some(({ name }) => name === 'counter'));
  return { heard, outcome: record?.outcome, homes: homes.map(({ name }) => name) };
};

if (isMain(import.meta.url)) console.log(await relocate());
