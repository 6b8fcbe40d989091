import { Command, CommanderError } from 'commander'
import { addHelpRow, commandsNamed, commandTable } from './command-table.ts'
import { type ExitCode, exitCode } from './exit-code.ts'
import { noVerdict } from './no-verdict.ts'
import { createOutput } from './output.ts'
import { createRunner } from './runner.ts'
import { giveSize, guardStandardOutput } from './standard-output.ts'
import { version } from './version.ts'

/** Lets every command that is used wrongly name its own help. */
function nameOwnHelp(command: Command, path: string): void {
  command.showHelpAfterError(`(${path} --help shows how)`)
  for (const inner of command.commands) nameOwnHelp(inner, `${path} ${inner.name()}`)
}

/** Parses the arguments behind `kart`, runs the command, and gives the exit code; never throws. */
export async function run(args: readonly string[]): Promise<ExitCode> {
  guardStandardOutput()
  giveSize(process.stdout)
  giveSize(process.stderr)
  let code: ExitCode = exitCode.done
  const runner = createRunner((result) => {
    code = result
  })
  const program = new Command('kart')
    .description('National-ID smart cards: personalize, read, prove genuine, match the holder’s finger.')
    .version(version)
    .configureHelp({ showGlobalOptions: false, sortSubcommands: false })
    .addHelpText(
      'after',
      '\nExit codes: 0 accepted or done, 1 rejected, 2 bad input or usage, 3 reader or card failure, or a search that is not complete,\n130 stopped by Ctrl-C.\n\nExample:\n  $ kart demo',
    )
    .exitOverride()
  const named = commandsNamed(args)
  for (const row of commandTable)
    if (named.includes(row.name)) (await row.load())(program, runner)
    else addHelpRow(program, row)
  nameOwnHelp(program, 'kart')
  try {
    await program.parseAsync([...args], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return exitCode.done
    // A program that asked for a document gets one, also when it asked wrongly.
    const verdict = args[0] === 'verify' || args[0] === 'demo' ? noVerdict : {}
    createOutput(args.includes('--json')).document({ ...verdict, error: { code: 'usage', message: error.message } })
    return exitCode.badInput
  }
  return code
}
