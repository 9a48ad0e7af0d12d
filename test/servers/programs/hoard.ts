/**
 * Fills its memory, so that every page is resident, registers itself as `hoard` and answers: each query touches a page.
 * `args[0]`: mebibytes.
 */
import { machine } from '../../../kernel/machine.ts';
import type { Program, Sys } from '../../../kernel/program.ts';
import { MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import { MAKE_SEND, MOVE_SEND_ONCE } from '../../../ports/right.ts';
import { nameService } from '../../../servers/names/protocol.ts';

const PAGE = 4096;

interface State {
  at: string;
  readonly bytes: number;
  base: number;
  done: number;
  inbox: PortName;
  reply: PortName;
}

const port = (sys: Sys): PortName => sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;

export const program: Program = machine<State, readonly string[]>({
  name: 'hoard',
  start: ([mebibytes = '1']) => ({
    at: 'begin',
    bytes: Number(mebibytes) << 20,
    base: 0,
    done: 0,
    inbox: MACH_PORT_NULL,
    reply: MACH_PORT_NULL,
  }),
  handlers: {
    begin(sys, s) {
      s.base = sys.call({ op: 'vm_allocate', size: s.bytes, anywhere: true })['address'] as number;
      s.inbox = port(sys);
      s.reply = port(sys);
      sys.call({ op: 'port_set_qlimit', name: s.inbox, qlimit: 32 });
      s.at = 'fill';
      sys.yield();
    },
    fill(sys, s) {
      for (let i = 0; i < 256 && s.done < s.bytes; i += 1) {
        sys.vm.setU32(s.base + s.done, i + 1);
        s.done += PAGE;
      }
      if (s.done < s.bytes) return sys.yield();
      s.at = 'known';
      const names = sys.call({ op: 'get_special_port', which: 'TASK_BOOTSTRAP' })['name'] as PortName;
      const draft = nameService.request(names, s.reply, 'check_in', { name: 'hoard' });
      sys.rpc({ ...draft, descriptors: [{ kind: 'port', name: s.inbox, disposition: MAKE_SEND }] }, s.reply);
    },
    known(sys, s) {
      s.at = 'serve';
      sys.receive(s.inbox);
    },
    serve(sys, s, { message }) {
      if (message !== null && message.remote !== MACH_PORT_NULL) {
        const value = sys.vm.getU32(s.base + (message.id % (s.bytes / PAGE)) * PAGE);
        const body = { retcode: 'KERN_SUCCESS', value };
        sys.send({ remote: message.remote, remoteDisposition: MOVE_SEND_ONCE, id: message.id + 100, body });
      }
      sys.receive(s.inbox);
    },
  },
});
