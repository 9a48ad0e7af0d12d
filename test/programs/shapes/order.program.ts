/** The order in which the operands of every operator are evaluated, with calls among them. */
import type { Probe, ShapeArgs } from '../probe.ts';

/** Notes that it was evaluated. */
const noted = <T>(log: unknown[], value: T): T => {
  log.push(value);
  return value;
};

export async function arithmetic(sys: Probe): Promise<unknown> {
  let x = 1;
  const a = x + (await sys.echo(10)) * x++ - (await sys.echo(x));
  const b = x ** (await sys.echo(3)) % (await sys.echo(7));
  const c = ((await sys.echo(12)) | x) ^ ((await sys.echo(5)) & 6);
  const d = (await sys.echo(-9)) >>> 28 < (await sys.echo(8)) << 1;
  return [a, b, c, d, x];
}

export async function leftOperandIsReadFirst(sys: Probe): Promise<unknown> {
  let x = 1;
  const change = async (): Promise<number> => {
    x = 100;
    return sys.echo(5);
  };
  const sum = x + (await change());
  const again = x + (await change()) + x;
  return [sum, again, x];
}

export async function compoundAssignment(sys: Probe): Promise<unknown> {
  let x = 1;
  const change = async (): Promise<number> => {
    x = 50;
    return sys.echo(2);
  };
  x += await change();
  const first = x;
  x *= (await change()) + x;
  let text = 'a';
  text += await sys.echo('b');
  let power = 2;
  power **= await sys.echo(5);
  power >>= await sys.echo(1);
  return [first, x, text, power];
}

export async function memberAssignment(sys: Probe): Promise<unknown> {
  const log: unknown[] = [];
  const first: Record<string, number> = { k: 1 };
  const second: Record<string, number> = { k: 2 };
  let target = first;
  const move = async (): Promise<number> => {
    target = second;
    return sys.echo(7);
  };
  target[noted(log, 'k')] = await move();
  noted(log, target).k = noted(log, await sys.echo(8));
  return [first, second, log];
}

export async function memberCompoundAssignment(sys: Probe): Promise<unknown> {
  const log: unknown[] = [];
  const box: Record<string, number> = { a: 1 };
  const key = async (name: string): Promise<string> => noted(log, await sys.echo(name));
  box[await key('a')]! += await sys.echo(4);
  box[noted(log, 'a')]! *= await sys.echo(3);
  const before = box[await key('a')]!++;
  const after = --box[await key('a')]!;
  return [box, before, after, log];
}

export async function logicalOperators(sys: Probe): Promise<unknown> {
  const log: unknown[] = [];
  const say = async <T>(value: T): Promise<T> => noted(log, await sys.echo(value));
  const a = (await say(0)) && (await say('no'));
  const b = (await say('')) || (await say('yes'));
  const c = (await say(null)) ?? (await say('filled'));
  const d = (await say(0)) ?? (await say('never'));
  const e = !(await say(false)) && (await say(1)) && ((await say(0)) || (await say(2)));
  return [a, b, c, d, e, log];
}

export async function logicalAssignment(sys: Probe): Promise<unknown> {
  const box: { a: number | null; b: string; c: number } = { a: null, b: 'kept', c: 1 };
  box.a ??= await sys.echo(3);
  box.a ??= await sys.echo(4);
  box.b ||= await sys.echo('never');
  box.c &&= await sys.echo(9);
  let x: number | undefined;
  x ??= await sys.echo(1);
  x &&= await sys.echo(0);
  x ||= await sys.echo(6);
  return [box, x];
}

export async function conditional(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  for (const item of [1, 2, 3]) {
    seen.push((await sys.echo(item)) > 2 ? await sys.echo('big') : item === 1 ? 'one' : await sys.echo('two'));
  }
  return seen;
}

export async function argumentsInOrder(sys: Probe): Promise<unknown> {
  const log: unknown[] = [];
  const collect = (...all: unknown[]): unknown[] => all;
  const all = collect(noted(log, 1), await sys.echo(2), noted(log, 3), ...(await sys.echo([4, 5])), noted(log, 6));
  return [all, log];
}

export async function calleeIsReadFirst(sys: Probe): Promise<unknown> {
  const table = { run: (value: number) => `old ${value}` };
  const change = async (): Promise<number> => {
    table.run = (value) => `new ${value}`;
    return sys.echo(1);
  };
  const first = table.run(await change());
  return [first, table.run(await sys.echo(2))];
}

