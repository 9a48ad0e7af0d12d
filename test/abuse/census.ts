/** Every right of a kernel, counted where it is, against what its port says: nothing is made, lost or doubled. */
import type { Kernel } from '../../kernel/kernel.ts';
import { DEAD, type Entry, IN_KERNEL, type Message, type Port } from '../../ports/port.ts';
import { PORT_SEND, PORT_SEND_ONCE, SEND, SEND_ONCE } from '../../ports/right.ts';

/** Counts as it walks. */
class Count {
  readonly sends = new Map<Port, number>();
  readonly onces = new Map<Port, number>();
  readonly #seen = new Set<Port>();
  messages = 0;

  right(port: Port | null, type: number): void {
    if (port === null) return;
    if (type === PORT_SEND) this.sends.set(port, (this.sends.get(port) ?? 0) + 1);
    if (type === PORT_SEND_ONCE) this.onces.set(port, (this.onces.get(port) ?? 0) + 1);
    this.port(port);
  }

  port(port: Port): void {
    if (this.#seen.has(port) || port.where === DEAD) return;
    this.#seen.add(port);
    this.right(port.nsrequest, PORT_SEND_ONCE);
    this.right(port.pdrequest, PORT_SEND_ONCE);
    for (const { notify } of port.requests ?? []) this.right(notify, PORT_SEND_ONCE);
    for (let i = 0; i < port.msgcount; i += 1) this.message(port.queue?.at(i));
    for (let i = 0; i < (port.senders?.length ?? 0); i += 1) this.message(port.senders?.at(i)?.message);
  }

  message(message: Message | undefined): void {
    if (message === undefined) return;
    this.messages += 1;
    this.right(message.dest, message.remoteType);
    this.right(message.reply, message.localType);
    if (message.accepted !== null) this.right(message.accepted.notify, PORT_SEND_ONCE);
    for (const item of message.items ?? []) {
      if (item.kind === 'port') this.right(item.port, item.type);
      if (item.kind === 'ool_ports') for (const port of item.ports) this.right(port, item.type);
    }
  }

  entry({ type, port }: Entry): void {
    if (port === null) return;
    if ((type & SEND) !== 0) this.right(port, PORT_SEND);
    else if ((type & SEND_ONCE) !== 0) this.right(port, PORT_SEND_ONCE);
    else this.port(port);
  }

  all(): Set<Port> {
    return this.#seen;
  }
}

/** What does not hold, in words; empty if everything does. For a kernel that is between two runs. */
export const violations = (kernel: Kernel): string[] => {
  const count = new Count();
  for (const task of kernel.tasks) {
    for (const entry of task.space.entries()) count.entry(entry);
    for (const port of [task.self, task.exceptionPort, task.bootstrapPort, ...task.registered])
      count.right(port, PORT_SEND);
    for (const thread of task.threads) {
      count.right(thread.self, PORT_SEND);
      count.right(thread.exceptionPort, PORT_SEND);
    }
  }
  const found: string[] = [];
  // A pager's object holds rights of its own, and a request that waits for a page is in nobody's queue.
  const isExact = kernel.pagers.size === 0;
  for (const port of count.all()) {
    if (port.where === DEAD || port.where === IN_KERNEL) continue;
    const [sends, onces] = [count.sends.get(port) ?? 0, count.onces.get(port) ?? 0];
    const areRight = isExact
      ? port.srights === sends && port.sorights === onces
      : port.srights >= sends && port.sorights >= onces;
    if (!areRight)
      found.push(`a port counts ${port.srights} and ${port.sorights} rights; there are ${sends} and ${onces}`);
  }
  if (isExact && kernel.ipc.messages !== count.messages) {
    found.push(`the kernel counts ${kernel.ipc.messages} messages; there are ${count.messages}`);
  }
  return found;
};
