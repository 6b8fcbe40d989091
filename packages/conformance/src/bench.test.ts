import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../../scripts/workspace.mjs'
import { boundsOf } from '../bench/bounds.ts'
import type { Results } from '../bench/main.ts'
import { type CpuProfile, isCrypto, shareOut, sumOf } from '../bench/profile-shares.ts'
import { quantile, timingOf } from '../bench/statistics.ts'

/** A profile from stacks, outermost function first (`name@url`), and how many samples each got. */
function profileOf(stacks: readonly (readonly [stack: readonly string[], samples: number])[]): CpuProfile {
  const nodes: { id: number; callFrame: { functionName: string; url: string }; children: number[] }[] = []
  const add = (frame: string): number => {
    const [functionName = '', url = ''] = frame.split('@@')
    nodes.push({ id: nodes.length + 1, callFrame: { functionName, url }, children: [] })
    return nodes.length
  }
  const top = add('(root)')
  const samples: number[] = []
  for (const [stack, count] of stacks) {
    let at = top
    for (const frame of stack) {
      const id = add(frame)
      nodes[at - 1]!.children.push(id)
      at = id
    }
    samples.push(...Array.from({ length: count }, () => at))
  }
  return { nodes, samples }
}

const inPackage = (name: string): string => `f@@file:///kart/packages/${name}/dist/index.js`
const inNoble = 'g@@file:///kart/node_modules/.pnpm/@noble+hashes@2.4.0/node_modules/@noble/hashes/sha2.js'
const cipher = 'update@@node:internal/crypto/cipher'

describe('shares of a CPU profile', () => {
  const shares = shareOut(
    profileOf([
      [[inPackage('verification'), inPackage('crypto'), cipher, 'update'], 30], // native: counts to its caller
      [[inPackage('verification'), inPackage('emulator'), cipher], 20], // the same code under the emulated card is the card's
      [[inPackage('verification'), inPackage('crypto'), inNoble], 10],
      [[inPackage('verification'), inPackage('matcher')], 15],
      [[inPackage('emulator'), inPackage('codec')], 5],
      [['(garbage collector)'], 12],
      [['(program)'], 8],
      [['(idle)'], 100],
    ]),
  )

  it('every sample that is not idle counts once, to one side and one subject', () => {
    expect(shares.samples).toBe(100)
    expect(shares.idle).toBe(0.5)
    expect(shares.shares.map(({ side, subject, share }) => [side, subject, share])).toEqual([
      ['terminal', 'nodeCipher', 0.3],
      ['card', 'nodeCipher', 0.2],
      ['terminal', 'matcher', 0.15],
      ['runtime', 'collector', 0.12],
      ['terminal', 'noble', 0.1],
      ['runtime', 'rest', 0.08],
      ['card', 'tlvApdu', 0.05],
    ])
  })

  it('sums follow', () => {
    expect(sumOf(shares, isCrypto)).toBeCloseTo(0.6)
    expect(sumOf(shares, ({ side }) => side === 'card')).toBeCloseTo(0.25)
  })

  it('the words about what bounds the rate follow from the shares', () => {
    const wire = { job: 'verify', apdus: 'extended', pairs: 1, sent: 6000, received: 4600, payload: 1 } as const
    const idle = boundsOf('verify', { ...shares, idle: 0.6 }, 20, wire)
    expect(idle[0]).toBe('Verifying is bound by waiting: the process was idle in 60 % of the samples.')
    const busy = boundsOf('verify', { ...shares, idle: 0 }, 20, wire).join('\n')
    expect(busy).toContain('first by ciphers in OpenSSL (node:crypto: 3DES, AES): 50 %, then matcher: 15 %')
    expect(busy).toContain(
      'together is 60 %: were it free, 50 cards a second would become 125; without ciphers in OpenSSL (node:crypto: 3DES, AES) alone, 100',
    )
    expect(busy).toContain('takes 25 %; the terminal alone would do 67 cards a second')
    expect(busy).toContain('10600 bytes alone take 0.10 s at 848 kbit/s and 0.80 s at 106 kbit/s')
  })

  it('a profile in which nothing ran has no shares', () => {
    expect(() => shareOut(profileOf([[['(idle)'], 3]]))).toThrow(RangeError)
  })
})

describe('statistics', () => {
  it('quantiles lie between the nearest samples', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5)
    expect(quantile([10, 0, 20, 30, 40, 50, 60, 70, 80, 90, 100], 0.9)).toBe(90)
    expect(() => quantile([], 0.5)).toThrow(RangeError)
  })

  it('the rate is that of the median run', () => {
    const runs = [10, 20, 500].map((wallMs) => ({ wallMs, cpuMs: wallMs / 10 }))
    expect(timingOf(runs)).toMatchObject({ runs: 3, medianMs: 20, perSecond: 50 })
    expect(timingOf(runs).cpuMs).toBeCloseTo(53 / 3)
    expect(timingOf(runs).perCpuSecond).toBeCloseTo(3000 / 53)
  })
})

describe('node scripts/bench.mjs --quick --json', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kart-bench-test-'))
  let results: Results
  beforeAll(() => {
    const run = spawnSync(process.execPath, [join(root, 'scripts/bench.mjs'), '--quick', '--json', '--out', folder], { encoding: 'utf8' })
    expect(run.stderr).toContain('primitives side by side')
    results = JSON.parse(run.stdout) as Results
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('names machine, node and commit, and keeps the results and the profiles', () => {
    expect(results.schema).toBe('kart-bench-1')
    expect(results.node).toBe(process.versions.node)
    expect(results.machine.cores).toBeGreaterThan(0)
    expect(results.commit).not.toBe('')
    expect(readdirSync(folder).sort()).toEqual([expect.stringMatching(/^\d{4}-.*\.json$/), 'personalize.cpuprofile', 'verify.cpuprofile'])
  })

  it('more crosses the wire than the content, twice as much where it is read back, and short APDUs take more of both', () => {
    const [personalize, verify, personalizeShort, verifyShort] = results.wire
    expect(personalize!.payload).toBe(verify!.payload)
    expect(verify!.received).toBeGreaterThan(verify!.payload)
    expect(personalize!.sent + personalize!.received).toBeGreaterThan(2 * personalize!.payload)
    for (const [short, extended] of [
      [personalizeShort!, personalize!],
      [verifyShort!, verify!],
    ] as const) {
      expect(short.pairs).toBeGreaterThan(extended.pairs)
      expect(short.sent + short.received).toBeGreaterThan(extended.sent + extended.received)
    }
  })

  it('knows where nearly every sample belongs: the files of the built packages still match its table', () => {
    for (const { shares, bounds } of results.profiles) {
      expect(shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
      const named = new Set(shares.map(({ side, subject }) => `${side}/${subject}`))
      for (const kind of ['terminal/nodeCipher', 'card/nodeCipher', 'terminal/coding', 'card/card', 'terminal/tlvApdu'])
        expect(named).toContain(kind)
      expect(bounds).toHaveLength(4)
    }
  })

  it('measures both implementations of what both have', () => {
    expect(
      results.primitives.filter(({ nobleMicroseconds }) => nobleMicroseconds == null).every(({ name }) => name.startsWith('3DES')),
    ).toBe(true)
    expect(results.ways.map(({ timings }) => timings.verify.runs)).toEqual(results.ways.map(() => 1))
  })
})
