import { spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

/** The built command. */
export const kartCommand = fileURLToPath(new URL('../../../cli/bin/kart.js', import.meta.url))

const builtModule = new URL('../../../cli/dist/index.js', import.meta.url).href

/** Path of a file under test-vectors/. */
export const vectorPath = (name: string): string => fileURLToPath(new URL(`../../../../test-vectors/${name}`, import.meta.url))

/** What a run of the command left behind. */
export interface KartRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface KartOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Hears every piece of standard output, and may act on the child. */
  readonly onOutput?: (soFar: string, child: ReturnType<typeof spawn>) => void
}

// No colour wishes of the machine, and no PC/SC service: a test must not find the machine's own readers.
const baseEnv = (cwd: string): NodeJS.ProcessEnv => {
  const { NO_COLOR: _no, FORCE_COLOR: _force, ...env } = process.env
  return { ...env, PCSCLITE_CSOCK_NAME: join(cwd, 'no-such-socket') }
}

/** What a refusal must look like; gives standard error. */
function refusal(args: readonly string[], run: KartRun, code: number): string {
  expect(run, args.join(' ')).toMatchObject({ code })
  expect(run.stderr).toMatch(/^(kart|error): /)
  expect(run.stderr).not.toMatch(/\n\s+at |node:internal|defect in Kart|undefined|\[object/)
  return run.stderr
}

/** A folder of its own for a test file, with the command run inside it. */
export class KartFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'kart-cli-'))

  at(name: string): string {
    return join(this.path, name)
  }

  /** A copy under a new name; gives the name. */
  copy(from: string, to: string): string {
    copyFileSync(this.at(from), this.at(to))
    return to
  }

  /** Runs `kart` to its end. */
  run(args: readonly string[], options: KartOptions = {}): Promise<KartRun> {
    return this.spawn([kartCommand, ...args], options)
  }

  private spawn(nodeArgs: readonly string[], options: KartOptions): Promise<KartRun> {
    return new Promise((resolve, reject) => {
      const cwd = options.cwd ?? this.path
      const child = spawn(process.execPath, nodeArgs, {
        cwd,
        env: { ...baseEnv(this.path), ...options.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let stdout = ''
      let stderr = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text
        options.onOutput?.(stdout, child)
      })
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text
      })
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, stdout, stderr }))
    })
  }

  /** Runs `kart` and expects it to end well; gives its standard output. */
  async done(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return stdout
  }

  /** Runs `kart` with `--json`: standard output is one document and nothing else. */
  async document(args: readonly string[], options: KartOptions = {}): Promise<{ code: number | null; document: unknown; stderr: string }> {
    const { code, stdout, stderr } = await this.run([...args, '--json'], options)
    return { code, document: JSON.parse(stdout), stderr }
  }

  /** Runs `kart` and expects it to refuse in plain words, without a trace of the stack; gives standard error. */
  async refused(args: readonly string[], code: number, options: KartOptions = {}): Promise<string> {
    return refusal(args, await this.run(args, options), code)
  }

  /** Runs many short commands one after another in one child process, which starting one for each would make slow. */
  async runEach(commands: readonly (readonly string[])[]): Promise<KartRun[]> {
    const script = `
      const { run } = await import(${JSON.stringify(builtModule)})
      const writes = { stdout: process.stdout.write.bind(process.stdout) }
      const results = []
      for (const args of JSON.parse(process.argv[1])) {
        const result = { code: null, stdout: '', stderr: '' }
        for (const name of ['stdout', 'stderr']) process[name].write = (text) => { result[name] += String(text); return true }
        result.code = await run(args)
        results.push(result)
      }
      writes.stdout(JSON.stringify(results))`
    const { code, stdout, stderr } = await this.spawn(['--input-type=module', '-e', script, JSON.stringify(commands)], {})
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return JSON.parse(stdout) as KartRun[]
  }

  /** {@link runEach}, every command refused; `words` are in what it says. Gives standard error of each. */
  async refusedEach(rows: readonly (readonly [args: readonly string[], words: string])[], code: number): Promise<string[]> {
    const runs = await this.runEach(rows.map(([args]) => args))
    return rows.map(([args, words], index) => {
      const text = refusal(args, runs[index]!, code)
      expect(text, args.join(' ')).toContain(words)
      return text
    })
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** What is printed on the specimen's card. */
export const specimenMrz = 'I<IRNS123456780<<<<<<<<<<<<<<<9106123F3310034IRN<<<<<<<<<<<0NEMOUNEHPOUR<<AREZOU<<<<<<<<<<'
export const specimenAccess = ['--docno', 'S12345678', '--dob', '1991-06-12', '--doe', '331003'] as const

/** A PKI (`pki`), the specimen's card (`citizen.card`) and the files of its live and a wrong finger (`live.fmr`, `impostor.fmr`), made with the command itself. */
export async function issueSpecimen(folder: KartFolder): Promise<void> {
  await folder.done(['pki', 'init', 'pki'])
  await folder.done(['issue', vectorPath('specimen/record.json'), '--pki', 'pki', '--card', 'citizen.card'])
  copyFileSync(vectorPath('specimen/finger-enrolled.fmr'), folder.at('live.fmr'))
  // The second view of NIST's record is the other hand: a finger that is really another one.
  await folder.done(['minutiae', vectorPath('nist/fmr.iso2005'), '--view', '2', '--to', 'iso-19794-2-2005', '-o', 'impostor.fmr'])
}
