import { type ExitCode, exitCodeOf } from './exit-code.ts'
import { createOutput, type Output, printError } from './output.ts'

/** Runs one command's action, prints what it throws, and keeps its exit code. `failure` goes into the JSON document of a failed run. */
export type Runner = (
  options: { readonly json?: boolean | undefined },
  action: (output: Output) => ExitCode | Promise<ExitCode>,
  failure?: Record<string, unknown>,
) => Promise<void>

/** A runner that hands each exit code to `keep`. */
export function createRunner(keep: (code: ExitCode) => void): Runner {
  return async (options, action, failure) => {
    const output = createOutput(options.json === true)
    try {
      keep(await action(output))
    } catch (error) {
      printError(output, error, failure)
      keep(exitCodeOf(error))
    }
  }
}
