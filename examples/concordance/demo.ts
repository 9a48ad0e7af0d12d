/**
 * The main job: a concordance of a real folder is moved ten times between two kernels in two processes while it is
 * being built and while
 * two clients on a third kernel, in this process, ask it without pause. Ends well only if nobody could tell.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { PortName } from '../../ports/name.ts';
import { messageOf, OperatorError, systemCode } from '../../servers/node/operator-error.ts';
import { connect } from '../../servers/shell/boot.ts';
import type { Client } from '../../servers/shell/client.ts';
import type { Context } from '../../servers/shell/command-line.ts';
import { down, up } from '../../servers/shell/commands/up.ts';
import { Terminal } from '../../servers/shell/terminal.ts';
import { checkAnswers, liveInstances } from './demo-check.ts';
import { DemoClient, SlowClient } from './demo-clients.ts';
import { Concordance, collectLives } from './demo-nodes.ts';
import { moveLine, openingLines, sceneLines, summaryLines } from './demo-report.ts';
import { digestPages, indexUnmoved } from './drive.ts';
import { type InputPlan, planFiles } from './input.ts';
import { listFolder, readFiles, sha256 } from './node-source.ts';
import { countWords, makeQueries } from './queries.ts';
import { buildReference, type Reference } from './reference.ts';

/** What the command gives. */
export interface DemoSettings {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly input?: string;
  /** Moves the program of handlers in place of the one of async functions. */
  readonly isMachine: boolean;
}

const MOVES = 10;
const QUERIES = 20_000;
/** Queries of the slow client have numbers beyond all others'. */
const SLOW_FIRST = 1_000_000_000;
/** Pages resident before the first move: 16 MiB. */
const FIRST_PAGES = 4096;

