/** Objects with methods, `this`, and classes at the top of a module. */
import type { Probe } from '../probe.ts';

class Account {
  readonly owner: string;
  balance = 0;
  static opened = 'static';

  constructor(owner: string) {
    this.owner = owner;
  }

  async deposit(sys: Probe, amount: number): Promise<this> {
    this.balance = await sys.add(this.balance, amount);
    return this;
  }

  async later(sys: Probe): Promise<() => string> {
    const word = await sys.echo('owns');
    return () => `${this.owner} ${word} ${this.balance}`;
  }

  tell(): string {
    return `${this.owner}: ${this.balance}`;
  }

  static async open(sys: Probe, owner: string): Promise<Account> {
    return new Account(await sys.echo(owner));
  }
}

class Savings extends Account {
  rate: number;

  constructor(owner: string, rate: number) {
    super(owner);
    this.rate = rate;
  }

  override tell(): string {
    return `${super.tell()} at ${this.rate}`;
  }

  async grow(sys: Probe): Promise<number> {
    for (let year = 0; year < 2; year++) await this.deposit(sys, this.balance * this.rate);
    return this.balance;
  }
}

class Broken extends Error {
  override readonly name = 'Broken';
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

class Node {
  readonly value: number;
  left: Node | null = null;
  right: Node | null = null;

  constructor(value: number) {
    this.value = value;
  }

  async insert(sys: Probe, value: number): Promise<void> {
    const side = (await sys.echo(value)) < this.value ? 'left' : 'right';
    const below = this[side];
    if (below === null) this[side] = new Node(value);
    else await below.insert(sys, value);
  }

  *[Symbol.iterator](): Generator<number> {
    if (this.left !== null) yield* this.left;
    yield this.value;
    if (this.right !== null) yield* this.right;
  }
}

export async function methodsOfInstances(sys: Probe): Promise<unknown> {
  const account = new Account('ann');
  await account.deposit(sys, 5);
  const same = await account.deposit(sys, 6);
  return [account.tell(), same === account, account instanceof Account];
}

export async function staticMethods(sys: Probe): Promise<unknown> {
  const account = await Account.open(sys, 'bob');
  await sys.echo(Account.opened);
  return [account.tell(), account instanceof Account, account.constructor === Account];
}

export async function inheritedMethods(sys: Probe): Promise<unknown> {
  const savings = new Savings('eve', 1);
  await savings.deposit(sys, 3);
  const grown = await savings.grow(sys);
  return [grown, savings.tell(), savings instanceof Account, Object.keys(savings)];
}

export async function arrowsKeepThis(sys: Probe): Promise<unknown> {
  const account = new Account('zoe');
  const tell = await account.later(sys);
  await account.deposit(sys, 9);
  return tell();
}

export async function instancesInCollections(sys: Probe): Promise<unknown> {
  const one = new Account('one');
  const all = new Map([[one, new Set([one, new Savings('two', 2)])]]);
  await sys.echo('held');
  const [[key, set]] = [...all] as [[Account, Set<Account>]];
  return [key === one, set.has(one), [...set].map((each) => each.tell()), [...set][1] instanceof Savings];
}

export async function ownErrorClass(sys: Probe): Promise<unknown> {
  try {
    const error = new Broken('own', await sys.echo(4));
    await sys.echo('held');
    throw error;
  } catch (error) {
    await sys.echo('caught');
    const { code, message } = error as Broken;
    return [error instanceof Broken, error instanceof Error, code, message, String(error)];
  }
}

export async function treeOfNodes(sys: Probe): Promise<unknown> {
  const root = new Node(4);
  for (const value of [2, 6, 1, 5]) await root.insert(sys, value);
  const walk = root[Symbol.iterator]();
  const seen: number[] = [];
  for (const value of root) seen.push(await sys.echo(value));
  return [seen, [...walk], root.left?.left?.value];
}

export async function literalMethods(sys: Probe): Promise<unknown> {
  const counter = {
    count: 1,
    async up(by: number): Promise<number> {
      this.count += await sys.echo(by);
      return this.count;
    },
    down(): number {
      return --this.count;
    },
  };
  await counter.up(3);
  const { down } = counter;
  return [counter.down(), down.call(counter), await counter.up.call({ ...counter, count: 100 }, 1), counter.count];
}

export async function nestedArrowsAndThis(sys: Probe): Promise<unknown> {
  const box = {
    name: 'box',
    async run(): Promise<string[]> {
      const inner = async (): Promise<string> => {
        const deeper = (): string => this.name;
        return (await sys.echo('x')) + deeper();
      };
      return [await inner(), ...['a', 'b'].map((letter) => letter + this.name)];
    },
  };
  return box.run();
}

export async function recursionOnInstances(sys: Probe): Promise<unknown> {
  const ring = { name: 'a', next: { name: 'b', next: null as unknown } };
  ring.next.next = ring;
  const walk = async (node: { name: string; next: unknown }, left: number): Promise<string> =>
    left === 0 ? '' : (await sys.echo(node.name)) + (await walk(node.next as typeof node, left - 1));
  const path = await walk(ring, 5);
  return [path, (ring.next.next as typeof ring).next === ring.next];
}

export async function functionWithoutThis(sys: Probe): Promise<unknown> {
  async function who(this: unknown): Promise<string> {
    await sys.echo('asking');
    return typeof this;
  }
  return [await who(), await who.call('text'), await who.apply({}, [])];
}

export async function prototypeMethodsByKey(sys: Probe): Promise<unknown> {
  const account = new Account('key');
  const name = await sys.echo('deposit');
  await (account as unknown as Record<string, (sys: Probe, amount: number) => Promise<unknown>>)[name]?.(sys, 2);
  return account.balance;
}
