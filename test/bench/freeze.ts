/**
 * How long a task stands still while it moves between two processes over Unix sockets.
 *
 *   npm run bench:freeze [-- --mebibytes 1,16,64] [--moves 20] [--journal] [--clients] [--json]]
 *
 * A task with so much resident memory is moved to and fro by copy-on-reference; `--clients`: while two tasks of a third
 * process keep 128 queries in flight. `node` is what the source reports: from the freeze until it hears that the task
 * runs. `clock` is from the freeze to the thaw by the clock that the processes share.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { LifeEvent } from '../../kernel/events.ts';
import type { PortName } from '../../ports/name.ts';
import type { MoveRecord } from '../../servers/migration/protocol.ts';
import type { NodeRecord } from '../../servers/node/state-dir.ts';
import type { Agent } from '../../servers/shell/agent.ts';
import type { Client } from '../../servers/shell/client.ts';
import type { Context } from '../../servers/shell/command-line.ts';

/** What is measured is what is published: modules of `dist/`, not what `tsx` makes of the sources. */
const built = <T>(module: string): Promise<T> =>
  import(new URL(`../../dist/${module}.js`, import.meta.url).href) as Promise<T>;

const { COPY_SEND, MAKE_SEND_ONCE } = await built<typeof import('../../ports/right.ts')>('ports/right');
const { migrationService } =
  await built<typeof import('../../servers/migration/protocol.ts')>('servers/migration/protocol');
const { nameService } = await built<typeof import('../../servers/names/protocol.ts')>('servers/names/protocol');
const { nodeService } = await built<typeof import('../../servers/node/protocol.ts')>('servers/node/protocol');
const { ask, callKernelPort, letGo, valueOf } =
  await built<typeof import('../../servers/shell/agent.ts')>('servers/shell/agent');
const { connect } = await built<typeof import('../../servers/shell/boot.ts')>('servers/shell/boot');
const { factsOf, serviceOf } = await built<typeof import('../../servers/shell/client.ts')>('servers/shell/client');
const { down, up } = await built<typeof import('../../servers/shell/commands/up.ts')>('servers/shell/commands/up');
const { Terminal } = await built<typeof import('../../servers/shell/terminal.ts')>('servers/shell/terminal');

