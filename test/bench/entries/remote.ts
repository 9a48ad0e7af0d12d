/** The near end of a line that is measured, in a process of its own. Does what its parent orders, one at a time. */
import type { RemoteOrder, RemoteReport } from '../orders.ts';
import { childChannel, workerPort } from '../remote/built-in.ts';
import type { Line, Remote } from '../remote/contender.ts';
import { capnweb, comlinkWorker, grpc, nats } from '../remote/installed.ts';
import { rawTcp, rawUnix, roundTrips, stream } from '../remote/sockets.ts';

const remotes: readonly Remote[] = [rawUnix, rawTcp, workerPort, childChannel, comlinkWorker, capnweb, nats, grpc];

const lines = new Map<string, Line>();

const obey = async (order: RemoteOrder): Promise<unknown> => {
  switch (order.do) {
    case 'ask': {
      const { remote, size, n, outstanding } = order;
      const key = `${remote} ${size}`;
      const open = lines.get(key) ?? (await remotes.find(({ name }) => name === remote)?.open(size));
      if (open === undefined) throw new Error(`there is no ${remote}`);
      lines.set(key, open);
      const from = process.hrtime.bigint();
      await open.ask(n, outstanding);
      return { ns: Number(process.hrtime.bigint() - from) };
    }
    case 'round-trips':
      return { times: await roundTrips(order.n, order.size) };
    case 'stream':
      return { ms: await stream(order.bytes, order.chunk) };
  }
};

process.on('message', (order: RemoteOrder) => {
  obey(order)
    .then((value): RemoteReport => ({ ok: true, value: value as never }))
    .catch((error: unknown): RemoteReport => ({ ok: false, why: firstLine(error) }))
    .then((report) => process.send?.(report))
    .catch((error: unknown) => console.error(error));
});

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';

process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
