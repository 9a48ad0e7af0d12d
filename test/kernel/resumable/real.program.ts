/** Sources for the compiler, whose result the runtime is tested with. */
import type { Sys } from 'portolan/resumable';

/** Where the programs tell what they do. Not part of them: it does not move. */
export interface Told {
  readonly log: unknown[];
}

/** A loop that never ends, inside one that catches everything. */
export async function endless(_sys: Sys, { log }: Told): Promise<void> {
  try {
    for (;;) {
      try {
        for (let i = 0; ; i += 1) if (i < 0) break;
      } catch (error) {
        log.push(String(error));
      }
    }
  } catch (error) {
    log.push(String(error));
  }
}

async function inner(sys: Sys): Promise<number> {
  await sys.sleep(1);
  const nothing = JSON.parse('null') as { readonly deep: number };
  return nothing.deep;
}

/** Fails two calls down, behind a join. */
export async function failing(sys: Sys): Promise<void> {
  await Promise.all([inner(sys)]);
}

async function* naps(sys: Sys, log: unknown[]): AsyncGenerator<number> {
  try {
    for (let i = 0; ; i += 1) {
      await sys.sleep(1);
      yield i;
    }
  } finally {
    await sys.sleep(5);
    log.push('closed');
  }
}

/** Leaves a loop over an async generator early: its `finally` waits. */
export async function leaving(sys: Sys, { log }: Told): Promise<void> {
  for await (const i of naps(sys, log)) {
    log.push(i);
    if (i === 1) break;
  }
  log.push('left');
}

/** Closures of one loop that share nothing, run as fibers. */
export async function workers(sys: Sys, { log }: Told): Promise<void> {
  const started: Promise<string>[] = [];
  for (let i = 3; i > 0; i -= 1) {
    const work = async (): Promise<string> => {
      await sys.sleep(i);
      log.push(i);
      return `w${i}`;
    };
    started.push(work());
  }
  log.push(await Promise.race(started), await Promise.all(started));
}
