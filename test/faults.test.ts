import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FAULTS } from './faults/faults.ts';
import { plantable } from './faults/plant.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

describe('planted faults', () => {
  it('do harm of every kind, and have names of their own', () => {
    expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
    expect([...new Set(FAULTS.map(({ harm }) => harm))].sort()).toEqual([
      'commit',
      'copy-on-write',
      'forwarding',
      'notifications',
      'page service',
      'ports in transit',
      'programs',
      'queues',
      'rights',
      'sessions',
    ]);
  });

  it.each(FAULTS)('fits the code as it is: $name', (fault) => {
    expect(plantable(root, fault)).not.toBe('');
    expect(existsSync(path.join(root, fault.caughtIn))).toBe(true);
  });
});
