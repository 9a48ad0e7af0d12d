/**
 * Tasks that stand still: in the middle of a move, or frozen by somebody. Their kernels say that they are there, the
 * migration servers what they wait for. A task is told of once, by the node that can say most about it.
 */
import type { FrozenFacts } from '../../kernel/interface/move.ts';
import { type ArrivalRecord, type MoveRecord, migrationService } from '../migration/protocol.ts';
import { OperatorError } from '../node/operator-error.ts';
import { type NodeRecord, nameOfNode } from '../node/state-dir.ts';
import { ask, callKernelPort, letGo, valueOf } from './agent.ts';
import { ASK, type Client, gather, serviceOf } from './client.ts';

/** A task that does not run. */
export interface FrozenTask {
  readonly name: string;
  readonly identity: string;
  readonly node: string;
  /** As far as its kernel knows: of an image that nobody has put together it knows nothing. */
  readonly program: string;
  readonly pages: number;
  readonly bytes: number;
  /** `kernel`: that node's kernel can tell the stacks. */
  readonly where: 'kernel' | 'image';
  /** What it waits for, in words. */
  readonly waits: string;
}

/** The frozen tasks of all nodes that answer, but for those whose identities are among `running`. */
export const frozenTasks = async (client: Client, running: ReadonlySet<string>): Promise<readonly FrozenTask[]> => {
  const { values } = await gather(client, (record) => frozenOn(client, record));
  const found = new Map<string, FrozenTask>();
  const all = values.flat().sort((one, other) => rankOf(one) - rankOf(other));
  for (const { task } of all)
    if (!found.has(task.identity) && !running.has(task.identity)) found.set(task.identity, task);
  return [...found.values()];
};

interface Seen {
  readonly task: FrozenTask;
  readonly isHusk: boolean;
}

/** Whole tasks before husks, husks before images. */
const rankOf = ({ task, isHusk }: Seen): number => (task.where === 'image' ? 2 : isHusk ? 1 : 0);

const frozenOn = async (client: Client, record: NodeRecord): Promise<readonly Seen[]> => {
  const host = await serviceOf(client, record, 'host');
  const answer = await callKernelPort(client.agent, host, { op: 'host_frozen' }, ASK);
  letGo(client.agent, host);
  const held = (answer['tasks'] ?? []) as readonly FrozenFacts[];
  const server = await serviceOf(client, record, 'migration');
  const about = { service: migrationService, server, args: null } as const;
  const moves = valueOf((await ask(client.agent, { ...about, routine: 'moves' }, ASK)).reply, record.name);
  const arrivals = valueOf((await ask(client.agent, { ...about, routine: 'arrivals' }, ASK)).reply, record.name);
  letGo(client.agent, server);
  return [...held.flatMap((facts) => heldTask(record, facts, moves)), ...arrivals.map((each) => imageOf(record, each))];
};

const heldTask = (
  { name: node }: NodeRecord,
  { isHusk, ...facts }: FrozenFacts,
  moves: readonly MoveRecord[],
): Seen[] => {
  const move = moves.findLast(({ identity }) => identity === facts.identity);
  const waits = isHusk ? huskWaits(move) : 'has been frozen, or is being put together; waits to be let go on';
  return waits === null ? [] : [{ task: { ...facts, node, where: 'kernel', waits }, isHusk }];
};

/** What a move in this phase waits for; null if its task runs elsewhere and only pages are left. */
const huskWaits = (move: MoveRecord | undefined): string | null => {
  if (move === undefined) return 'has been taken apart, and not by a migration server';
  const [from, to] = [nameOfNode(move.from), nameOfNode(move.to)];
  switch (move.phase) {
    case 'staging':
    case 'preparing':
      return `moves to ${to}; waits for ${to} to say that it has it`;
    case 'deciding':
      return `moves to ${to}; waits for the journal of ${from}`;
    case 'committed':
      return `belongs to ${to} by decision; waits for ${to} to say that it runs`;
    case 'restoring':
      return `stays on ${from}; waits for its rights to come back`;
    default:
      return null;
  }
};

const imageOf = ({ name: node }: NodeRecord, { name, identity, from, isInDoubt }: ArrivalRecord): Seen => {
  const source = nameOfNode(from);
  const waits = isInDoubt
    ? `came from ${source}, which died before it said if the move was decided; waits for ${source} to be started again`
    : `comes from ${source}; waits for ${source} to decide`;
  const task = { name, identity, node, program: '', pages: 0, bytes: 0, where: 'image', waits } as const;
  return { task, isHusk: false };
};

/** What was to be done cannot be done while the task stands still. */
export const frozenError = ({ name, node, waits }: FrozenTask): OperatorError =>
  new OperatorError({
    code: 'E_FROZEN',
    text: `${name} is frozen on ${node}: it ${waits}`,
    hint: `portolan task show ${name}, and again when it runs; portolan task stack ${name} says where it stands`,
  });
