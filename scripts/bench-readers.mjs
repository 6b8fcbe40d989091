// Measures the ways from Node to a card in a virtual reader, each stack a private one, and prints ratios beside the figures:
//   node scripts/bench-readers.mjs [--rounds 3] [--seconds 2] [--own]        (--own leaves vpcd out)
// KART_BENCH_SMARTCARD names the folder of the package smartcard, where that is to be measured too. Needs what the tests on the PC/SC stack need.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bundleOverDist, unbuilt } from './bundle-over-dist.mjs'
import { stackCommand, stackObstacle } from './pcsc-stack.mjs'
import { root } from './workspace.mjs'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '2' }, own: { type: 'boolean' } },
})
const missing = unbuilt()
if (missing.length > 0) {
  console.error(`not built: ${missing.join(', ')}; run npm run build first`)
  process.exit(2)
}
const folder = mkdtempSync(join(tmpdir(), 'kart-bench-'))
try {
  const outfile = join(folder, 'readers.mjs')
  await bundleOverDist(join(root, 'packages/conformance/bench/readers.ts'), outfile)
  console.log(
    `${cpus()[0]?.model.trim()}, ${cpus().length} cores (load ${loadavg()
      .map((one) => one.toFixed(1))
      .join(' ')}), node ${process.versions.node}`,
  )
  const own = runIn('Kart’s readers', { kartReaders: 16 })
  const vpcd = values.own ? undefined : runIn('vpcd as packaged', { plainLoopback: true }, '--only', 'kart system')
  const quick = values.own ? undefined : runIn('vpcd with quick acknowledgement', {}, '--only', 'kart system')
  if (own) printOwn(own)
  for (const [name, other] of [
    ['vpcd as packaged', vpcd],
    ['vpcd with quick acknowledgement', quick],
  ])
    if (own && other) {
      const rate = other.exchanges[0].apdusPerSecond
      console.log(
        `${name}: ${rate.toFixed(0)} APDUs a second by kart system; Kart's reader ${(own.exchanges[0].apdusPerSecond / rate).toFixed(1)}x that`,
      )
    }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Runs the measurement in a stack of its own; undefined, with the reason said, where none can be had. */
function runIn(name, options, ...more) {
  const obstacle = stackObstacle(options)
  if (obstacle) {
    console.error(`${name}: not measured: ${obstacle}`)
    return undefined
  }
  console.error(`measuring: ${name}`)
  const run = [
    process.execPath,
    join(folder, 'readers.mjs'),
    '--root',
    root,
    '--rounds',
    values.rounds,
    '--seconds',
    values.seconds,
    ...more,
  ]
  const [program, ...args] = stackCommand(run, options)
  const env = { ...process.env, ...(options.plainLoopback ? { KART_PCSC_PLAIN_LOOPBACK: '1' } : {}) }
  const { status, stdout } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', env })
  if (status !== 0) throw new Error(`${name}: ended with ${status}`)
  return JSON.parse(stdout)
}

function printOwn({ exchanges, events }) {
  for (const count of [1, 4, 16]) {
    const rows = exchanges.filter(({ readers }) => readers === count)
    const best = Math.max(...rows.filter(({ binding }) => !binding.startsWith('kart')).map(({ apdusPerSecond }) => apdusPerSecond))
    console.log(
      `\n${count} reader${count === 1 ? '' : 's'}          APDU/s   x fastest other    p50 ms    p99 ms   client CPU ms / 1000 APDUs`,
    )
    for (const { binding, apdusPerSecond, p50Ms, p99Ms, cpuMs } of rows)
      console.log(
        `${binding.padEnd(16)} ${apdusPerSecond.toFixed(0).padStart(8)} ${(apdusPerSecond / best).toFixed(2).padStart(16)} ${p50Ms.toFixed(3).padStart(10)} ${p99Ms.toFixed(3).padStart(9)} ${cpuMs.toFixed(1).padStart(12)}`,
      )
  }
  for (const { binding, p50Ms, worstMs } of events)
    console.log(`\nevent of a card put in, ${binding}: p50 ${p50Ms.toFixed(0)} ms, worst ${worstMs.toFixed(0)} ms`)
  console.log('')
}
