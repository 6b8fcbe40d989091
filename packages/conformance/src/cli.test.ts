import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { Resvg } from '@resvg/resvg-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { issueSpecimen, KartFolder, kartCommand, specimenAccess, specimenMrz, vectorPath } from './testing/run-kart.ts'

// The built command, as a user's shell runs it.
const folder = new KartFolder()
beforeAll(() => issueSpecimen(folder))
afterAll(() => folder.remove())

const finger = vectorPath('specimen/finger-enrolled.fmr')
const commands = [
  ['demo'],
  ['pki'],
  ['pki', 'init'],
  ['issue'],
  ['verify'],
  ['cvc'],
  ['cvc', 'init'],
  ['cvc', 'issue'],
  ['cvc', 'link'],
  ['cvc', 'request'],
  ['cvc', 'show'],
  ['cvc', 'verify'],
  ['read'],
  ['tree'],
  ['emulate'],
  ['readers'],
  ['match'],
  ['match', 'eval'],
  ['minutiae'],
]

describe('usage', () => {
  it('every command’s --help ends in an example', async () => {
    const all = [[], ...commands]
    const runs = await folder.runEach(all.map((command) => [...command, '--help']))
    all.forEach((command, index) => {
      const { code, stdout } = runs[index]!
      expect(code).toBe(0)
      expect(stdout).toContain(`Usage: ${['kart', ...command].join(' ')}`)
      expect(stdout).toMatch(new RegExp(`\\nExample:\\n {2}\\$ kart ${command[0] ?? 'demo'}`))
    })
  })

  it('loads none of the heavy parts for --help and --version', () => {
    const dist = join(dirname(kartCommand), '../dist')
    const seen = new Set<string>()
    const packages = new Set<string>()
    // What is imported at once; `import()` waits for the command that needs it.
    const follow = (file: string): void => {
      if (seen.has(file)) return
      seen.add(file)
      for (const [, name] of readFileSync(join(dist, file), 'utf8').matchAll(/^(?:import|export)\b[^"'()]*["']([^"']+)["']/gm))
        if (name?.startsWith('./')) follow(name)
        else if (name !== undefined) packages.add(name)
    }
    follow('index.js')
    expect(seen.size).toBeGreaterThan(0)
    expect([...packages].filter((name) => !isBuiltin(name)).sort()).toEqual(['@kart/codec', '@kart/pcsc', 'commander', 'picocolors'])
  })

  it('says its version', async () => expect(await folder.done(['--version'])).toMatch(/^\d+\.\d+\.\d+\n$/))

  it('what is no command, option or argument, or lacks one, is exit 2, in plain words', async () => {
    await folder.refusedEach(
      [
        [['nosuch'], "unknown command 'nosuch'"],
        [['--nosuch'], "unknown option '--nosuch'"],
        [['demo', '--nosuch'], "unknown option '--nosuch'"],
        [['demo', 'extra'], 'too many arguments'],
        [['pki', 'nosuch'], "unknown command 'nosuch'"],
        [['pki', 'init'], "missing required argument 'dir'"],
        [['issue'], "required option '--pki <dir>' not specified"],
        [['issue', '--pki', 'pki'], "missing required argument 'record'"],
        [['verify', '--card'], "option '--card <file>' argument missing"],
        [['emulate'], "required option '--card <file>' not specified"],
        [['match', 'live.fmr'], "missing required argument 'candidate'"],
        [['minutiae'], "missing required argument 'file'"],
      ],
      2,
    )
  })

  it('goes for a process of its own as well', async () => {
    expect(await folder.refused(['nosuch'], 2)).toContain("unknown command 'nosuch'")
    expect(await folder.done(['verify', '--help'])).toContain('\nExample:\n')
  })

  it('names the help of the very command that was used wrongly', async () => {
    await folder.refusedEach(
      [
        [['--nosuch'], '(kart --help shows how)'],
        [['verify', '--nosuch'], '(kart verify --help shows how)'],
        [['pki', 'nosuch'], '(kart pki --help shows how)'],
        [['pki', 'init', 'a', 'b'], '(kart pki init --help shows how)'],
      ],
      2,
    )
  })

  it('kart alone shows its help and is exit 2', async () => {
    const { code, stdout, stderr } = await folder.run([])
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain('Usage: kart')
  })

  it('wrong usage of --json is a document too', async () => {
    const { code, document } = await folder.document(['verify', '--nosuch'])
    expect(code).toBe(2)
    expect(document).toMatchObject({ verdict: 'error', checks: [], error: { code: 'usage' } })
    expect((await folder.document(['tree', '--nosuch'])).document).toMatchObject({ error: { code: 'usage' } })
  })
})

describe('trace replay', () => {
  it('refuses what is no trace, and says what makes one', async () => {
    expect(await folder.refused(['trace', 'replay', 'live.fmr'], 2)).toContain(
      'live.fmr: is no trace that can be read: "kart trace record" makes one',
    )
  })
})

describe('pki init', () => {
  it('keeps private keys to their owner and never writes over a key', async () => {
    await folder.done(['pki', 'init', 'fresh/pki'])
    const key = folder.at('fresh/pki/csca-key.pem')
    if (process.platform !== 'win32')
      for (const name of ['csca-key.pem', 'document-signer-key.pem'])
        expect(statSync(folder.at(`fresh/pki/${name}`)).mode & 0o777, name).toBe(0o600)
    const before = readFileSync(key, 'utf8')
    expect(await folder.refused(['pki', 'init', 'fresh/pki'], 2)).toContain('name another folder')
    expect(readFileSync(key, 'utf8')).toBe(before)
  })

  it('refuses a folder that is a file, and a country that is none', async () => {
    await folder.refused(['pki', 'init', 'live.fmr'], 2)
    await folder.refused(['pki', 'init', 'other', '--country', 'Iran'], 2)
  })

  it('is one document with --json', async () => {
    const { document } = await folder.document(['pki', 'init', 'json-pki'])
    expect(document).toMatchObject({ dir: 'json-pki', test: true, holderAuthority: { subject: expect.stringContaining('Holder CA') } })
    expect(JSON.stringify(document)).not.toContain('PRIVATE')
  })
})

interface Shown {
  format: string
  views: { minutiae: { x: number; y: number; type: number }[] }[]
}

describe('minutiae', () => {
  const formats = [
    'iso-19794-2-2005',
    'iso-19794-2-2011',
    'incits-378-2004',
    'incits-378-2007',
    'incits-378-2009',
    'incits-378-2009-am1',
    'card-normal',
    'card-compact',
    'card-template',
  ]
  it.each(formats)('shows and converts to %s and back', async (format) => {
    const [there, back] = [`there-${format}`, `back-${format}.fmr`]
    const from = format.startsWith('card-') ? ['--from', format] : []
    const runs = await folder.runEach([
      ['minutiae', finger, '--to', format, '-o', there],
      ['minutiae', there, ...from, '--to', 'iso-19794-2-2005', '-o', back],
      ['minutiae', there, ...from, '--json'],
      ['minutiae', finger, '--json'],
      ['minutiae', back, '--json'],
    ])
    expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual(runs.map(() => [0, '']))
    const [shown, before, after] = runs.slice(2).map(({ stdout }) => JSON.parse(stdout) as Shown)
    expect(shown).toMatchObject({ format })
    const [original, returned] = [before!.views[0]!.minutiae, after!.views[0]!.minutiae]
    // Every format keeps the minutiae; the compact one rounds to 0.1 mm and may sort them, the records to their pixels.
    expect(returned).toHaveLength(original.length)
    const step = format === 'card-compact' || format === 'card-template' ? 11 : 6
    for (const { x, y, type } of original)
      expect(
        returned.some((other) => Math.abs(other.x - x) <= step && Math.abs(other.y - y) <= step && other.type === type),
        `${x}, ${y}`,
      ).toBe(true)
  })

  it('lists every minutia', async () => {
    const rows = (await folder.done(['minutiae', finger, '--list']))
      .split('\n')
      .filter((line) => /^\d+ +(ending|bifurcation|other) /.test(line))
    expect(rows).toHaveLength(27)
  })

  it('refuses what it cannot use, and names it', async () => {
    const rows = [
      [['live.fmr', '--from', 'nosuch'], '--from: no such format'],
      [['live.fmr', '--to', 'nosuch', '-o', 'x'], '--to: no such format'],
      [['live.fmr', '--to', 'card-compact'], '--output: say where'],
      [['live.fmr', '-o', 'x'], '--to: say to which'],
      [['live.fmr', '--to', 'card-compact', '-o', 'x', '--view', '2'], '--view: the file holds 1'],
      [['live.fmr', '--to', 'card-compact', '-o', 'x', '--view', 'two'], '--view: the file holds 1'],
      [['live.fmr', '--to', 'card-compact', '-o', 'nosuch/x'], 'there is no folder nosuch'],
      [['nosuch.fmr'], 'no such file: nosuch.fmr'],
      [['pki'], 'pki: this is a folder'],
      [['pki/csca.cer'], 'pki/csca.cer: '],
      [['citizen.card'], 'citizen.card: '],
    ] as const
    await folder.refusedEach(
      rows.map(([args, words]) => [['minutiae', ...args], words]),
      2,
    )
  })

  it('refuses a very large file without reading it', async () => {
    writeFileSync(folder.at('large.fmr'), '')
    truncateSync(folder.at('large.fmr'), 65 * 1024 * 1024)
    expect(await folder.refused(['minutiae', 'large.fmr'], 2)).toContain('large.fmr: larger than')
  })

  it('takes a file name that is no UTF-8 for a file that is not there', async () => {
    expect(await folder.refused(['minutiae', '\udcff\udcfe'], 2)).toContain('no such file')
  })
})

describe('match', () => {
  it('is exit 0 for the same finger and 1 for another', async () => {
    expect(await folder.document(['match', 'live.fmr', finger])).toMatchObject({ code: 0, document: { outcome: 'match' } })
    expect(await folder.document(['match', 'impostor.fmr', finger])).toMatchObject({ code: 1, document: { outcome: 'no-match' } })
    const { code, stdout } = await folder.run(['match', 'impostor.fmr', finger])
    expect([code, stdout.startsWith('no match: score ')]).toEqual([1, true])
  })

  it.each([
    ['live.fmr', 0],
    ['impostor.fmr', 1],
  ])('draws the comparison with %s as SVG that another program can draw', async (probe, code) => {
    expect((await folder.run(['match', probe, finger, '--explain', `${probe}.svg`])).code).toBe(code)
    const svg = readFileSync(folder.at(`${probe}.svg`), 'utf8')
    const { width, height } = new Resvg(svg)
    expect([width > 0, height > 0]).toEqual([true, true])
    expect(svg).not.toMatch(/<script|href=|https?:\/\/(?!www\.w3\.org\/2000\/svg")/)
  })

  it('names the file that is no template, and the threshold that is none', async () => {
    expect(await folder.refused(['match', 'live.fmr', 'pki/csca.cer'], 2)).toContain('pki/csca.cer: ')
    expect(await folder.refused(['match', 'live.fmr', finger, '--threshold', 'best'], 2)).toContain('--threshold: no such threshold')
  })
})

describe('tree', () => {
  it('of the profile, without a card', async () => {
    expect(await folder.done(['tree'])).toMatch(/011D {2}EF\.SOD +- +BAC or PACE +SCP03 /)
    expect((await folder.document(['tree'])).document).toMatchObject({ profile: 'national-id' })
  })

  it('of a card, with sizes', async () => {
    expect(await folder.done(['tree', '--card', 'citizen.card', ...specimenAccess])).toMatch(/0101 {2}EF\.DG1 +95 B /)
  })
})

describe('cvc', () => {
  it('makes, shows and verifies certificates, and never writes over one', async () => {
    expect(await folder.done(['cvc', 'init', 'terminals', '--country', 'IR'])).toMatch(
      /TEST KEYS.*\n {2}IRTESTCVCA00001 {2}CVCA, self-signed/,
    )
    expect(await folder.done(['cvc', 'show', 'terminals/IRTESTIS00001.cvcert'])).toMatch(
      /^IRTESTIS00001 {2}terminal, by IRTESTDV00001, .*read-dg3, read-dg4\n/,
    )
    expect(await folder.done(['cvc', 'verify', 'terminals'])).toContain('HOLDS  the card would grant: read-dg3, read-dg4')
    expect(await folder.refused(['cvc', 'init', 'terminals'], 2)).toContain('exists already')
  })

  it('issues for a key of its own and for a request, and links the next CVCA', async () => {
    await folder.done(['cvc', 'issue', 'terminals', '--issuer', 'IRTESTDV00001', '--holder', 'IRTESTIS00002', '--right', 'read-dg3'])
    const verified = await folder.document(['cvc', 'verify', 'terminals', '--terminal', 'IRTESTIS00002'])
    expect(verified).toMatchObject({ code: 0, document: { holds: true, rights: ['read-dg3'] } })
    await folder.done(['cvc', 'request', 'terminals', '--holder', 'IRTESTIS00003', '--authority', 'IRTESTDV00001'])
    expect(await folder.done(['cvc', 'show', 'terminals/IRTESTIS00003.cvreq'])).toMatch(/^request of IRTESTIS00003 to IRTESTDV00001/)
    await folder.done(['cvc', 'issue', 'terminals', '--issuer', 'IRTESTDV00001', '--request', 'terminals/IRTESTIS00003.cvreq'])
    expect((await folder.run(['cvc', 'verify', 'terminals', '--terminal', 'IRTESTIS00003'])).code).toBe(0)
    const link = await folder.document(['cvc', 'link', 'terminals'])
    expect(link).toMatchObject({ code: 0, document: { holder: 'IRTESTCVCA00002', authority: 'IRTESTCVCA00001', role: 'cvca' } })
  })

  it('refuses in plain words', async () => {
    await folder.refusedEach(
      [
        [['cvc', 'show', folder.at('live.fmr')], 'live.fmr: '],
        [['cvc', 'verify', 'nosuch'], 'there is no folder nosuch: make one with "kart cvc init DIR"'],
        [
          ['cvc', 'issue', folder.at('terminals'), '--issuer', 'IRTESTDV00009', '--holder', 'IRTESTIS00009'],
          'no certificate of IRTESTDV00009',
        ],
        [['cvc', 'issue', folder.at('terminals'), '--issuer', 'IRTESTDV00001', '--holder', 'IRTESTIS00009', '--months', 'x'], '--months'],
        [['cvc', 'verify', folder.at('terminals'), '--at', '2099-01-01'], 'expired'],
        [['cvc', 'verify', folder.at('terminals'), '--terminal', 'IRTESTIS00009'], 'it has IRTESTCVCA00001 (cvca), IR'],
      ],
      2,
    )
  })
})

describe('read', () => {
  it('shows the holder in both scripts and saves every file as it came', async () => {
    const text = await folder.done(['read', '--card', 'citizen.card', ...specimenAccess, '--cvc', 'pki/cvc', '-o', 'files'])
    expect(text).toContain('نام خانوادگی: نمونه‌پور')
    expect(text).toContain('Family name: NEMOUNEHPOUR')
    expect(text).toContain('Nothing here was checked.')
    expect(readFileSync(folder.at('files/portrait.jpg'))).toEqual(readFileSync(vectorPath('specimen/portrait.jpg')))
    expect(readFileSync(folder.at('files/EF.DG1.bin')).toString('latin1')).toContain(specimenMrz)
    expect(existsSync(folder.at('files/EF.ATR-INFO.bin'))).toBe(true)
    if (process.platform !== 'win32') expect(statSync(folder.at('files/EF.DG3.bin')).mode & 0o777).toBe(0o600)
    const again = ['read', '--card', 'citizen.card', ...specimenAccess, '-o', 'files']
    expect(await folder.refused(again, 2)).toMatch(/not empty.*--force/)
    expect((await folder.run([...again, '--force'])).code).toBe(0)
  })

  it('is one document with --json', async () => {
    const { code, document, stderr } = await folder.document(['read', '--card', 'citizen.card', '--mrz', specimenMrz, '--cvc', 'pki/cvc'])
    expect([code, stderr]).toEqual([0, ''])
    expect(document).toMatchObject({
      access: { protocol: 'pace', outcome: 'opened', policy: 'pace-only', pace: { password: 'mrz' } },
      chipAuthentication: { outcome: 'proved' },
      terminalAuthentication: { outcome: 'authenticated', rights: ['read-dg3', 'read-dg4'] },
    })
    expect((document as { files: { outcome: string }[] }).files.every(({ outcome }) => outcome === 'read')).toBe(true)
  })

  it('of a card that does not open is exit 3 and shows nobody', async () => {
    const { code, stdout, stderr } = await folder.run([
      'read',
      '--card',
      'citizen.card',
      '--docno',
      'S12345679',
      '--dob',
      '910612',
      '--doe',
      '331003',
    ])
    expect(code).toBe(3)
    expect(stderr).toContain('The card did not open')
    expect(stdout).not.toMatch(/NEMOUNEH|نمونه|S1234567|910612/)
  })

  it('works from another folder', async () => {
    const { code } = await folder.run(['read', '--card', '../citizen.card', ...specimenAccess], { cwd: join(folder.path, 'pki') })
    expect(code).toBe(0)
  })
})

describe('standard output', () => {
  const verify = ['verify', '--card', 'citizen.card', ...specimenAccess, '--pki', 'pki']
  const esc = String.fromCharCode(27)

  it('holds no colour in a pipe, whatever CI says, unless it is asked for', async () => {
    for (const env of [{}, { CI: 'true' }, { NO_COLOR: '1', FORCE_COLOR: '1' }, { NO_COLOR: '1' }] as Record<string, string>[]) {
      const { code, stdout, stderr } = await folder.run(verify, { env })
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout.includes(esc), JSON.stringify(env)).toBe(false)
    }
    expect((await folder.run(verify, { env: { FORCE_COLOR: '1' } })).stdout.includes(esc)).toBe(true)
    expect((await folder.run(['minutiae', 'nosuch'])).stderr).toBe('kart: there is no such file: nosuch\n')
  })

  it.each(['>&-', '> /dev/null'])('that leads nowhere (%s) finishes no card', (where) => {
    const issue = (card: string, ...more: string[]) => {
      const args = [process.execPath, kartCommand, 'issue', vectorPath('specimen/record.json'), '--pki', 'pki', '--card', card, ...more]
      const { status, stderr } = spawnSync('sh', ['-c', `"$@" ${where}`, 'sh', ...args], { cwd: folder.path, encoding: 'utf8' })
      return { status, stderr }
    }
    expect(issue('nowhere.card')).toEqual({ status: 2, stderr: expect.stringMatching(/^kart: .*--letter and --can-file/) })
    expect(existsSync(folder.at('nowhere.card'))).toBe(false)
  })

  it('that is closed early ends nothing: the card is issued whole', async () => {
    const record = vectorPath('specimen/record.json')
    const closed = { onOutput: (_text: string, child: { stdout: { destroy(): void } | null }) => child.stdout?.destroy() }
    const issue = ['issue', record, '--pki', 'pki', '--card', 'piped.card']
    // Nobody would ever know its PINs: it is not finished, and written anew with files that tell them.
    const untold = await folder.run(issue, closed)
    expect(untold).toMatchObject({ code: 2, stderr: expect.stringMatching(/--letter and --can-file/) })
    const files = ['--letter', 'piped-letter', '--can-file', 'piped-can', '--allow-unfinished']
    const { code, stderr } = await folder.run([...issue, ...files], closed)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    await folder.done(['verify', '--card', 'piped.card', '--mrz', specimenMrz, '--pki', 'pki'])
    for (const args of [['--help'], ['tree'], [...verify, '--json']]) {
      const run = await folder.run(args, { onOutput: (_text, child) => child.stdout?.destroy() })
      expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' })
    }
  })
})
