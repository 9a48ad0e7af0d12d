/**
 * Counts, and prints each number on the console that its bootstrap port knows. `args[0]`: how far. `args[1]`: how
 * often, in ms.
 */

import { machine } from '../../../kernel/machine.ts';
import type { Program, Sys } from '../../../kernel/program.ts';
import { MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import { COPY_SEND } from '../../../ports/right.ts';
import { consoleService } from '../../../servers/console/protocol.ts';
import { nameService } from '../../../servers/names/protocol.ts';

interface State {
  at: string;
  n: number;
  readonly last: number;
  readonly everyMs: number;
  port: PortName;
  console: PortName;
}

const print = (sys: Sys, s: State, text: string): void => {
  sys.send({ remote: s.console, remoteDisposition: COPY_SEND, id: consoleService.id('print'), body: { text } });
};

export const program: Program = machine<State, readonly string[]>({
  name: 'ticker',
  start: ([last = '3', everyMs = '10']) => ({
    at: 'begin',
    n: 0,
    last: Number(last),
    everyMs: Number(everyMs),
    port: MACH_PORT_NULL,
    console: MACH_PORT_NULL,
  }),
  handlers: {
    begin(sys, s) {
      const names = sys.call({ op: 'get_special_port', which: 'TASK_BOOTSTRAP' })['name'] as PortName;
      s.port = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
      s.at = 'found';
      sys.rpc(nameService.request(names, s.port, 'look_up', { name: 'console' }), s.port);
    },
    found(sys, s, { message }) {
      const item = message?.items?.[0];
      s.console = item?.kind === 'port' ? item.name : MACH_PORT_NULL;
      s.at = 'tick';
      sys.yield();
    },
    tick(sys, s) {
      s.n += 1;
      print(sys, s, `tick ${s.n}`);
      if (s.n >= s.last) return sys.exit();
      sys.receive(s.port, { timeoutMs: s.everyMs });
    },
  },
});
