/** The suite: which runs there are (case × profile × vary × interleave), and what became of each. */
import type { Driver, Profile } from './driver.ts';
import type { Variant } from './expand.ts';
import { variantsOf } from './expand.ts';
import type { Case, ScenarioFile } from './scenario.ts';
import { ScenarioError } from './scenario.ts';
import type { Circumstances, Outcome } from './session.ts';
import { play } from './session.ts';

export interface Selection extends Omit<Circumstances, 'profile'> {
  readonly profile: Profile | 'all';
}

export interface Run {
  readonly file: ScenarioFile;
  readonly scenario: Case;
  /** Which of the runs of its case this is, for a reader. */
  readonly label: string;
  readonly outcome: Outcome;
}

export function* runSuite(driver: Driver, files: readonly ScenarioFile[], selection: Selection): Generator<Run> {
  for (const file of files) {
    for (const scenario of file.cases) {
      const variants = located(file, scenario);
      for (const profile of profilesOf(scenario, selection.profile, driver.profiles)) {
        const missing = driver.profiles.includes(profile) ? missingCodec(driver, scenario) : profile;
        for (const variant of variants) {
          const outcome: Outcome =
            missing === undefined
              ? play(driver, scenario, variant, { ...selection, profile })
              : { status: 'unsupported', call: missing };
          yield { file, scenario, label: [profile, variant.label].join(' ').trim(), outcome };
        }
      }
    }
  }
}

/**
 * The profiles a case is to be run under: `both` under each that the kernel has, `ext` under mach3. A case whose own
 * profile the kernel has not is still a run, though an unsupported one.
 */
const profilesOf = (scenario: Case, wanted: Profile | 'all', available: readonly Profile[]): readonly Profile[] => {
  const own = ownProfiles(scenario, available);
  if (wanted === 'all') return own;
  return scenario.profile === 'both' || own.includes(wanted) ? [wanted] : [];
};

const ownProfiles = ({ profile }: Case, available: readonly Profile[]): readonly Profile[] => {
  switch (profile) {
    case 'both':
      return available;
    case 'ext':
      return ['mach3'];
    default:
      return [profile];
  }
};

const missingCodec = (driver: Driver, { needs }: Case): string | undefined =>
  needs.find((codec) => !driver.codecs.includes(codec));

const located = (file: ScenarioFile, scenario: Case): readonly Variant[] => {
  try {
    return variantsOf(scenario);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    throw new ScenarioError(`${file.file}: ${scenario.id}: ${error.message}`);
  }
};
