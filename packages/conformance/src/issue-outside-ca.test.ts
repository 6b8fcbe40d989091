import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getResponse, openChannel, wrongLength } from '@kart/apdu/host'
import { toHex } from '@kart/codec'
import { seenInMemory } from '@kart/crypto'
import { createBlankCard, type EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import { decodeCertificate, nationalId } from '@kart/layout'
import {
  buildImage,
  execute,
  givenCertificates,
  type HolderKeyPair,
  initTestPki,
  type RequestReport,
  readHeldKeys,
  requestCertificates,
  softwareSigner,
} from '@kart/personalization'
import { findKey, openHolderApplication, readCertificates } from '@kart/signature'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chipSerial, specimen, specimenOptions } from './testing/specimen.ts'

// An authority that is openssl's own, a root and the one below it that certifies holders, takes what the card asked for.

const folder = mkdtempSync(join(tmpdir(), 'kart-outside-ca-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const openssl = (...args: readonly string[]): string => execFileSync('openssl', [...args], { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
const der = (name: string) => new Uint8Array(execFileSync('openssl', ['x509', '-in', `${name}.crt`, '-outform', 'DER'], { cwd: folder }))

// Openssl's certificates begin when it makes them; the cards are made a little later.
const now = new Date(Date.now() + 300_000)
const signer = softwareSigner(initTestPki().documentSigner)
// Each run draws PINs of its own: nobody keeps those of the first.
const image = (record = specimen) => buildImage(record, nationalId, { ...specimenOptions, personalizedAt: now, signatureCard: {} })
const blank = (): EmulatedCard => createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })
const channelTo = (card: EmulatedCard) => openChannel(card.transport(), getResponse(), wrongLength())
const request = (card: EmulatedCard, options = {}) =>
  requestCertificates(card.transport(), image(), { keys: testTransportKeys, seenKeys, now, ...options })

/** The office's own memory of keys. */
const seenKeys = seenInMemory()

const uses = { authentication: 'digitalSignature', signature: 'nonRepudiation' } as const

/** What openssl makes of a request. */
function certify(
  name: string,
  { label, request }: RequestReport['requests'][number],
  more: readonly string[] = [],
  by = 'issuing',
  extensions = `basicConstraints=CA:FALSE\nkeyUsage=critical,${uses[label as keyof typeof uses]}\n`,
): Uint8Array {
  writeFileSync(join(folder, `${name}.csr`), request)
  writeFileSync(join(folder, 'ext'), extensions)
  const ca = ['-CA', `${by}.crt`, '-CAkey', `${by}.key`, '-CAcreateserial', '-extfile', 'ext']
  openssl('x509', '-req', '-inform', 'DER', '-in', `${name}.csr`, ...ca, '-days', '100', '-out', `${name}.crt`, ...more)
  return der(name)
}

const certifyAll = (report: RequestReport) => report.requests.map((one) => certify(one.label, one))

async function finish(card: EmulatedCard, certificates: readonly Uint8Array[], record = specimen) {
  const made = image(record)
  const keys = await readHeldKeys(channelTo(card), made)
  const certify = givenCertificates(made, keys, certificates, now)
  return execute(card.transport(), made, { keys: testTransportKeys, signer, now, certify, keepHolderKeys: true, seenKeys })
}

