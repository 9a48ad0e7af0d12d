/**
 * A resumable program: it is moved in the middle of its inner loop, while it waits for an answer, and goes on there.
 */
import { HostTask } from '../kernel/host-task.ts';
import { createTask, createThread } from '../kernel/lives.ts';
import { programOf } from '../kernel/resumable/program.ts';
import type { Received } from '../ports/port.ts';
import { MOVE_SEND_ONCE } from '../ports/right.ts';
import { main } from './05-program.program.ts';
import { introduce, isMain } from './support/local.ts';
import { LocalNode } from './support/node.ts';

const towns = { Lisbon: ['tower', 'tram', 'fado'], Porto: ['bridge', 'cellar'], Faro: ['lagoon'] };

/** Guides, moves, guides on. Answers what the visitors heard, and where the guide was then. */
export const guide = async (): Promise<unknown> => {
  using harbour = await LocalNode.open('harbour');
  using island = await LocalNode.open('island');
  LocalNode.join(harbour, island);
  const program = programOf(main, { name: 'guide' });
  for (const { kernel } of [harbour, island]) kernel.programs.set(program.name, program);

  await using visitors = new HostTask(harbour.kernel, 'visitors');
  const ear = visitors.allocate();
  const task = createTask(harbour.kernel, 'guide');
  createThread(task, program, program.start({ visitors: introduce(visitors.task, ear, task), towns }));

  const whereabouts = () =>
    [harbour, island].find(({ kernel }) => [...kernel.tasks].some(({ name }) => name === 'guide'));
  const heard: string[] = [];
  const hear = async (): Promise<Received> => {
    const message = await visitors.receive(ear, { timeoutMs: 5000 });
    heard.push(`${whereabouts()?.name}: ${message.body}`);
    return message;
  };
  const applaud = ({ remote }: Received, hands: number) =>
    visitors.send({ remote, remoteDisposition: MOVE_SEND_ONCE, id: 0, body: hands });

  await applaud(await hear(), 3);
  const tram = await hear();
  const record = await harbour.move('guide', 'island'); // it waits for the applause meanwhile
  await applaud(tram, 4);
  await applaud(await hear(), 0); // no fado
  for (const hands of [5, 6, 7, 0]) await applaud(await hear(), hands);
  return { heard, outcome: record?.outcome };
};

if (isMain(import.meta.url)) console.log(await guide());
