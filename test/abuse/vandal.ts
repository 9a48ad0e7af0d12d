/** A task that abuses its kernel: a machine program whose every step is a random trap, mostly a wrong one. */
import type { KernelRequest } from '../../kernel/interface/calls.ts';
import { CALL_FORMS } from '../../kernel/interface/ids.ts';
import { type MachineState, machine } from '../../kernel/machine.ts';
import type { Program, Sys } from '../../kernel/program.ts';
import type { Draft } from '../../ports/draft.ts';
import { Chance } from '../programs/fuzz/chance.ts';
import { wrongValue } from './values.ts';

/** Calls that stop the one who makes them without a sound are left to others. */
const SILENT: ReadonlySet<string> = new Set([
  'task_suspend',
  'task_freeze',
  'task_detach',
  'thread_suspend',
  'task_terminate',
]);
const OPS = Object.keys(CALL_FORMS) as KernelRequest['op'][];
const PORT_OPS = OPS.filter((op) => op.startsWith('port_'));
const KINDS = ['RECEIVE', 'SEND', 'SEND_ONCE', 'PORT_SET', 'DEAD_NAME', 'NO_SENDERS', 'PORT_DESTROYED'];
const TRAPS = 3;

/** What a vandal does, for the history. */
export type Note = (who: string, what: string) => void;

interface State extends MachineState {
  readonly who: string;
}

/** The number of ops in which one is silly at all: the rest is merely random. */
const SILLY = 12;

/** Makes the random calls of one task. */
class Vandal {
  readonly #chance: Chance;
  readonly #note: Note;
  readonly #who: string;
  #names: number[] = [];

  constructor(chance: Chance, who: string, note: Note) {
    this.#chance = chance;
    this.#who = who;
    this.#note = note;
  }

  /** Some calls that answer at once, and one that parks. */
  step(sys: Sys): void {
    const { names } = sys.call({ op: 'port_names' });
    this.#names = ((names ?? []) as { name: number }[]).map(({ name }) => name);
    if (this.#names.length > 40)
      for (const name of this.#names.slice(20)) sys.call({ op: 'port_destroy', name } as never);
    for (let i = 0; i < TRAPS; i += 1) this.#trap(sys);
    this.#park(sys);
  }

  #wrong(): unknown {
    return wrongValue(this.#chance.below(1000));
  }

  #name(): unknown {
    if (this.#chance.once(SILLY)) return this.#wrong();
    if (this.#chance.once(SILLY)) return this.#chance.pick([0, 0xffffffff, 12345]);
    return this.#names.length === 0 ? 0 : this.#chance.pick(this.#names);
  }

  #disposition(): unknown {
    return this.#chance.once(SILLY) ? this.#wrong() : 16 + this.#chance.below(6);
  }

  #right(): unknown {
    return this.#chance.once(SILLY) ? this.#wrong() : { name: this.#name(), disposition: this.#disposition() };
  }

  #field(kind: string): unknown {
    if (this.#chance.once(SILLY)) return this.#wrong();
    switch (kind.replace('?', '')) {
      case 'number':
        return this.#chance.once(2) ? this.#name() : this.#chance.pick([0, 1, -1, 2, 5, 1024, 4096, 65_534]);
      case 'kind':
        return this.#chance.pick(KINDS);
      case 'boolean':
        return this.#chance.once(2);
      case 'bytes':
        return new Uint8Array(this.#chance.below(9));
      case 'string':
        return this.#chance.pick(KINDS);
      default:
        return this.#wrong();
    }
  }

  #request(): Record<string, unknown> {
    const op = this.#chance.once(3) ? this.#chance.pick(OPS) : this.#chance.pick(PORT_OPS);
    const { fields, rights } = CALL_FORMS[op];
    const request: Record<string, unknown> = { op };
    for (const [field, kind] of Object.entries(fields)) request[field] = this.#field(kind);
    for (const field of rights) {
      if (field.endsWith('[]')) request[field.slice(0, -2)] = [this.#right(), this.#right()];
      else request[field] = this.#right();
    }
    return request;
  }

  #item(): unknown {
    switch (this.#chance.below(SILLY)) {
      case 0:
        return this.#wrong();
      case 1:
        return { kind: 'ool', address: this.#name(), size: this.#field('number'), deallocate: this.#chance.once(2) };
      case 2:
        return { kind: 'ool_ports', names: [this.#name(), this.#name()], disposition: this.#disposition() };
      default:
        return { kind: 'port', name: this.#name(), disposition: this.#disposition() };
    }
  }

  #draft(): Draft {
    if (this.#chance.once(20)) return this.#wrong() as Draft;
    const count = this.#chance.below(3);
    const draft: Record<string, unknown> = {
      remote: this.#name(),
      remoteDisposition: this.#disposition(),
      id: this.#chance.once(SILLY) ? this.#wrong() : this.#chance.pick([1, 71, 2001, 3204, 3215]),
      body: this.#chance.once(3) ? this.#wrong() : { n: 1 },
    };
    if (this.#chance.once(2)) Object.assign(draft, { local: this.#name(), localDisposition: this.#disposition() });
    if (count > 0) draft['descriptors'] = Array.from({ length: count }, () => this.#item());
    return draft as unknown as Draft;
  }

  #trap(sys: Sys): void {
    const request = this.#request();
    switch (this.#chance.below(5)) {
      case 0:
        return this.#told('send', sys.send(this.#draft()));
      case 1:
        return this.#told('poll', sys.poll(this.#name() as never) === null ? 'nothing' : 'a message');
      default:
        if (SILENT.has(String(request['op']))) return;
        return this.#told(String(request['op']), sys.call(request as never).kr);
    }
  }

  #options(): Record<string, unknown> {
    const options: Record<string, unknown> = { timeoutMs: this.#chance.pick([0, 1, 5]) };
    if (this.#chance.once(4)) options['notify'] = this.#name();
    if (this.#chance.once(4)) options['limit'] = this.#field('number');
    if (this.#chance.once(4)) options['large'] = this.#wrong();
    if (this.#chance.once(SILLY)) options['timeoutMs'] = this.#chance.pick([Number.NaN, -1, 'soon', null]);
    return options;
  }

  #park(sys: Sys): void {
    const what = this.#chance.below(5);
    this.#note(
      this.#who,
      ['waits to send', 'receives', 'sends and receives', 'calls through a port', 'yields'][what] as string,
    );
    const [options, name] = [this.#options() as never, this.#name() as never];
    if (what === 0) sys.msg({ send: this.#draft(), sendOptions: options });
    else if (what === 1) sys.receive(name, options);
    else if (what === 2) sys.msg({ send: this.#draft(), sendOptions: options, receive: name, receiveOptions: options });
    else if (what === 3) sys.kernelCall(name, this.#request() as never);
    else sys.yield();
  }

  #told(what: string, answer: string): void {
    this.#note(this.#who, `${what}: ${answer}`);
  }
}

/** The program of all vandals of one run. Each draws its own numbers. */
export const vandals = (seed: number, note: Note): Program => {
  const made = new Map<string, Vandal>();
  let count = 0;
  return machine<State>({
    name: 'vandal',
    start: () => {
      count += 1;
      return { at: 'step', who: `vandal ${count}` };
    },
    handlers: {
      step: (sys, { who }) => {
        let vandal = made.get(who);
        if (vandal === undefined) {
          vandal = new Vandal(new Chance(seed * 1009 + made.size), who, note);
          made.set(who, vandal);
        }
        vandal.step(sys);
      },
    },
  });
};
