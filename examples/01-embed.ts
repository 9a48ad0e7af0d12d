/**
 * Embedding: host code as a task. Calls are promises, a signal ends them early and loses nothing, `await using` ends
 * the task and gives up all it holds.
 */
import { HostTask, MachError } from '../kernel/host-task.ts';
import { COPY_SEND, MAKE_SEND_ONCE, MOVE_SEND_ONCE } from '../ports/right.ts';
import { introduce, isMain, openKernel } from './support/local.ts';

/** A server that greets, and a client that asks it, gives up on it, and finds it gone. */
export const embed = async (): Promise<readonly string[]> => {
  const said: string[] = [];
  const { kernel, close } = openKernel('embed');
  await using client = new HostTask(kernel, 'client');
  const replies = client.allocate();
  const stop = new AbortController();

  const server = new HostTask(kernel, 'server');
  const service = server.allocate();
  const door = introduce(server.task, service, client.task);
  const serving = (async () => {
    for await (const { remote, id, body } of server.listen(service, { signal: stop.signal })) {
      const { name } = body as { readonly name: string };
      await server.send({ remote, remoteDisposition: MOVE_SEND_ONCE, id: id + 100, body: `hello, ${name}` });
    }
  })().catch((reason: unknown) => said.push(`the server stops: ${reason}`));

  // The reply right is send-once: the kernel answers for a server that drops it.
  const request = {
    remote: door,
    remoteDisposition: COPY_SEND,
    local: replies,
    localDisposition: MAKE_SEND_ONCE,
    id: 1,
  };
  const answer = await client.rpc({ ...request, body: { name: 'world' } }, replies);
  said.push(`${answer.id}: ${answer.body}`);

  // Nothing will come: the timeout is Mach's, the signal is the host's.
  const late = await client.receive(replies, { timeoutMs: 1 }).catch((error: unknown) => error);
  said.push(late instanceof MachError ? `${late.code}` : 'something came');
  const given = await client.receive(replies, { signal: AbortSignal.timeout(1) }).catch((error: unknown) => error);
  said.push((given as Error).name);

  stop.abort('enough');
  await serving;
  await server[Symbol.asyncDispose](); // what `await using` does at the end of a block
  said.push(`${client.sys.call({ op: 'port_type', name: door })['type']}`);
  close();
  return said;
};

if (isMain(import.meta.url)) console.log((await embed()).join('\n'));
