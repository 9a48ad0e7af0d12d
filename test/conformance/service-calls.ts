/** Calls on the name server, which a task reaches by a right that it is lent for the call. */
import type { Answer as KernelAnswer, KernelRequest } from '../../kernel/interface/calls.ts';
import type { DraftItem } from '../../ports/draft.ts';
import { type PortName, portName } from '../../ports/name.ts';
import { COPY_SEND, MAKE_SEND, MOVE_SEND } from '../../ports/right.ts';
import { nameService } from '../../servers/names/protocol.ts';
import type { Answer, Args } from './driver.ts';
import type { Errand } from './errands.ts';
import type { Fleet, HeldThere } from './fleet.ts';
import { shown } from './puppet-calls.ts';

/** Under which a task knows what it is lent for a call: no kernel chooses such a name, and no case. */
const LENT_NAME = portName(0x00e0_0001);

/** The runner's help with the calls of one actor. */
export class Lender {
  readonly #fleet: Fleet;
  readonly #task: () => HeldThere;
  readonly #home: string | null;

  /** All use the name server of the kernel `home`; null: each that of its kernel. */
  constructor(fleet: Fleet, task: () => HeldThere, home: string | null) {
    this.#fleet = fleet;
    this.#task = task;
    this.#home = home;
  }

  /** A call on the actor's task. */
  ask(request: KernelRequest): KernelAnswer | null {
    const { site, name } = this.#task();
    return site.stage.ask(name, request);
  }

  /** Puts a send right to the actor's name server into its space, under the name answered. */
  lendNameService(): PortName {
    const { site, name } = this.#task();
    const server = this.#home === null ? site : this.#fleet.site(this.#home);
    const brought = this.#fleet.bring({ site: server, name: this.#fleet.nameService(server) }, MOVE_SEND, site);
    const right = { name: brought, disposition: MOVE_SEND };
    site.stage.demand(name, { op: 'port_insert_right', name: LENT_NAME, right });
    return LENT_NAME;
  }
}

const ROUTINES = { netname_check_in: 'check_in', netname_look_up: 'look_up', netname_check_out: 'check_out' } as const;

type NameCall = keyof typeof ROUTINES;

/** True for the calls of the name service. */
export const isNameCall = (call: string): call is NameCall => Object.hasOwn(ROUTINES, call);

/** One call on the name server, made by the client stub of the actor. */
export function* callNames(call: NameCall, args: Args, lender: Lender): Errand {
  const { name, host, port, signature } = args;
  const remote = lender.lendNameService();
  const rights = [port, signature].filter((each) => typeof each === 'number');
  const done = yield {
    kind: 'mig',
    draft: {
      remote,
      remoteDisposition: COPY_SEND,
      id: nameService.id(ROUTINES[call]),
      body: { name: String(name), ...(host === undefined ? {} : { host: String(host) }) },
      descriptors: rights.map((each) => rightTo(lender, portName(each))),
    },
    replies: true,
    descriptors: call === 'netname_look_up' ? 1 : 0,
  };
  lender.ask({ op: 'port_deallocate', name: remote });
  return shown(call, answerOf(done));
}

/** As FORMAT.md has it: a copy of a send right if the task has one, else one made from its receive right. */
const rightTo = (lender: Lender, name: PortName): DraftItem => {
  const type = lender.ask({ op: 'port_type', name })?.['type'];
  const hasSend = Array.isArray(type) && type.includes('SEND');
  return { kind: 'port', name, disposition: hasSend ? COPY_SEND : MAKE_SEND };
};

const answerOf = ({ kr, descriptors }: Answer): Answer => {
  const [first] = (descriptors ?? []) as readonly { readonly name: number }[];
  return first === undefined ? { kr } : { kr, port: first.name };
};
