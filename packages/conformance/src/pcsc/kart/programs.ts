import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { packages, root } from '../../../../../scripts/workspace.mjs'
import { runProgram } from '../stack.ts'

const here = join(root, 'packages', 'conformance')

/** The folder to run programs on the built packages in. Throws where they are not built. */
export async function builtProgram(): Promise<string> {
  const built = packages().find(({ name }: { name: string }) => name === 'pcsc')
  if (!existsSync(join(built?.folder ?? '', 'dist', 'index.js')))
    throw new Error('these tests run the built packages: node scripts/build.mjs')
  return here
}

const beginning = `import { openPcsc, PcscError, watchReaders } from '@kart/pcsc'
const print = (value) => console.log(JSON.stringify(value))
`

/** Runs a module on the built packages in a process of its own, with a context open; gives what it printed. */
export async function foreignProgram(source: string): Promise<string> {
  const module = `${beginning}const context = await openPcsc({ backend: 'system' })\n${source}\nawait context.close()`
  const { code, stdout, stderr } = await runProgram(process.execPath, ['--input-type=module', '--eval', module], {
    cwd: await builtProgram(),
    timeoutMs: 60_000,
  })
  if (code !== 0) throw new Error(`a program ended with ${code}: ${stderr}`)
  return stdout
}

/** Runs a module in a PC/SC stack of its own, with so many of Kart's readers; gives what it printed. A service that it ends by itself is no failure. */
export async function programInOwnStack(source: string, kartReaders: number): Promise<{ stdout: string; stderr: string }> {
  const script = join(root, 'scripts', 'pcsc-stack.mjs')
  const { signal, stdout, stderr } = await runProgram(
    process.execPath,
    [script, '--kart-readers', String(kartReaders), process.execPath, '--input-type=module', '--eval', beginning + source],
    { cwd: await builtProgram(), timeoutMs: 90_000 },
  )
  if (signal !== null || stdout === '') throw new Error(`the program printed nothing (${signal}): ${stderr}`)
  return { stdout, stderr }
}
