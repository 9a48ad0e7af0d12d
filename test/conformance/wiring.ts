/** The wiring of a case: the rights its tasks have before the first step, given through their task ports. */
import { type PortName, portName } from '../../ports/name.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_SEND, MOVE_SEND_ONCE } from '../../ports/right.ts';
import { Unsupported } from './driver.ts';
import type { JsonObject } from './scenario.ts';
import { nameIn, type Stage } from './stage.ts';

/** Names that wiring chooses: no kernel chooses such a one (it ends in binary 01), and no case writes one. */
const FIRST_NAME = 0x00f0_0001;
const NAME_STEP = 4;

/** Who has a kernel port for the wiring. */
export interface Authority {
  taskPort(task: string): PortName;
  threadPort(actor: string): PortName;
  hostPort(): PortName;
}

/** Gives rights to tasks, and remembers under which names. */
export class Wiring {
  readonly #stage: Stage;
  readonly #authority: Authority;
  /** `A.p`, as the case writes it, to the name. */
  readonly names: Map<string, PortName> = new Map();
  /** A port, called by the wire that made it, in a task: the name of its send and receive rights there. */
  readonly #known: Map<string, PortName> = new Map();
  #next = FIRST_NAME;

  constructor(stage: Stage, authority: Authority) {
    this.#stage = stage;
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
      this.#kernelPort(holder, wire['task_port'], this.#authority.taskPort(String(wire['of'])));
    } else if (typeof wire['thread_port'] === 'string') {
      this.#kernelPort(holder, wire['thread_port'], this.#authority.threadPort(String(wire['of'])));
    } else if (typeof wire['host_priv'] === 'string') {
      this.#kernelPort(holder, wire['host_priv'], this.#authority.hostPort());
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

  #receive(holder: string, label: string): void {
    const task = this.#authority.taskPort(holder);
    const name = nameIn(this.#stage.demand(task, { op: 'port_allocate', right: 'RECEIVE' }));
    this.names.set(`${holder}.${label}`, name);
    this.#known.set(`${holder}.${label} in ${holder}`, name);
  }

  /** A right to the port of `of`, in the runner's hands. */
  #extract(of: string, disposition: number): PortName {
    const owner = this.#authority.taskPort(of.split('.', 1)[0] ?? of);
    return nameIn(this.#stage.demand(owner, { op: 'port_extract_right', name: this.#name(of), disposition }));
  }

  #send(holder: string, label: string, of: string, urefs: unknown): void {
    const task = this.#authority.taskPort(holder);
    const key = `${of} in ${holder}`;
    const name = this.#known.get(key) ?? this.#fresh();
    const right = { name: this.#extract(of, MAKE_SEND), disposition: MOVE_SEND };
    this.#stage.demand(task, { op: 'port_insert_right', name, right });
    const delta = typeof urefs === 'number' ? urefs - 1 : 0;
    if (delta !== 0) this.#stage.demand(task, { op: 'port_mod_refs', name, right: 'SEND', delta });
    this.names.set(`${holder}.${label}`, name);
    this.#known.set(key, name);
  }

  #sendOnce(holder: string, label: string, of: string): void {
    const name = this.#fresh();
    const right = { name: this.#extract(of, MAKE_SEND_ONCE), disposition: MOVE_SEND_ONCE };
    this.#stage.demand(this.#authority.taskPort(holder), { op: 'port_insert_right', name, right });
    this.names.set(`${holder}.${label}`, name);
  }

  #set(holder: string, label: string, members: readonly string[]): void {
    const task = this.#authority.taskPort(holder);
    const after = nameIn(this.#stage.demand(task, { op: 'port_allocate', right: 'PORT_SET' }));
    for (const member of members) {
      this.#stage.demand(task, { op: 'port_move_member', member: this.#name(`${holder}.${member}`), after });
    }
    this.names.set(`${holder}.${label}`, after);
  }

  #kernelPort(holder: string, label: string, port: PortName): void {
    const key = `${port} in ${holder}`;
    const name = this.#known.get(key) ?? this.#fresh();
    const right = { name: port, disposition: COPY_SEND };
    this.#stage.demand(this.#authority.taskPort(holder), { op: 'port_insert_right', name, right });
    this.names.set(`${holder}.${label}`, name);
    this.#known.set(key, name);
  }
}
