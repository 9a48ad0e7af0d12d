import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { StateDir } from '../../servers/node/state-dir.ts';
import { UnixNet } from '../../servers/node/unix-net.ts';

/** By its clock, more time passes at each look than a node without a record is waited for. */
const netIn = (dir: StateDir): UnixNet => {
  let now = 0;
  const clock = { now: () => (now += 10_000) };
  return new UnixNet({ node: 'here.1', dir, clock, ring: () => undefined });
};

it('takes a folder that is gone for no proof that a node has died, and one without its record for one', async () => {
  const path = mkdtempSync(join(tmpdir(), 'portolan-net-'));
  const dir = StateDir.open(path);
  const [empty, gone] = [netIn(dir), netIn(dir)];
  empty.dial('there.1');
  await turn();
  expect(empty.driver.isLiving('there.1')).toBe(false);
  rmSync(path, { recursive: true });
  gone.dial('there.1');
  await turn();
  expect(gone.driver.isLiving('there.1')).toBe(true);
  await Promise.all([empty.close(), gone.close()]);
});
