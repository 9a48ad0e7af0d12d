/** A program that keeps five names it has no use for, and waits. */
import { type MachineState, machine } from '../../../kernel/machine.ts';
import type { Program } from '../../../kernel/program.ts';
import { type PortName, portName } from '../../../ports/name.ts';

interface Leaker extends MachineState {
  inbox: PortName;
}

export const program: Program = machine<Leaker>({
  name: 'leaker',
  start: () => ({ at: 'hoard', inbox: portName(0) }),
  handlers: {
    hoard(sys, s) {
      s.inbox = sys.call({ op: 'reply_port' })['name'] as PortName;
      for (let i = 0; i < 5; i += 1) sys.call({ op: 'port_allocate', right: 'DEAD_NAME' });
      s.at = 'wait';
      sys.receive(s.inbox);
    },
    wait(sys, s) {
      sys.receive(s.inbox);
    },
  },
});