let root: Uint8Array
let issuing: Uint8Array
beforeAll(() => {
  const ca = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-nodes', '-utf8']
  openssl('req', '-x509', ...ca, '-keyout', 'root.key', '-out', 'root.crt', '-days', '900', '-subj', '/C=IR/CN=TEST Root')
  openssl('req', '-new', ...ca, '-keyout', 'issuing.key', '-out', 'issuing.csr', '-subj', '/C=IR/CN=مرکز نمونه')
  writeFileSync(join(folder, 'ca-ext'), 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n')
  openssl('x509', '-req', '-in', 'issuing.csr', '-CA', 'root.crt', '-CAkey', 'root.key', '-CAcreateserial', '-days', '800', '-extfile', 'ca-ext', '-out', 'issuing.crt') // biome-ignore format: a command a line
  ;[root, issuing] = [der('root'), der('issuing')]
})

describe('a signature card whose certificates an authority elsewhere gives', () => {
  it('waits with its keys, and is finished with those very keys and the certificates', async () => {
    const card = blank()
    const report = await request(card)
    expect(report).toMatchObject({ lifeCycle: 'INITIALIZED', requests: [{ label: 'authentication' }, { label: 'signature' }] })
    for (const { label, request } of report.requests) {
      writeFileSync(join(folder, 'one.csr'), request)
      const shown = execFileSync(
        'openssl',
        ['req', '-inform', 'DER', '-in', 'one.csr', '-verify', '-noout', '-text', '-nameopt', 'utf8,sep_comma_plus'],
        {
          ...{ cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
        },
      )
      expect(shown, label).toContain(specimen.holder.persian.familyName)
      expect(openssl('asn1parse', '-inform', 'DER', '-in', 'one.csr')).toMatch(/UTF8STRING/)
    }
    card.powerOn()
    const certificates = certifyAll(report)
    const done = await finish(card, [...certificates, root, issuing])
    expect(done.lifeCycle).toBe('SECURED')
    expect(done.holderKeys.map(({ fingerprint }) => fingerprint)).toEqual(report.requests.map(({ fingerprint }) => fingerprint))
    const channel = channelTo(card)
    const application = await openHolderApplication(channel)
    for (const [i, label] of ['authentication', 'signature'].entries()) {
      const found = await readCertificates(channel, application, findKey(application, label))
      expect(toHex(found.certificate)).toBe(toHex(certificates[i]!))
      expect(found.chain.map(toHex)).toEqual([issuing, root].map(toHex))
      writeFileSync(join(folder, 'card.der'), found.certificate)
      expect(openssl('verify', '-CAfile', 'root.crt', '-untrusted', 'issuing.crt', 'card.der')).toContain('OK')
      expect(decodeCertificate(found.certificate).subject.text).toContain(specimen.holder.persian.givenNames)
    }
  })

  it('is finished in a second try where the first was cut off', async () => {
    const card = blank()
    const certificates = certifyAll(await request(card))
    const made = image()
    const options = { keys: testTransportKeys, signer, now, keepHolderKeys: true, seenKeys }
    const keys = await readHeldKeys(channelTo(card), made)
    const cutOff = execute(card.transport(), made, {
      ...options,
      certify: () => Promise.reject(new Error('the line is down')),
    })
    await expect(cutOff).rejects.toThrow('the line is down')
    card.powerOn()
    const certify = givenCertificates(made, keys, [...certificates, issuing], now)
    expect((await execute(card.transport(), made, { ...options, certify, allowUnfinished: true })).lifeCycle).toBe('SECURED')
  })

  it('is finished with those keys wherever a run with the certificates was cut off, also past the end of the creation phase', async () => {
    for (const last of ['mf-files', 'holder-keys', 'holder-files', 'prove-signature', 'read-back', 'secure']) {
      const card = blank()
      const report = await request(card)
      const certificates = certifyAll(report)
      const made = image()
      const certify = givenCertificates(made, await readHeldKeys(channelTo(card), made), [...certificates, issuing], now)
      const options = { keys: testTransportKeys, signer, now, certify, keepHolderKeys: true, seenKeys }
      const lower = card.transport()
      let step = ''
      let count = 0
      const pulled = {
        ...lower,
        // The third command of the step is taken, and gets no answer.
        async transceive(command: Uint8Array) {
          const response = await lower.transceive(command)
          if (step === last && ++count >= 3) throw new Error('the card is gone')
          return response
        },
      }
      const onProgress = (progress: { step: string }) => {
        step = progress.step
      }
      await expect(execute(pulled, made, { ...options, onProgress }), last).rejects.toThrow('the card is gone')
      card.powerOn()
      const done = await execute(card.transport(), made, { ...options, allowUnfinished: true })
      expect(done.holderKeys.map(({ fingerprint }) => fingerprint)).toEqual(report.requests.map(({ fingerprint }) => fingerprint))
    }
  })

  it('takes no key that the memory of keys has not seen made on this chip', async () => {
    const card = blank()
    const certificates = certifyAll(await request(card, { seenKeys: seenInMemory() }))
    await expect(finish(card, certificates)).rejects.toThrow(/not made by a run that the memory of keys knows/)
  })

  it('takes no card without such keys, or with others than planned', async () => {
    await expect(finish(blank(), [])).rejects.toThrow(/holds no key authentication.*--csr/)
  })
})

describe('certificates that must not reach a card', () => {
  let card: EmulatedCard
  let report: RequestReport
  let keys: readonly HolderKeyPair[]
  let good: readonly Uint8Array[]
  beforeAll(async () => {
    card = blank()
    report = await request(card)
    keys = await readHeldKeys(channelTo(card), image())
    good = certifyAll(report)
  })
  const given = (certificates: readonly Uint8Array[], record = specimen) => givenCertificates(image(record), keys, certificates, now)

  it('of another card, too few, two for one key, or none of its own are named', async () => {
    expect(() => given([])).toThrow(/none for the card’s key authentication/)
    expect(() => given(good.slice(0, 1))).toThrow(/none for the card’s key signature/)
    expect(() => given([...good, certify('again', report.requests[0]!)])).toThrow(/2 for the key authentication/)
    const other = certifyAll(await request(blank()))
    expect(() => given(other)).toThrow(/none for the card’s key/)
    expect(() => given([...good, other[0]!])).toThrow(/end entity.*neither for a key of this card/)
    expect(() => given([...good, root])).toThrow(/of an authority.*neither/)
  })

  it('of another holder, another use or another time are refused', () => {
    const [authentication, signature] = report.requests
    expect(() => given([good[0]!, certify('use', { ...signature!, label: 'authentication' })])).toThrow(/does not allow its use/)
    expect(() => given([certify('late', authentication!, ['-days', '-1']), good[1]!])).toThrow(/not valid now/)
    const other = { ...specimen, holder: { ...specimen.holder, nationalCode: '0499370899' } }
    expect(() => given(good, other)).toThrow(/is for another holder/)
  })

  it('of a key that would do more than its own work are refused: nobody would take the finished card', () => {
    const [authentication, signature] = report.requests
    const first = (extensions: string) => () => given([certify('more', authentication!, [], 'issuing', extensions), good[1]!])
    const second = (extensions: string) => () => given([good[0]!, certify('more', signature!, [], 'issuing', extensions)])
    expect(first('keyUsage=critical,digitalSignature,nonRepudiation\n')).toThrow(/for the key authentication .*nonRepudiation as well/)
    expect(second('keyUsage=critical,nonRepudiation,digitalSignature\n')).toThrow(/for the key signature .*digitalSignature as well/)
    expect(second('basicConstraints=critical,CA:TRUE\nkeyUsage=critical,nonRepudiation\n')).toThrow(/an authority’s/)
    expect(second('keyUsage=critical,nonRepudiation,keyCertSign\n')).toThrow(/an authority’s/)
    expect(second('keyUsage=critical,nonRepudiation\n1.2.3.4=critical,DER:0500\n')).toThrow(/critical extension that is not known/)
  })

  it('of a holder of another country, or with two numbers, are refused', () => {
    const { country, serialNumber } = image().holder!.name
    const named = (text: string) => () => given([good[0]!, certify('named', report.requests[1]!, ['-subj', text])])
    expect(named(`/C=${country}/CN=one/serialNumber=${serialNumber}`)).not.toThrow()
    expect(named(`/C=DE/CN=one/serialNumber=${serialNumber}`)).toThrow(/is for another holder/)
    expect(named(`/CN=one/serialNumber=${serialNumber}`)).toThrow(/is for another holder/)
    expect(named(`/C=${country}/CN=one/serialNumber=${serialNumber}/serialNumber=PNOIR-0499370899`)).toThrow(/is for another holder/)
  })

  it('leave the card as it was: it is finished with the right ones', async () => {
    expect((await finish(card, [...good, issuing])).lifeCycle).toBe('SECURED')
  })
})
