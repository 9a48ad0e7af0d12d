/** What of the runtime a program may hold, by name: the same object at both ends. */
import { lookUpService, moverService } from '../../interface/bootstrap.ts';
import { AnswerWith, Refusal } from '../../interface/routine.ts';
import { Future } from '../fiber.ts';
import { Box } from '../sys/box.ts';
import { Condition, Mutex } from '../sys/mutex.ts';
import { sys } from '../sys/sys.ts';
import { SysError } from '../sys-error.ts';

const membersOf = (prefix: string, owner: object): [string, object][] =>
  Object.entries(owner).flatMap(([key, value]: [string, unknown]): [string, object][] =>
    (typeof value === 'object' && value !== null) || typeof value === 'function' ? [[`${prefix}.${key}`, value]] : [],
  );

/** By name; the colon keeps them apart from JavaScript's own. `sys` is one object, so are the functions it holds. */
export const runtimeNames: ReadonlyMap<string, object> = new Map<string, object>([
  ['portolan:sys', sys],
  ...membersOf('portolan:sys', sys),
  ...membersOf('portolan:sys.vm', sys.vm),
  ['portolan:SysError', SysError],
  ['portolan:Future', Future],
  ['portolan:Box', Box],
  ['portolan:Mutex', Mutex],
  ['portolan:Condition', Condition],
  ['portolan:lookUpService', lookUpService],
  ['portolan:moverService', moverService],
  ['portolan:AnswerWith', AnswerWith],
  ['portolan:Refusal', Refusal],
]);
