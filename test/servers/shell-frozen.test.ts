/** Tasks that stand still, through the command: frozen by somebody, in the middle of a move, and back from one. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Body } from '../../ports/body.ts';
import type { PortName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { COPY_SEND, MAKE_SEND, MOVE_SEND_ONCE } from '../../ports/right.ts';
import { MOVE_PREPARED, migrationService, type Offer } from '../../servers/migration/protocol.ts';
import { netService } from '../../servers/net/protocol.ts';
import { ask, callKernelPort, valueOf } from '../../servers/shell/agent.ts';
import { connect, type RunningNode, startNode } from '../../servers/shell/boot.ts';
import { ASK, type Client, nodeNamed, serviceOf } from '../../servers/shell/client.ts';
import { loadOn } from '../../servers/shell/commands/task-run.ts';
import { taskNamed } from '../../servers/shell/find-task.ts';
import { runOnly } from './process-scene.ts';
import { newState, type Ran, runIn } from './shell-scene.ts';

const HOLDER = `
import type { Sys } from 'portolan/resumable';
import { Point } from './point.ts';

export async function main(sys: Sys): Promise<void> {
  const held = new Point(7);
  while (held.x > 0) await sys.sleep(600_000);
}
`;
const POINT = `
import { registerClass } from 'portolan/resumable';
export class Point { constructor(x) { this.x = x; } }
`;
const REGISTERED = `${POINT}registerClass('Point', Point, { encode: ({ x }) => x, decode: (x) => new Point(x) });\n`;

const state = newState();
const file = join(state, 'programs', 'holder.program.ts');
const nodes: RunningNode[] = [];
let client: Client;

const run = (...argv: readonly string[]): Promise<Ran> => runIn(state, argv);

const data = async (...argv: readonly string[]): Promise<Record<string, unknown>> =>
  JSON.parse((await run('--json', ...argv)).out) as Record<string, unknown>;

beforeAll(async () => {
  for (const name of ['node-a', 'node-b']) nodes.push(await startNode({ name, stateDir: state, journal: 'off' }));
  client = await connect(state);
  mkdirSync(join(state, 'programs'));
  writeFileSync(file, HOLDER);
  writeFileSync(join(state, 'programs', 'point.ts'), REGISTERED);
  await runOnly(client, 'node-a', { file, name: 'holder', args: [] });
}, 60_000);

afterAll(async () => {
  await client.close();
  for (const node of nodes) await node.stop();
  rmSync(state, { recursive: true });
});

describe('an image that the destination cannot put together', () => {
  it('calls the move off before it is decided: the task goes on as it was, and why is told', {
    timeout: 60_000,
  }, async () => {
    // The hash of a program is that of its program modules: this one has the same, and cannot make a Point.
    writeFileSync(join(state, 'programs', 'point.ts'), POINT);
    await loadOn(client, nodeNamed(client, 'node-b'), file);
    const before = await data('task', 'locals', 'holder');
    const refused = await run('migrate', 'holder', 'node-b');
    expect(refused).toMatchObject({ code: 5, out: '' });
    expect(refused.err).toMatch(
      /^✗ E_MIGRATION_ABORTED {2}holder stays on node-a and runs: E_IMAGE: node-b cannot put it together: V05 .*class/,
    );
    expect(refused.err).toContain('outcome: called off, everything is as it was');
    expect(refused.err).toContain('next: node-b has other code under the same name: portolan node stop node-b, then');
    const { moves } = (await data('trace', 'export')) as { moves: unknown[] };
    expect(moves).toMatchObject([{ name: 'holder', outcome: 'aborted', code: 'E_IMAGE', phase: 'ended' }]);
    expect(await data('task', 'ls')).toMatchObject({ tasks: [{ name: 'holder', node: 'node-a' }], frozen: [] });
    expect(await data('task', 'locals', 'holder')).toEqual(before);
  });
});

/** A stack without the time that is left of a wait. */
const untimed = ({ out }: Ran): string => out.replace(/\d+ ms left/, '');

