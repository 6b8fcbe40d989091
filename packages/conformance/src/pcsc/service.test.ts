import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openPcsc } from '@kart/pcsc'
import { beforeAll, describe, expect, it } from 'vitest'
import { packages, root } from '../../../../scripts/workspace.mjs'
import { ScriptedCard } from './scripted-card.ts'
import { insertCard, requirePrivateStack, runProgram, slots, waitForStack } from './stack.ts'

const stackScript = join(root, 'scripts', 'pcsc-stack.mjs')
const here = join(root, 'packages', 'conformance')

/** Runs a module in a process of its own, on the built packages; it prints JSON. Killed when it does not end by itself. */
async function runModule(source: string, options: { env?: NodeJS.ProcessEnv; ownStack?: boolean } = {}): Promise<unknown> {
  const module = ['--input-type=module', '--eval', `import { openPcsc, PcscError } from '@kart/pcsc'\n${source}`]
  const args = options.ownStack ? [stackScript, process.execPath, ...module] : module
  const { code, signal, stdout, stderr } = await runProgram(process.execPath, args, {
    cwd: here,
    timeoutMs: 60_000,
    ...(options.env ? { env: options.env } : {}),
  })
  expect({ code, signal, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  return JSON.parse(stdout)
}

const told = `const told = (error) => ({ typed: error instanceof PcscError, code: error.code, operation: error.operation, name: error.pcscName })
const failure = (work) => work.then(() => 'no failure', told)
const print = (value) => console.log(JSON.stringify(value))
`

/** In a stack of its own: the id of its pcscd. */
const findService = 'const pid = Number(process.env.KART_PCSC_PID)\n'

beforeAll(() => {
  requirePrivateStack()
  const built = packages().find(({ name }: { name: string }) => name === 'pcsc')
  if (!existsSync(join(built?.folder ?? '', 'dist', 'index.js')))
    throw new Error('these tests run the built packages: node scripts/build.mjs')
})
beforeAll(waitForStack)

describe('the smart-card service', () => {
  it('T02 is named at once when it does not run', async () => {
    const source = `${told}print(await failure(openPcsc()))`
    const env = { PCSCLITE_CSOCK_NAME: join(here, 'no-such-socket') }
    expect(await runModule(source, { env })).toEqual({ typed: true, code: 'reader', operation: 'open', name: 'SCARD_E_NO_SERVICE' })
  })

  it('T02 is named when it hangs, without hanging the caller', async () => {
    const source = `${told}${findService}
process.kill(pid, 'SIGSTOP')
const outcome = await failure(openPcsc({ timeoutMs: 500 }))
process.kill(pid, 'SIGCONT')
const context = await openPcsc()
print([outcome, (await context.listReaders()).length])
await context.close()`
    expect(await runModule(source, { ownStack: true })).toEqual([
      { typed: true, code: 'reader', operation: 'open', name: 'SCARD_E_TIMEOUT' },
      slots.length,
    ])
  })

  it('T03 tells loops and callers when it goes away, and ends cleanly', async () => {
    const source = `${told}${findService}
const context = await openPcsc()
const events = context.watch()
const seen = []
try {
  for await (const { kind } of events) {
    seen.push(kind)
    if (seen.length === 2) process.kill(pid, 'SIGKILL')
  }
} catch (error) {
  seen.push(told(error))
}
seen.push(await failure(context.listReaders()))
await context.close()
seen.push(await failure(openPcsc()))
print(seen)`
    const { stdout, stderr } = await runProgram(
      process.execPath,
      [stackScript, process.execPath, '--input-type=module', '--eval', `import { openPcsc, PcscError } from '@kart/pcsc'\n${source}`],
      { cwd: here },
    )
    expect(stderr).toContain('pcscd ended while the command ran')
    const [one, two, lost, refused, again] = JSON.parse(stdout) as unknown[]
    expect([one, two]).toEqual(['reader-added', 'reader-added'])
    expect(lost).toMatchObject({ typed: true, code: 'reader', operation: 'watch' })
    expect(refused).toMatchObject({ typed: true, code: 'reader' })
    expect(again).toMatchObject({ typed: true, operation: 'open', name: 'SCARD_E_NO_SERVICE' })
  })

  it('leaves nothing open: the process ends by itself after close()', async () => {
    const context = await openPcsc()
    const plugged = await insertCard(context, new ScriptedCard())
    await context.close()
    const source = `const context = await openPcsc()
const events = context.watch()
await events.next()
await context.listReaders()
const card = await context.connect('00 00', { mode: 'exclusive' })
const response = await card.transceive(Uint8Array.of(0x00, 0xa4, 0x00, 0x00))
await card.reconnect({ mode: 'shared', disposition: 'reset' })
const again = await openPcsc()
const loop = (async () => { for await (const event of again.watch()) void event })()
await again.close()
await loop
await context.close()
console.log(JSON.stringify([...response]))`
    expect(await runModule(source)).toEqual([0x90, 0x00])
    await plugged.unplug()
  })

  it('T07 loads and works as CommonJS', async () => {
    const source = "require('@kart/pcsc').openPcsc().then(async (c) => { console.log((await c.listReaders()).length); await c.close() })"
    const { code, stdout } = await runProgram(process.execPath, ['--input-type=commonjs', '--eval', source], { cwd: here })
    expect({ code, stdout: stdout.trim() }).toEqual({ code: 0, stdout: String(slots.length) })
  })

  it('T07 with pcsclite, which knows the main thread alone, a worker thread gets a clear error', async () => {
    const source = `import { Worker, isMainThread } from 'node:worker_threads'
const work = "import('@kart/pcsc').then(({ openPcsc }) => openPcsc()).then(() => 'opened', (error) => error.message).then((text) => require('node:worker_threads').parentPort.postMessage(text))"
const worker = new Worker(work, { eval: true, execArgv: [] })
console.log(JSON.stringify(await new Promise((resolve) => worker.once('message', resolve))))`
    expect(await runModule(source, { env: { KART_PCSC_BACKEND: 'pcsclite' } })).toContain('main thread')
  })
})
