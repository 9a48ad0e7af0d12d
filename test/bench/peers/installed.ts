/** Peers that are there only if somebody has installed them in `test/bench`. Round trips only: a promise for each. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Contender, share } from '../contender.ts';

interface Echo {
  echo(body: object): Promise<unknown>;
}

/** The module as installed in `test/bench`. */
export const load = async (name: string): Promise<Record<string, CallableFunction>> => {
  const require = createRequire(join(process.cwd(), 'test/bench/package.json'));
  return await import(pathToFileURL(require.resolve(name)).href);
};

const asking = async (count: number, open: () => Echo) => {
  const stubs = Array.from({ length: count }, open);
  return {
    oneWay: () => Promise.reject(new Error('it has round trips only')),
    rpc: async (n: number) => {
      const each = share(n, count);
      const ask = async (stub: Echo): Promise<void> => {
        for (let i = 0; i < each; i += 1) await stub.echo({ op: i, data: null });
      };
      await Promise.all(stubs.map(ask));
      return each * count;
    },
  };
};

const echo = { echo: (body: object) => body };

export const comlink: Contender = {
  name: 'comlink',
  async setup(count) {
    const { expose, wrap } = await load('comlink');
    return asking(count, () => {
      const { port1, port2 } = new MessageChannel();
      expose?.(echo, port1);
      return wrap?.(port2) as Echo;
    });
  },
};
