/** Random expressions. Their values are numbers, mostly; what they may call depends on where they stand. */
import type { Chance } from './chance.ts';

/** What a statement or an expression can refer to. */
export interface Scope {
  /** Variables that may be read and assigned, and those that may only be read. */
  readonly mutable: readonly string[];
  readonly constant: readonly string[];
  /** Whether `await` may be used, and whether `yield`. */
  readonly mayAwait: boolean;
  readonly mayYield: boolean;
  /** Labels and statements around it that can be left: innermost last. */
  readonly loops: readonly string[];
  readonly inSwitch: boolean;
  readonly inLoop: boolean;
  /** In a fiber beside others: nothing is awaited there but calls. */
  readonly isBeside: boolean;
}

type Make = (chance: Chance, scope: Scope, depth: number) => string;

const sub: Make = (chance, scope, depth) => expression(chance, scope, depth - 1);

/** A variable that can be read, or a number. */
export const readable = (chance: Chance, { mutable, constant }: Scope): string => {
  const all = [...mutable, ...constant];
  return all.length === 0 ? '1' : chance.pick(all);
};

const plain: readonly Make[] = [
  (chance) => String(chance.below(5)),
  (chance, scope) => readable(chance, scope),
  (chance) => `o.x${chance.below(3)}`,
];

const OPERATORS = ['+', '+', '-', '*', '<', '===', '%', '|', '&', '>>', '!=='] as const;
const ASSIGNMENTS = ['=', '+=', '-=', '??=', '||=', '&&=', '|='] as const;

const quiet: readonly Make[] = [
  (chance, scope, depth) => `(${sub(chance, scope, depth)} ${chance.pick(OPERATORS)} ${sub(chance, scope, depth)})`,
  (chance, scope, depth) => `(${sub(chance, scope, depth)} ${chance.pick(['&&', '||'])} ${sub(chance, scope, depth)})`,
  (chance, scope, depth) => `(${chance.pick(['o.n', 'o.x1', 'undefined'])} ?? ${sub(chance, scope, depth)})`,
  (chance, scope, depth) =>
    `(${sub(chance, scope, depth)} > 1 ? ${sub(chance, scope, depth)} : ${sub(chance, scope, depth)})`,
  (chance, scope, depth) => `[${sub(chance, scope, depth)}, ${sub(chance, scope, depth)}].length`,
  (chance, scope, depth) => `all(${sub(chance, scope, depth)}, ...[${sub(chance, scope, depth)}, 1])`,
  (chance, scope) => `[1, 2].map((q) => q + ${readable(chance, scope)})[1]`,
  (chance, scope, depth) => `step(${sub(chance, scope, depth)})`,
  (chance, scope, depth) => `o.f?.(${sub(chance, scope, depth)})`,
  (chance, scope, depth) => `(o.n?.deep.list[${sub(chance, scope, depth)}] ?? ${sub(chance, scope, depth)})`,
  (chance, scope, depth) => `(o.x${chance.below(3)} ${chance.pick(ASSIGNMENTS)} ${sub(chance, scope, depth)})`,
  (chance, scope, depth) =>
    `(o['x' + (${sub(chance, scope, depth)} & 1)] ${chance.pick(ASSIGNMENTS)} ${sub(chance, scope, depth)})`,
  (chance, scope, depth) => `\`\${${sub(chance, scope, depth)}}-\${${sub(chance, scope, depth)}}\`.length`,
  (chance, scope, depth) => `(${sub(chance, scope, depth)}, ${sub(chance, scope, depth)})`,
  (chance, scope, depth) => `({ a: ${sub(chance, scope, depth)}, ...{ b: ${sub(chance, scope, depth)} } }).b`,
  (chance, scope, depth) => `${chance.pick(['-', '!', '~', '+'])}(${sub(chance, scope, depth)})`,
  (chance) => `o.x${chance.below(3)}${chance.pick(['++', '--'])}`,
  (_, { mutable }, depth) => (mutable.length === 0 ? `${depth}` : `${mutable.at(-1)}++`),
  (chance, scope, depth) =>
    scope.mutable.length === 0
      ? '2'
      : `(${chance.pick(scope.mutable)} ${chance.pick(ASSIGNMENTS)} ${sub(chance, scope, depth)})`,
];

/** A call of which the value is awaited: text without its `await`. */
export const call: Make = (chance, scope, depth) => {
  const kind = chance.below(scope.isBeside ? 5 : 10);
  switch (kind) {
    case 0:
    case 1:
    case 2:
      return `sys.echo(${sub(chance, scope, depth)})`;
    case 3:
      return `sys.add(${sub(chance, scope, depth)}, ${sub(chance, scope, depth)})`;
    case 4:
      return `w(${sub(chance, scope, depth)}, ${1 + chance.below(2)})`;
    case 5:
    case 6:
      return `h(${sub(chance, scope, depth)})`;
    case 7:
      return `dig(${1 + chance.below(3)})`;
    case 8:
      return `(async () => ${sub(chance, scope, depth)})()`;
    default:
      return `sys.count()`;
  }
};

const calling: readonly Make[] = [
  (chance, scope, depth) => `(await ${call(chance, scope, depth)})`,
  (chance, scope, depth) => `(await ${call(chance, scope, depth)})`,
  (chance, scope, depth) => `(await sys.echo({ a: ${sub(chance, scope, depth)} })).a`,
  (chance, scope, depth) => `(await sys.echo([${sub(chance, scope, depth)}]))?.[0]`,
];

const joining: readonly Make[] = [
  (chance, scope, depth) =>
    `(await Promise.all([${call(chance, beside(scope), depth)}, ${call(chance, beside(scope), depth)}]))[1]`,
  (chance, scope, depth) => `(await Promise.race([${call(chance, beside(scope), depth)}, sys.echo(2)]))`,
  (chance, scope) => `(await Promise.all([2, 1].map((q) => w(q + ${readable(chance, scope)}, q))))[0]`,
  (chance, scope, depth) =>
    `(await Promise.allSettled([${call(chance, beside(scope), depth)}, sys.fail('s')]))[1]!.status.length`,
  (chance, scope, depth) => `(await Promise.any([${call(chance, beside(scope), depth)}, sys.fail('a')]))`,
];

/** The scope of a fiber that runs beside others: it is there, but what it awaits are calls. */
export const beside = (scope: Scope): Scope => ({ ...scope, isBeside: true });

/** A random expression, at most so deep. */
export function expression(chance: Chance, scope: Scope, depth: number): string {
  if (depth <= 0) return chance.pick(plain)(chance, scope, 0);
  const kind = chance.below(12);
  if (kind < 3) return chance.pick(plain)(chance, scope, depth);
  if (scope.mayYield && kind === 8) return `(yield ${sub(chance, scope, depth)})`;
  if (!scope.mayAwait || kind < 8) return chance.pick(quiet)(chance, scope, depth);
  if (kind < 11 || scope.isBeside) return chance.pick(calling)(chance, scope, depth);
  return chance.pick(joining)(chance, scope, depth);
}
