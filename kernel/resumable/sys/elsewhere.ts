/** Names of services, and moving oneself: requests through the task's bootstrap port, as any program makes them. */
import type { PortName } from '../../../ports/name.ts';
import { lookUpService, MOVER, type MovedMe, moverService } from '../../interface/bootstrap.ts';
import type { Routines } from '../../interface/routine.ts';
import type { Subsystem } from '../../interface/subsystem.ts';
import { ENDED, Frame, MODE_NEXT, MODE_THROW, type Mode } from '../frame.ts';
import { SysError } from '../sys-error.ts';
import { handWritten } from './builtin.ts';
import { invoking } from './client.ts';
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

/** A failure of the request, by the name of what the program has called. */
const saying = (thrown: unknown, call: string): unknown =>
  thrown instanceof SysError ? new SysError(thrown.code, call, thrown.why, thrown.detail) : thrown;

const deallocating = (name: PortName): object => onSelf({ op: 'port_deallocate', name });

/** Looks a name up: a send right. */
export class LookingUp extends Frame {
  name = '';
  options: LookUpOptions = {};
  names: PortName = 0 as PortName;
  isThrown = false;
  outcome: unknown = undefined;

  override $step(mode: Mode, value: unknown): unknown {
    switch (this.$n) {
      case 0:
        this.$n = 1;
        return bootstrapPort();
      case 1:
        if (mode !== MODE_NEXT) throw value;
        this.names = value as PortName;
        this.$n = 2;
        return this.#question();
      case 2:
        this.isThrown = mode === MODE_THROW;
        this.outcome = value;
        this.$n = 3;
        return deallocating(this.names);
      default:
        this.$n = ENDED;
        if (this.isThrown) throw saying(this.outcome, `look_up ${this.name}`);
        return this.#found();
    }
  }

  #question(): object {
    const { host, timeoutMs } = this.options;
    if (this.names === 0) throw new SysError(E_NO_BOOTSTRAP, 'lookUp', 'the task has no bootstrap port');
    const body = { name: this.name, ...(host === undefined ? {} : { host }) };
    const wanted = {
      service: lookUpService as unknown as Subsystem<Routines>,
      routine: 'look_up',
      ending: 'whole',
    } as const;
    return invoking(this.names, wanted, body, timeoutMs === undefined ? {} : { timeoutMs });
  }

  #found(): unknown {
    const [right] = (this.outcome as { readonly rights: readonly PortName[] }).rights;
    if (right === undefined || right === 0) throw new SysError('MIG_TYPE_ERROR', 'lookUp', 'no right came');
    return right;
  }
}

handWritten(14, LookingUp, {
  name: 'lookUp',
  slots: ['name', 'options', 'names', 'isThrown', 'outcome'],
  states: 4,
});

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
  mover: PortName = 0 as PortName;
  isThrown = false;
  outcome: unknown = undefined;

  override $step(mode: Mode, value: unknown): unknown {
    switch (this.$n) {
      case 0:
        this.$n = 1;
        return here();
      case 1:
        if (mode !== MODE_NEXT) throw value;
        this.$n = 2;
        return lookingUp(MOVER, { host: value as string });
      case 2: {
        if (mode !== MODE_NEXT) throw value;
        this.mover = value as PortName;
        this.$n = 3;
        const wanted = {
          service: moverService as unknown as Subsystem<Routines>,
          routine: 'move_me',
          ending: 'value',
        } as const;
        return invoking(this.mover, wanted, { ...this.options, node: this.node }, undefined);
      }
      case 3:
        this.isThrown = mode === MODE_THROW;
        this.outcome = value;
        this.$n = 4;
        return deallocating(this.mover);
      default:
        this.$n = ENDED;
        if (this.isThrown) throw saying(this.outcome, 'migrateTo');
        return moved(this.outcome as MovedMe, this.node);
    }
  }
}

const moved = (answer: MovedMe, node: string): MovedMe => {
  if (answer.outcome === 'moved') return answer;
  throw new SysError(E_NOT_MOVED, 'migrateTo', `to ${node}: ${answer.why}`, { ...answer });
};

handWritten(15, Migrating, {
  name: 'migrateTo',
  slots: ['node', 'options', 'mover', 'isThrown', 'outcome'],
  states: 5,
});

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
