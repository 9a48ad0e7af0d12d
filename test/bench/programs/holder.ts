/**
 * A task with memory: it writes something else into each of its pages, so that all are resident and no two alike,
 * then registers and serves. Whatever touches memory is a handler that may run again from its beginning.
 */
import { machine } from '../../../kernel/machine.ts';
import type { Program, Sys } from '../../../kernel/program.ts';
import { MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import type { Received } from '../../../ports/port.ts';
import { MAKE_SEND, MOVE_SEND_ONCE } from '../../../ports/right.ts';
import { nameService } from '../../../servers/names/protocol.ts';
import { type Histogram, newHistogram, record } from '../histogram.ts';
import { type HolderArguments, holderService } from './service.ts';

const PAGE = 4096;
/** Pages that one step fills or reads. */
const STEP = 512;

interface State {
  at: string;
  readonly name: string;
  readonly pages: number;
  base: number;
  inbox: PortName;
  /** Where a run over pages stands, and where it ends. */
  page: number;
  end: number;
  wrong: number;
  /** Whom to answer when the run is over. */
  client: PortName;
  /** When the page was touched first; below 0 before that. */
  touchedAt: number;
  times: Histogram | null;
}

/** What stands at the start and the end of a page: neither 0 nor the same in two pages. */
const markOf = (page: number): number => (Math.imul(page + 1, 0x9e3779b1) | 1) >>> 0;

const isWrong = (sys: Sys, s: State, page: number): boolean => {
  const at = s.base + page * PAGE;
  return sys.vm.getU32(at) !== page + 1 || sys.vm.getU32(at + PAGE - 4) !== markOf(page);
};

const receiveRight = (sys: Sys): PortName => sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;

const serve = (sys: Sys, s: State, message: Received): void => {
  const { id, remote, body } = message;
  if (id === holderService.id('echo')) {
    if (s.pages > 1) sys.vm.getU32(s.base + ((body as { op: number }).op % s.pages) * PAGE);
    const answer = { retcode: 'KERN_SUCCESS', value: body };
    sys.send({ remote, remoteDisposition: MOVE_SEND_ONCE, id: id + 100, body: answer });
    return sys.receive(s.inbox);
  }
  const { first = 0, count = s.pages } = (body ?? {}) as { first?: number; count?: number };
  s.client = remote;
  s.page = first;
  s.end = Math.min(s.pages, first + count);
  s.wrong = 0;
  s.touchedAt = -1;
  s.times = newHistogram();
  s.at = id === holderService.id('touch') ? 'touch' : 'look';
  sys.yield();
};

const answer = (sys: Sys, s: State, id: number, value: object): void => {
  const body = { retcode: 'KERN_SUCCESS', value } as never;
  sys.send({ remote: s.client, remoteDisposition: MOVE_SEND_ONCE, id: id + 100, body });
  s.client = MACH_PORT_NULL;
  s.at = 'serve';
  sys.receive(s.inbox);
};

/** The program: what `portolan task run` looks for in a module. */
export const program: Program = machine<State, HolderArguments>({
  name: 'bench-holder',
  start: ({ name, pages }) => ({
    at: 'begin',
    name,
    pages,
    base: 0,
    inbox: MACH_PORT_NULL,
    page: 0,
    end: pages,
    wrong: 0,
    client: MACH_PORT_NULL,
    touchedAt: -1,
    times: null,
  }),
  handlers: {
    begin(sys, s) {
      const answered = sys.call({ op: 'vm_allocate', size: s.pages * PAGE, anywhere: true });
      if (answered.kr !== 'KERN_SUCCESS') throw new Error(`${s.pages} pages: ${answered.kr}`);
      s.base = answered['address'] as number;
      s.inbox = receiveRight(sys);
      sys.call({ op: 'port_set_qlimit', name: s.inbox, qlimit: 64 });
      s.at = 'fill';
      sys.yield();
    },
    fill(sys, s) {
      for (const stop = Math.min(s.end, s.page + STEP); s.page < stop; s.page += 1) {
        sys.vm.setU32(s.base + s.page * PAGE, s.page + 1);
        sys.vm.setU32(s.base + s.page * PAGE + PAGE - 4, markOf(s.page));
      }
      if (s.page < s.end) return sys.yield();
      s.at = 'known';
      const names = sys.call({ op: 'get_special_port', which: 'TASK_BOOTSTRAP' })['name'] as PortName;
      const reply = receiveRight(sys);
      const draft = nameService.request(names, reply, 'check_in', { name: s.name });
      sys.rpc({ ...draft, descriptors: [{ kind: 'port', name: s.inbox, disposition: MAKE_SEND }] }, reply);
    },
    known(sys, s) {
      s.at = 'serve';
      sys.receive(s.inbox);
    },
    serve(sys, s, { message }) {
      if (message === null) sys.receive(s.inbox);
      else serve(sys, s, message);
    },
    look(sys, s) {
      for (const stop = Math.min(s.end, s.page + STEP); s.page < stop; s.page += 1) {
        if (isWrong(sys, s, s.page)) s.wrong += 1;
      }
      if (s.page < s.end) return sys.yield();
      answer(sys, s, holderService.id('look'), { pages: s.pages, wrong: s.wrong });
    },
    /** A fault ends the handler and runs it again: the time of the first touch has to survive that. */
    touch(sys, s) {
      const { times } = s;
      if (s.page === s.end || times === null) {
        return answer(sys, s, holderService.id('touch'), { times, wrong: s.wrong });
      }
      if (s.touchedAt < 0) s.touchedAt = sys.now();
      const wrong = isWrong(sys, s, s.page);
      record(times, sys.now() - s.touchedAt);
      if (wrong) s.wrong += 1;
      s.touchedAt = -1;
      s.page += 1;
      sys.yield();
    },
  },
});
