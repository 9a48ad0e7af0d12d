/**
 * What has become of tasks that run no more: told by the rings of lives of all nodes. A node forgets its oldest events,
 * and a node that has died takes its ring with it; what no ring says is not known.
 */
import { MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import { MAKE_SEND_ONCE } from '../../ports/right.ts';
import { placeIn } from '../node/program-places.ts';
import type { NodeRecord } from '../node/state-dir.ts';
import { callKernelPort, letGo } from './agent.ts';
import { ASK, type Client, factsOf, type Gathered, gather, serviceOf } from './client.ts';

/** A step in the life of a task, as a kernel tells it. */
export interface LifeEvent {
  readonly n: number;
  readonly at: number;
  readonly kind: string;
  readonly task: string;
  readonly detail: Readonly<Record<string, string | number>>;
}

/** The end of a task. */
export interface Fate {
  readonly name: string;
  readonly identity: string;
  readonly node: string;
  readonly state: 'ended' | 'failed';
  /** Of a failure: the error in one line. */
  readonly why: string;
  /** Of a failure: `file:line:column` in the sources of the program, if it is known. */
  readonly place: string | null;
  /** Of a failure: the frames within the program, innermost first. */
  readonly stack: readonly string[];
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** The events of a node's ring of lives, and when its clock said 0. */
export const livesOf = async (
  client: Client,
  record: NodeRecord,
): Promise<{ readonly events: readonly LifeEvent[]; readonly clockOrigin: number; readonly lost: number }> => {
  const { clockOrigin } = await factsOf(client, record);
  const host = await serviceOf(client, record, 'host');
  const answer = await callKernelPort(client.agent, host, { op: 'host_events', ring: 'life', since: 0 }, ASK);
  letGo(client.agent, host);
  return { events: (answer['events'] ?? []) as readonly LifeEvent[], clockOrigin, lost: Number(answer['lost'] ?? 0) };
};

/**
 * Milliseconds that a task stood still in its last move: from the freeze at one node to the moment it ran at the other,
 * by the clock that both share. (The source alone can only say when it heard of it.) NaN if a ring has forgotten it.
 */
export const standstillOf = async (
  client: Client,
  identity: string,
  [from, to]: readonly [NodeRecord, NodeRecord],
): Promise<number> => {
  const [source, destination] = await Promise.all([livesOf(client, from), livesOf(client, to)]);
  const lastOf = ({ events, clockOrigin }: typeof source, kind: string): number =>
    clockOrigin + (events.findLast((event) => event.task === identity && event.kind === kind)?.at ?? Number.NaN);
  return lastOf(destination, 'running') - lastOf(source, 'frozen');
};

/** Every end that the nodes know of, the last one last. */
export const fatesOf = async (client: Client): Promise<Gathered<Fate>> => {
  const { values, silent } = await gather(client, async (record) => {
    const { events, clockOrigin } = await livesOf(client, record);
    return endsOf(record.name, events, clockOrigin);
  });
  return { values: values.flat().sort((one, other) => one.time - other.time), silent };
};

/** The end of the task of that name or identity; undefined if no node knows of one. */
export const fateOf = async (client: Client, name: string): Promise<Fate | undefined> => {
  const { values } = await fatesOf(client);
  return values.findLast((fate) => fate.name === name || fate.identity === name);
};

/** What a node's events say of ends. What is left of a task that has moved away ends too, and is no end. */
export const endsOf = (node: string, events: readonly LifeEvent[], clockOrigin: number): Fate[] => {
  const ends: Fate[] = [];
  const away = new Set<string>();
  const trouble = new Map<string, string>();
  for (const { kind, task, detail, at } of events) {
    if (kind === 'detached') away.add(task);
    else if (kind === 'running' || kind === 'attached') away.delete(task);
    else if (kind === 'failed') trouble.set(task, String(detail['why']));
    else if (kind === 'exception') trouble.set(task, exceptionText(node, detail));
    else if (kind === 'terminated' && !away.has(task)) {
      const [why = '', ...stack] = (trouble.get(task) ?? '').split('\n');
      ends.push({
        name: String(detail['name']),
        identity: task,
        node,
        state: why === '' ? 'ended' : 'failed',
        why,
        place: placeIn(stack.join('\n')),
        stack: stack.map((line) => line.trim()),
        time: clockOrigin + at,
      });
    }
  }
  return ends;
};

const exceptionText = (node: string, { exception, code, subcode }: LifeEvent['detail']): string => {
  const text = `${exception}: ${code} at ${subcode}`;
  if (code !== 'KERN_RESOURCE_SHORTAGE') return text;
  return `${text}; the memory of ${node} and its page file are full (portolan up --memory, --page-file)`;
};

/** An end in one line. */
export const fateText = ({ name, node, state, why, place }: Fate): string => {
  if (state === 'ended') return `${name} has ended on ${node}`;
  return `${name} failed on ${node}: ${why}${place === null ? '' : ` (${place})`}`;
};

/**
 * Resolves when the task behind a port has ended or its node has died, however often it moves before. Rejects if the
 * signal fires. The right to the port stays the caller's.
 */
export const endOf = async ({ agent }: Client, task: PortName, signal: AbortSignal): Promise<void> => {
  const port = agent.allocate();
  try {
    const notify = { name: port, disposition: MAKE_SEND_ONCE };
    // A name that is dead already is refused: there is nothing left to wait for.
    const { kr } = agent.sys.call({ op: 'port_request_notification', name: task, kind: 'DEAD_NAME', sync: 0, notify });
    if (task === MACH_PORT_NULL || kr !== 'KERN_SUCCESS') return;
    await agent.listen(port, { signal }).next();
  } finally {
    agent.call({ op: 'port_mod_refs', name: port, right: 'RECEIVE', delta: -1 });
  }
};
