export { type ExitCode, exitCode } from './exit-code.ts'
export { run } from './program.ts'
