/** The wiring of a case: the rights its tasks have before the first step, given through their task ports. */

import type { Answer, KernelRequest } from '../../kernel/interface/calls.ts';
import { type PortName, portName } from '../../ports/name.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_SEND, MOVE_SEND_ONCE } from '../../ports/right.ts';
import { Unsupported } from './driver.ts';
import type { Fleet, HeldThere } from './fleet.ts';
import type { JsonObject } from './scenario.ts';
import { nameIn } from './stage.ts';

/** Names that wiring chooses: no kernel chooses such a one (it ends in binary 01), and no case writes one. */
const FIRST_NAME = 0x00f0_0001;
const NAME_STEP = 4;

/** Who has kernel ports for the wiring, each in the hands of the runner of the kernel where the task is. */
export interface Authority {
  taskPort(task: string): HeldThere;
  threadPort(actor: string): HeldThere;
}

/** Gives rights to tasks, and remembers under which names. */
export class Wiring {
  readonly #fleet: Fleet;
  readonly #authority: Authority;
  /** `A.p`, as the case writes it, to the name. */
  readonly names: Map<string, PortName> = new Map();
  /** A port, called by the wire that made it, in a task: the name of its send and receive rights there. */
  readonly #known: Map<string, PortName> = new Map();
  #next = FIRST_NAME;

  constructor(fleet: Fleet, authority: Authority) {
    this.#fleet = fleet;
    this.#authority = authority;
  }

  add(wire: JsonObject): void {
    const holder = String(wire['in']);
    if (typeof wire['receive'] === 'string') this.#receive(holder, wire['receive']);
    else if (typeof wire['send'] === 'string') this.#send(holder, wire['send'], String(wire['of']), wire['urefs']);
    else if (typeof wire['send_once'] === 'string') this.#sendOnce(holder, wire['send_once'], String(wire['of']));
    else if (typeof wire['set'] === 'string')
      this.#set(holder, wire['set'], (wire['members'] ?? []) as readonly string[]);
    else if (typeof wire['task_port'] === 'string') {
      const of = String(wire['of']);
      this.#kernelPort(holder, wire['task_port'], this.#authority.taskPort(of), `task ${of}`);
    } else if (typeof wire['thread_port'] === 'string') {
      const of = String(wire['of']);
      this.#kernelPort(holder, wire['thread_port'], this.#authority.threadPort(of), `thread ${of}`);
    } else if (typeof wire['host_priv'] === 'string') {
      const { site } = this.#authority.taskPort(holder);
      this.#kernelPort(holder, wire['host_priv'], { site, name: site.stage.host }, 'host');
    } else throw new Unsupported(`given ${Object.keys(wire)[0] ?? ''}`);
  }

  #fresh(): PortName {
    this.#next += NAME_STEP;
    return portName(this.#next);
  }

  #name(variable: string): PortName {
    const name = this.names.get(variable);
    if (name === undefined) throw new Error(`the wiring has no ${variable}`);
    return name;
  }

  /** A call on a task by its runner. */
  #demand(task: string, request: KernelRequest): Answer {
    const { site, name } = this.#authority.taskPort(task);
    return site.stage.demand(name, request);
  }

  #receive(holder: string, label: string): void {
    const name = nameIn(this.#demand(holder, { op: 'port_allocate', right: 'RECEIVE' }));
    this.names.set(`${holder}.${label}`, name);
    this.#known.set(`${holder}.${label} in ${holder}`, name);
  }

  /** A right to the port of `of`, in the hands of the runner of whoever is to have it. */
  #extract(of: string, disposition: number, holder: string): PortName {
    const owner = of.split('.', 1)[0] ?? of;
    const name = nameIn(this.#demand(owner, { op: 'port_extract_right', name: this.#name(of), disposition }));
    const type = disposition === MAKE_SEND ? MOVE_SEND : MOVE_SEND_ONCE;
    const { site } = this.#authority.taskPort(owner);
    return this.#fleet.bring({ site, name }, type, this.#authority.taskPort(holder).site);
  }

  #send(holder: string, label: string, of: string, urefs: unknown): void {
    const key = `${of} in ${holder}`;
    const name = this.#known.get(key) ?? this.#fresh();
    const right = { name: this.#extract(of, MAKE_SEND, holder), disposition: MOVE_SEND };
    this.#demand(holder, { op: 'port_insert_right', name, right });
    const delta = typeof urefs === 'number' ? urefs - 1 : 0;
    if (delta !== 0) this.#demand(holder, { op: 'port_mod_refs', name, right: 'SEND', delta });
    this.names.set(`${holder}.${label}`, name);
    this.#known.set(key, name);
  }

  #sendOnce(holder: string, label: string, of: string): void {
    const name = this.#fresh();
    const right = { name: this.#extract(of, MAKE_SEND_ONCE, holder), disposition: MOVE_SEND_ONCE };
    this.#demand(holder, { op: 'port_insert_right', name, right });
    this.names.set(`${holder}.${label}`, name);
  }

  #set(holder: string, label: string, members: readonly string[]): void {
    const after = nameIn(this.#demand(holder, { op: 'port_allocate', right: 'PORT_SET' }));
    for (const member of members) {
      this.#demand(holder, { op: 'port_move_member', member: this.#name(`${holder}.${member}`), after });
    }
    this.names.set(`${holder}.${label}`, after);
  }

  #kernelPort(holder: string, label: string, port: HeldThere, what: string): void {
    const key = `${what} in ${holder}`;
    const name = this.#known.get(key) ?? this.#fresh();
    const brought = this.#fleet.bring(port, COPY_SEND, this.#authority.taskPort(holder).site);
    this.#demand(holder, { op: 'port_insert_right', name, right: { name: brought, disposition: MOVE_SEND } });
    this.names.set(`${holder}.${label}`, name);
    this.#known.set(key, name);
  }
}
