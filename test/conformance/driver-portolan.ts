/** Portolan as the system under test: its tasks are puppets, each call comes in by the trap of a thread of its own. */

import type { Driver } from './driver.ts';
import { Unsupported } from './driver.ts';
import { StageSetting } from './setting.ts';

/** Everything on one kernel, for now. */
export const portolan: Driver = {
  profiles: ['mach3'],
  codecs: [],
  open: (options) => {
    if (options.kernels !== undefined || options.place === 'apart') throw new Unsupported('kernels');
    if (options.relocate !== 'none') throw new Unsupported('relocate');
    if (options.strict) throw new Unsupported('strict');
    return new StageSetting(options);
  },
};
