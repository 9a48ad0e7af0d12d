/** Those who must not be harmed: a server that answers whoever asks properly, and clients who count on it. */
import { type MachineState, machine } from '../../kernel/machine.ts';
import type { Program, Sys } from '../../kernel/program.ts';
import { isName, type PortName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { COPY_SEND, MAKE_SEND_ONCE, MOVE_SEND_ONCE, PORT_RECEIVE, PORT_SEND_ONCE } from '../../ports/right.ts';

const QUESTION = 77;

const giveUp = (sys: Sys, name: PortName, type: number): void => {
  if (!isName(name)) return;
  if (type === PORT_RECEIVE) sys.call({ op: 'port_mod_refs', name, right: 'RECEIVE', delta: -1 });
  else sys.call({ op: 'port_deallocate', name });
};

/** Gives up everything that came with a message but its reply right. */
const giveUpItems = (sys: Sys, { items }: Received): void => {
  for (const item of items ?? []) {
    if (item.kind === 'port') giveUp(sys, item.name, item.type);
    else if (item.kind === 'ool_ports') for (const name of item.names) giveUp(sys, name, item.type);
    else if (item.size > 0) sys.call({ op: 'vm_deallocate', address: item.address, size: item.size });
  }
};

interface ServerState extends MachineState {
  readonly port: PortName;
}

/** Answers a question with the next number. Whatever else comes is given up. */
export const server: Program = machine<ServerState, PortName>({
  name: 'honest server',
  start: (port) => ({ at: 'wait', port }),
  handlers: {
    wait: (sys, state) => {
      state.at = 'answer';
      sys.receive(state.port);
    },
    answer: (sys, { port }, { message }) => {
      if (message !== null) answer(sys, message);
      sys.receive(port);
    },
  },
});

const answer = (sys: Sys, message: Received): void => {
  const { id, body, remote, remoteType } = message;
  giveUpItems(sys, message);
  const n = typeof body === 'object' && body !== null && 'n' in body ? body.n : null;
  const isQuestion = id === QUESTION && typeof n === 'number' && remoteType === PORT_SEND_ONCE && isName(remote);
  if (!isQuestion) return giveUp(sys, remote, remoteType);
  sys.send({ remote, remoteDisposition: MOVE_SEND_ONCE, id: QUESTION + 100, body: { n: n + 1 } });
};

/** What a client has come to. */
export interface ClientState extends MachineState {
  readonly port: PortName;
  reply: PortName;
  n: number;
  /** What was wrong with an answer; null as long as all were right. */
  wrong: string | null;
}

/** Asks and asks; each answer must be its own. */
export const client: Program = machine<ClientState, PortName>({
  name: 'honest client',
  start: (port) => ({ at: 'begin', port, reply: port, n: 0, wrong: null }),
  handlers: {
    begin: (sys, state) => {
      state.reply = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
      ask(sys, state);
    },
    check: (sys, state, { kr, message }) => {
      const n = (message?.body as { n?: unknown } | undefined)?.n;
      if (kr !== 'MACH_MSG_SUCCESS' || n !== state.n + 1)
        state.wrong ??= `${kr} ${message?.id} for question ${state.n}`;
      state.n += 1;
      ask(sys, state);
    },
  },
});

const ask = (sys: Sys, state: ClientState): void => {
  state.at = 'check';
  const { port: remote, reply: local, n } = state;
  const draft = {
    remote,
    remoteDisposition: COPY_SEND,
    local,
    localDisposition: MAKE_SEND_ONCE,
    id: QUESTION,
    body: { n },
  };
  sys.rpc(draft, local);
};
