import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { decodeTemplate, encodeTemplate, makeImpression } from '@kart/minutiae'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { issueSpecimen, KartFolder, specimenAccess, specimenMrz, vectorPath } from './testing/run-kart.ts'

// The built command on cards: issued, verified, damaged, in use.
const folder = new KartFolder()
beforeAll(() => issueSpecimen(folder))
afterAll(() => folder.remove())

const record = vectorPath('specimen/record.json')
const lines = [specimenMrz.slice(0, 30), specimenMrz.slice(30, 60), specimenMrz.slice(60)]

interface Verdict {
  verdict: string
  reason?: string
  checks: { id: string; outcome: string; required: boolean; clause: string; title: string; detail: string }[]
  error?: { code: string; message: string }
}

const failedOf = ({ checks }: Verdict): string[] => checks.filter(({ outcome }) => outcome === 'fail').map(({ id }) => id)

async function verify(...args: string[]): Promise<{ code: number | null; verdict: Verdict }> {
  const { code, document } = await folder.document(['verify', '--card', 'citizen.card', ...args])
  return { code, verdict: document as Verdict }
}

describe('verify', () => {
  it('accepts the holder: every check is in the document', async () => {
    const { code, verdict } = await verify('--mrz', specimenMrz, '--pki', 'pki', '--cvc', 'pki/cvc', '--probe', 'live.fmr')
    expect([code, verdict.verdict, failedOf(verdict)]).toEqual([0, 'accepted', []])
    expect(verdict.checks.length).toBeGreaterThan(30)
    for (const check of verdict.checks)
      expect(check).toEqual({
        id: expect.stringMatching(/^[a-z0-9.-]+$/i),
        title: expect.any(String),
        clause: expect.any(String),
        detail: expect.any(String),
        outcome: expect.stringMatching(/^(pass|not-run)$/),
        required: expect.any(Boolean),
      })
  })

  it('lets the card compare the finger where its own is shut to this terminal, and where it is told to', async () => {
    const print = makeImpression(decodeTemplate(new Uint8Array(readFileSync(folder.at('live.fmr')))), { seed: 7 }).template
    writeFileSync(
      folder.at('print.fmr'),
      encodeTemplate(print, 'iso-19794-2-2005', { position: 7, width: 512, height: 512, resolution: 197 }),
    )
    const shut = await verify(...specimenAccess, '--pki', 'pki', '--probe', 'print.fmr')
    expect([shut.code, shut.verdict.verdict]).toEqual([0, 'accepted'])
    const told = await verify(...specimenAccess, '--pki', 'pki', '--cvc', 'pki/cvc', '--probe', 'print.fmr', '--on-card')
    const outcomes = ({ checks }: Verdict) =>
      checks.filter(({ id }) => id.startsWith('finger.')).map(({ id, outcome, required }) => [id, outcome, required])
    expect([outcomes(shut.verdict), outcomes(told.verdict)]).toEqual([
      [
        ['finger.match', 'not-run', false],
        ['finger.on-card', 'pass', true],
      ],
      [
        ['finger.match', 'pass', true],
        ['finger.on-card', 'pass', true],
      ],
    ])
    // The enrolled record itself is a copy and no live finger.
    const copy = await verify(...specimenAccess, '--pki', 'pki', '--probe', 'live.fmr')
    expect([copy.code, copy.verdict.reason, failedOf(copy.verdict)]).toEqual([1, 'not-the-holder', ['finger.on-card']])
    // The impostor's record says right index; the card holds a left one, and loses no try.
    const other = await verify(...specimenAccess, '--pki', 'pki', '--probe', 'impostor.fmr', '--on-card')
    expect([other.code, other.verdict.verdict, other.verdict.reason]).toEqual([1, 'rejected', 'incomplete'])
    expect(other.verdict.checks.find(({ id }) => id === 'finger.on-card')?.detail).toContain('other fingers')
    expect(await folder.refused(['verify', '--card', 'citizen.card', ...specimenAccess, '--pki', 'pki', '--on-card'], 2)).toContain(
      '--probe',
    )
  })

  it('rejects an impostor, by the finger alone', async () => {
    const { code, verdict } = await verify(...specimenAccess, '--pki', 'pki', '--cvc', 'pki/cvc', '--probe', 'impostor.fmr')
    expect([code, verdict.verdict, failedOf(verdict)]).toEqual([1, 'rejected', ['finger.match']])
  })

  it('rejects a card of another issuer', async () => {
    await folder.done(['pki', 'init', 'stranger'])
    const { code, verdict } = await verify(...specimenAccess, '--pki', 'stranger')
    expect([code, verdict.verdict]).toEqual([1, 'rejected'])
    expect(failedOf(verdict)).toEqual(['pa.chain', 'pa.card-security'])
    expect(verdict).toMatchObject({ reason: 'signer-not-trusted' })
  })

  it('rejects a document that has expired at the time asked for', async () => {
    const { code, verdict } = await verify(...specimenAccess, '--pki', 'pki', '--at', '2034-01-01')
    expect([code, verdict.verdict]).toEqual([1, 'rejected'])
    expect(failedOf(verdict)).toEqual(['document.expired'])
    expect(verdict).toMatchObject({ judgedAt: '2034-01-01T00:00:00.000Z', threshold: { name: 'fmr1e-4', score: expect.any(Number) } })
  })

  it.each([
    ['three lines', lines.join('\n')],
    ['words', lines.join(' ')],
  ])('takes the zone as %s', async (_name, mrz) => expect((await verify('--mrz', mrz, '--pki', 'pki')).code).toBe(0))

  it('trusts a certificate in DER and in PEM', async () => {
    const pem = `Subject: somebody\n-----BEGIN CERTIFICATE-----\n${readFileSync(folder.at('pki/csca.cer')).toString('base64')}\n-----END CERTIFICATE-----\n`
    writeFileSync(folder.at('csca.pem'), pem)
    for (const file of ['pki/csca.cer', 'csca.pem'])
      expect((await verify(...specimenAccess, '--csca', file)).verdict.verdict, file).toBe('accepted')
  })

  it('with data that are not on the card ends in error, exit 3, and names no reason to accept', async () => {
    const { code, verdict } = await verify('--docno', 'S12345679', '--dob', '910612', '--doe', '331003', '--pki', 'pki')
    expect([code, verdict.verdict, failedOf(verdict)]).toEqual([3, 'error', ['access.opened']])
    expect(verdict.checks.filter(({ outcome, required }) => required && outcome === 'pass')).toEqual([])
    expect(verdict.checks.length).toBeGreaterThan(20)
    const shown = await folder.run([
      'verify',
      '--card',
      'citizen.card',
      '--docno',
      'S12345679',
      '--dob',
      '910612',
      '--doe',
      '331003',
      '--pki',
      'pki',
    ])
    expect(shown).toMatchObject({ code: 3, stdout: expect.stringContaining('Check what is printed') })
    expect(shown.stdout).not.toContain('not run')
  })

  it('what it cannot use is exit 2, in plain words', async () => {
    const card = ['verify', '--card', 'citizen.card']
    const whole = [...card, ...specimenAccess, '--pki', 'pki']
    const texts = await folder.refusedEach(
      [
        [[...card, '--pki', 'pki'], 'say what is printed on the card'],
        [
          [...card, '--mrz', specimenMrz.replace('S123456780', 'S123456781'), '--pki', 'pki'],
          'check digit of documentNumber (line 1, position 15)',
        ],
        [[...card, '--mrz', 'nosuch.txt', '--pki', 'pki'], 'no such file: nosuch.txt'],
        [[...card, '--docno', 'S12345678', '--dob', '1370-03-22', '--doe', '331003', '--pki', 'pki'], '--dob: not a Gregorian date'],
        [[...card, '--docno', 'S12345678', '--dob', '910612', '--doe', 'soon', '--pki', 'pki'], '--doe: not a date'],
        [[...card, ...specimenAccess], 'say whom you trust'],
        [[...card, ...specimenAccess, '--pki', 'nosuch'], 'there is no folder nosuch: make one with "kart pki init nosuch"'],
        [[...card, '--docno', 'S12345678', '--dob', '۹۱۰۶۱۲', '--doe', '331003', '--pki', 'pki'], '--dob: give the Gregorian date'],
        [[...card, ...specimenAccess, '--csca', 'live.fmr'], 'live.fmr: holds no certificate'],
        [[...card, ...specimenAccess, '--csca', 'pki/csca-key.pem'], 'pki/csca-key.pem: holds no certificate'],
        [[...whole, '--probe', 'pki/csca.cer'], 'pki/csca.cer: '],
        [[...whole, '--probe', 'nosuch.fmr'], 'no such file: nosuch.fmr'],
        [[...whole, '--at', 'yesterday'], '--at: not a time'],
        [[...whole, '--threshold', 'high'], '--threshold: no such threshold'],
        [[...whole, '--profile', '__proto__'], '--profile: no such profile'],
        [[...whole, '--report', 'nosuch/report.html'], '--report: there is no folder nosuch'],
        [[...whole, '--reader', 'x'], 'name one card'],
        [['verify', ...specimenAccess, '--pki', 'pki'], 'name one card'],
        [['verify', '--card', 'nosuch.card', ...specimenAccess, '--pki', 'pki'], 'there is no file nosuch.card'],
      ],
      2,
    )
    for (const text of texts) expect(text).not.toMatch(/S1234567|910612|331003|NEMOUNEH/)
  })

  it('a failure is one document too', async () => {
    const { code, document } = await folder.document(['verify', '--card', 'nosuch.card', ...specimenAccess, '--pki', 'pki'])
    expect(code).toBe(2)
    expect(document).toMatchObject({ verdict: 'error', checks: [], error: { code: 'input' } })
  })
})