describe('a task that somebody has frozen', () => {
  it('is listed, shown and looked into, and not killed', { timeout: 60_000 }, async () => {
    const running = await run('task', 'stack', 'holder');
    const { port } = await taskNamed(client, 'holder');
    expect(await callKernelPort(client.agent, port, { op: 'task_freeze' }, ASK)).toMatchObject({ kr: 'KERN_SUCCESS' });
    const { out } = await run('task', 'ls');
    expect(out).toMatch(/^holder +node-a +frozen +holder +0/m);
    expect(out).toContain('! holder has been frozen, or is being put together; waits to be let go on');
    expect((await run('task', 'show', 'holder')).out).toMatch(/^state +frozen$/m);
    expect(untimed(await run('task', 'stack', 'hold'))).toBe(untimed(running));
    expect((await run('task', 'locals', 'holder')).out).toMatch(/held +Point/);
    const { code, err } = await run('task', 'kill', 'holder');
    expect([code, err]).toEqual([1, expect.stringContaining('E_FROZEN  holder is frozen on node-a')]);
    await callKernelPort(client.agent, port, { op: 'task_thaw' }, ASK);
    expect(await data('task', 'ls')).toMatchObject({ tasks: [{ name: 'holder' }], frozen: [] });
  });
});

/** A node that takes a task and then says no more: this client's kernel, with a migration server that is this test. */
class MuteDestination {
  readonly node: string;
  readonly #service: PortName;
  readonly #events: PortName;

  private constructor(node: string, service: PortName, events: PortName) {
    this.node = node;
    this.#service = service;
    this.#events = events;
  }

  static async of({ agent, net }: Client): Promise<MuteDestination> {
    const [service, events] = [agent.allocate(), agent.allocate()];
    const give = (name: PortName) => ({
      ...ASK,
      descriptors: [{ kind: 'port', name, disposition: MAKE_SEND } as const],
    });
    const about = { service: netService, server: net } as const;
    await ask(agent, { ...about, routine: 'check_in', args: { name: 'migration' } }, give(service));
    valueOf((await ask(agent, { ...about, routine: 'listen_stages', args: null }, give(events))).reply, 'stages');
    return new MuteDestination(String(agent.call({ op: 'task_info' })['node']), service, events);
  }

  /** Accepts one offer, and resolves when the image is here. Answers how to speak to its source. */
  async take({ agent }: Client): Promise<{ readonly source: PortName; readonly mid: string }> {
    const offer = (await agent.receive(this.#service)) as Received & { body: Offer };
    const [item] = offer.items ?? [];
    const value = { accepted: true, why: '', code: '', missing: [] } as unknown as Body;
    agent.sys.send({
      remote: offer.remote,
      remoteDisposition: MOVE_SEND_ONCE,
      id: offer.id + 100,
      body: { retcode: 'KERN_SUCCESS', value },
      descriptors: [{ kind: 'port', name: agent.allocate(), disposition: MAKE_SEND }],
    });
    await agent.receive(this.#events);
    return { source: item?.kind === 'port' ? item.name : (0 as PortName), mid: offer.body.mid };
  }
}

describe('a task in the middle of a move', () => {
  it('is listed with what it waits for, and its threads can be looked into', { timeout: 60_000 }, async () => {
    const destination = await MuteDestination.of(client);
    const server = await serviceOf(client, nodeNamed(client, 'node-a'), 'migration');
    const args = { task: 'holder', node: destination.node };
    const moved = ask(
      client.agent,
      { service: migrationService, server, routine: 'migrate', args },
      { timeoutMs: 30_000 },
    );
    const { source, mid } = await destination.take(client);
    // Decided: from now on there is no way back, and no limit to the wait.
    client.agent.sys.send({ remote: source, remoteDisposition: COPY_SEND, id: MOVE_PREPARED, body: { mid } });
    expect(valueOf((await moved).reply, 'migrate')).toMatchObject({ record: { outcome: 'under way' } });
    const { out } = await run('task', 'ls');
    expect(out).toMatch(/^holder +node-a +frozen +holder +0/m);
    expect(out).toContain('! holder belongs to cli by decision; waits for cli to say that it runs');
    const stack = await run('task', 'stack', 'holder');
    expect(stack.out).toMatch(/^thread \d+ {2}holder [0-9a-f]{12} .*\n {2}0 {2}main +\S*holder\.program\.ts:7:/);
    expect(stack.err).toContain('! holder is frozen: it belongs to cli by decision');
    expect((await run('task', 'locals', 'holder')).out).toMatch(/held +Point/);
    expect(await data('task', 'show', 'holder')).toMatchObject({ state: 'frozen', node: 'node-a' });
  });
});
