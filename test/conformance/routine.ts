/**
 * The routine of `server_once`, and `drain`: what a case describes as one call and the runner plays in several.
 */
import type { Answer, Routine, RoutineStep, Setting } from './driver.ts';
import { match } from './match.ts';
import type { Json, JsonObject } from './scenario.ts';
import { isList, isObject, ScenarioError } from './scenario.ts';
import type { Args, Scope } from './values.ts';
import { resolve, resolveArgs } from './values.ts';

/** What went wrong inside a routine: the routine itself only returns. */
export interface RoutineFault {
  readonly call: string;
  readonly expected: Json;
  readonly got: unknown;
}

const GIVEN_UP: RoutineStep = { does: 'return', retcode: 'KERN_FAILURE', body: {}, descriptors: [] };

export class PlayedRoutine implements Routine {
  readonly #text: JsonObject;
  readonly #scope: Scope;
  readonly #calls: readonly (readonly [call: string, args: JsonObject, expect: Json])[];
  #next = 0;
  #fault: RoutineFault | undefined;

  constructor(text: JsonObject, scope: Scope) {
    this.#text = text;
    this.#scope = scope;
    this.#calls = isList(text['do']) ? text['do'].map(readCall) : [];
  }

  get fault(): RoutineFault | undefined {
    return this.#fault;
  }

  begin(received: Answer): RoutineStep {
    const pattern = this.#text['match'];
    return pattern === undefined ? this.#proceed() : this.#check('server_once match', pattern, received);
  }

  next(answer: Answer): RoutineStep {
    const [call, , expect] = this.#calls[this.#next - 1] ?? [];
    if (call === undefined || expect === undefined) return this.#proceed();
    return this.#check(call, typeof expect === 'string' ? { kr: expect } : expect, answer);
  }

  #check(call: string, expected: Json, got: unknown): RoutineStep {
    if (match(expected, got, this.#scope) === undefined) return this.#proceed();
    this.#fault = { call, expected, got };
    return GIVEN_UP;
  }

  #proceed(): RoutineStep {
    const following = this.#calls[this.#next];
    if (following !== undefined) {
      this.#next += 1;
      return { does: 'call', call: following[0], args: resolveArgs(following[1], this.#scope) };
    }
    const { retcode, body = {}, descriptors = [] } = this.#text;
    if (typeof retcode !== 'string' && typeof retcode !== 'number') throw new ScenarioError('routine: no retcode');
    return {
      does: 'return',
      retcode,
      body: (resolve({ body }, this.#scope) as { readonly body: Args }).body,
      descriptors: resolve(descriptors, this.#scope) as readonly unknown[],
    };
  }
}

const readCall = (value: Json): readonly [string, JsonObject, Json] => {
  const [call, args, expect] = isList(value) ? value : [];
  if (typeof call === 'string' && isObject(args) && expect !== undefined) return [call, args, expect];
  throw new ScenarioError('routine: do: not [call, args, expect]');
};

/** Receives until nothing is there; shows in which order the values of one body key came, for each value of another. */
export const drain = (setting: Setting, actor: string, args: Args): Answer => {
  const { name, by, value } = args;
  const groups: { [group: string]: unknown[] } = {};
  for (let count = 0; ; count += 1) {
    setting.start(actor, 'msg', { receive: { name, timeout: 0 } });
    setting.settle();
    const result = setting.result(actor);
    if (result['blocked'] === true) return { blocks: true, count, groups };
    if (result['kr'] === 'MACH_RCV_TIMED_OUT') return { kr: 'MACH_MSG_SUCCESS', count, groups };
    if (result['kr'] !== 'MACH_MSG_SUCCESS') return { kr: result['kr'], count, groups };
    const message = result['message'];
    const body = isObject(message) ? message['body'] : undefined;
    if (isObject(body)) (groups[String(body[String(by)])] ??= []).push(body[String(value)]);
  }
};
