/** The tree of commands, for commander. Each command is loaded when it is called: `--help` loads none. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { STRATEGIES } from '../migration/strategies/table.ts';
import { OperatorError } from '../node/operator-error.ts';
import { isNodeName } from '../node/state-dir.ts';

export type { Context } from './context.ts';

import type {
  CompileOptions,
  Context,
  DemoOptions,
  LabOptions,
  MigrateOptions,
  RunNodeOptions,
  StartOptions,
  TaskLocalsOptions,
  TaskLogsOptions,
  TaskRunOptions,
  UpOptions,
} from './context.ts';
import { Terminal, type TerminalParts } from './terminal.ts';
import { VERSION } from './version.ts';

/** What a command line runs in. */
export interface Surroundings extends TerminalParts {
  readonly signal: AbortSignal;
}

interface GlobalOptions {
  readonly json?: boolean;
  readonly state?: string;
}

type Run<A extends unknown[]> = (context: Context, ...args: A) => Promise<number>;

/** What came of a command line: an exit code, or help that has been shown. */
export interface CommandLine {
  run(argv: readonly string[]): Promise<number>;
  /** Made before the command line is understood, for errors in it. */
  terminal(argv: readonly string[]): Terminal;
}

/** The command line. */
export const commandLine = (around: Surroundings): CommandLine => {
  let code = 0;
  const program = new Command('portolan');
  const action =
    <A extends unknown[]>(run: Run<A>) =>
    async (...given: unknown[]): Promise<void> => {
      const command = given.pop() as Command;
      const options = command.optsWithGlobals<GlobalOptions>();
      const terminal = new Terminal(around, options.json === true ? 'json' : 'text');
      code = await run({ terminal, stateDir: options.state, signal: around.signal }, ...(given as A));
    };
  define(program, around);
  nodeCommands(program, action);
  taskCommands(program, action);
  moveCommands(program, action);
  compileCommand(program, action);
  labCommand(program, action);
  return {
    terminal: (argv) => new Terminal(around, argv.includes('--json') ? 'json' : 'text'),
    run: async (argv) => {
      try {
        await program.parseAsync([...argv], { from: 'user' });
      } catch (error) {
        if (!(error instanceof CommanderError)) throw error;
        if (error.exitCode === 0 || error.code === 'commander.help') return error.code === 'commander.help' ? 2 : 0;
        throw usage(error);
      }
      return code;
    },
  };
};

type Action = <A extends unknown[]>(run: Run<A>) => (...given: unknown[]) => Promise<void>;

const usage = (error: CommanderError): OperatorError =>
  new OperatorError({
    code: 'E_USAGE',
    text: error.message.replace(/^error: /, '').replace(/\n?\(Did you mean (.*)\?\)$/s, '; did you mean $1?'),
    hint: 'portolan --help',
  });

const define = (program: Command, around: Surroundings): void => {
  program
    .description('Kernels whose tasks move between them in the middle of what they do.')
    .version(VERSION)
    .option('--state <dir>', 'the folder in which the nodes find each other')
    .option('--json', 'answer with data')
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void around.stdout.write(text),
      writeErr: (text) => void around.stderr.write(text),
      outputError: () => undefined, // errors are shown once, by whoever catches them
    })
    .addHelpText(
      'after',
      '\nTo see it work: portolan demo\nTo do it by hand: portolan up -n 2, then portolan task run FILE',
    );
};

/** Mebibytes of memory or of a page file: 1 TiB. */
const MEBIBYTES_MAX: number = 1 << 20;

const positive = (text: string): number => {
  const value = count(text);
  if (value < 1 || value > MEBIBYTES_MAX) throw new InvalidArgumentError(`not from 1 to ${MEBIBYTES_MAX}`);
  return value;
};

const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('not a count');
  return value;
};

/** Each use of the option adds a node, or several with commas between them. */
const nodeNames = (text: string, before: readonly string[] = []): readonly string[] => {
  const names = text.split(',');
  const wrong = names.find((name) => name !== 'all' && !isNodeName(name));
  if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" cannot be the name of a node`);
  return [...before, ...names];
};

