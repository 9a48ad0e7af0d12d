/** Portolan as the system under test: its tasks are puppets, each call comes in by the trap of a thread of its own. */

import type { Driver } from './driver.ts';
import { Unsupported } from './driver.ts';
import { strategies } from './journeys.ts';
import { StageSetting } from './setting.ts';

/** Tasks on one kernel or on several, joined by netmsg and moved by the migration servers. */
export const portolan: Driver = {
  profiles: ['mach3', 'xnu'],
  codecs: ['wire', 'typed'],
  strategies,
  open: (options) => {
    if (options.strict) throw new Unsupported('strict');
    return new StageSetting(options);
  },
};
