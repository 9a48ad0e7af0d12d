/** The compiler of resumable programs. */
export { type CompiledMap, type CompiledProgram, type CompileOptions, compile } from './compile.ts';
export { type ProgramCode, ProgramError } from './program-error.ts';