/** A command that takes `--json` and `--state` behind its name too. */
const add = (parent: Command, usageText: string, description: string): Command =>
  inherit(parent.command(usageText).description(description), parent);

const inherit = (command: Command, parent: Command): Command =>
  command
    .copyInheritedSettings(parent)
    .addOption(new Option('--json', 'answer with data').hideHelp())
    .addOption(new Option('--state <dir>', 'the folder of the nodes').hideHelp());

const nodeCommands = (program: Command, action: Action): void => {
  add(program, 'up', 'start nodes, each a process of its own')
    .option('-n, --nodes <count>', 'how many', count, 2)
    .option('--root <dir>', 'what their file service shows (default: the working folder)')
    .option('--no-journal', 'decisions of moves need not survive a crash')
    .option('--no-lock', "let programs change the language's own objects, such as Array.prototype")
    .option('--memory <MiB>', 'memory that each keeps in the process (default: 4096)', positive)
    .option('--page-file <MiB>', 'memory that each may keep in a file besides (default: 4096)', positive)
    .option('--accept-code-from <node>', 'run programs that this node sends, or all nodes (repeatable)', nodeNames)
    .action(action(async (context, options: UpOptions) => (await import('./commands/up.ts')).up(context, options)));
  add(program, 'down', 'stop all nodes').action(
    action(async (context) => (await import('./commands/up.ts')).down(context)),
  );
  const node = program.command('node').description('look at nodes, start and stop one').copyInheritedSettings(program);
  add(node, 'ls', 'the nodes that run').action(
    action(async (context) => (await import('./commands/node.ts')).nodeLs(context)),
  );
  add(node, 'start', 'start one node more, or one that has died')
    .argument('<name>', 'such as node-c')
    .option('--root <dir>', 'what its file service shows (default: the working folder)')
    .option('--no-journal', 'decisions of moves need not survive a crash')
    .option('--no-lock', "let programs change the language's own objects, such as Array.prototype")
    .option('--memory <MiB>', 'memory that it keeps in the process (default: 4096)', positive)
    .option('--page-file <MiB>', 'memory that it may keep in a file besides (default: 4096)', positive)
    .option('--accept-code-from <node>', 'run programs that this node sends, or all nodes (repeatable)', nodeNames)
    .action(
      action(async (context, name: string, options: StartOptions) =>
        (await import('./commands/up.ts')).nodeStart(context, name, options),
      ),
    );
  add(node, 'stop', 'stop one node; the tasks on it end')
    .argument('<name>', 'the name of the node')
    .action(action(async (context, name: string) => (await import('./commands/up.ts')).nodeStop(context, name)));
  program.addCommand(
    inherit(new Command('node-run').argument('<name>'), program)
      .option('--root <dir>')
      .option('--no-journal')
      .option('--no-lock')
      .option('--memory <MiB>', '', positive)
      .option('--page-file <MiB>', '', positive)
      .option('--accept-code-from <node>', '', nodeNames)
      .option('--tied')
      .action(
        action(async (context, name: string, options: RunNodeOptions) =>
          (await import('./commands/node-run.ts')).nodeRun(context, name, options),
        ),
      ),
    { hidden: true },
  );
};

