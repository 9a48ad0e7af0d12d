/**
 * Mutual exclusion between the threads of a task, made of ports: a mutex is a port with one message in it, the token,
 * and whoever has received it has the mutex. So waiting is an ordinary receive: it is fair (the kernel's queue of
 * receivers is first come, first served), has deadlines, can be cancelled and moves.
 *
 * A holder that ends without `unlock` keeps the token for ever: the kernel cannot know what state it left things in.
 * Hold it in `run`, or in `try`/`finally`.
 */
import type { PortName } from '../../../ports/name.ts';
import { MAKE_SEND } from '../../../ports/right.ts';
import { KCall } from '../call.ts';
import { ENDED, Frame, MODE_NEXT, MODE_RETURN, MODE_THROW, type Mode } from '../frame.ts';
import { settledFuture } from '../future.ts';
import { SysError } from '../sys-error.ts';
import { handWritten } from './builtin.ts';
import { ensuring } from './ensuring.ts';
import { type Promised, promised } from './promised.ts';
import { closing, fieldOf } from './rpc.ts';

/** How long to wait for a mutex or condition. */
export interface WaitOptions {
  /** Milliseconds; for ever, if absent. Past them a `lock` throws MACH_RCV_TIMED_OUT, a `wait` answers false. */
  readonly timeoutMs?: number;
}

/** Puts a token into a port of the task's own. */
const token = (to: PortName): KCall =>
  new KCall('send', { remote: to, remoteDisposition: MAKE_SEND, id: 0 }, { timeoutMs: 0 }, undefined);

/** Takes the token out, waiting for it. */
const taking = (from: PortName, options: WaitOptions | undefined): KCall =>
  new KCall('receive', from, options, undefined);

/** Set before the frame runs. */
const NONE = null as never;

/** At most one thread of the task has it. Made by `sys.mutex()`. */
export class Mutex {
  readonly port: PortName;
  /** Whether somebody has it: `unlock` of a mutex that is free would put a second token in. */
  isLocked = false;

  constructor(port: PortName) {
    this.port = port;
  }

  /** Waits for the mutex. A thread that has it and locks it again waits for ever. */
  lock(options?: WaitOptions): Promised<void> {
    const frame = new Locking();
    frame.mutex = this;
    frame.options = options;
    return promised(frame);
  }

  /** Gives it to who has waited longest. Throws E_NOT_LOCKED if nobody has it. */
  unlock(): Promised<void> {
    return promised(unlocking(this));
  }

  /** Runs `body` with the mutex, and gives it back however that ends. Its value is the body's. */
  run<T>(body: () => T | Promised<T>, options?: WaitOptions): Promised<T> {
    const frame = new Holding();
    frame.mutex = this;
    frame.body = body;
    frame.options = options;
    return promised(frame);
  }

  /** Ends the mutex: whoever waits for it gets MACH_RCV_PORT_DIED. */
  close(): Promised<void> {
    return promised(closing(this.port));
  }
}

/** Nobody has the mutex that is to be given back. */
export const E_NOT_LOCKED = 'E_NOT_LOCKED';

/** `Mutex.lock`. */
export class Locking extends Frame {
  mutex: Mutex = NONE;
  options: WaitOptions | undefined = undefined;

  override $step(mode: Mode, value: unknown): unknown {
    if (this.$n === 0 && mode === MODE_NEXT) {
      this.$n = 1;
      return taking(this.mutex.port, this.options);
    }
    this.$n = ENDED;
    if (mode !== MODE_NEXT) throw value;
    this.mutex.isLocked = true;
    return undefined;
  }
}

/** `Mutex.unlock`: done whatever happens, also if the thread is told to stop at this very call. */
export class Unlocking extends Frame {
  mutex: Mutex = NONE;
  isThrown = false;
  thrown: unknown = undefined;

