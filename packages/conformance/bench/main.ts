// Measures the built packages on the specimen's card; run by scripts/bench.mjs in the repository's folder.
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { boundsOf } from './bounds.ts'
import { countWire, timeCards, type WayTimings, type Wire } from './card-runs.ts'
import { type PaceTiming, timePace } from './pace-cost.ts'
import { type PrimitiveTiming, timePrimitives } from './primitives.ts'
import { isCrypto, type Shares, shareOut, sumOf } from './profile-shares.ts'
import { type ProfiledJob, profiledJobOf, profileHere, profileInChild } from './profiled.ts'
import { type MessagingTiming, timeMessaging } from './secure-messaging.ts'
import { asText } from './text.ts'

/** Everything that one run of the benchmark found. */
export interface Results {
  readonly schema: 'kart-bench-1'
  readonly date: string
  /** Short commit; `+` behind it where the working tree differed from it. */
  readonly commit: string
  readonly node: string
  readonly openssl: string
  readonly machine: { readonly cpu: string; readonly cores: number; readonly platform: string; readonly load: readonly number[] }
  readonly ways: readonly WayTimings[]
  readonly wire: readonly Wire[]
  readonly profiles: readonly (Shares & {
    readonly job: ProfiledJob
    readonly cryptoShare: number
    readonly cardShare: number
    readonly bounds: readonly string[]
  })[]
  readonly primitives: readonly PrimitiveTiming[]
  readonly pace: readonly PaceTiming[]
  readonly messaging: readonly MessagingTiming[]
}

interface Effort {
  readonly cards: { readonly warmUpRounds: number; readonly milliseconds: number }
  readonly primitiveMilliseconds: number
  readonly channelMilliseconds: number
  readonly profiledRuns: number
}

/** `quick` only shows that everything runs: its figures mean nothing. */
const efforts = {
  full: { cards: { warmUpRounds: 8, milliseconds: 24_000 }, primitiveMilliseconds: 300, channelMilliseconds: 1500, profiledRuns: 100 },
  quick: { cards: { warmUpRounds: 1, milliseconds: 1 }, primitiveMilliseconds: 5, channelMilliseconds: 3, profiledRuns: 3 },
} as const satisfies Record<string, Effort>

function commit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', 'packages') === '' ? '' : '+')
  } catch {
    return 'unknown'
  }
}

async function measure(effort: Effort, folder: string, say: (what: string) => void): Promise<Results> {
  const load = loadavg()
  say('bytes on the wire')
  const wire = await countWire()
  say('cards a second')
  const ways = await timeCards(effort.cards)
  say('where the time goes')
  mkdirSync(folder, { recursive: true })
  const profiles = (['personalize', 'verify'] as const).map((job) => {
    const shares = shareOut(profileInChild(job, effort.profiledRuns, join(folder, `${job}.cpuprofile`)))
    const onWire = wire.find((one) => one.job === job && one.apdus === 'extended')!
    return {
      job,
      ...shares,
      cryptoShare: sumOf(shares, isCrypto),
      cardShare: sumOf(shares, ({ side }) => side === 'card'),
      bounds: boundsOf(job, shares, ways[0]!.timings[job].medianMs, onWire),
    }
  })
  say('primitives side by side')
  const primitives = await timePrimitives(effort.primitiveMilliseconds)
  say('PACE, each side alone')
  const pace = await timePace(effort.channelMilliseconds)
  say('secure messaging')
  const messaging = timeMessaging(effort.channelMilliseconds)
  return {
    schema: 'kart-bench-1',
    date: new Date().toISOString(),
    commit: commit(),
    node: process.versions.node,
    openssl: process.versions.openssl,
    machine: { cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length, platform: `${process.platform} ${process.arch}`, load },
    ways,
    wire,
    profiles,
    primitives,
    pace,
    messaging,
  }
}

const child = profiledJobOf(process.argv.slice(2))
if (child !== undefined) await profileHere(child)
else {
  const { values } = parseArgs({
    options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, out: { type: 'string', default: 'bench-results' } },
  })
  const started = performance.now()
  const results = await measure(values.quick ? efforts.quick : efforts.full, values.out, (what) => console.error(`measuring: ${what}`))
  const file = join(values.out, `${results.date.replace(/[:.]/g, '-')}.json`)
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`)
  console.log(values.json ? JSON.stringify(results, undefined, 2) : asText(results))
  console.error(`\n${file}, after ${((performance.now() - started) / 1000).toFixed(0)} s`)
}
