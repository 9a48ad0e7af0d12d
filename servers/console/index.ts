/** The console for outsiders. Inside the repository import the file, never this. */
export { type ConsoleArguments, consoleServer, type Sink } from './console.ts';
export { type ConsoleLine, type ConsoleLines, consoleService } from './protocol.ts';
