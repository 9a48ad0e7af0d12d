/**
 * An arena: a task that keeps all it knows in its address space. Its state is a handle of a few numbers; it moves, its
 * pages follow when they are touched, and no handler has a word to say about either.
 */
import { type ArenaHandle, arenaHandle, openArena } from '../kernel/arena/arena.ts';
import { getText, makeTextMap, setText, textMapSize } from '../kernel/arena/text-map.ts';
import { HostTask } from '../kernel/host-task.ts';
import { createTask, createThread } from '../kernel/lives.ts';
import { machine } from '../kernel/machine.ts';
import type { PortName } from '../ports/name.ts';
import { allocate } from '../ports/name-calls.ts';
import { COPY_SEND, MAKE_SEND_ONCE, MOVE_SEND_ONCE } from '../ports/right.ts';
import { introduce, isMain } from './support/local.ts';
import { LocalNode } from './support/node.ts';

type TallyState = { at: string; readonly inbox: PortName; readonly arena: ArenaHandle };

/** Counts the words of the texts it is sent; answers the count of the last word, and how many words it knows. */
const tally = machine<TallyState, PortName>({
  name: 'tally',
  start: (inbox) => ({ at: 'serve', inbox, arena: arenaHandle() }),
  handlers: {
    serve(sys, s, { message }) {
      if (message === null) return sys.receive(s.inbox);
      const arena = openArena(sys, s.arena);
      if (arena.root === 0) arena.root = makeTextMap(arena);
      const words = String(message.body).split(' ');
      for (const word of words) setText(arena, arena.root, word, (getText(arena, arena.root, word) ?? 0) + 1);
      const body = [getText(arena, arena.root, words.at(-1) ?? '') ?? 0, textMapSize(arena, arena.root)];
      arena.commit(); // every fault has been before this line
      sys.send({ remote: message.remote, remoteDisposition: MOVE_SEND_ONCE, id: 101, body });
      sys.receive(s.inbox);
    },
  },
});

/** Counts words, moves, counts on. Answers what the client heard, and what became of the move. */
export const keep = async (): Promise<unknown> => {
  using harbour = await LocalNode.open('harbour');
  using island = await LocalNode.open('island');
  LocalNode.join(harbour, island);
  for (const { kernel } of [harbour, island]) kernel.programs.set(tally.name, tally);
  const task = createTask(harbour.kernel, 'tally');
  const inbox = allocate(task.space, 'RECEIVE') as PortName;
  createThread(task, tally, tally.start(inbox));
  await using client = new HostTask(harbour.kernel, 'client');
  const replies = client.allocate();
  const answerTo = { local: replies, localDisposition: MAKE_SEND_ONCE };
  const remote = introduce(task, inbox, client.task);
  const request = { remote, remoteDisposition: COPY_SEND, ...answerTo, id: 1 };
  const ask = async (body: string) => (await client.rpc({ ...request, body }, replies, { timeoutMs: 5000 })).body;

  const heard = [await ask('to be or not to be'), await ask(Array.from({ length: 500 }, (_, n) => `w${n}`).join(' '))];
  const record = await harbour.move('tally', 'island');
  heard.push(await ask('that is what to be means'), await ask('w7 w7 be'));
  return { heard, outcome: record?.outcome };
};

if (isMain(import.meta.url)) console.log(await keep());
