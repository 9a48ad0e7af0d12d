/** Order of a sender that moves: a thread that sends numbers and waits for no answer, and a slow receiver. */
import { HostTask } from '../../kernel/host-task.ts';
import { machine } from '../../kernel/machine.ts';
import type { Program } from '../../kernel/program.ts';
import { MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import { COPY_SEND, MAKE_SEND } from '../../ports/right.ts';
import { netService } from '../../servers/net/protocol.ts';
import type { SimNode } from './node.ts';

/** How long the herald waits before it looks for the sink again. */
const RETRY_MS = 20;
const RETRIES = 50;

/** What the herald is to do. */
export interface Errand {
  readonly home: string;
  readonly last: number;
}

interface HeraldState extends Errand {
  at: string;
  port: PortName;
  sink: PortName;
  tries: number;
  n: number;
}

/** Sends 1 to `last` to the sink, each as soon as there is room. A thread of a task that moves. */
export const herald: Program = machine<HeraldState, Errand>({
  name: 'herald',
  hash: 'herald',
  start: ({ home, last }) => ({
    at: 'ask',
    home,
    last,
    port: MACH_PORT_NULL,
    sink: MACH_PORT_NULL,
    tries: 0,
    n: 0,
  }),
  handlers: {
    ask(sys, s) {
      if (s.tries === RETRIES) return sys.pause();
      s.tries += 1;
      if (s.port === MACH_PORT_NULL) s.port = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
      const net = sys.call({ op: 'get_special_port', which: 'TASK_BOOTSTRAP' })['name'] as PortName;
      s.at = 'found';
      sys.rpc(netService.request(net, s.port, 'look_up', { node: s.home, name: 'sink' }), s.port);
    },
    found(sys, s, { message }) {
      const [item] = message?.items ?? [];
      s.sink = item?.kind === 'port' ? item.name : MACH_PORT_NULL;
      s.at = s.sink === MACH_PORT_NULL ? 'ask' : 'send';
      if (s.at === 'ask') sys.receive(s.port, { timeoutMs: RETRY_MS });
      else sys.yield();
    },
    send(sys, s, { kr }) {
      // A sink that has died, or a right that was lost with a node: nobody is left to be told.
      if (s.n === s.last || kr === 'MACH_SEND_INVALID_DEST') return sys.pause();
      s.n += 1;
      sys.msg({ send: { remote: s.sink, remoteDisposition: COPY_SEND, id: s.n } });
    },
  },
});

/** Takes what the herald sends, one at a time, and notes what is out of order. */
export class Sink {
  readonly node: SimNode;
  /** What breaks the promise, in words. */
  wrong: string | null = null;
  /** The number that came last, and how many came. */
  last = 0;
  count = 0;
  readonly #host: HostTask;
  readonly #port: PortName;

  constructor(node: SimNode, qlimit: number) {
    this.node = node;
    this.#host = new HostTask(node.kernel, 'sink');
    this.#port = this.#host.allocate();
    const { sys } = this.#host;
    sys.call({ op: 'port_set_qlimit', name: this.#port, qlimit });
    sys.call({ op: 'port_insert_right', name: this.#port, right: { name: this.#port, disposition: MAKE_SEND } });
    node.checkIn(this.#host, this.#port, 'sink');
  }

  /** Takes one number, if there is any. Answers what it did, in words. */
  act(): string {
    const message = this.#host.sys.poll(this.#port);
    if (message === null) return '~nothing';
    if (message.id <= this.last) this.wrong ??= `${message.id} came after ${this.last}`;
    this.last = message.id;
    this.count += 1;
    return `hears ${message.id}`;
  }
}
