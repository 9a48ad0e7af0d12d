/** What a program does between two kernel calls, in the shapes that programs have. Measured compiled and as it is. */
import type { BenchSys } from './shapes-sys.ts';

/** `shape` is one of the functions below, `n` how many kernel calls it makes. */
export interface ShapeArguments {
  readonly shape: string;
  readonly n: number;
  readonly port: number;
  readonly server: number;
}

async function plain(sys: BenchSys, n: number, port: number) {
  let sum = 0;
  for (let i = 0; i < n; i += 1) {
    if ((await sys.poll(port)) === null) sum += i;
  }
  return sum;
}

async function ask(sys: BenchSys, port: number, i: number) {
  return (await sys.poll(port)) === null ? i : 0;
}

async function nested(sys: BenchSys, n: number, port: number) {
  let sum = 0;
  for (let i = 0; i < n; i += 1) sum += await ask(sys, port, i);
  return sum;
}

async function guarded(sys: BenchSys, n: number, port: number) {
  let sum = 0;
  for (let i = 0; i < n; i += 1) {
    try {
      if ((await sys.poll(port)) === null) sum += 1;
    } finally {
      sum += i;
    }
  }
  return sum;
}

async function listed(sys: BenchSys, n: number, port: number) {
  let sum = 0;
  const list = [1, 2, 3, 4, 5, 6, 7, 8];
  for (let i = 0; i < n; i += list.length) {
    for (const each of list) {
      if ((await sys.poll(port)) === null) sum += each;
    }
  }
  return sum;
}

async function mapped(sys: BenchSys, n: number, port: number) {
  let sum = 0;
  const list = [1, 2, 3, 4];
  for (let i = 0; i < n; i += 1) {
    await sys.poll(port);
    sum += list.map((each) => each * i)[1] ?? 0;
  }
  return sum;
}

async function parked(sys: BenchSys, n: number) {
  for (let i = 0; i < n; i += 1) await sys.yield();
  return n;
}

/** No await in its inner loop: what is measured is the loop. */
async function hot(sys: BenchSys, n: number, port: number) {
  let sum = 0;
  let seed = 1;
  for (let block = 0; block < n; block += 10000) {
    for (let i = 0; i < 10000; i += 1) {
      seed = (Math.imul(seed, 1103515245) + 12345) | 0;
      sum += (seed & 1023) * 0.5;
    }
    await sys.poll(port);
  }
  return sum;
}

async function deep(sys: BenchSys, n: number) {
  const held = { depth: n };
  if (n > 1) await deep(sys, n - 1);
  else await sys.pause();
  return held.depth;
}

/** Rows, an index over them and a block of numbers, held while it waits. */
async function large(sys: BenchSys, n: number) {
  const rows = Array.from({ length: n }, (_, at) => ({ at, name: `row ${at}`, isOdd: at % 2 === 1 }));
  const index = new Map(rows.map((row) => [row.name, row] as const));
  const numbers = new Float64Array(n * 8);
  await sys.pause();
  return rows.length + index.size + numbers.length;
}

async function client(sys: BenchSys, n: number, port: number, server: number) {
  let sum = 0;
  for (let i = 0; i < n; i += 1) {
    const send = { remote: server, remoteDisposition: 19, local: port, localDisposition: 21, id: i, body: { i } };
    const { body } = await sys.msg({ send, receive: port });
    sum += body.i;
  }
  return sum;
}

async function serve(sys: BenchSys, port: number) {
  for (;;) {
    const { reply, id, body } = await sys.receive(port);
    await sys.msg({ send: { remote: reply, remoteDisposition: 18, id: id + 100, body: { i: body.i } } });
  }
}

/** Runs the shape that is named. */
export async function main(sys: BenchSys, args: ShapeArguments): Promise<unknown> {
  const { shape, n, port, server } = args;
  switch (shape) {
    case 'plain':
      return await plain(sys, n, port);
    case 'nested':
      return await nested(sys, n, port);
    case 'guarded':
      return await guarded(sys, n, port);
    case 'listed':
      return await listed(sys, n, port);
    case 'mapped':
      return await mapped(sys, n, port);
    case 'parked':
      return await parked(sys, n);
    case 'hot':
      return await hot(sys, n, port);
    case 'deep':
      return await deep(sys, n);
    case 'large':
      return await large(sys, n);
    case 'client':
      return await client(sys, n, port, server);
    default:
      return await serve(sys, port);
  }
}