const taskCommands = (program: Command, action: Action): void => {
  const task = program.command('task').description('run tasks and look at them').copyInheritedSettings(program);
  add(task, 'run', 'start a task of the program in FILE')
    .argument('<file>')
    .argument('[args...]', 'what the program is given')
    .option('--on <node>', 'where (default: the first node)')
    .option('--name <name>', 'what it is called (default: as its program)')
    .option('--wait', 'show what it prints until it ends; fail if it fails')
    .action(
      action(async (context, file: string, args: string[], options: TaskRunOptions) =>
        (await import('./commands/task-run.ts')).taskRun(context, { file, args, ...options }),
      ),
    );
  add(task, 'ls', 'the tasks that run, and those that failed')
    .option('--all', 'also those that have ended, and the servers of the nodes')
    .action(
      action(async (context, options: { readonly all?: boolean }) =>
        (await import('./commands/task.ts')).taskLs(context, options.all === true ? 'all' : 'own'),
      ),
    );
  const named = (name: string, description: string, run: Run<[string]>): Command =>
    add(task, name, description).argument('<task>', 'its name, or how its name begins').action(action(run));
  named('show', 'all that is known of a task, also of one that has ended', async (context, which) =>
    (await import('./commands/task.ts')).taskShow(context, which),
  );
  named('stack', 'where its threads wait, in lines of the source', async (context, which) =>
    (await import('./commands/task-stack.ts')).taskStack(context, which),
  );
  add(task, 'locals', 'the variables of a call that waits')
    .argument('<task>', 'its name, or how its name begins')
    .option('--frame <number>', 'which call, as task stack numbers them (default: 0, the innermost)', count)
    .option('--thread <number>', 'of one thread only', count)
    .action(
      action(async (context, which: string, options: TaskLocalsOptions) =>
        (await import('./commands/task-stack.ts')).taskLocals(context, which, options),
      ),
    );
  add(task, 'logs', 'what a task has printed')
    .argument('<task>', 'its name, or how its name begins')
    .option('-f, --follow', 'go on until it ends')
    .action(
      action(async (context, which: string, options: TaskLogsOptions) =>
        (await import('./commands/task-logs.ts')).taskLogs(context, which, options),
      ),
    );
  named('drain', 'have all its pages follow, and wait for that', async (context, which) =>
    (await import('./commands/task-drain.ts')).taskDrain(context, which),
  );
  named('kill', 'end a task', async (context, which) => (await import('./commands/task.ts')).taskKill(context, which));
};

const moveCommands = (program: Command, action: Action): void => {
  add(program, 'migrate', 'move a task to another node while it runs')
    .argument('<task>', 'its name, or how its name begins')
    .argument('<node>', 'where to')
    .addOption(
      new Option('--strategy <name>', 'how its memory follows')
        .choices(STRATEGIES.map(({ name }) => name))
        .default(STRATEGIES[0]?.name),
    )
    .option('--k <pages>', 'pages that are sent ahead of each fault', count)
    .addOption(new Option('--push <when>', 'send the rest unasked').choices(['on', 'off']))
    .option('--dry-run', 'only say what would keep it')
    .action(
      action(async (context, task: string, node: string, options: MigrateOptions) =>
        (await import('./commands/migrate.ts')).migrate(context, { task, node, ...options }),
      ),
    );
  const trace = program.command('trace').description('what has happened').copyInheritedSettings(program);
  add(trace, 'export', 'the lives and moves of all tasks, in order')
    .option('--mermaid', 'as a sequence diagram')
    .action(
      action(async (context, options: { readonly mermaid?: boolean }) =>
        (await import('./commands/trace.ts')).traceExport(context, options.mermaid === true ? 'mermaid' : 'list'),
      ),
    );
  add(program, 'demo', 'two kernels, a task at work, and a move in the middle of it')
    .option('--input <dir>', 'the folder that the task reads')
    .option('--machine', 'move the form of the program that is made of handlers')
    .action(
      action(async (context, options: DemoOptions) => (await import('./commands/demo.ts')).demo(context, options)),
    );
};

const compileCommand = (program: Command, action: Action): void => {
  add(program, 'compile', 'compile programs to modules, and say in DIR/programs.json which code they are')
    .argument('<files...>', 'such as counter.program.ts')
    .requiredOption('--out <dir>', 'where they are written')
    .action(
      action(async (context, files: string[], options: CompileOptions) =>
        (await import('./commands/compile.ts')).compileFiles(context, files, options),
      ),
    );
};

const labCommand = (program: Command, action: Action): void => {
  add(program, 'lab', 'play a script of calls in a kernel of its own: each code, what changed, and why')
    .argument('[file]', 'such as examples/06-laboratory.lab')
    .option('--profile <name>', 'semantics of the kernel (default: as the script says, or mach3)')
    .option('--knobs', 'show what can be set, its defaults and where they come from')
    .action(
      action(async (context, file: string | undefined, options: LabOptions) =>
        (await import('./commands/lab.ts')).lab(context, file, options),
      ),
    );
};