  override $step(mode: Mode, value: unknown): unknown {
    if (this.$n === 0) {
      if (!this.mutex.isLocked) throw new SysError(E_NOT_LOCKED, 'unlock', 'nobody has this mutex');
      this.mutex.isLocked = false;
      this.$n = 1;
      return token(this.mutex.port);
    }
    if (this.$n === 1 && mode !== MODE_NEXT && !(value instanceof SysError && value.call === 'send')) {
      this.isThrown = true;
      this.thrown = value;
      this.$n = 2;
      return token(this.mutex.port);
    }
    this.$n = ENDED;
    if (this.isThrown) throw this.thrown;
    if (mode !== MODE_NEXT) throw value;
    return undefined;
  }
}

const unlocking = (mutex: Mutex): Unlocking => {
  const frame = new Unlocking();
  frame.mutex = mutex;
  return frame;
};

/** `Mutex.run`. */
export class Holding extends Frame {
  mutex: Mutex = NONE;
  body: () => unknown = () => undefined;
  options: WaitOptions | undefined = undefined;

  override $step(mode: Mode, value: unknown): unknown {
    if (this.$n === 2) this.$n = ENDED;
    if (mode !== MODE_NEXT) throw value;
    if (this.$n === ENDED) return value;
    this.$n += 1;
    return this.$n === 1 ? this.mutex.lock(this.options) : ensuring(this.#begun(), unlocking(this.mutex));
  }

  /** The call of the body, if it makes one; a body that waits for nothing is over by now. */
  #begun(): unknown {
    try {
      return this.body();
    } catch (thrown) {
      return settledFuture(true, thrown);
    }
  }
}

/** `sys.mutex`: a port, and the token in it. */
export class MutexMaking extends Frame {
  port: PortName = 0 as PortName;

  override $step(mode: Mode, value: unknown): unknown {
    if (mode !== MODE_NEXT) {
      this.$n = ENDED;
      throw value;
    }
    if (this.$n === 0) {
      this.$n = 1;
      return fieldOf({ op: 'port_allocate', right: 'RECEIVE' }, 'name');
    }
    if (this.$n === 1) {
      this.port = value as PortName;
      this.$n = 2;
      return token(this.port);
    }
    this.$n = ENDED;
    return new Mutex(this.port);
  }
}

/** Threads of one task wait here, holding its mutex before and after. Made by `sys.condition(mutex)`. */
export class Condition {
  readonly mutex: Mutex;
  /** One port for each that waits, the longest first: a signal is for who waited when it was given. */
  readonly waiting: PortName[] = [];

  constructor(mutex: Mutex) {
    this.mutex = mutex;
  }

  /**
   * Gives the mutex back, waits for a signal, and takes the mutex again, also if it throws. False if the time was up.
   * Look again at what was waited for: others may have had the mutex in between.
   */
  wait(options?: WaitOptions): Promised<boolean> {
    const frame = new Waiting();
    frame.condition = this;
    frame.options = options;
    return promised(frame);
  }

  /** Wakes who has waited longest, if anybody waits. */
  signal(): Promised<void> {
    return promised(signalling(this, 1));
  }

  /** Wakes all who wait. */
  broadcast(): Promised<void> {
    return promised(signalling(this, Number.POSITIVE_INFINITY));
  }
}

/** `Condition.wait`. */
export class Waiting extends Frame {
  condition: Condition = NONE;
  options: WaitOptions | undefined = undefined;
  port: PortName = 0 as PortName;
  isThrown = false;
  isSignalled = false;
  outcome: unknown = undefined;

