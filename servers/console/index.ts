/** For programs outside of this repository. Inside import the file, never this. */
export { type ConsoleArguments, consoleServer, type Sink } from './console.ts';
export { type ConsoleLine, type ConsoleLines, consoleService, LINE_MAX, LINES_MAX } from './protocol.ts';