describe('the report of verify', () => {
  it('is for its owner only, also over a file that others may read where --force says so, and says as of when it was judged', async () => {
    writeFileSync(folder.at('r.html'), '')
    chmodSync(folder.at('r.html'), 0o644)
    const verify = ['verify', '--card', 'citizen.card', ...specimenAccess, '--pki', 'pki', '--at', '2034-01-01', '--report']
    await folder.refusedEach(
      [
        [[...verify, 'r.html'], 'r.html is there already'],
        [[...verify, 'citizen.card', '--force'], 'is the file of the card'],
      ],
      2,
    )
    expect(readFileSync(folder.at('r.html'), 'utf8')).toBe('')
    expect((await folder.run([...verify, 'r.html', '--force'])).code).toBe(1)
    expect(readFileSync(folder.at('r.html'), 'utf8')).toContain('judged as of 2034-01-01T00:00:00.000Z</p></header>')
    if (process.platform !== 'win32') expect(statSync(folder.at('r.html')).mode & 0o777).toBe(0o600)
  })
})

describe('a card’s file', () => {
  const whole = (): Uint8Array => new Uint8Array(readFileSync(folder.at('citizen.card')))

  it.each([
    ['cut off', () => whole().slice(0, 1000)],
    ['empty', () => new Uint8Array()],
    ['with one bit turned', () => whole().map((byte, at) => (at === 5000 ? byte ^ 1 : byte))],
    ['another file', () => new Uint8Array(readFileSync(record))],
  ])('%s is refused and left as it is', async (name, bytes) => {
    const damaged = bytes()
    const card = `damaged-${name.replaceAll(' ', '-')}.card`
    writeFileSync(folder.at(card), damaged)
    await folder.refusedEach(
      [
        [['verify', '--card', card, ...specimenAccess, '--pki', 'pki'], 'kart: '],
        [['read', '--card', card, ...specimenAccess], 'kart: '],
        [['issue', record, '--pki', 'pki', '--card', card], 'kart: '],
        [['issue', record, '--pki', 'pki', '--card', card, '--allow-unfinished'], 'kart: '],
        [['emulate', '--card', card, '--port', '1'], 'kart: '],
      ],
      2,
    )
    expect(new Uint8Array(readFileSync(folder.at(card)))).toEqual(damaged)
    expect(existsSync(folder.at(`${card}.lock`))).toBe(false)
  })

  it('in use by another program is refused by name of the process, until that ends', async () => {
    folder.copy('citizen.card', 'plugged.card')
    // What vpcd does for a card that nobody asks anything: it listens.
    const vpcd = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => vpcd.once('listening', resolve))
    const address = vpcd.address()
    const port = String(address !== null && typeof address === 'object' ? address.port : 0)
    const read = ['read', '--card', 'plugged.card', ...specimenAccess]
    let meanwhile: Promise<string> | undefined
    const plugged = await folder.run(['emulate', '--card', 'plugged.card', '--port', port], {
      onOutput: (soFar, child) => {
        if (meanwhile !== undefined || !soFar.includes('is plugged in')) return
        meanwhile = folder.refused(read, 2).finally(() => child.kill('SIGINT'))
      },
    })
    vpcd.close()
    expect(await meanwhile).toMatch(/is in use by process \d+/)
    expect(plugged).toMatchObject({ code: 0, stdout: expect.stringContaining('The card is out.') })
    expect((await folder.run(read)).code).toBe(0)
  })
})