export async function methodKeepsItsReceiver(sys: Probe): Promise<unknown> {
  const one = {
    name: 'one',
    tell(word: string): string {
      return `${this.name} ${word}`;
    },
  };
  const two = { ...one, name: 'two' };
  let who = one;
  const change = async (): Promise<string> => {
    who = two;
    return sys.echo('hi');
  };
  return [who.tell(await change()), who.tell(await sys.echo('ho')), who['tell'](await sys.echo('hu'))];
}

export async function arrayAndObjectLiterals(sys: Probe): Promise<unknown> {
  const log: unknown[] = [];
  const list = [noted(log, 'a'), await sys.echo('b'), , noted(log, 'c'), ...(await sys.echo(['d']))];
  const record = {
    x: noted(log, 1),
    [await sys.echo('y')]: noted(log, 2),
    ...(await sys.echo({ z: 3, x: 4 } as Record<string, number>)),
    [noted(log, 'w')]: await sys.echo(5),
    log,
  };
  return [list, list.length, 2 in list, record];
}

export async function templates(sys: Probe, args: ShapeArgs): Promise<unknown> {
  let x = 1;
  return `${x++}-${await sys.echo(x++)}-${x}${`<${await sys.echo(args.text)}>`}${await sys.echo('')}`;
}

export async function commaAndVoid(sys: Probe): Promise<unknown> {
  const log: unknown[] = [];
  let x = 0;
  const value = (x++, noted(log, await sys.echo('a')), x++, await sys.echo('b'));
  const nothing = void (await sys.echo('c'));
  return [value, nothing, x, log];
}

export async function unaryOperators(sys: Probe): Promise<unknown> {
  const box: Record<string, number> = { a: 1, b: 2 };
  const removed = delete box[await sys.echo('a')];
  const kinds = [typeof (await sys.echo('s')), typeof (await sys.echo(1))];
  return [removed, box, kinds, -(await sys.echo(5)), +(await sys.echo('6')), ~(await sys.echo(7))];
}

export async function optionalChains(sys: Probe, args: ShapeArgs): Promise<unknown> {
  const log: unknown[] = [];
  const some = { deep: { list: [1, 2], tell: (word: string) => `told ${word}` } } as {
    deep?: { list?: number[]; tell?: (word: string) => string };
    none?: { tell: (word: string) => string };
  };
  const a = some.deep?.list?.[await sys.echo(1)];
  const b = some.none?.tell(noted(log, 'not evaluated'));
  const c = some.deep?.tell?.(await sys.echo('x'));
  const d = (await sys.echo(some.deep?.list))?.length;
  const e = args.missing?.deep.value;
  const f = some.none?.tell(await sys.echo('not called'));
  return [a, b, c, d, e, f, log];
}

export async function inAndInstanceof(sys: Probe): Promise<unknown> {
  const box = { here: 1 };
  return [
    (await sys.echo('here')) in box,
    'gone' in (await sys.echo(box)),
    (await sys.echo([1])) instanceof Array,
    new Error('x') instanceof TypeError,
  ];
}

export async function constructorArguments(sys: Probe): Promise<unknown> {
  const map = new Map([[await sys.echo('a'), await sys.echo(1)]]);
  const set = new Set(await sys.echo([3, 3, 4]));
  const date = new Date(await sys.echo(86_400_000));
  await sys.echo('held');
  return [map, set, date.toISOString(), new Array(await sys.echo(3)).fill(await sys.echo(0))];
}

export async function assignmentIsAValue(sys: Probe): Promise<unknown> {
  let a = 0;
  let b = 0;
  const box: { x?: number } = {};
  a = b = box.x = await sys.echo(4);
  const c = (a += await sys.echo(1)) + (b -= await sys.echo(2)) + a;
  return [a, b, box, c];
}

export async function callsInsideCalls(sys: Probe): Promise<unknown> {
  return sys.add(await sys.add(await sys.echo(1), await sys.add(2, 3)), await sys.echo(await sys.echo(4)));
}

export async function evaluationStopsAtThrow(sys: Probe): Promise<unknown> {
  const log: unknown[] = [];
  try {
    log.push([noted(log, 1), await sys.fail('stop'), noted(log, 2), await sys.echo(3)]);
  } catch (error) {
    log.push((error as Error).message);
  }
  return log;
}
