import { describe, expect, it } from 'vitest';
import { portolan } from './driver-portolan.ts';
import { reportOf } from './report.ts';
import { scenarioFiles } from './run.ts';
import { loadFile, type ScenarioFile } from './scenario.ts';
import { runSuite } from './suite.ts';

/** Some cases of each kind: rights, death, notifications, names, memory, moves. The nightly run has them all. */
const SAMPLE: ReadonlySet<string> = new Set(['DSP-08', 'DTH-07', 'NNS-01', 'NOT-02', 'NET-10', 'NET-12', 'NET-16']);

const sample: readonly ScenarioFile[] = scenarioFiles()
  .map(loadFile)
  .map((file) => ({ ...file, cases: file.cases.filter(({ id }) => SAMPLE.has(id)) }));

const MODES = [
  { place: 'apart', relocate: 'none', strategy: undefined },
  { place: 'together', relocate: 'every', strategy: 'copy-on-reference' },
  { place: 'apart', relocate: 'every', strategy: 'eager-all' },
] as const;

describe('several kernels', () => {
  it.each(MODES)('are one to the tasks: $place, moved: $relocate', (mode) => {
    const report = reportOf([...runSuite(portolan, sample, { ...mode, profile: 'mach3' })]);
    expect(report.cases.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(report.passed).toBe(SAMPLE.size);
  }, 60_000);
});