describe('readers and emulate', () => {
  it('readers without a PC/SC service is exit 3 and says what to start', async () => {
    // Where the PC/SC addon was not built, that is what is said instead.
    expect(await folder.refused(['readers'], 3)).toMatch(/install|start/)
    expect(await folder.refused(['read', '--reader', 'any', ...specimenAccess], 3)).toMatch(/install|start/)
    expect((await folder.document(['readers'])).document).toMatchObject({ error: { code: 'reader' } })
  })

  it('emulate without vpcd is exit 3, says what to start, and lets the card go', async () => {
    folder.copy('citizen.card', 'alone.card')
    expect(await folder.refused(['emulate', '--card', 'alone.card', '--port', '1'], 3)).toContain('vsmartcard-vpcd')
    expect(existsSync(folder.at('alone.card.lock'))).toBe(false)
    expect((await folder.run(['read', '--card', 'alone.card', ...specimenAccess])).code).toBe(0)
    await folder.refused(['emulate', '--card', 'blank.card', '--port', '1'], 3)
    expect(existsSync(folder.at('blank.card'))).toBe(false)
    await folder.refusedEach(
      ['0', '65536', 'x', '1.5'].map((port) => [['emulate', '--card', 'alone.card', '--port', port], '--port: not a port']),
      2,
    )
  })
})

