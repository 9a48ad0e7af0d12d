/** The model of port sets [2.14]. */
import type { ModelKernel } from './kernel.ts';
import { accept } from './messages.ts';
import type { ModelCall, ModelMessage, ModelPort, ModelSet } from './records.ts';

/** `move_member` and its kin [2.14]: a port joins a set, with what it has queued. */
export const joinSet = (k: ModelKernel, port: ModelPort, set: ModelSet): void => {
  k.leaveSet(port);
  set.members.push(port);
  const mine = port.queue;
  port.queue = [];
  port.set = set;
  set.queue.push(...mine);
  while (set.waiting.length > 0 && set.queue.length > 0) {
    const call = set.waiting.shift() as ModelCall;
    call.at = null;
    if (call.receive?.tiny === true && call.receive.large) {
      k.end(call, 'MACH_RCV_TOO_LARGE');
      continue;
    }
    accept(k, call, set.queue.shift() as ModelMessage);
    k.admit(port);
  }
  for (const call of port.waiting.splice(0)) {
    call.at = null;
    k.end(call, 'MACH_RCV_PORT_CHANGED');
  }
};