const { values } = parseArgs({
  options: {
    mebibytes: { type: 'string', default: '1,16,64' },
    moves: { type: 'string', default: '20' },
    journal: { type: 'boolean', default: false },
    clients: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const WAIT = { timeoutMs: 60_000 };
const IN_FLIGHT = 64;
const CLIENTS = 2;
const file = fileURLToPath(new URL('programs/hoard.ts', import.meta.url));

interface Row {
  readonly mebibytes: number;
  readonly journal: string;
  readonly clients: number;
  readonly node: number;
  readonly clock: number;
  readonly least: number;
  readonly most: number;
}

const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[sorted.length >> 1] ?? Number.NaN;
};

const onNode = async (client: Client, record: NodeRecord, routine: 'load' | 'run', args: object): Promise<void> => {
  const server = await serviceOf(client, record, 'node');
  const { reply } = await ask(client.agent, { service: nodeService, server, routine, args: args as never }, WAIT);
  const answered = valueOf(reply, routine) as { readonly ok: boolean; readonly trouble?: { readonly text: string } };
  if (!answered.ok) throw new Error(answered.trouble?.text);
};

const find = async (agent: Agent, names: PortName): Promise<PortName> => {
  for (;;) {
    const question = { service: nameService, server: names, routine: 'look_up', args: { name: 'hoard' } } as const;
    const { rights } = await ask(agent, question, WAIT);
    if (rights[0] !== undefined) return rights[0];
    await new Promise((go) => void setTimeout(go, 5));
  }
};

/** Keeps queries in flight until it is told to stop. */
const flood = async (agent: Agent, server: PortName, isOver: () => boolean): Promise<void> => {
  const lane = async (first: number): Promise<void> => {
    const local = agent.allocate();
    for (let id = first; !isOver(); id += IN_FLIGHT) {
      const draft = { remote: server, remoteDisposition: COPY_SEND, id, local, localDisposition: MAKE_SEND_ONCE };
      await agent.rpc(draft, local, WAIT);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, (_, at) => lane(at)));
};

const moveOnce = async (client: Client, from: NodeRecord, to: NodeRecord): Promise<MoveRecord> => {
  const server = await serviceOf(client, from, 'migration');
  const args = { task: 'hoard', node: to.node };
  const { reply } = await ask(client.agent, { service: migrationService, server, routine: 'migrate', args }, WAIT);
  const { record } = valueOf(reply, 'migrate');
  if (record?.outcome !== 'moved') throw new Error(record?.why ?? reply.retcode);
  await ask(client.agent, { service: migrationService, server, routine: 'drain', args: null }, WAIT);
  letGo(client.agent, server);
  return record;
};

/** From each freeze to the thaw that followed it, by the rings of both nodes. */
const byTheClock = async (client: Client): Promise<number[]> => {
  const events: { readonly at: number; readonly kind: string }[] = [];
  for (const record of client.records) {
    const host = await serviceOf(client, record, 'host');
    const answer = await callKernelPort(client.agent, host, { op: 'host_events', ring: 'life', since: 0 }, WAIT);
    const { clockOrigin } = await factsOf(client, record);
    for (const { kind, at, detail } of answer['events'] as LifeEvent[]) {
      if (detail['name'] === 'hoard') events.push({ at: clockOrigin + at, kind });
    }
  }
  events.sort((one, other) => one.at - other.at);
  return events.flatMap(({ kind, at }, index) => {
    const runs = events.slice(index).find((event) => event.kind === 'running');
    return kind === 'frozen' && runs !== undefined ? [runs.at - at] : [];
  });
};

const measure = async (mebibytes: number): Promise<Row> => {
  const stateDir = mkdtempSync(join(tmpdir(), 'portolan-freeze-'));
  const outlet = { write: (): void => undefined };
  const terminal = new Terminal({ stdout: outlet, stderr: outlet, env: {} }, 'text');
  const context: Context = { terminal, stateDir, signal: new AbortController().signal };
  try {
    await up(context, { nodes: 2, root: stateDir, journal: values.journal });
    const client = await connect(stateDir);
    try {
      let [from, to] = client.records as [NodeRecord, NodeRecord];
      await onNode(client, from, 'run', { file, name: 'hoard', args: [String(mebibytes)] });
      await onNode(client, to, 'load', { file });
      let isOver = false;
      const names = await serviceOf(client, from, 'names');
      await find(client.agent, names);
      const floods: Promise<void>[] = [];
      for (let number = 0; values.clients && number < CLIENTS; number += 1) {
        const { agent, net } = client.newAgent(`client-${number}`);
        const there = await serviceOf({ ...client, agent, net }, from, 'names');
        floods.push(flood(agent, await find(agent, there), () => isOver));
      }
      const records: MoveRecord[] = [];
      for (let move = 0; move < Number(values.moves); move += 1) {
        records.push(await moveOnce(client, from, to));
        [from, to] = [to, from];
      }
      isOver = true;
      await Promise.all(floods);
      const clock = await byTheClock(client);
      const spread = [Math.min(...clock), Math.max(...clock)] as const;
      const round = (value: number): number => Number(value.toFixed(2));
      return {
        mebibytes,
        journal: values.journal ? 'on' : 'off',
        clients: values.clients ? CLIENTS * IN_FLIGHT : 0,
        node: round(median(records.map(({ freezeMs }) => freezeMs))),
        clock: round(median(clock)),
        least: round(spread[0]),
        most: round(spread[1]),
      };
    } finally {
      await client.close();
    }
  } finally {
    await down(context).catch(() => undefined);
    rmSync(stateDir, { recursive: true, force: true });
  }
};

const rows: Row[] = [];
for (const mebibytes of values.mebibytes.split(',')) rows.push(await measure(Number(mebibytes)));
if (values.json) console.log(JSON.stringify(rows, null, 2));
else console.table(rows);
process.exit(0);
