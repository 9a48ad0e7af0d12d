/** Runs a module as it was written and in normal form, which is JavaScript too, and looks at the form itself. */
import { types as t, transformFromAstSync } from '@babel/core';
import { iterate, keysIn } from '../../../kernel/resumable/iterators.ts';
import { check } from '../../../servers/compile/check.ts';
import { normalize } from '../../../servers/compile/normalize/normalize.ts';
import { parse } from '../../../servers/compile/parse.ts';
import { forEachChild } from '../../../servers/compile/tree.ts';

const file = 'test.program.ts';

/** A module, checked and brought into normal form. */
export const normalForm = (source: string): t.File => {
  const tree = parse(source, file);
  check(tree, file);
  normalize(tree);
  return tree;
};

/** A tree as text. */
export const print = (tree: t.File): string => {
  const printed = transformFromAstSync(tree, '', { configFile: false, babelrc: false })?.code;
  if (typeof printed !== 'string') throw new TypeError('Babel answered no code');
  return printed;
};

const isSuspension = (node: t.Node): boolean => node.type === 'AwaitExpression' || node.type === 'YieldExpression';

const suspends = (node: t.Node): boolean => {
  let found = isSuspension(node);
  forEachChild(node, (child) => {
    if (!t.isFunction(child) && suspends(child)) found = true;
  });
  return found;
};

/** Suspensions that are not where the normal form has them, as text. */
export const strayed = (tree: t.File): string[] => {
  const found: string[] = [];
  const look = (node: t.Node): void => {
    if (node.type === 'ExpressionStatement') {
      const { expression } = node;
      const isSet = expression.type === 'AssignmentExpression' && t.isIdentifier(expression.left);
      const whole = isSet && expression.operator === '=' ? expression.right : expression;
      if (isSuspension(whole)) return forEachChild(whole, look);
    }
    if (isSuspension(node)) found.push(`${node.type} at line ${node.loc?.start.line}`);
    if ((t.isForXStatement(node) || node.type === 'SwitchStatement') && suspends(node)) found.push(node.type);
    forEachChild(node, look);
  };
  look(tree.program);
  return found;
};

/** How a run ended, and what it asked for on the way. */
export interface Run {
  readonly end: unknown;
  readonly trace: readonly unknown[];
}

interface AsyncSource {
  next(): Promise<IteratorResult<unknown>>;
  return?(): Promise<unknown>;
}

const asyncSource = (target: object): AsyncSource => {
  if (Symbol.asyncIterator in target)
    return (target as { [Symbol.asyncIterator](): AsyncSource })[Symbol.asyncIterator]();
  const iterator = iterate(target);
  return {
    next: async () => ({ done: !iterator.step(), value: await iterator.value }),
    return: async () => iterator.close(),
  };
};

/** What the runtime does for compiled code, done with promises. */
const runtime = {
  iterate,
  keysIn,
  start: (value: unknown) => value,
  Join: {
    all: (items: Iterable<unknown>) => Promise.all(items),
    allSettled: (items: Iterable<unknown>) => Promise.allSettled(items),
    any: (items: Iterable<unknown>) => Promise.any(items),
    race: (items: Iterable<unknown>) => Promise.race(items),
    resolve: (value?: unknown) => Promise.resolve(value),
    reject: (reason?: unknown) => Promise.reject(reason),
  },
  iterateAsync: (target: object) => {
    const source = asyncSource(target);
    let isOver = false;
    return {
      next: async () => {
        isOver = true;
        const result = await source.next();
        isOver = result.done === true;
        return result;
      },
      return: async () => {
        if (!isOver) await source.return?.();
        isOver = true;
      },
    };
  },
};

const describe = (error: unknown): string => (error instanceof Error ? `${error.name}` : `thrown ${String(error)}`);

const run = async (code: string): Promise<Run> => {
  const trace: unknown[] = [];
  const sys = {
    echo: async (value: unknown) => {
      trace.push(value);
      return value;
    },
    fail: async (value: unknown) => {
      trace.push(['fail', value]);
      throw value;
    },
  };
  const note = (value: unknown) => {
    trace.push(['note', value]);
    return value;
  };
  const main = new Function('$rt', 'sys', 'note', `${code.replace(/^export /gm, '')}\nreturn main(sys, note);`) as (
    ...args: unknown[]
  ) => Promise<unknown>;
  const guarded = async (): Promise<unknown> => main(runtime, sys, note);
  const end = await guarded().catch(describe);
  return { end: structuredClone(end), trace: structuredClone(trace) };
};

/** The module as it was written, without its types. */
export const runAsWritten = (source: string): Promise<Run> => run(print(parse(source, file)));

/** The module in normal form. */
export const runNormalForm = (source: string): Promise<Run> => run(print(normalForm(source)));
