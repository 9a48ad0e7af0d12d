/** A laboratory for scripts: a kernel of its own, which is on no net and has no time but the script's. */
import { bootKernel } from '../../kernel/boot.ts';
import { Laboratory } from '../../kernel/lab/laboratory.ts';
import { OperatorError } from '../node/operator-error.ts';

/** Profiles that a kernel can have. */
const PROFILES: readonly string[] = ['mach3'];

/** A laboratory of a profile (by default mach3) that follows who obtains what. */
export const laboratory = (profile: string | null): Laboratory => {
  if (profile !== null && !PROFILES.includes(profile)) {
    const text = `there is no profile ${profile}`;
    throw new OperatorError({ code: 'E_USAGE', text, hint: `profiles: ${PROFILES.join(', ')}` });
  }
  const lab = new Laboratory(bootKernel);
  lab.follow();
  return lab;
};
