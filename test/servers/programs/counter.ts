/** Counts the requests that it gets, and answers each with the number. Its name with the name service is `args[0]`. */
import { machine } from '../../../kernel/machine.ts';
import type { Program } from '../../../kernel/program.ts';
import { MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import { MAKE_SEND, MOVE_SEND_ONCE } from '../../../ports/right.ts';
import { nameService } from '../../../servers/names/protocol.ts';

interface State {
  at: string;
  readonly name: string;
  count: number;
  inbox: PortName;
  reply: PortName;
}

export const program: Program = machine<State, readonly string[]>({
  name: 'counter',
  start: ([name = 'counter']) => ({ at: 'begin', name, count: 0, inbox: MACH_PORT_NULL, reply: MACH_PORT_NULL }),
  handlers: {
    begin(sys, s) {
      s.inbox = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
      s.reply = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
      const names = sys.call({ op: 'get_special_port', which: 'TASK_BOOTSTRAP' })['name'] as PortName;
      s.at = 'known';
      const draft = nameService.request(names, s.reply, 'check_in', { name: s.name });
      sys.rpc({ ...draft, descriptors: [{ kind: 'port', name: s.inbox, disposition: MAKE_SEND }] }, s.reply);
    },
    known(sys, s) {
      s.at = 'serve';
      sys.receive(s.inbox);
    },
    serve(sys, s, { message }) {
      s.count += 1;
      if (message !== null) {
        const answer = { remote: message.remote, remoteDisposition: MOVE_SEND_ONCE, id: message.id + 100 };
        sys.send({ ...answer, body: s.count });
      }
      sys.receive(s.inbox);
    },
  },
});
