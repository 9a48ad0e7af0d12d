/**
 * Several kernels in one process, each with netmsg, joined by links in memory that carry bytes. Everything runs when
 * `run` is called and until nothing is left to do; with a seed, the order in which nodes and links go on is shuffled.
 */
import type { Body } from '../../ports/body.ts';
import type { DraftItem } from '../../ports/draft.ts';
import { MACH_PORT_NULL, type PortName, portName } from '../../ports/name.ts';
import { type MemoryCopy, Message, type Received } from '../../ports/port.ts';
import { deliver } from '../../ports/queue.ts';
import { allocate, insertRight } from '../../ports/name-calls.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, PORT_SEND } from '../../ports/right.ts';
import { type Answer, type KernelRequest } from '../../kernel/interface/calls.ts';
import { bootKernel } from '../../kernel/boot.ts';
import { HostTask } from '../../kernel/host-task.ts';
import { Kernel, type Task, type TaskMemory } from '../../kernel/kernel.ts';
import { createTask, createThread } from '../../kernel/lives.ts';
import { runKernel } from '../../kernel/scheduler.ts';
import { netmsg } from '../../servers/net/netmsg.ts';
import { type NetInput, type NetLimits, netService, type Sessions } from '../../servers/net/protocol.ts';
import { NetDoor } from './net-door.ts';

/** Memory for tasks that use none. */
class NoMemory implements TaskMemory {
  take(): 'KERN_INVALID_ADDRESS' {
    return 'KERN_INVALID_ADDRESS';
  }
  map(copy: MemoryCopy): 'KERN_NO_SPACE' {
    copy.release();
    return 'KERN_NO_SPACE';
  }
  destroy(): void {}
  inherit(): void {}
  getU8(): number {
    return 0;
  }
  getU32(): number {
    return 0;
  }
  getF64(): number {
    return 0;
  }
  setU8(): void {}
  setU32(): void {}
  setF64(): void {}
  read(): void {}
  write(): void {}
}
