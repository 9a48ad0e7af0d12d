/** Writes another number into each of its pages, looks at each again, and ends. `args[0]`: mebibytes. */
import { machine } from '../../../kernel/machine.ts';
import type { Program } from '../../../kernel/program.ts';

const PAGE = 4096;
/** Pages between two yields. */
const STEP = 64;

interface State {
  at: string;
  readonly bytes: number;
  base: number;
  done: number;
}

export const program: Program = machine<State, readonly string[]>({
  name: 'spill',
  start: ([mebibytes = '1']) => ({ at: 'begin', bytes: Number(mebibytes) << 20, base: 0, done: 0 }),
  handlers: {
    begin(sys, s) {
      s.base = sys.call({ op: 'vm_allocate', size: s.bytes, anywhere: true })['address'] as number;
      s.at = 'fill';
      sys.yield();
    },
    fill(sys, s) {
      for (let left = STEP; left > 0 && s.done < s.bytes; left -= 1) {
        sys.vm.setU32(s.base + s.done, s.done + 1);
        s.done += PAGE;
      }
      if (s.done === s.bytes) {
        s.at = 'check';
        s.done = 0;
      }
      sys.yield();
    },
    check(sys, s) {
      for (let left = STEP; left > 0 && s.done < s.bytes; left -= 1) {
        const found = sys.vm.getU32(s.base + s.done);
        if (found !== s.done + 1) throw new Error(`page ${s.done / PAGE} holds ${found}`);
        s.done += PAGE;
      }
      if (s.done === s.bytes) return sys.exit();
      sys.yield();
    },
  },
});
