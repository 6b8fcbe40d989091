import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { run } from '../program.ts'
import { specimenFile } from '../specimen.ts'

// The authority is openssl's; the office has two runs of the command and a folder between.

const folder = mkdtempSync(join(tmpdir(), 'kart-exchange-'))
const at = (name: string): string => join(folder, name)
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })

let onOutput: ((text: string) => void) | undefined
async function kart(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const seen = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      seen[name] += String(chunk)
      onOutput?.(String(chunk))
      return true
    })
  return { code: await run(args), ...seen }
}
const issue = (...more: string[]) => kart('issue', specimenFile('record.json'), '--pki', at('pki'), '--card', at('one.card'), ...more)

/** The authority signs every request of the folder, each certificate beside it. */
function signAll(dir: string): void {
  for (const [name, use] of [
    ['authentication', 'digitalSignature'],
    ['signature', 'nonRepudiation'],
  ] as const) {
    writeFileSync(at('ext'), `basicConstraints=CA:FALSE\nkeyUsage=critical,${use}\n`)
    const files = ['-in', join(dir, `${name}.csr`), '-out', join(dir, `${name}.crt`), '-extfile', 'ext']
    openssl('x509', '-req', ...files, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '100')
  }
}

beforeAll(async () => {
  await kart('pki', 'init', at('pki'))
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-subj',
    '/C=IR/CN=TEST CA',
  )
})
afterEach(() => {
  vi.restoreAllMocks()
  onOutput = undefined
  for (const name of ['one.card', 'requests', 'again', 'letter', 'can']) rmSync(at(name), { recursive: true, force: true })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('kart issue with an authority elsewhere', () => {
  it('writes a request a key, waits, and finishes the card with the certificates', async () => {
    const waiting = await issue('--csr', at('requests'), '--json')
    expect(waiting).toMatchObject({ code: 0, stderr: '' })
    const document = JSON.parse(waiting.stdout)
    expect(document).toMatchObject({
      lifeCycle: 'INITIALIZED',
      requests: [{ label: 'authentication', use: 'authentication' }, { label: 'signature' }],
    })
    expect(JSON.stringify(document)).not.toMatch(/pin|puk/i)
    expect(readdirSync(at('requests'))).toEqual(['authentication.csr', 'signature.csr'])
    if (process.platform !== 'win32') expect(statSync(at('requests/signature.csr')).mode & 0o077).toBe(0)
    expect(openssl('req', '-in', 'requests/signature.csr', '-noout', '-subject', '-nameopt', 'utf8,sep_comma_plus')).toContain(
      JSON.parse(readFileSync(specimenFile('record.json'), 'utf8')).holder.persian.familyName,
    )
    signAll(at('requests'))
    const done = await issue('--cert', at('requests'), at('ca.crt'), '--letter', at('letter'), '--can-file', at('can'), '--json')
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(done.stdout).holderKeys.map((key: { fingerprint: string }) => key.fingerprint)).toEqual(
      document.requests.map((one: { fingerprint: string }) => one.fingerprint),
    )
    expect(readFileSync(at('letter'), 'utf8')).toContain('SignPIN')
    writeFileSync(at('document'), 'a contract')
    const judged = await kart(
      'verify',
      '--card',
      at('one.card'),
      '--can',
      /^\d{6}$/m.exec(readFileSync(at('can'), 'utf8'))![0],
      '--pki',
      at('pki'),
      '--holder-ca',
      at('ca.crt'),
    )
    expect(judged.code, judged.stdout).toBe(0)
  })

  it('touches no card whose requests have no place, or whose certificates are not there or not its own', async () => {
    await issue('--csr', at('requests'))
    const before = readFileSync(at('one.card'))
    expect(await issue('--cert', at('requests'))).toMatchObject({ code: 2, stderr: expect.stringContaining('holds no certificate') })
    expect(await issue('--cert', at('ca.crt'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('none for the card’s key'),
      stdout: expect.stringMatching(/✖ hold the certificates against/),
    })
    expect(readFileSync(at('one.card'))).toEqual(before)
    rmSync(at('one.card'))
    expect(await issue('--cert', at('ca.crt'))).toMatchObject({ code: 2, stderr: expect.stringContaining('--csr') })
    expect(existsSync(at('one.card'))).toBe(false)
  })

  it('writes the requests of a card that waits again, for the same keys, over files of the same keys and beside none of others', async () => {
    const keys = async (...args: string[]) => {
      const made = await issue(...args, '--json')
      expect(made).toMatchObject({ code: 0 })
      return JSON.parse(made.stdout).requests.map((one: { fingerprint: string }) => one.fingerprint)
    }
    const first = await keys('--csr', at('requests'))
    rmSync(at('requests/signature.csr'))
    expect(await keys('--csr', at('requests'))).toEqual(first)
    expect(readdirSync(at('requests'))).toEqual(['authentication.csr', 'signature.csr'])
    expect(openssl('req', '-in', 'requests/signature.csr', '-verify', '-noout')).toBeDefined()
    expect(await keys('--csr', at('again'))).toEqual(first)
    const told = await issue('--csr', at('again'))
    expect(told).toMatchObject({ code: 0, stdout: expect.stringContaining('the same keys') })
    writeFileSync(at('again/signature.csr'), 'of another card')
    expect(await issue('--csr', at('again'))).toMatchObject({ code: 2, stderr: expect.stringContaining('again/signature.csr') })
    expect(readFileSync(at('again/signature.csr'), 'utf8')).toBe('of another card')
    signAll(at('requests'))
    expect(await issue('--cert', at('requests'), at('ca.crt'))).toMatchObject({ code: 0 })
  })

  it('that is stopped while it asks again keeps the keys, and tells nobody to make others', async () => {
    await issue('--csr', at('requests'))
    onOutput = (text) => {
      if (text.includes('✔ open')) process.emit('SIGINT')
    }
    const stopped = await issue('--csr', at('again'))
    expect(stopped).toMatchObject({ code: 130, stderr: expect.stringMatching(/--csr again.*--allow-unfinished makes other keys/) })
    onOutput = undefined
    expect(await issue('--csr', at('requests'))).toMatchObject({ code: 0, stdout: expect.stringContaining('the same keys') })
  })

  it('makes no other keys on a card that waits, unless told to begin anew', async () => {
    await issue('--csr', at('requests'))
    const before = readFileSync(at('one.card'))
    const plain = await issue()
    expect(plain).toMatchObject({ code: 3, stderr: expect.stringContaining('waits for its certificates') })
    expect(plain.stderr).toMatch(/--cert.*--allow-unfinished/s)
    expect(plain.stderr).not.toContain('allowUnfinished')
    expect(readFileSync(at('one.card'))).toEqual(before)
    const other = await issue('--csr', at('again'), '--allow-unfinished', '--json')
    expect(other).toMatchObject({ code: 0 })
    signAll(at('requests'))
    expect(await issue('--cert', at('requests'), at('ca.crt'))).toMatchObject({ code: 2 })
  })

  it('asks in the requests for what the certificates must say, and takes them from an authority that is trusted alone', async () => {
    await issue('--csr', at('requests'))
    const dir = at('requests')
    for (const name of ['authentication', 'signature'])
      openssl('x509', '-req', '-in', join(dir, `${name}.csr`), '-copy_extensions', 'copy', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '100', '-out', join(dir, `${name}.crt`)) // biome-ignore format: a command a line
    const usage = (name: string) => openssl('x509', '-in', join(dir, `${name}.crt`), '-noout', '-ext', 'keyUsage,extendedKeyUsage')
    expect(usage('authentication')).toMatch(/critical\s+Digital Signature, Key Agreement.*TLS Web Client/s)
    expect(usage('signature')).toMatch(/critical\s+Non Repudiation\s*$/)
    const before = readFileSync(at('one.card'))
    for (const ca of [join(at('pki'), 'holder-ca.cer'), join(at('pki'), 'csca.cer')])
      expect(await issue('--cert', dir, '--ca', ca)).toMatchObject({ code: 2, stderr: expect.stringContaining('that --ca names') })
    expect(await issue('--ca', at('ca.crt'))).toMatchObject({ code: 2 })
    expect(readFileSync(at('one.card'))).toEqual(before)
    const done = await issue('--cert', dir, at('ca.crt'), '--ca', at('ca.crt'), '--json')
    expect(done).toMatchObject({ code: 0 })
    expect(JSON.parse(done.stdout).checkedAuthorities).toEqual([expect.stringContaining('TEST CA')])
  })

  it('makes keys of the kinds that are named, and finishes the card with the same alone', async () => {
    for (const kinds of ['rsa1024', 'rsa2048,', 'p256,p384,p521'])
      expect(await issue('--holder-keys', kinds)).toMatchObject({ code: 2, stderr: expect.stringMatching(/--holder-keys.*rsa3072/) })
    expect(existsSync(at('one.card'))).toBe(false)
    expect((await issue('--csr', at('requests'), '--holder-keys', 'rsa2048,p521')).code).toBe(0)
    const text = (name: string) => openssl('req', '-in', `requests/${name}.csr`, '-verify', '-noout', '-text')
    expect([text('authentication'), text('signature')]).toEqual([expect.stringContaining('2048 bit'), expect.stringContaining('P-521')])
    signAll(at('requests'))
    const other = await issue('--cert', at('requests'), at('ca.crt'))
    expect(other).toMatchObject({ code: 3, stderr: expect.stringMatching(/another kind.*--holder-keys/) })
    const done = await issue('--cert', at('requests'), at('ca.crt'), '--holder-keys', 'rsa2048,p521', '--json')
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(done.stdout).holderKeys.map((key: { algorithm: string }) => key.algorithm)).toEqual(['RSA-2048', 'P-521'])
  })

  it('finishes one card alone where its file was copied, and for no other record', async () => {
    await issue('--csr', at('requests'))
    signAll(at('requests'))
    const waiting = readFileSync(at('one.card'))
    const record = JSON.parse(readFileSync(specimenFile('record.json'), 'utf8'))
    const other = JSON.stringify({ ...record, document: { ...record.document, number: 'B98765432' } })
    cpSync(dirname(specimenFile('record.json')), at('records'), { recursive: true })
    writeFileSync(at('records/other.json'), other)
    const mistaken = await kart('issue', at('records/other.json'), '--pki', at('pki'), '--card', at('one.card'), '--cert', at('requests'), at('ca.crt')) // biome-ignore format: a command a line
    expect(mistaken).toMatchObject({ code: 2, stderr: expect.stringMatching(/^kart: record: .*document number/m) })
    expect(readFileSync(at('one.card'))).toEqual(waiting)
    expect((await issue('--cert', at('requests'), at('ca.crt'))).code).toBe(0)
    writeFileSync(at('one.card'), waiting)
    expect(await issue('--cert', at('requests'), at('ca.crt'))).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/finished already.*a copy/),
    })
    expect(readFileSync(at('one.card'))).toEqual(waiting)
  })

  it('says that no authority was checked where none is named', async () => {
    await issue('--csr', at('requests'))
    signAll(at('requests'))
    expect(await issue('--cert', at('requests'))).toMatchObject({ code: 0, stdout: expect.stringContaining('No authority was checked') })
    rmSync(at('one.card'))
    rmSync(at('requests'), { recursive: true })
    await issue('--csr', at('requests'))
    signAll(at('requests'))
    expect(JSON.parse((await issue('--cert', at('requests'), '--json')).stdout)).toMatchObject({ checkedAuthorities: null })
  })

  it('makes no card for a letter or a request in whose place a link lies, be it one that leads nowhere', async () => {
    symlinkSync('nowhere', at('letter'))
    mkdirSync(at('requests'))
    symlinkSync('../nowhere', join(at('requests'), 'signature.csr'))
    expect(await issue('--letter', at('letter'), '--can-file', at('can'))).toMatchObject({ code: 2 })
    expect(await issue('--csr', at('requests'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('signature.csr is there already'),
    })
    expect([existsSync(at('one.card')), existsSync(at('can')), existsSync(at('nowhere'))]).toEqual([false, false, false])
  })

  it.each([
    ['--cert', 'ca.crt'],
    ['--letter', 'letter'],
    ['--can-file', 'can'],
  ])('takes --csr without %s', async (option, file) => {
    expect((await issue('--csr', at('requests'), option, at(file))).code).toBe(2)
    expect([existsSync(at('one.card')), existsSync(at('requests'))]).toEqual([false, false])
  })
})
