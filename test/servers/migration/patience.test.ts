/** What a move does when nobody answers, or answers late; and that moves do not wait for each other. */
import { describe, expect, it } from 'vitest';
import type { Task } from '../../../kernel/kernel.ts';
import { terminateTask } from '../../../kernel/lives.ts';
import { machine } from '../../../kernel/machine.ts';
import { figures } from '../../../kernel/vm/describe.ts';
import { MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import { MAKE_SEND, MOVE_SEND_ONCE, RECEIVE } from '../../../ports/right.ts';
import { MOVE_TIMES, type MoveState } from '../../../servers/migration/machine.ts';
import { type MigrateRequest, type MoveRecord, migrationService } from '../../../servers/migration/protocol.ts';
import { netService } from '../../../servers/net/protocol.ts';
import { addMigration, migrate, startTask, World } from '../../support/migration-scene.ts';
import type { Actor, Node } from '../../support/two-kernels.ts';

const PAGES = 64;
const PAGE = 4096;

interface State {
  at: string;
  readonly name: string;
  inbox: PortName;
  base: number;
  served: number;
}

/** Answers with a count that it keeps in memory, every page of which is resident. */
const keeper = machine<State, string>({
  name: 'keeper',
  start: (name) => ({ at: 'start', name, inbox: MACH_PORT_NULL, base: 0, served: 0 }),
  handlers: {
    start(sys, s) {
      s.inbox = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
      s.base = sys.call({ op: 'vm_allocate', size: PAGES * PAGE, anywhere: true })['address'] as number;
      for (let page = 0; page < PAGES; page += 1) sys.vm.setU32(s.base + page * PAGE, 7 * page + 1);
      const net = sys.call({ op: 'get_special_port', which: 'TASK_BOOTSTRAP' })['name'] as PortName;
      const request = netService.request(net, s.inbox, 'check_in', { name: s.name });
      const descriptors = [{ kind: 'port', name: s.inbox, disposition: MAKE_SEND } as const];
      sys.send({ ...request, local: MACH_PORT_NULL, localDisposition: 0, descriptors });
      s.at = 'serve';
      sys.receive(s.inbox);
    },
    serve(sys, s, { message }) {
      if (message !== null && message.remote !== MACH_PORT_NULL) {
        const value = sys.vm.getU32(s.base + (message.id % PAGES) * PAGE);
        s.served += 1;
        const body = { value, served: s.served };
        sys.send({ remote: message.remote, remoteDisposition: MOVE_SEND_ONCE, id: message.id + 100, body });
      }
      sys.receive(s.inbox);
    },
  },
});

const scene = () => {
  const world = new World();
  const [a, b, c] = [world.node('a'), world.node('b'), world.node('c')];
  const [atA, atB, atC] = [a, b, c].map((node) => addMigration(node).state);
  for (const node of [a, b, c]) node.kernel.programs.set(keeper.name, keeper);
  const operator = a.actor('operator');
  return { world, a, b, c, atA: atA!, atB: atB!, atC: atC!, operator };
};

const taskOn = (node: Node, name: string): Task | undefined =>
  [...node.kernel.tasks].find((task) => task.name === name && !task.isFrozen);

/** Asks for a move and waits for nothing. The answer tells what has been said by then. */
const begin = (operator: Actor, request: MigrateRequest): (() => MoveRecord | null) => {
  const service = operator.lookUp(operator.node, 'migration');
  const reply = operator.port();
  operator.host.sys.send(migrationService.request(service, reply, 'migrate', request));
  return () => {
    const message = operator.take(reply);
    if (message === null) return null;
    const answer = migrationService.reply('migrate', message);
    return 'value' in answer ? answer.value.record : null;
  };
};

/** Lets single things happen until the youngest move is in a phase. */
const until = (world: World, moves: readonly { readonly state: MoveState }[], phase: MoveState['phase']): void => {
  for (let steps = 0; moves.at(-1)?.state.phase !== phase; steps += 1) {
    if (steps > 10_000) throw new Error(`no move gets as far as ${phase}: ${JSON.stringify(moves.at(-1)?.state)}`);
    world.steps(1);
  }
};

/** Everything that a task is made of. */
const pictureOf = (task: Task): unknown => ({
  entries: task.space.entries().map(({ name, type, urefs, port, request }) => ({
    name,
    type,
    urefs,
    // Ports of others go on meanwhile.
    port:
      port === null || (type & RECEIVE) === 0
        ? null
        : [port.seqno, port.mscount, port.qlimit, port.msgcount, port.srights, port.sorights],
    hasRequest: request !== null,
  })),
  free: task.space.freeNames(),
  threads: [...task.threads].map(({ run, waitsFor, state, parked }) => ({ run, waitsFor, state, parked })),
  pages: Array.from({ length: PAGES }, (_, page) => {
    const [thread] = task.threads;
    const bytes = new Uint8Array(PAGE);
    task.memory.access.read((thread?.state as State).base + page * PAGE, bytes);
    return Buffer.from(bytes).toString('base64');
  }),
});

describe('a task that ends while its move is prepared', () => {
  it('is not said to stay and run', () => {
    const { world, a, atA, operator } = scene();
    startTask(a, 'keeper', keeper, 'keeper');
    world.run();
    const said = begin(operator, { task: 'keeper', node: 'b' });
    until(world, atA.moves, 'offering');
    const task = taskOn(a, 'keeper');
    if (task !== undefined) terminateTask(task);
    world.run();
    expect(said()).toMatchObject({ outcome: 'refused', code: 'E_ENDED', why: 'the task has ended' });
  });
});

describe('a destination that is there and does not answer', () => {
  it('is not waited for: an offer without an answer ends the move, and the task never notices', () => {
    const { world, a, b, atA, atB, operator } = scene();
    startTask(a, 'keeper', keeper, 'keeper');
    world.run();
    const answer = begin(operator, { task: 'keeper', node: 'b' });
    until(world, atA.moves, 'offering');
    world.hold(a, b);
    world.pass(MOVE_TIMES.answerMs - 1);
    expect(answer()).toBeNull();
    world.pass(1);
    expect(answer()).toMatchObject({ outcome: 'refused', why: 'b does not answer' });
    world.release(a, b);
    world.run();
    expect(atB.arrivals.size).toBe(0); // the offer came, and whoever made it had gone
    expect(taskOn(a, 'keeper')).toBeDefined();
  });

  it('gives the task back as it was, if it is silent about the image', () => {
    const { world, a, b, c, atA, atB, operator } = scene();
    const task = startTask(a, 'keeper', keeper, 'keeper');
    world.run();
    const client = c.actor('client');
    const server = client.lookUp(a, 'keeper');
    const replies = client.port();
    world.run();
    const before = pictureOf(task);
    const answer = begin(operator, { task: 'keeper', node: 'b' });
    until(world, atA.moves, 'staging');
    world.hold(b, a);
    world.pass(MOVE_TIMES.prepareMs - 1);
    expect(answer()).toBeNull();
    expect(taskOn(a, 'keeper')).toBeUndefined();
    world.pass(1);
    expect(answer()).toMatchObject({ outcome: 'aborted', why: 'b does not say that it has the task' });
    const back = taskOn(a, 'keeper');
    expect(back === undefined ? null : pictureOf(back)).toEqual(before);
    client.send(server, 3, null, [], replies);
    world.run();
    expect(client.take(replies)?.body).toEqual({ value: 22, served: 1 });
    world.release(b, a);
    world.run();
    expect(atB.arrivals.size).toBe(0);
    expect(taskOn(b, 'keeper')).toBeUndefined();
  });

  it('is asked until it answers, once the task is its own; the source never runs it again', () => {
    const { world, a, b, atA, operator } = scene();
    startTask(a, 'keeper', keeper, 'keeper');
    world.run();
    const answer = begin(operator, { task: 'keeper', node: 'b' });
    until(world, atA.moves, 'committed');
    world.hold(a, b);
    world.pass(MOVE_TIMES.activateMs);
    expect(answer()).toMatchObject({ outcome: 'under way', why: "it is b's, which has not said that it runs" });
    world.pass(100 * MOVE_TIMES.activateMs);
    expect(taskOn(a, 'keeper')).toBeUndefined();
    expect(atA.moves.at(-1)?.state.phase).toBe('committed');
    world.release(a, b);
    world.run();
    expect(taskOn(b, 'keeper')).toBeDefined();
    expect(['serving', 'released']).toContain(atA.moves.at(-1)?.state.phase);
  });

  it('may say late that the task runs: that its word was lost is found out by asking', () => {
    const { world, a, b, atA, atB, operator } = scene();
    startTask(a, 'keeper', keeper, 'keeper');
    world.run();
    begin(operator, { task: 'keeper', node: 'b' });
    until(world, atA.moves, 'committed');
    // The word is lost within b, before it gets to its netmsg.
    const arrival = [...atB.arrivals.values()][0]!;
    atB.forced.add(arrival.source.name);
    world.run();
    expect(taskOn(b, 'keeper')).toBeDefined();
    atB.outbox.delete(arrival.source.name);
    atB.forced.delete(arrival.source.name);
    expect(atA.moves.at(-1)?.state.phase).toBe('committed');
    world.pass(MOVE_TIMES.activateMs);
    expect(['serving', 'released']).toContain(atA.moves.at(-1)?.state.phase);
  });
});

describe('a task that is not at rest', () => {
  it('is asked ever less often, and moves when it is', () => {
    const { world, a, b, operator, atA } = scene();
    const task = startTask(a, 'keeper', keeper, 'keeper');
    world.run();
    const [thread] = task.threads;
    const { waitsFor } = thread!;
    thread!.waitsFor = 'exception';
    const answer = begin(operator, { task: 'keeper', node: 'b' });
    world.pass(1000);
    const state = atA.moves.at(-1)!.state;
    expect(state.phase === 'waiting' ? state.tries : -1).toBeLessThan(20);
    expect(answer()).toBeNull();
    thread!.waitsFor = waitsFor;
    world.pass(MOVE_TIMES.retryMaxMs);
    expect(answer()).toMatchObject({ outcome: 'moved' });
    expect(taskOn(b, 'keeper')).toBeDefined();
  });

  it('stays where it is if it never is', () => {
    const { world, a, operator } = scene();
    const task = startTask(a, 'keeper', keeper, 'keeper');
    world.run();
    for (const thread of task.threads) thread.waitsFor = 'exception';
    const record = migrate(operator, { task: 'keeper', node: 'b' });
    expect(record).toMatchObject({ outcome: 'refused', why: 'the task is never at rest' });
  });
});

describe('several moves at once', () => {
  it('do not wait for each other: a silent node keeps only what goes there', () => {
    const { world, a, b, c, atA, operator } = scene();
    for (const name of ['one', 'two']) startTask(a, name, keeper, name);
    world.run();
    const toB = begin(operator, { task: 'one', node: 'b' });
    until(world, atA.moves, 'serving');
    world.hold(a, b); // with pages on their way
    expect(toB()).toMatchObject({ outcome: 'moved' });
    const toC = begin(operator, { task: 'two', node: 'c' });
    world.pass(50);
    expect(toC()).toMatchObject({ outcome: 'moved' });
    expect(taskOn(c, 'two')).toBeDefined();
    expect(atA.moves.map(({ state }) => state.phase)).toEqual(['serving', 'released']);
    world.release(a, b);
    world.run();
    expect(atA.moves.map(({ state }) => state.phase)).toEqual(['released', 'released']);
  });

  it('are four at most from one node', () => {
    const { world, a, b, operator } = scene();
    const names = ['one', 'two', 'three', 'four', 'five'];
    for (const name of names) startTask(a, name, keeper, name);
    world.run();
    world.hold(a, b);
    const answers = names.map((task) => begin(operator, { task, node: 'b' }));
    world.pass(10);
    expect(answers.map((answer) => answer()?.why ?? null)).toEqual([
      null,
      null,
      null,
      null,
      '4 tasks are leaving a already; try again later',
    ]);
  });
});

describe('pages that are not pushed', () => {
  const moved = () => {
    const it = scene();
    startTask(it.a, 'keeper', keeper, 'keeper');
    it.world.run();
    migrate(it.operator, { task: 'keeper', node: 'b', push: 'off' });
    it.world.pass(1000);
    expect(it.atA.moves.at(-1)?.state.phase).toBe('serving');
    return it;
  };

  it('stay behind until somebody drains', () => {
    const { world, b, atA, operator } = moved();
    const reply = operator.port();
    const service = operator.lookUp(operator.node, 'migration');
    operator.host.sys.send(migrationService.request(service, reply, 'drain', null));
    world.run();
    const answer = migrationService.reply('drain', operator.take(reply));
    expect('value' in answer ? answer.value : null).toMatchObject([
      { phase: 'released', pagesLeft: 0, pagesPushed: PAGES },
    ]);
    expect(atA.byPager.size).toBe(0);
    const arrived = taskOn(b, 'keeper');
    expect(arrived === undefined ? null : figures(arrived.memory)).toMatchObject({ pages: PAGES, awaited: 0 });
  });

  it('go when the task ends', () => {
    const { world, a, b, atA } = moved();
    const task = taskOn(b, 'keeper');
    if (task !== undefined) terminateTask(task);
    world.run();
    expect(atA.moves.at(-1)?.state.phase).toBe('released');
    expect([...a.kernel.tasks].some(({ name }) => name === 'keeper')).toBe(false);
  });
});