  override $step(mode: Mode, value: unknown): unknown {
    switch (this.$n) {
      case 0:
        this.$n = 1;
        return fieldOf({ op: 'reply_port' }, 'name');
      case 1:
        if (mode !== MODE_NEXT) return this.#over(mode, value);
        this.port = value as PortName;
        this.condition.waiting.push(this.port);
        this.$n = 2;
        return this.condition.mutex.unlock();
      case 2:
        if (mode !== MODE_NEXT) return this.#leave(true, value);
        this.$n = 3;
        return taking(this.port, this.options);
      case 3:
        return this.#woken(mode, value);
      case 4:
        // Told to stop while the port was closed: the port is the task's for as long as it lives, the mutex is not.
        if (mode === MODE_RETURN) return this.#over(mode, value);
        this.$n = 5;
        return this.condition.mutex.lock();
      case 5:
        return this.#locked(mode, value);
      default:
        return this.#over(this.isThrown ? MODE_THROW : MODE_NEXT, this.outcome);
    }
  }

  #locked(mode: Mode, value: unknown): unknown {
    // Told to stop while it waits for the mutex: it owes its caller the mutex, and stops with it.
    if (mode === MODE_THROW && !(value instanceof SysError && value.call === 'receive')) {
      this.isThrown = true;
      this.outcome = value;
      return this.condition.mutex.lock();
    }
    if (mode !== MODE_NEXT) return this.#over(mode, value);
    this.$n = 6;
    // A signal that who was told to stop has had is for the next.
    return this.isThrown && this.isSignalled ? this.condition.signal() : undefined;
  }

  #woken(mode: Mode, value: unknown): unknown {
    if (mode === MODE_NEXT) return this.#leave(false, true);
    const isLate = value instanceof SysError && value.code === 'MACH_RCV_TIMED_OUT';
    // A signal that came at the same time was for this one: it counts, if it has left the list.
    const isSignalled = !this.condition.waiting.includes(this.port);
    return isLate ? this.#leave(false, isSignalled) : this.#leave(true, value);
  }

  #leave(isThrown: boolean, outcome: unknown): unknown {
    const { waiting } = this.condition;
    const index = waiting.indexOf(this.port);
    if (index >= 0) waiting.splice(index, 1);
    this.isSignalled = index < 0;
    this.isThrown = isThrown;
    this.outcome = outcome;
    this.$n = 4;
    return closing(this.port);
  }

  #over(mode: Mode, value: unknown): unknown {
    this.$n = ENDED;
    if (mode === MODE_THROW) throw value;
    return value;
  }
}

/** `Condition.signal` and `broadcast`. */
export class Signalling extends Frame {
  condition: Condition = NONE;
  left = 0;

  override $step(mode: Mode, value: unknown): unknown {
    // A port that was closed meanwhile: its owner has been told to stop, and the next is woken in its place.
    if (mode !== MODE_NEXT && !(value instanceof SysError && value.call === 'send')) {
      this.$n = ENDED;
      throw value;
    }
    if (this.$n === 1 && mode === MODE_NEXT) this.left -= 1;
    const port = this.left > 0 ? this.condition.waiting.shift() : undefined;
    if (port === undefined) {
      this.$n = ENDED;
      return undefined;
    }
    this.$n = 1;
    return token(port);
  }
}

const signalling = (condition: Condition, count: number): Signalling => {
  const frame = new Signalling();
  frame.condition = condition;
  frame.left = Math.min(count, condition.waiting.length);
  return frame;
};

handWritten(8, Locking, { name: 'lock', slots: ['mutex', 'options'], states: 2 });
handWritten(9, Unlocking, { name: 'unlock', slots: ['mutex', 'isThrown', 'thrown'], states: 3 });
handWritten(10, Holding, { name: 'run', slots: ['mutex', 'body', 'options'], states: 3 });
handWritten(11, MutexMaking, { name: 'mutex', slots: ['port'], states: 3 });
handWritten(12, Waiting, {
  name: 'wait',
  slots: ['condition', 'options', 'port', 'isThrown', 'isSignalled', 'outcome'],
  states: 7,
});
handWritten(13, Signalling, { name: 'signal', slots: ['condition', 'left'], states: 2 });

/** `sys.mutex`. */
export const mutex = (): Promised<Mutex> => promised(new MutexMaking());

/** `sys.condition`. */
export const condition = (of: Mutex): Condition => new Condition(of);
