/** An experiment: four rules of Mach's messages, each shown by what the kernel answers. Nothing here waits. */
import { bootKernel } from '../kernel/boot.ts';
import { HostTask } from '../kernel/host-task.ts';
import { NOTIFY_DEAD_NAME, NOTIFY_NO_SENDERS } from '../ports/fate.ts';
import { COPY_SEND, MAKE_SEND_ONCE, MOVE_SEND_ONCE } from '../ports/right.ts';
import { introduce, isMain } from './support/local.ts';

/** Answers what was observed. */
export const semantics = (): Readonly<Record<string, unknown>> => {
  // Time stands still and nobody pumps: every call below is answered where it is made.
  const pump = { wanted: () => undefined, deadline: () => undefined };
  const kernel = bootKernel({ node: 'laboratory', clock: { now: () => 0 }, pump });
  const owner = new HostTask(kernel, 'owner');
  const holder = new HostTask(kernel, 'holder');
  const port = owner.allocate();
  const right = introduce(owner.task, port, holder.task);
  const seen: Record<string, unknown> = {};

  // A send-once right is used up by the send, and its name with it.
  const replies = holder.allocate();
  const answerTo = { local: replies, localDisposition: MAKE_SEND_ONCE };
  holder.sys.send({ remote: right, remoteDisposition: COPY_SEND, ...answerTo, id: 1 });
  const once = owner.sys.poll(port)?.remote ?? port;
  const answer = { remote: once, remoteDisposition: MOVE_SEND_ONCE, id: 101 };
  seen['send-once'] = [owner.sys.send(answer), owner.sys.send(answer)];

  // A port queues as many messages as its limit says; then a sender waits, or is told that it would have to.
  owner.call({ op: 'port_set_qlimit', name: port, qlimit: 2 });
  const send = () => holder.sys.send({ remote: right, remoteDisposition: COPY_SEND, id: 2 });
  seen['qlimit'] = [send(), send(), send()];
  // A send that does not wait is refused whole: no right was taken, so none came back (sys.msg gives the message back).
  seen['references'] = holder.call({ op: 'port_get_refs', name: right, right: 'SEND' })['refs'];
  while (owner.sys.poll(port) !== null);

  // When the last send right is gone, whoever asked is told, with the count of rights ever made.
  const told = owner.allocate();
  const notify = { name: told, disposition: MAKE_SEND_ONCE };
  const watch = { op: 'port_request_notification', sync: 0, notify } as const;
  owner.call({ ...watch, name: port, kind: 'NO_SENDERS' });
  holder.call({ op: 'port_destroy', name: right });
  const alone = owner.sys.poll(told);
  seen['no senders'] = [alone?.id === NOTIFY_NO_SENDERS, alone?.body];

  // When a port dies, the rights to it become dead names: a send is refused, and whoever asked is told the name.
  const next = introduce(owner.task, port, holder.task);
  const deaths = holder.allocate();
  holder.call({ ...watch, name: next, kind: 'DEAD_NAME', notify: { name: deaths, disposition: MAKE_SEND_ONCE } });
  owner.call({ op: 'port_destroy', name: port });
  const death = holder.sys.poll(deaths);
  seen['dead name'] = [
    holder.sys.send({ remote: next, remoteDisposition: COPY_SEND, id: 3 }),
    death?.id === NOTIFY_DEAD_NAME,
  ];
  return seen;
};

if (isMain(import.meta.url)) console.log(semantics());
