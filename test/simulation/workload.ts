/** What goes on in the simulated world: a task that counts and moves, and clients that keep requests in flight. */
import { HostTask } from '../../kernel/host-task.ts';
import { machine } from '../../kernel/machine.ts';
import type { Program } from '../../kernel/program.ts';
import { MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_SEND_ONCE } from '../../ports/right.ts';
import { netService } from '../../servers/net/protocol.ts';
import type { SimNode } from './node.ts';

const PAGE = 4096;
/** Pages of counters that each client has. */
const CLIENT_PAGES = 12;
const PAGES = 32;

interface CounterState {
  at: string;
  inbox: PortName;
  base: number;
}

/** One request of a client. */
interface Question {
  readonly client: number;
  readonly q: number;
}

/** What the counter makes of it: everything it has counted lies in memory that follows it page by page. */
interface Answered extends Question {
  /** Requests of this client so far. */
  readonly mine: number;
  /** Requests that used this page so far. */
  readonly count: number;
  /** Requests so far. */
  readonly total: number;
}

/** Counts requests: one page with the totals, and pages of each client. */
export const counter: Program = machine<CounterState>({
  name: 'counter',
  hash: 'counter',
  start: () => ({ at: 'start', inbox: MACH_PORT_NULL, base: 0 }),
  handlers: {
    start(sys, s) {
      s.inbox = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
      s.base = sys.call({ op: 'vm_allocate', size: PAGES * PAGE, anywhere: true })['address'] as number;
      const net = sys.call({ op: 'get_special_port', which: 'TASK_BOOTSTRAP' })['name'] as PortName;
      sys.send({
        ...netService.request(net, s.inbox, 'check_in', { name: 'counter' }),
        local: MACH_PORT_NULL,
        localDisposition: 0,
        descriptors: [{ kind: 'port', name: s.inbox, disposition: MAKE_SEND }],
      });
      s.at = 'serve';
      sys.receive(s.inbox);
    },
    serve(sys, s, { message }) {
      if (message !== null && message.remote !== MACH_PORT_NULL) {
        const { client, q } = message.body as unknown as Question;
        const page = s.base + (1 + client * CLIENT_PAGES + (q % CLIENT_PAGES)) * PAGE;
        const own = s.base + 8 + client * 4;
        // All that may fault comes first: the handler can run again from its beginning.
        const answer = {
          client,
          q,
          count: sys.vm.getU32(page) + 1,
          mine: sys.vm.getU32(own) + 1,
          total: sys.vm.getU32(s.base + 4) + 1,
        };
        sys.vm.setU32(page, answer.count);
        sys.vm.setU32(own, answer.mine);
        sys.vm.setU32(s.base + 4, answer.total);
        const to = { remote: message.remote, remoteDisposition: MOVE_SEND_ONCE };
        sys.send({ ...to, id: message.id + 100, body: answer });
      }
      sys.receive(s.inbox);
    },
  },
});

/** A client: it sends numbered requests and notes what is wrong with the answers. */
export class Client {
  readonly node: SimNode;
  readonly number: number;
  /** What breaks the promise, in words. */
  wrong: string | null = null;
  /** Totals that were answered, by number of the request. */
  readonly totals: Map<number, number> = new Map();
  /** Requests whose answer will not come. */
  lost = 0;
  sent = 0;
  readonly #host: HostTask;
  readonly #net: PortName;
  readonly #replies: PortName;
  readonly #found: PortName;
  #server: PortName = MACH_PORT_NULL;
  #isAsking = false;

  constructor(node: SimNode, number: number) {
    this.node = node;
    this.number = number;
    this.#host = new HostTask(node.kernel, `client-${number}`);
    this.#net = node.netRight(this.#host.task);
    this.#replies = this.#host.allocate();
    this.#found = this.#host.allocate();
  }

  get outstanding(): number {
    return this.sent - this.totals.size - this.lost;
  }

  /** Looks at what has come, and sends another request if it may. Answers what it did, in words. */
  act(home: string, maySend: boolean, windowMax: number): string {
    const before = this.totals.size;
    for (let next = this.#host.sys.poll(this.#replies); next !== null; next = this.#host.sys.poll(this.#replies)) {
      if (next.id === 71) this.lost += 1;
      else this.#check(next.body as unknown as Answered);
    }
    const got = this.totals.size - before;
    if (this.#server === MACH_PORT_NULL) return this.#lookUp(home);
    if (!maySend || this.outstanding >= windowMax) return `${got === 0 ? '~' : ''}takes ${got}`;
    const q = this.sent + 1;
    const kr = this.#host.sys.send({
      remote: this.#server,
      remoteDisposition: COPY_SEND,
      id: 1,
      body: { client: this.number, q },
      local: this.#replies,
      localDisposition: MAKE_SEND_ONCE,
    });
    if (kr === 'MACH_MSG_SUCCESS') this.sent = q;
    else if (got === 0) return `~${kr}`;
    return `takes ${got}, sends ${q}: ${kr}`;
  }

  #lookUp(home: string): string {
    const { sys } = this.#host;
    if (!this.#isAsking) {
      this.#isAsking = true;
      sys.send(netService.request(this.#net, this.#found, 'look_up', { node: home, name: 'counter' }));
      return 'looks for the counter';
    }
    const message = sys.poll(this.#found);
    if (message === null) return '~waits';
    this.#isAsking = false;
    const [item] = message.items ?? [];
    if (item?.kind !== 'port') return 'finds no counter';
    this.#server = item.name;
    return 'finds the counter';
  }

  #check({ client, q, mine, count, total }: Answered): void {
    const what = `client ${this.number}: the answer to ${q}`;
    if (client !== this.number) this.wrong ??= `${what} is for client ${client}`;
    else if (q > this.sent) this.wrong ??= `${what}, of which only ${this.sent} were asked`;
    else if (this.totals.has(q)) this.wrong ??= `${what} came twice`;
    else if (mine !== q) this.wrong ??= `${what} was counted as number ${mine}`;
    else if (count !== Math.ceil(q / CLIENT_PAGES))
      this.wrong ??= `${what} found ${count - 1} earlier ones on its page`;
    this.totals.set(q, total);
  }
}
