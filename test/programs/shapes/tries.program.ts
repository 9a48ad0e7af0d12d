/** Try statements: what is pending while a finally block waits, and who wins. */
import type { Probe } from '../probe.ts';

const messageOf = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : 'odd');

export async function catchesRejection(sys: Probe): Promise<unknown> {
  try {
    await sys.fail('first');
    return 'not reached';
  } catch (error) {
    return [messageOf(error), await sys.echo('handled')];
  }
}

export async function pendingReturn(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  const run = async (): Promise<string> => {
    try {
      return await sys.echo('value');
    } finally {
      seen.push(await sys.echo('cleaning'));
      seen.push(await sys.echo('clean'));
    }
  };
  seen.push(await run());
  return seen;
}

export async function pendingException(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  try {
    try {
      await sys.fail('pending');
    } finally {
      seen.push(await sys.echo('meanwhile'));
    }
  } catch (error) {
    seen.push(messageOf(error));
  }
  return seen;
}

export async function finallyOverridesReturn(sys: Probe): Promise<unknown> {
  const run = async (): Promise<string> => {
    try {
      return await sys.echo('lost');
    } finally {
      return await sys.echo('wins');
    }
  };
  return run();
}

export async function finallyOverridesThrow(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  for (const item of [1, 2]) {
    try {
      await sys.fail(`dropped ${item}`);
    } finally {
      seen.push(await sys.echo(item));
    }
  }
  return seen;
}

export async function finallyThrows(sys: Probe): Promise<unknown> {
  try {
    try {
      await sys.fail('first');
    } catch (error) {
      throw new TypeError(`second after ${messageOf(error)}`);
    } finally {
      await sys.fail('third');
    }
  } catch (error) {
    return messageOf(error);
  }
  return 'nothing thrown';
}

export async function breakThroughFinally(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    try {
      if (i === 1) break;
      seen.push(await sys.echo(i));
    } finally {
      seen.push(await sys.echo(`finally ${i}`));
    }
  }
  return seen;
}

export async function nestedFinallies(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  const run = async (): Promise<string> => {
    try {
      try {
        try {
          return await sys.echo('deep');
        } finally {
          seen.push(await sys.echo(1));
        }
      } finally {
        seen.push(await sys.echo(2));
      }
    } finally {
      seen.push(await sys.echo(3));
    }
  };
  seen.push(await run());
  return seen;
}

export async function finallyInsideFinally(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  try {
    await sys.fail('outer');
  } catch (outer) {
    try {
      await sys.fail('inner');
    } catch (inner) {
      seen.push(await sys.echo(`${messageOf(outer)} ${messageOf(inner)}`));
    } finally {
      try {
        seen.push(await sys.echo('in finally'));
      } finally {
        seen.push(messageOf(outer));
      }
    }
  }
  return seen;
}

export async function tryWithoutCalls(sys: Probe): Promise<unknown> {
  const parse = (text: string): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      return 'bad';
    }
  };
  const seen = [parse(await sys.echo('[1]')), parse(await sys.echo('{'))];
  let inner: unknown;
  try {
    inner = JSON.parse('oops');
  } catch (error) {
    inner = (error as Error).name;
  }
  return [seen, inner, await sys.echo('end')];
}

export async function catchWithPattern(sys: Probe): Promise<unknown> {
  try {
    throw Object.assign(new Error('coded'), { code: await sys.echo(7), extra: { list: [1, 2] } });
  } catch (caught) {
    const {
      message,
      code,
      extra: {
        list: [, second],
      },
    } = caught as { message: string; code: number; extra: { list: number[] } };
    return [message, code, await sys.echo(second), second];
  }
}

export async function throwsPlainValues(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  for (const thrown of [1, 'text', null, undefined, { a: 1 }]) {
    try {
      await sys.echo('before');
      throw thrown;
    } catch (caught) {
      seen.push(await sys.echo('caught'), caught === thrown);
    }
  }
  return seen;
}

export async function errorCauses(sys: Probe): Promise<unknown> {
  try {
    try {
      await sys.fail('root');
    } catch (cause) {
      throw new RangeError('wrapped', { cause });
    }
  } catch (error) {
    await sys.echo('held');
    const { cause } = error as { cause: unknown };
    return [messageOf(error), messageOf(cause), error instanceof RangeError, cause instanceof Error];
  }
  return 'not reached';
}

export async function rethrowKeepsIdentity(sys: Probe): Promise<unknown> {
  const first = new SyntaxError('same');
  try {
    try {
      await sys.echo(1);
      throw first;
    } catch (error) {
      await sys.echo(2);
      throw error;
    } finally {
      await sys.echo(3);
    }
  } catch (error) {
    return [error === first, messageOf(error), await sys.echo(4)];
  }
}

export async function throughThreeFunctions(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  const inner = async (): Promise<number> => {
    try {
      return await sys.fail('deep');
    } finally {
      seen.push(await sys.echo('inner'));
    }
  };
  const middle = async (): Promise<number> => {
    try {
      return (await inner()) + 1;
    } finally {
      seen.push(await sys.echo('middle'));
    }
  };
  try {
    seen.push(await middle());
  } catch (error) {
    seen.push(messageOf(error));
  }
  return seen;
}

export async function retries(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      if (attempt < 3) await sys.fail(`attempt ${attempt}`);
      return [await sys.echo('done'), attempt, seen];
    } catch (error) {
      seen.push(messageOf(error));
      await sys.echo('waiting');
    }
  }
  return 'given up';
}

export async function catchShadowsOuter(sys: Probe): Promise<unknown> {
  const error = 'outer';
  const reads: (() => unknown)[] = [];
  try {
    await sys.fail('inner');
  } catch (error) {
    const kept = messageOf(error);
    reads.push(() => kept);
    await sys.echo(kept);
  }
  return [error, reads.map((read) => read())];
}

export async function catchParameterAssigned(sys: Probe): Promise<unknown> {
  try {
    await sys.fail('original');
  } catch (caught) {
    let error: unknown = caught;
    const read = (): unknown => error;
    error = await sys.echo('replaced');
    return [read(), error];
  }
  return null;
}

export async function uncaught(sys: Probe): Promise<unknown> {
  await sys.echo('before');
  try {
    await sys.fail('nobody catches this');
  } finally {
    await sys.echo('last words');
  }
  return 'not reached';
}

export async function tryInLoopInTry(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  try {
    for (const item of [1, 2, 3]) {
      try {
        if (item === 2) await sys.fail(`at ${item}`);
        seen.push(await sys.echo(item));
      } catch (error) {
        seen.push(messageOf(error));
        if (seen.length > 1) throw new Error('enough');
      } finally {
        seen.push(`f${item}`);
      }
    }
  } catch (error) {
    seen.push(messageOf(error), await sys.echo('out'));
  }
  return seen;
}
