/** Portolan as its users get it: machine programs, rights checked, bodies admitted, events recorded. */
import { introduce } from '../../../examples/support/local.ts';
import { bootKernel } from '../../../kernel/boot.ts';
import { HostTask } from '../../../kernel/host-task.ts';
import type { Kernel } from '../../../kernel/kernel.ts';
import { createThread } from '../../../kernel/lives.ts';
import { machine } from '../../../kernel/machine.ts';
import { runKernel } from '../../../kernel/scheduler.ts';
import type { Body } from '../../../ports/body.ts';
import { Bytes } from '../../../ports/bytes.ts';
import { MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import { COPY_SEND, MAKE_SEND_ONCE, MOVE_SEND_ONCE } from '../../../ports/right.ts';
import { type BodyKind, type Contender, octets, share, text } from '../contender.ts';

const reused: Body = { op: 1, data: null };
const bytes: Bytes = Bytes.from(octets);

/** The body of the message that is number `op`. */
const bodyOf = (kind: BodyKind, op: number): Body => {
  switch (kind) {
    case 'none':
      return undefined;
    case 'text':
      return text;
    case 'bytes':
      return bytes;
    case 'array':
      return octets;
    case 'reused':
      return reused;
    case 'record+bytes':
      return { op, data: bytes };
    case 'record':
    case 'fresh answer':
      return { op, data: null };
  }
};

interface Sender {
  at: string;
  left: number;
  readonly body: BodyKind;
  readonly to: PortName;
  readonly replies: PortName;
}

/** Messages that a program sends or takes in one turn. */
const TURN = 64;

const sender = machine<Sender, Sender>({
  name: 'sender',
  start: (state) => state,
  handlers: {
    send(sys, s) {
      // As the prototype's: send until there is no room, and only then wait. A turn has an end all the same.
      for (let i = 0; i < TURN && s.left > 0; i += 1) {
        s.left -= 1;
        const draft = { remote: s.to, remoteDisposition: COPY_SEND, id: 1, body: bodyOf(s.body, s.left) };
        if (sys.send(draft) !== 'MACH_MSG_SUCCESS') return sys.msg({ send: draft });
      }
      if (s.left === 0) sys.exit();
      else sys.yield();
    },
    ask(sys, s) {
      if (s.left === 0) return sys.exit();
      s.left -= 1;
      const draft = {
        remote: s.to,
        remoteDisposition: COPY_SEND,
        local: s.replies,
        localDisposition: MAKE_SEND_ONCE,
        id: 1,
        body: bodyOf(s.body, s.left),
      };
      sys.rpc(draft, s.replies);
    },
  },
});

interface Server {
  at: string;
  got: number;
  readonly answersAnew: boolean;
  readonly inbox: PortName;
}

const server = machine<Server, Server>({
  name: 'server',
  start: (state) => state,
  handlers: {
    serve(sys, s, { message }) {
      let got = message;
      for (let i = 1; got !== null; i += 1) {
        s.got += 1;
        const { remote } = got;
        if (remote !== MACH_PORT_NULL) {
          // Whoever asks waits for the answer: there is nothing more to be had before that.
          const body = s.answersAnew ? { op: s.got, data: null } : got.body;
          sys.send({ remote, remoteDisposition: MOVE_SEND_ONCE, id: 101, body });
          break;
        }
        got = i < TURN ? sys.poll(s.inbox) : null;
      }
      sys.receive(s.inbox);
    },
  },
});

interface Pair {
  readonly client: HostTask;
  readonly to: PortName;
  readonly replies: PortName;
  readonly server: Server;
}

const makePair = (kernel: Kernel, body: BodyKind): Pair => {
  const client = new HostTask(kernel, 'client');
  const owner = new HostTask(kernel, 'server');
  const inbox = owner.allocate();
  owner.call({ op: 'port_set_qlimit', name: inbox, qlimit: 1024 });
  const state: Server = { at: 'serve', got: 0, answersAnew: body === 'fresh answer', inbox };
  createThread(owner.task, server, state);
  const to = introduce(owner.task, inbox, client.task);
  return { client, to, replies: client.allocate(), server: state };
};

export const portolan: Contender = {
  name: 'portolan',
  setup(count, body) {
    const pump = { wanted: () => undefined, deadline: () => undefined };
    const kernel = bootKernel({ node: 'bench', clock: { now: () => 0 }, pump });
    const pairs = Array.from({ length: count }, () => makePair(kernel, body));
    const run = (at: 'send' | 'ask', n: number): number => {
      const left = share(n, count);
      const before = pairs.reduce((sum, pair) => sum + pair.server.got, 0);
      for (const { client, to, replies } of pairs) createThread(client.task, sender, { at, left, body, to, replies });
      while (kernel.runQueue.length > 0) runKernel(kernel, 1 << 20);
      const done = pairs.reduce((sum, pair) => sum + pair.server.got, -before);
      if (done !== left * count) throw new Error(`${done} of ${left * count} messages arrived`);
      return done;
    };
    return { oneWay: (n) => run('send', n), rpc: (n) => run('ask', n) };
  },
};
