/**
 * Words for what a program has thrown. Whatever it is, it is a program's: reading it may throw or be endless, and
 * neither may reach the kernel.
 */

/** Errors of a chain of causes that are told. */
const CAUSES_MAX = 8;
/** Characters of one error, and of all that is told. */
const ERROR_MAX = 8192;
const TOLD_MAX = 16384;

/**
 * What was thrown and what it was caused by, as lines: of an error its stack, of anything else its text. Lines that
 * repeat are told once, with how often. At most 16 Ki characters; never throws.
 */
export const tellThrown = (thrown: unknown): string => {
  const told: string[] = [];
  const seen = new Set<unknown>();
  let at = thrown;
  while (told.length < CAUSES_MAX && !seen.has(at)) {
    seen.add(at);
    told.push(`${told.length === 0 ? '' : 'caused by '}${textOf(at)}`);
    const next = causeOf(at);
    if (next === undefined) break;
    at = next;
  }
  return cut(told.join('\n'), TOLD_MAX);
};

const textOf = (thrown: unknown): string => {
  try {
    if (!(thrown instanceof Error)) return cut(String(thrown), ERROR_MAX);
    const stack: unknown = thrown.stack;
    return collapsed(cut(typeof stack === 'string' ? stack : String(thrown.message), ERROR_MAX));
  } catch {
    return 'something that cannot be read: looking at it throws';
  }
};

const causeOf = (thrown: unknown): unknown => {
  try {
    return thrown instanceof Error ? thrown.cause : undefined;
  } catch {
    return undefined;
  }
};

const cut = (text: string, max: number): string => (text.length <= max ? text : `${text.slice(0, max)}…`);

/** A recursion is one line: `at async down (…)  64 times`. */
const collapsed = (stack: string): string => {
  const lines = stack.split('\n');
  const told: string[] = [];
  for (let i = 0; i < lines.length; ) {
    let next = i + 1;
    while (next < lines.length && lines[next] === lines[i]) next += 1;
    told.push(next - i === 1 ? (lines[i] as string) : `${lines[i]}  ${next - i} times`);
    i = next;
  }
  return told.join('\n');
};
