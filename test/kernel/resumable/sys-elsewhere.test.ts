/** Names and moves as a program asks for them itself. */
import { describe, expect, it } from 'vitest';
import { MOVER, moverService, NETNAME_LOOK_UP } from '../../../kernel/interface/bootstrap.ts';
import { createTask, createThread } from '../../../kernel/lives.ts';
import { nameService } from '../../../servers/names/protocol.ts';
import { ask } from '../../servers/server-scene.ts';
import { programFrom, Stage } from './sys-scene.ts';

const HEAD = `import { type Sys, SysError } from 'portolan/resumable';\n`;

/** Lets time pass until the task is over. */
const over = (stage: Stage): readonly unknown[] => {
  for (let turns = 0; stage.task !== undefined; turns += 1) {
    if (turns === 100) throw new Error(`it does not end: ${JSON.stringify(stage.log)}`);
    stage.pass(5);
  }
  expect(stage.failures).toEqual([]);
  return stage.log;
};

const TOURIST = `${HEAD}export async function main(sys: Sys, { log, nodes, strategy }) {
  const beside = { count: 0, stop: false };
  const other = sys.spawn(async () => { while (!beside.stop) { await sys.sleep(1); beside.count += 1; } return beside.count > 0; });
  const at = await sys.vm.allocate(4096);
  await sys.vm.setU32(at, 1);
  await sys.send(log, await sys.node());
  for (const node of nodes) {
    try {
      const { outcome } = await sys.migrateTo(node, strategy === undefined ? {} : { strategy });
      await sys.vm.setU32(at, await sys.vm.getU32(at) + 1);
      await sys.send(log, [outcome, await sys.node(), await sys.vm.getU32(at)]);
    } catch (error) {
      await sys.send(log, [error.code, error.message, await sys.node()]);
    }
  }
  beside.stop = true;
  await sys.send(log, await other);
}`;

describe('a program moves itself', () => {
  it.each([undefined, 'eager-all'])('there, back, and there again (strategy: %s)', (strategy) => {
    const stage = new Stage(TOURIST, { nodes: ['b', 'a', 'b'], ...(strategy === undefined ? {} : { strategy }) });
    expect(over(stage)).toEqual(['a', ['moved', 'b', 2], ['moved', 'a', 3], ['moved', 'b', 4], true]);
  });

  it('or is told why not, and goes on where it is', () => {
    const stage = new Stage(TOURIST, { nodes: ['a', 'nowhere', 'b'] });
    const [, here, nowhere, there] = over(stage);
    expect(here).toEqual(['E_NOT_MOVED', expect.stringContaining('the task is on a already'), 'a']);
    expect(nowhere).toEqual(['E_NOT_MOVED', expect.stringContaining('nowhere'), 'a']);
    expect(there).toEqual(['moved', 'b', 2]);
  });

  it('not to a node that does not know its code', () => {
    const [, refused] = over(new Stage(TOURIST, { nodes: ['b'] }, ['a']));
    expect(refused).toEqual(['E_NOT_MOVED', expect.stringContaining('test.program.ts'), 'a']);
  });
});

describe('a mover', () => {
  it('moves nobody but who asks', () => {
    const stage = new Stage(TOURIST, { nodes: [] });
    const { operator, names } = stage.first;
    const { right } = ask(operator, names, [nameService, 'look_up', { name: MOVER }]);
    const { value } = ask(operator, right, [moverService, 'move_me', { node: 'b', task: 'program' } as never]);
    expect(value).toMatchObject({ outcome: 'refused', why: expect.stringContaining('pinned') });
  });

  it('does nothing else', () => {
    const stage = new Stage(TOURIST, { nodes: [] });
    const { operator, names } = stage.first;
    const { right } = ask(operator, names, [nameService, 'look_up', { name: MOVER }]);
    const reply = operator.port();
    operator.send(right, 5200, { task: 'program', node: 'b' }, [], reply);
    stage.world.run();
    expect(operator.take(reply)?.body).toEqual({ retcode: 'MIG_BAD_ID' });
  });
});

describe('a name', () => {
  const USER = `${HEAD}export async function main(sys: Sys, { log, host }) {
    try {
      const to = await sys.lookUp('clock', host === undefined ? {} : { host });
      await sys.send(to, 'tick');
      await sys.release(to);
      await sys.send(log, 'found');
    } catch (error) { await sys.send(log, [error.code, error.call]); }
  }`;

  it('is the message that the name service knows', () => {
    expect(nameService.id('look_up')).toBe(NETNAME_LOOK_UP);
  });

  it.each([undefined, 'b'])('is looked up at its node (host: %s)', (host) => {
    const stage = new Stage(`${HEAD}export async function main(sys: Sys) { await sys.sleep(1); }`);
    const at = host === undefined ? stage.first : stage.sites[1];
    if (at === undefined) throw new Error('no node');
    const clock = at.operator.port();
    ask(
      at.operator,
      at.names,
      [nameService, 'check_in', { name: 'clock' }],
      [{ kind: 'port', name: clock, disposition: 20 }],
    );
    const user = programFrom(USER);
    const task = createTask(stage.first.node.kernel, 'user');
    const first = stage.task;
    task.bootstrapPort = first?.bootstrapPort ?? null;
    if (task.bootstrapPort !== null) task.bootstrapPort.srights += 1;
    createThread(task, user, user.start({ log: 0, ...(host === undefined ? {} : { host }) }));
    stage.rest();
    expect(at.operator.take(clock)?.body).toBe('tick');
  });

  it('that nobody has is said so', () => {
    const stage = new Stage(USER);
    expect(over(stage)).toEqual([['NETNAME_NOT_CHECKED_IN', 'look_up clock']]);
  });

  it('is not looked up without a name service', () => {
    const stage = new Stage(USER.replace('try {', 'await sys.sleep(5); try {'));
    const { task } = stage;
    if (task?.bootstrapPort) task.bootstrapPort.srights -= 1;
    if (task !== undefined) task.bootstrapPort = null;
    expect(over(stage)).toEqual([['E_NO_BOOTSTRAP', 'lookUp']]);
  });
});
