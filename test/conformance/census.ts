/** Counts over one kernel, for leak checks. It looks at the records themselves: no call tells all of it. */

import type { Kernel, Task } from '../../kernel/kernel.ts';
import { DEAD_NAME, PORT_SET, RECEIVE } from '../../ports/right.ts';
import type { Census } from './driver.ts';

/** What there is. Names of the runner are not counted; the rights that exist to ports of its own are. */
export const censusOf = (kernel: Kernel, runner: Task): Census => {
  let rights = 0;
  for (const task of kernel.tasks) {
    for (const { type, port } of task.space.entries()) {
      if (task !== runner && (type & (DEAD_NAME | PORT_SET)) === 0) rights += 1;
      if ((type & RECEIVE) !== 0 && port !== null) rights += port.srights + port.sorights;
    }
  }
  const { ports, messages } = kernel.ipc;
  return { ports, messages, rights, residentPages: kernel.pool.resident };
};
