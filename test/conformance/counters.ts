/**
 * Counters: what `repeat` and `vary` put into the strings of a step. `{i}`, `{i%8+1}` in a longer string become
 * text; a string that is nothing but one such expression becomes the value itself. Braces around anything else
 * are left alone.
 */

import type { Json } from './scenario.ts';
import { isList, isObject } from './scenario.ts';

export interface Counters {
  readonly [name: string]: string | number;
}

export const substitute = (value: Json, counters: Counters): Json => {
  if (typeof value === 'string') return value.includes('{') ? substituteText(value, counters) : value;
  if (isList(value)) return value.map((each) => substitute(each, counters));
  if (!isObject(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, each]) => [
      key.includes('{') ? String(substituteText(key, counters)) : key,
      substitute(each, counters),
    ]),
  );
};

const substituteText = (text: string, counters: Counters): string | number => {
  const whole = /^\{([^{}]+)\}$/.exec(text)?.[1];
  if (whole !== undefined) return evaluate(whole, counters) ?? text;
  return text.replace(/\{([^{}]+)\}/g, (braced, inner: string) => String(evaluate(inner, counters) ?? braced));
};

/** The value of an expression, or undefined if it is none over these counters. */
const evaluate = (source: string, counters: Counters): string | number | undefined => {
  if (Object.hasOwn(counters, source)) return counters[source];
  const tokens = source.match(/\d+|[A-Za-z_]\w*|[-+*%()]|\S/g) ?? [];
  let next = 0;
  const operand = (): number | undefined => {
    const token = tokens[next++];
    if (token === undefined) return undefined;
    if (/^\d/.test(token)) return Number(token);
    if (token === '-') return negated(operand());
    if (token === '(') {
      const inner = sum();
      return tokens[next++] === ')' ? inner : undefined;
    }
    const counter = Object.hasOwn(counters, token) ? counters[token] : undefined;
    return typeof counter === 'number' ? counter : undefined;
  };
  const chain = (operators: string, part: () => number | undefined): number | undefined => {
    let left = part();
    while (left !== undefined && next < tokens.length && operators.includes(tokens[next] ?? ' ')) {
      const operator = tokens[next++];
      left = apply(operator, left, part());
    }
    return left;
  };
  const product = (): number | undefined => chain('*%', operand);
  const sum = (): number | undefined => chain('+-', product);
  const value = sum();
  return next === tokens.length ? value : undefined;
};

const negated = (value: number | undefined): number | undefined => (value === undefined ? undefined : -value);

const apply = (operator: string | undefined, left: number, right: number | undefined): number | undefined => {
  if (right === undefined) return undefined;
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    default:
      return right === 0 ? undefined : left % right;
  }
};