/** What the unmoved run says: the index of plain maps, and the pages of the index in memory. */
interface Expected {
  readonly reference: Reference;
  readonly digests: readonly string[];
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** Runs the demonstration. 0 only if everything held. */
export const runDemo = async ({ terminal, signal, input, isMachine }: DemoSettings): Promise<number> => {
  const root = resolve(input ?? process.cwd());
  const plan = await planInput(root);
  for (const line of openingLines(root, plan)) terminal.say(line);
  const expected = await indexHere(root, plan);
  signal.throwIfAborted();
  const stateDir = mkdtempSync(join(tmpdir(), 'portolan-demo-'));
  const clear = (): void => rmSync(stateDir, { recursive: true, force: true });
  process.once('exit', clear); // a second ^C does not wait for the rest of this
  const context: Context = { terminal: silent(), stateDir, signal };
  try {
    await up(context, { nodes: 2, root, journal: true, lock: true }, true);
    const client = await connect(stateDir);
    const slow = await connect(stateDir);
    for (const line of sceneLines(client.records)) terminal.say(line);
    try {
      return await perform([client, slow], expected, { terminal, signal, root, isMachine });
    } finally {
      await client.close();
      await slow.close();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    const text = 'the demonstration was stopped; its processes have ended, and nothing is left of it';
    throw new OperatorError({ code: 'E_INTERRUPTED', text, hint: 'portolan demo', cause: error });
  } finally {
    await down(context).catch(() => undefined);
    process.off('exit', clear);
    clear();
  }
};

/** Commands that the demonstration uses say nothing of their own. */
const silent = (): Terminal => {
  const outlet = { write: (): void => undefined };
  return new Terminal({ stdout: outlet, stderr: outlet, env: {} }, 'text');
};

const planInput = async (root: string): Promise<InputPlan> => {
  const noInput = (text: string): OperatorError =>
    new OperatorError({
      code: 'E_NO_INPUT',
      text,
      hint: 'portolan demo --input FOLDER, with a folder that holds source or prose',
    });
  const entries = await listFolder(root).catch((error: unknown) => {
    throw noInput(`${root} cannot be read: ${systemCode(error) || messageOf(error)}`);
  });
  const plan = planFiles(entries);
  if (plan.files.length > 0) return plan;
  throw noInput(`there is no text in ${root}: of ${entries.length} files none is source or prose by its name`);
};

/** The run that stays: made here before anything moves, so that every answer and page can be compared with it. */
const indexHere = async (root: string, { files: planned }: InputPlan): Promise<Expected> => {
  const files = await readFiles(root, planned);
  const memory = indexUnmoved(files);
  const digests = digestPages(memory, (page) => Buffer.from(sha256(page)).toString('hex'));
  const reference = buildReference(files);
  return { reference, digests, files: planned };
};

const perform = async (
  [client, slowKernel]: readonly [Client, Client],
  expected: Expected,
  { terminal, signal, root, isMachine }: Omit<DemoSettings, 'input'> & { readonly root: string },
): Promise<number> => {
  const job = await Concordance.start(client, isMachine ? 'program' : 'concordance.program');
  await job.enlist(expected.files);
  const next = makeQueries(countWords(expected.reference.words), 1);
  const clients = await Promise.all(['client-1', 'client-2'].map((name) => startClient(client, job, name, next)));
  const runs = clients.map(({ demo }) => demo.run());
  const slow = await startSlow(slowKernel, job, next);
  const records = [];
  for (let move = 1; move <= MOVES; move += 1) {
    signal.throwIfAborted();
    await job.waitUntil(
      (progress) => (move === 1 ? progress.pages >= Math.min(FIRST_PAGES, expected.digests.length) : true),
      signal,
    );
    await slow.speak();
    const record = await job.moveOn(() => slow.listen());
    records.push(record);
    terminal.say(
      moveLine(
        move,
        record,
        clients.reduce((sum, { demo }) => sum + demo.count, 0),
      ),
    );
  }
  await job.waitUntil(({ filesIndexed, filesListed }) => filesIndexed === filesListed, signal);
  while (clients.reduce((sum, { demo }) => sum + demo.count, 0) < QUERIES) {
    signal.throwIfAborted();
    if (clients.every(({ demo }) => demo.told.at(-1)?.answered === null)) break;
    await new Promise((go) => void setTimeout(go, 20));
  }
  for (const { demo } of clients) demo.stop();
  await Promise.all(runs);
  await job.drain();
  const digests = await job.pageDigests(expected.digests.length);
  const answers = checkAnswers(expected.reference, [...clients.map(({ demo }) => demo.told), slow.told]);
  const lives = await collectLives(client);
  const summary = {
    ok: false,
    moves: records.length,
    ...answers,
    retargeted: await job.retargeted(),
    forwarded: records.reduce((sum, { forwarded }) => sum + forwarded, 0),
    demandFaults: records.reduce((sum, { demandFaults }) => sum + demandFaults, 0),
    pages: digests.length,
    distinctPages: new Set(digests).size,
    pagesWrong: digests.filter((digest, at) => digest !== expected.digests[at]).length,
    liveInstances: liveInstances(job.identity, lives.nodes, answers.duplicated),
    eventsLost: lives.lost,
    movesWithoutFaults: records.filter(({ demandFaults }) => demandFaults === 0).length,
    movesWithoutForwards: records.filter(({ forwarded }) => forwarded === 0).length,
    freezeMs: records.map(({ freezeMs }) => Number(freezeMs.toFixed(2))),
    imageBytes: records.map(({ bytesInFreeze }) => bytesInFreeze),
  };
  const failures = failuresOf(
    summary,
    records.every(({ outcome }) => outcome === 'moved'),
  );
  if (failures.length > 0) failures.push(...(await changedFiles(root, expected)));
  const ok = failures.length === 0;
  if (terminal.isJson) terminal.stream({ ...summary, ok, failures, records }, '');
  else terminal.result({}, summaryLines(summary, failures));
  return ok ? 0 : 1;
};

const startClient = async (client: Client, job: Concordance, name: string, next: ReturnType<typeof makeQueries>) => {
  const agent = client.newAgent(name);
  const server: PortName = await job.grantTo(agent.net, agent.agent);
  const first = name === 'client-1' ? 0 : 1;
  let number = first;
  const nextQuery = () => {
    number += 2;
    return next(number - 2);
  };
  return { demo: new DemoClient(agent.agent, server, nextQuery) };
};

const startSlow = async (client: Client, job: Concordance, next: ReturnType<typeof makeQueries>) => {
  await Promise.all(client.records.map(({ node }) => client.reach(node)));
  let number = SLOW_FIRST;
  const nextQuery = () => {
    number += 1;
    return next(number);
  };
  return new SlowClient(client, await job.grantTo(client.net, client.agent), nextQuery);
};

/** Files that somebody has written to meanwhile: then the comparison with the unmoved run says nothing. */
const changedFiles = async (root: string, { reference }: Expected): Promise<string[]> => {
  const now = await readFiles(
    root,
    reference.files.map(({ path }) => ({ path, size: 0 })),
  ).catch(() => null);
  if (now === null) return ['files of the folder have gone while it ran; use a folder that nobody writes to'];
  const changed = now.filter(({ digest }, at) => Buffer.compare(digest, reference.files[at]?.digest ?? digest) !== 0);
  if (changed.length === 0) return [];
  return [
    `${changed.length} files changed while it ran, ${changed[0]?.path} among them; use a folder that nobody writes to`,
  ];
};

/** Everything that did not hold, in words. */
const failuresOf = (summary: Readonly<Record<string, unknown>>, allMoved: boolean): string[] => {
  const failures: string[] = [];
  const demand = (holds: boolean, what: string): void => void (holds || failures.push(what));
  const zero = (field: string, what: string): void => demand(summary[field] === 0, `${String(summary[field])} ${what}`);
  demand(allMoved && summary['moves'] === MOVES, 'not every move ended at its destination');
  demand(Number(summary['answers']) >= QUERIES, `only ${String(summary['answers'])} answers`);
  zero('wrong', `answers were wrong; first: ${String(summary['first'])}`);
  zero('lost', `queries were not answered; first: ${String(summary['first'])}`);
  zero('duplicated', 'serial numbers came twice');
  zero('reordered', 'queries were served out of order');
  zero('pagesWrong', 'pages differ from the unmoved run');
  demand(summary['pages'] === summary['distinctPages'], 'two pages are the same');
  zero('eventsLost', 'events of moves were overwritten');
  zero('movesWithoutFaults', 'moves had no demand fault');
  zero('movesWithoutForwards', 'moves had no forwarded message');
  demand(summary['liveInstances'] === 1, `${String(summary['liveInstances'])} instances ran at one time`);
  demand(Math.max(...(summary['imageBytes'] as number[])) < 256 * 1024, 'a thread image was 256 KiB or more');
  return failures;
};
