/**
 * Writes another number into each of its pages, looks at each again, and ends. `args[0]`: mebibytes. `args[1]`: the
 * name under which it registers when all are written; then it looks when it gets a message.
 */
import { machine } from '../../../kernel/machine.ts';
import type { Program } from '../../../kernel/program.ts';
import { MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import { MAKE_SEND } from '../../../ports/right.ts';
import { nameService } from '../../../servers/names/protocol.ts';

const PAGE = 4096;
/** Pages between two yields. */
const STEP = 64;

interface State {
  at: string;
  readonly bytes: number;
  readonly name: string;
  inbox: PortName;
  base: number;
  done: number;
}

export const program: Program = machine<State, readonly string[]>({
  name: 'spill',
  start: ([mebibytes = '1', name = '']) => ({
    at: 'begin',
    bytes: Number(mebibytes) << 20,
    name,
    inbox: MACH_PORT_NULL,
    base: 0,
    done: 0,
  }),
  handlers: {
    begin(sys, s) {
      s.base = sys.call({ op: 'vm_allocate', size: s.bytes, anywhere: true })['address'] as number;
      s.at = 'fill';
      sys.yield();
    },
    fill(sys, s) {
      for (let left = STEP; left > 0 && s.done < s.bytes; left -= 1) {
        sys.vm.setU32(s.base + s.done, s.done + 1);
        s.done += PAGE;
      }
      if (s.done < s.bytes) return sys.yield();
      s.done = 0;
      s.at = s.name === '' ? 'check' : 'register';
      sys.yield();
    },
    register(sys, s) {
      s.inbox = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
      const reply = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
      const names = sys.call({ op: 'get_special_port', which: 'TASK_BOOTSTRAP' })['name'] as PortName;
      s.at = 'wait';
      const draft = nameService.request(names, reply, 'check_in', { name: s.name });
      sys.rpc({ ...draft, descriptors: [{ kind: 'port', name: s.inbox, disposition: MAKE_SEND }] }, reply);
    },
    wait(sys, s) {
      s.at = 'check';
      sys.receive(s.inbox);
    },
    check(sys, s) {
      for (let left = STEP; left > 0 && s.done < s.bytes; left -= 1) {
        const found = sys.vm.getU32(s.base + s.done);
        if (found !== s.done + 1) throw new Error(`page ${s.done / PAGE} holds ${found}`);
        s.done += PAGE;
      }
      if (s.done === s.bytes) return sys.exit();
      sys.yield();
    },
  },
});
