/** Bodies of `main(sys)` at random: every statement form, waits anywhere, everything that is assigned is read later. */

/** mulberry32 */
const generator = (seed: number): (() => number) => {
  let state = (seed + 0x9e3779b9) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

class Writer {
  private readonly next: () => number;
  private names = 0;
  private readonly variables = ['a', 'b', 'c'];
  private loops: string[] = [];
  /** Statements that may still be written. */
  private budget = 40;

  constructor(seed: number) {
    this.next = generator(seed);
  }

  private below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  private one<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  private fresh(stem: string): string {
    this.names += 1;
    return `${stem}${this.names}_`;
  }

  private wait(depth: number): string {
    return `await ${this.one(['sys.echo', 'set', 'sys.echo'])}(${this.expression(depth - 1)})`;
  }

  expression(depth: number): string {
    if (depth <= 0) return this.one([String(this.below(9)), this.one(this.variables), 'o.n', 'list[0]']);
    const e = () => this.expression(depth - 1);
    switch (this.below(18)) {
      case 0:
      case 1:
      case 2:
        return `(${this.wait(depth)})`;
      case 3:
        return `(${e()} ${this.one(['+', '-', '*', '<', '===', '%'])} ${e()})`;
      case 4:
        return `(${e()} ${this.one(['&&', '||', '??'])} (${e()}))`.replace(/\?\? \(/, '?? (');
      case 5:
        return `(${e()} ? ${e()} : ${e()})`;
      case 6:
        return `[${e()}, ...list, ${e()}].length`;
      case 7:
        return `({ ...o, n: ${e()}, [\`k\${${e()}}\`]: ${e()} }).n`;
      case 8:
        return `(${this.one(this.variables)} ${this.one(['=', '+=', '-=', '??=', '||=', '&&='])} ${e()})`;
      case 9:
        return `(o.n ${this.one(['=', '+=', '??=', '&&='])} ${e()})`;
      case 10:
        return `(list[${e()} % 3] = ${e()})`;
      case 11:
        return `o.add(${e()}, ${e()})`;
      case 12:
        return `o?.[\`\${${e()}}\`]?.m(${e()})`;
      case 13:
        return `\`\${${e()}}:\${${e()}}\`.length`;
      case 14:
        return `(${e()}, ${e()})`;
      case 15:
        return `(await Promise.all([sys.echo(${e()}), ${e()}]))[1]`;
      case 16:
        return `note(${e()})`;
      default:
        return `(await (async (p: any, q = p) => q + ${this.one(['p', 'await sys.echo(p)'])})(${e()}))`;
    }
  }

  private block(depth: number): string {
    const kept = this.variables.length;
    const text = Array.from({ length: 1 + this.below(3) }, () => this.statement(depth)).join('\n');
    this.variables.length = kept;
    return `{ ${text} }`;
  }

  private loop(depth: number, head: (label: string) => string, tail = ''): string {
    const label = this.fresh('l');
    this.loops.push(label);
    const kept = this.variables.length;
    const opened = head(label);
    const text = `${label}: ${opened} ${this.block(depth - 1)}${tail}`;
    this.variables.length = kept;
    this.loops.pop();
    return text;
  }

  private counted(depth: number): string {
    const i = this.fresh('i');
    switch (this.below(6)) {
      case 0:
        return `let ${i} = 0; ${this.loop(depth, () => `while (${i}++ < ${this.one(['2', 'await sys.echo(2)'])})`)}`;
      case 1: {
        const test = `${this.one(['', 'await sys.echo(1) && '])}${i}++ < 1`;
        return `let ${i} = 0; ${this.loop(depth, () => 'do', ` while (${test});`)}`;
      }
      case 2:
        return this.loop(depth, () => {
          const update = this.one([`${i}++`, `${i} += await sys.echo(1)`]);
          return `for (let ${i} = 0; ${i} < 2; ${update})`;
        });
      case 3:
        return this.loop(depth, () => {
          const head = `for (let ${i} of [${this.expression(1)}, 2])`;
          this.variables.push(i);
          return head;
        });
      case 4:
        return this.loop(depth, () => {
          const head = `for (let [${i} = ${this.expression(1)}] of [[], [1]])`;
          this.variables.push(i);
          return head;
        });
      default:
        return `for (let ${i} = 0; ${i} < 3; ${i}++) { later.push(() => ${i}); ${this.alone(depth - 1)} }`;
    }
  }

  private jump(): string {
    const label = this.loops.at(-1);
    if (label === undefined) return 'note(0);';
    const target = this.one(this.loops);
    return `if (${this.expression(1)}) ${this.one(['break', 'continue', `break ${target}`, `continue ${target}`])};`;
  }

  private choice(depth: number): string {
    const y = this.fresh('y');
    const test = () => this.one(['1', '2', this.expression(1)]);
    const body = () => `{ ${this.alone(depth - 1)} } ${this.one(['break;', ''])}`;
    const middle = `let ${y} = ${this.expression(1)}; note(${y});`;
    const label = this.fresh('s');
    const cases = `case ${test()}: ${middle} ${body()} default: ${body()} case ${test()}: ${body()}`;
    return `${label}: switch (${this.expression(1)}) { ${cases} }`;
  }

  /** A statement whose variables nobody after it sees. */
  private alone(depth: number): string {
    const kept = this.variables.length;
    const text = this.statement(depth);
    this.variables.length = kept;
    return text;
  }

  statement(depth: number): string {
    this.budget -= 1;
    if (depth <= 0 || this.budget <= 0) return `note(${this.expression(1)});`;
    switch (this.below(12)) {
      case 0: {
        const x = this.fresh('x');
        const text = `let ${x} = ${this.expression(2)};`;
        this.variables.push(x);
        return text;
      }
      case 1:
        return `if (${this.expression(2)}) ${this.block(depth - 1)} else ${this.block(depth - 1)}`;
      case 2:
      case 3:
        return `{ ${this.counted(depth)} }`;
      case 4:
        return this.jump();
      case 5:
        return `{ ${this.choice(depth)} }`;
      case 6:
        return `try ${this.block(depth - 1)} catch (e) { note(String(e)); ${this.alone(depth - 1)} }`;
      case 7:
        return `try ${this.block(depth - 1)} finally ${this.block(depth - 1)}`;
      case 8:
        return `if (${this.expression(1)} === 3) ${this.one(['throw', 'return'])} ${this.expression(1)};`;
      case 9: {
        const pattern = `{ n: ${this.one(this.variables)} = ${this.expression(1)}, ...o.rest }`;
        return `(${pattern} = { m: 1, ${this.one(['n: 4', ''])} } as any);`;
      }
      case 10: {
        const pattern = `[${this.one(this.variables)} = ${this.expression(1)}, list[1]]`;
        return `${pattern} = [${this.one(['', '1'])}, ${this.expression(1)}];`;
      }
      default:
        return `${this.expression(3)};`;
    }
  }
}

/** The body of a random program; the same for the same seed. */
export const writeProgram = (seed: number): string => {
  const writer = new Writer(seed);
  const statements = Array.from({ length: 6 }, () => writer.statement(3)).join('\n');
  return `let a: any = 1, b: any = 2, c: any = null;
const list: any[] = [1, 2, 3];
const later: (() => unknown)[] = [];
const o: any = { n: 1, add(x: any, y: any) { return this.n + x + y; } };
const set = async (x: any) => { a = x; o.n = x; list.push(x); return sys.echo(x); };
${statements}
return [a, b, c, o.n, list, later.map((each) => each())];`;
};
