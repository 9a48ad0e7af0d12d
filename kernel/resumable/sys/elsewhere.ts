/** Names of services, and moving oneself: requests through the task's bootstrap port, as any program makes them. */
import type { PortName } from '../../../ports/name.ts';
import { MOVER, type MovedMe, moverService, NETNAME_LOOK_UP } from '../../interface/bootstrap.ts';
import type { KCall } from '../call.ts';
import { ENDED, Frame, MODE_NEXT, type Mode } from '../frame.ts';
import { SysError } from '../sys-error.ts';
import { handWritten } from './builtin.ts';
import { type Answered, invoking } from './client.ts';
import { ensuring } from './ensuring.ts';
import { type Promised, promised } from './promised.ts';
import type { SendRight } from './rights.ts';
import { fieldOf, onSelf } from './rpc.ts';

/** The task was started without a name service. */
export const E_NO_BOOTSTRAP = 'E_NO_BOOTSTRAP';
/** The task was not moved, and runs where it ran. */
export const E_NOT_MOVED = 'E_NOT_MOVED';

/** How a name is looked up. */
export interface LookUpOptions {
  /** Name or identity of a node; the task's first one, if absent. */
  readonly host?: string;
  readonly timeoutMs?: number;
}

const deallocating = (name: PortName): KCall => onSelf({ op: 'port_deallocate', name });

/** Looks a name up: a send right. */
export class LookingUp extends Frame {
  name = '';
  options: LookUpOptions = {};

  override $step(mode: Mode, value: unknown): unknown {
    if (mode !== MODE_NEXT) throw value;
    this.$n += 1;
    if (this.$n === 1) return bootstrapPort();
    if (this.$n === 2) return ensuring(this.#question(value as PortName), deallocating(value as PortName));
    this.$n = ENDED;
    return found(value as Answered<unknown>);
  }

  #question(names: PortName): Frame {
    const { host, timeoutMs } = this.options;
    if (names === 0) throw new SysError(E_NO_BOOTSTRAP, 'lookUp', 'the task has no bootstrap port');
    const body = { name: this.name, ...(host === undefined ? {} : { host }) };
    const routine = { routine: `look_up ${this.name}`, id: NETNAME_LOOK_UP, isWhole: true };
    return invoking(names, routine, body, timeoutMs === undefined ? {} : { timeoutMs });
  }
}

const found = ({ rights: [right] }: Answered<unknown>): PortName => {
  if (right === undefined || right === 0) throw new SysError('MIG_TYPE_ERROR', 'lookUp', 'no right came');
  return right as PortName;
};

handWritten(14, LookingUp, { name: 'lookUp', slots: ['name', 'options'], states: 3 });

const lookingUp = (name: string, options: LookUpOptions): LookingUp => {
  const frame = new LookingUp();
  frame.name = name;
  frame.options = options;
  return frame;
};

const bootstrapPort = (): object => fieldOf({ op: 'get_special_port', which: 'TASK_BOOTSTRAP' }, 'name');

/** How a task moves itself. */
export interface MigrateOptions {
  /** How memory follows: `copy-on-reference` (the default), `eager-all`. */
  readonly strategy?: string;
}

/** Asks the mover of the node where the task is now. The wait is a receive: in it the task is frozen, and goes on. */
export class Migrating extends Frame {
  node = '';
  options: MigrateOptions = {};

  override $step(mode: Mode, value: unknown): unknown {
    if (mode !== MODE_NEXT) throw value;
    this.$n += 1;
    if (this.$n === 1) return here();
    if (this.$n === 2) return lookingUp(MOVER, { host: value as string });
    if (this.$n === 3) return ensuring(this.#request(value as PortName), deallocating(value as PortName));
    this.$n = ENDED;
    return moved(value as MovedMe, this.node);
  }

  #request(mover: PortName): Frame {
    const routine = { routine: 'migrateTo', id: moverService.id('move_me'), isWhole: false };
    return invoking(mover, routine, { ...this.options, node: this.node }, undefined);
  }
}

const moved = (answer: MovedMe, node: string): MovedMe => {
  if (answer.outcome === 'moved') return answer;
  throw new SysError(E_NOT_MOVED, 'migrateTo', `to ${node}: ${answer.why}`, { ...answer });
};

handWritten(15, Migrating, { name: 'migrateTo', slots: ['node', 'options'], states: 4 });

const here = (): object => fieldOf({ op: 'task_info' }, 'node');

/** `sys.node`. */
export const node = (): Promised<string> => promised(here() as Frame);

/** `sys.bootstrap`. */
export const bootstrap = (): Promised<SendRight<never>> => promised(bootstrapPort() as Frame);

/** `sys.lookUp`. */
export const lookUp = <M = unknown>(name: string, options: LookUpOptions = {}): Promised<SendRight<M>> =>
  promised(lookingUp(name, options));

/** `sys.migrateTo`. */
export const migrateTo = (to: string, options: MigrateOptions = {}): Promised<MovedMe> => {
  const frame = new Migrating();
  frame.node = to;
  frame.options = options;
  return promised(frame);
};