describe('issue', () => {
  const specimen = readFileSync(record, 'utf8')

  /** A record beside the specimen's files, with one piece of its text replaced. */
  function broken(name: string, from: string | RegExp, to: string): string {
    mkdirSync(folder.at('records'), { recursive: true })
    for (const file of ['portrait.jpg', 'signature.jpg', 'finger-enrolled.fmr'])
      writeFileSync(folder.at(`records/${file}`), readFileSync(vectorPath(`specimen/${file}`)))
    const text = specimen.replace(from, to)
    expect(text, name).not.toBe(specimen)
    writeFileSync(folder.at(`records/${name}.json`), text)
    return `records/${name}.json`
  }

  it('refuses broken records: names the field, repeats nothing of the person, makes no card', async () => {
    const rows: [string, string, string | RegExp, string][] = [
      ['not-json', 'JSON', '"schema"', 'schema'],
      ['cut-off', 'JSON', /"portrait".*$/s, ''],
      ['twice', 'twice', '"sex": "F"', '"sex": "F", "sex": "M"'],
      ['proto', 'no record has', '"sex": "F"', '"sex": "F", "__proto__": {"x": 1}'],
      ['unknown-field', 'holder', '"sex": "F"', '"sex": "F", "nickname": "x"'],
      ['schema', 'schema', 'kart-enrollment-1', 'kart-enrollment-9'],
      ['check-digit', 'holder.nationalCode', '9990237573', '9990237574'],
      ['calendar', 'holder.dateOfBirth', '1991-06-12', '1370-03-22'],
      ['no-portrait', 'portrait', 'portrait.jpg', 'nosuch.jpg'],
      ['no-jpeg', 'portrait', 'portrait.jpg', 'finger-enrolled.fmr'],
      ['no-finger', 'fingers[0]', 'finger-enrolled.fmr', 'portrait.jpg'],
      ['upwards', 'portrait', 'portrait.jpg', '../portrait.jpg'],
      ['absolute', 'portrait', 'portrait.jpg', '/etc/passwd'],
      ['backslash', 'portrait', 'portrait.jpg', '..\\\\portrait.jpg'],
    ]
    const texts = await folder.refusedEach(
      rows.map(([name, words, from, to]) => [['issue', broken(name, from, to), '--pki', 'pki', '--card', `${name}.card`], words]),
      2,
    )
    for (const text of texts) expect(text).not.toMatch(/نمونه|آرزو|Nemouneh|99902375|S1234567|1991|1370|1313131313/)
    for (const [name] of rows) expect(existsSync(folder.at(`${name}.card`)), name).toBe(false)
  })

  it('refuses a record that is not UTF-8, empty, a folder or not there', async () => {
    broken('latin', 'SPECIMEN-0001', 'SPECIMEN-0002')
    const text = Buffer.from(readFileSync(folder.at('records/latin.json')))
    writeFileSync(
      folder.at('records/latin.json'),
      Buffer.concat([text.subarray(0, text.indexOf('تهران')), Buffer.of(0xe4), text.subarray(text.indexOf('تهران'))]),
    )
    writeFileSync(folder.at('records/empty.json'), '')
    const issue = (file: string) => ['issue', file, '--pki', 'pki', '--card', 'never.card']
    await folder.refusedEach(
      [
        [issue('records/latin.json'), 'not UTF-8'],
        [issue('records/empty.json'), 'JSON'],
        [issue('records'), 'folder'],
        [issue('records/nosuch.json'), 'no such file'],
        [
          ['issue', record, '--pki', 'nosuch', '--card', 'never.card'],
          'missing in the PKI folder nosuch: name another, or make one with "kart pki init DIR"',
        ],
        [['issue', record, '--pki', 'pki', '--card', 'nosuch/never.card'], 'folder'],
        [['issue', record, '--pki', 'pki'], 'name one card'],
        [['issue', record, '--pki', 'pki', '--card', 'never.card', '--reader', 'x'], 'name one card'],
      ],
      2,
    )
    expect(existsSync(folder.at('never.card'))).toBe(false)
  })

  it('refuses a used card, exit 3: it is the card that is not in the state to be written', async () => {
    folder.copy('citizen.card', 'used.card')
    const before = readFileSync(folder.at('used.card'))
    for (const args of [[], ['--allow-unfinished']]) {
      const { code, stderr } = await folder.run(['issue', record, '--pki', 'pki', '--card', 'used.card', ...args])
      expect(code).toBe(3)
      expect(stderr).toMatch(/^kart: .*personalized already[^\n]*\n$/)
    }
    await folder.done(['verify', '--card', 'used.card', ...specimenAccess, '--pki', 'pki'])
    expect(readFileSync(folder.at('used.card')).length).toBe(before.length)
  })

  it('is one document with --json, also over short APDUs', async () => {
    const { code, document } = await folder.document(['issue', record, '--pki', 'pki', '--card', 'json.card', '--no-extended-length'])
    expect(code).toBe(0)
    expect(document).toMatchObject({ card: 'json.card', mrz: specimenMrz, lifeCycle: 'SECURED' })
    expect((await folder.run(['verify', '--card', 'json.card', '--mrz', specimenMrz, '--pki', 'pki'])).code).toBe(0)
  })
})

describe('trace show', () => {
  it('puts every plain command beside its protected form, and shows no content', async () => {
    const { code, stdout } = await folder.run([
      'trace',
      'show',
      '--',
      'verify',
      '--card',
      'citizen.card',
      '--mrz',
      specimenMrz,
      '--pki',
      'pki',
    ])
    expect(code).toBe(0)
    const row = stdout.split('\n').find((line) => line.includes('EF.DG11') && line.includes('READ BINARY'))
    // The command as meant, the channel in force, and the protected command that carried it.
    expect(row).toMatch(/ (CA|PACE) .*00 B0 8B 00 .* bytes .*0C B0 8B 00 .*→ 87/)
    expect(stdout).toContain('ACCEPTED')
  })

  it('is for commands that have both layers, and says what else there is', async () => {
    const { code, stderr } = await folder.run(['trace', 'show', '--', 'tree'])
    expect(code).toBe(2)
    expect(stderr).toContain('name one of verify, issue')
    expect(stderr).toContain('kart trace record')
  })
})
