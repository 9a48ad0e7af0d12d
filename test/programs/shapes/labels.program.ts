/** Labels, and jumps out of several statements at once. */
import type { Probe } from '../probe.ts';

export async function continuesOuter(sys: Probe): Promise<unknown> {
  const seen: string[] = [];
  outer: for (let i = 0; i < 3; i++) {
    for (let k = 0; k < 3; k++) {
      if (k === 1 && i !== 1) continue outer;
      seen.push(await sys.echo(`${i}${k}`));
    }
    seen.push('end');
  }
  return seen;
}

export async function breaksOuter(sys: Probe): Promise<unknown> {
  let at = '';
  search: for (const row of [1, 2, 3]) {
    for (const column of [1, 2, 3]) {
      at = `${row},${column}`;
      if ((await sys.echo(row * column)) === 4) break search;
    }
  }
  return at;
}

export async function breaksBlock(sys: Probe): Promise<unknown> {
  const seen: string[] = [];
  block: {
    seen.push('in');
    if (await sys.echo(true)) break block;
    seen.push('not reached');
  }
  seen.push(await sys.echo('out'));
  return seen;
}

export async function threeLevels(sys: Probe): Promise<unknown> {
  const seen: string[] = [];
  a: for (const x of ['p', 'q']) {
    b: for (const y of ['r', 's', 't']) {
      let z = 0;
      do {
        z++;
        const word = await sys.echo(x + y + z);
        if (word === 'pr2') continue b;
        if (word === 'ps2') continue a;
        if (word === 'qs1') break a;
        seen.push(word);
      } while (z < 3);
    }
  }
  return seen;
}

export async function continueRunsTheUpdate(sys: Probe): Promise<unknown> {
  const seen: number[] = [];
  again: for (let i = 0; i < 4; i += await sys.echo(1)) {
    while (true) {
      if (i % 2 === 0) continue again;
      seen.push(i);
      break;
    }
  }
  return seen;
}

export async function jumpsThroughFinally(sys: Probe): Promise<unknown> {
  const seen: string[] = [];
  loop: for (let i = 0; i < 4; i++) {
    try {
      for (;;) {
        try {
          if (i === 1) continue loop;
          if (i === 3) break loop;
          await sys.echo(i);
          break;
        } finally {
          seen.push(await sys.echo(`inner ${i}`));
        }
      }
    } finally {
      seen.push(await sys.echo(`outer ${i}`));
    }
  }
  return seen;
}

export async function labelledSwitch(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  all: for (const kind of ['go', 'skip', 'go', 'stop', 'go']) {
    switch (await sys.echo(kind)) {
      case 'skip':
        continue all;
      case 'stop':
        break all;
      default:
        if (seen.length === 0) break;
        seen.push('second');
    }
    seen.push(kind);
  }
  return seen;
}

export async function breakOutOfForOfClosesIt(sys: Probe): Promise<unknown> {
  const seen: string[] = [];
  function* letters(): Generator<string> {
    try {
      yield 'a';
      yield 'b';
      yield 'c';
    } finally {
      seen.push('closed');
    }
  }
  outer: for (const number of [1, 2]) {
    for (const letter of letters()) {
      seen.push(await sys.echo(letter + number));
      if (letter === 'b') continue outer;
    }
  }
  return seen;
}

export async function labelOfIf(sys: Probe): Promise<unknown> {
  let path = '';
  decide: if (await sys.echo(true)) {
    path += 'a';
    if ((await sys.count()) > 0) break decide;
    path += 'b';
  } else path += 'c';
  return path;
}
