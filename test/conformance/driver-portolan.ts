/** Portolan as the system under test. Its kernel is not connected yet: every run is unsupported. */
import { Unsupported } from './driver.ts';
import type { Driver } from './driver.ts';

export const portolan: Driver = {
  profiles: ['mach3'],
  codecs: [],
  open: () => {
    throw new Unsupported('open');
  },
};
