import { createHash, createPrivateKey } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fromHex, toHex } from '@kart/codec'
import { testTransportKeys } from '@kart/emulator'
import { dg3Codec } from '@kart/layout'
import { deriveBacKeys } from '@kart/secure-channel'
import { Resvg } from '@resvg/resvg-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KartFolder, specimenAccess, specimenMrz, vectorPath } from './testing/run-kart.ts'

// `kart demo`, and the report that it and `kart verify --report` write.
const folder = new KartFolder()
let stdout = ''
let page = ''

const otherFinger = ['minutiae', vectorPath('nist/fmr.iso2005'), '--view', '2', '--to', 'iso-19794-2-2005', '-o', 'other.fmr']

beforeAll(async () => {
  stdout = await folder.done(['demo', '--out', 'demo'])
  page = readFileSync(folder.at('demo/report.html'), 'utf8')
  await folder.done(otherFinger)
})
afterAll(() => folder.remove())

interface Verdict {
  verdict: string
  checks: { id: string; outcome: string }[]
  notes: string[]
}
const failedOf = ({ checks }: Verdict): string[] => checks.filter(({ outcome }) => outcome === 'fail').map(({ id }) => id)

describe('kart demo', () => {
  it('ends in accepted, and says what is made and not real', () => {
    expect(stdout).toContain('\nACCEPTED  Every required check passed.\n')
    expect(stdout).toMatch(/✔ open the security domain \(SCP03\) \(\d+ ms\)\n/)
    expect(stdout).toMatch(/EF\.DG3 +\d+ B +/)
    expect(stdout).toContain('The live finger is no second scan: Synthetic')
    expect(stdout).toContain('TEST authorities')
    expect(stdout).toContain('invented')
  })

  it('prints a command that goes on from there', async () => {
    const command = /^Try: +npx kart (.*)$/m.exec(stdout)?.[1] ?? ''
    const args = command.split(' ').map((arg) => arg.replaceAll("'", ''))
    expect(args[0]).toBe('verify')
    expect(await folder.done(args)).toContain('ACCEPTED')
  })

  it('is one document with --json, and nothing else', async () => {
    const { code, document, stderr } = await folder.document(['demo', '--out', 'demo-json'])
    expect([code, stderr]).toEqual([0, ''])
    expect(document).toMatchObject({ verdict: 'accepted', mrz: specimenMrz, issued: { lifeCycle: 'SECURED' } })
    expect((document as Verdict).checks.find(({ id }) => id === 'finger.match')).toMatchObject({ outcome: 'pass' })
  })

  it('rejects an impostor’s finger, and nothing else about the card', async () => {
    const { code, document } = await folder.document(['demo', '--out', 'demo-impostor', '--probe', 'other.fmr'])
    const verdict = document as Verdict
    expect([code, verdict.verdict, failedOf(verdict)]).toEqual([1, 'rejected', ['finger.match']])
    expect(verdict.notes).toContain('The live finger is other.fmr.')
    expect(readFileSync(folder.at('demo-impostor/report.html'), 'utf8')).toContain('no match')
  })

  it('takes one’s own record and fingers, in any format', async () => {
    mkdirSync(folder.at('own'))
    for (const name of ['portrait.jpg', 'signature.jpg', 'finger-enrolled.fmr'])
      writeFileSync(folder.at(`own/${name}`), readFileSync(vectorPath(`specimen/${name}`)))
    writeFileSync(folder.at('own/me.json'), readFileSync(vectorPath('specimen/record.json'), 'utf8').replace('S12345678', 'S87654321'))
    const own = ['demo', '--record', 'own/me.json', '--finger', vectorPath('nist/fmr.ansi2004')]
    const { code, document } = await folder.document([...own, '--probe', vectorPath('nist/fmr.iso2005'), '--out', 'demo-own'])
    expect([code, (document as Verdict).verdict, (document as { mrz: string }).mrz.slice(5, 14)]).toEqual([0, 'accepted', 'S87654321'])
  })

  it('replaces what an earlier demonstration left', async () => {
    const key = readFileSync(folder.at('demo-json/pki/csca-key.pem'), 'utf8')
    await folder.done(['demo', '--out', 'demo-json'])
    expect(readFileSync(folder.at('demo-json/pki/csca-key.pem'), 'utf8')).not.toBe(key)
  })

  it('never clears a folder that no demonstration made', async () => {
    mkdirSync(folder.at('mine'))
    await folder.done(['pki', 'init', 'mine/pki'])
    const key = readFileSync(folder.at('mine/pki/csca-key.pem'), 'utf8')
    expect(await folder.refused(['demo', '--out', 'mine'], 2)).toContain('was not made by a demo')
    expect(readFileSync(folder.at('mine/pki/csca-key.pem'), 'utf8')).toBe(key)
  })

  it('leaves a card that another program holds', async () => {
    await folder.done(['demo', '--out', 'held'])
    const card = readFileSync(folder.at('held/citizen.card'))
    // This test's own process is the one that holds it.
    writeFileSync(folder.at('held/citizen.card.lock'), `${process.pid} ${Date.now()} test`)
    expect(await folder.refused(['demo', '--out', 'held'], 2)).toContain(`in use by process ${process.pid}`)
    expect(readFileSync(folder.at('held/citizen.card'))).toEqual(card)
    expect(existsSync(folder.at('held/citizen.card.lock'))).toBe(true)
  })

  it('refuses what it cannot use before anything is made', async () => {
    await folder.refusedEach(
      [
        [['demo', '--out', 'never', '--record', 'nosuch.json'], 'no such file: nosuch.json'],
        [['demo', '--out', 'never', '--finger', 'own/portrait.jpg'], 'own/portrait.jpg: '],
        [['demo', '--out', 'never', '--probe', 'own/portrait.jpg'], 'own/portrait.jpg: '],
      ],
      2,
    )
    expect(existsSync(folder.at('never'))).toBe(false)
  })
})

describe('the report', () => {
  const traces = (): string => page.slice(page.indexOf('<h2>APDU trace</h2>'))

  it('stands alone: no script, nothing fetched, a policy that forbids both', () => {
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(page).toContain(`content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"`)
    expect(page).not.toMatch(/<script|<iframe|<object|<link|<base|javascript:|@import|url\(|\son[a-z]+=/i)
    for (const [, address] of page.matchAll(/(?:src|href|action|srcset)="([^"]*)"/g)) expect(address).toMatch(/^data:image\/jpeg;base64,/)
    for (const [address] of page.matchAll(/https?:[^"'\s<>]*/g)) expect(address).toBe('http://www.w3.org/2000/svg')
  })

  it('shows the holder: portrait and signature, Persian from right to left, Latin from left to right, the zone', () => {
    for (const name of ['portrait', 'signature'])
      expect(page).toContain(
        `<img class="${name}" src="data:image/jpeg;base64,${readFileSync(vectorPath(`specimen/${name}.jpg`)).toString('base64')}"`,
      )
    const persian = /<dl lang="fa" dir="rtl">(.*?)<\/dl>/s.exec(page)?.[1] ?? ''
    expect(persian).toContain('<dt>نام خانوادگی</dt><dd dir="rtl">نمونه‌پور</dd>')
    expect(persian).toContain('<dt>کد ملی</dt><dd dir="ltr">۹۹۹۰۲۳۷۵۷۳</dd>')
    expect(persian).toContain('<dt>تاریخ تولد</dt><dd dir="ltr">۱۳۷۰/۰۳/۲۲</dd>')
    const latin = /<dl lang="en" dir="ltr">(.*?)<\/dl>/s.exec(page)?.[1] ?? ''
    expect(latin).toContain('<dt>Family name</dt><dd dir="ltr">NEMOUNEHPOUR</dd>')
    expect(latin).toContain('<dd dir="ltr">1991-06-12</dd>')
    expect(page).toContain(`<pre class="mrz" dir="ltr">${specimenMrz.match(/.{30}/g)?.join('\n').replaceAll('<', '&#60;')}</pre>`)
  })

  it('shows verdict, checks, stages, file tree, match overlay and both traces', () => {
    expect(page).toContain('<section class="verdict accepted"><strong>accepted</strong>')
    expect(page).toMatch(/<tr class="pass">.*EF\.SOD is signed by the document signer/)
    expect(page).toMatch(/<tr class="not-run">.*The document signer is not revoked/)
    expect(page).toMatch(/<h2>Stages<\/h2>.*write what opens the card.*terminal authentication.*active authentication/s)
    expect(page).toMatch(/<code>0102<\/code><\/td><td>EF\.DG2<\/td><td class="num">\d+ B<\/td>/)
    expect(traces()).toMatch(/<summary>Personalization: \d+ commands<\/summary>.*<summary>Verification: \d+ commands<\/summary>/s)
    const svg = /<svg .*?<\/svg>/s.exec(page)?.[0] ?? ''
    expect(new Resvg(svg).width).toBeGreaterThan(0)
    expect(svg).toMatch(/class="link"/)
    expect(svg).toMatch(/same finger/)
  })

  it('names command, file and clause of every exchange, plain beside protected', () => {
    expect(traces()).toMatch(/<td>READ BINARY<div class="clause">ISO\/IEC 7816-4[^<]*<\/div><\/td><td>EF\.DG2<\/td>/)
    expect(traces()).toMatch(/<tr class="protected">.*?<code>00 B0 [^<]*<\/code>.*?<code class="wire">0C B0 /s)
  })

  it('holds no key: not the BAC keys, not the transport keys, not the keys of the PKI', () => {
    const bac = deriveBacKeys({ documentNumber: 'S12345678', dateOfBirth: '910612', dateOfExpiry: '331003' })
    const scalar = (name: string): Uint8Array =>
      new Uint8Array(
        Buffer.from(createPrivateKey(readFileSync(folder.at(`demo/pki/${name}`))).export({ format: 'jwk' }).d ?? '', 'base64url'),
      )
    const secrets: Record<string, Uint8Array> = {
      'BAC encryption key': bac.kEnc,
      'BAC MAC key': bac.kMac,
      'transport key ENC': testTransportKeys.enc,
      'transport key MAC': testTransportKeys.mac,
      'transport key DEK': testTransportKeys.dek,
      'key of the CSCA': scalar('csca-key.pem'),
      'key of the document signer': scalar('document-signer-key.pem'),
      'key of the CVCA': scalar('cvc/IRTESTCVCA00001-key.pem'),
      'key of the terminal': scalar('cvc/IRTESTIS00001-key.pem'),
      'PACE password MRZ': createHash('sha1').update('S12345678091061233310034').digest(),
    }
    for (const output of [page, stdout])
      for (const [name, secret] of Object.entries(secrets)) {
        expect(secret.length, name).toBeGreaterThanOrEqual(16)
        const bytes = Buffer.from(secret)
        for (const form of [
          bytes.toString('hex'),
          bytes.toString('hex').toUpperCase(),
          bytes.toString('base64'),
          bytes.toString('base64url'),
        ])
          expect(output.includes(form), name).toBe(false)
        // Half a key, spaced or not, is too much as well.
        const bare = output.replace(/[\s:]/g, '').toLowerCase()
        expect(bare.includes(bytes.subarray(0, 8).toString('hex')), name).toBe(false)
      }
  })

  it('shows none of the files’ content in the trace: no minutia, no letter of the zone, no byte of the portrait', async () => {
    await folder.done(['read', '--card', 'demo/citizen.card', ...specimenAccess, '--cvc', 'demo/pki/cvc', '-o', 'files'])
    const bare = traces().replace(/\s/g, '').toLowerCase()
    const contents = ['EF.DG1', 'EF.DG2', 'EF.DG3', 'EF.DG7', 'EF.DG11', 'EF.DG13'].map(
      (name) => [name, new Uint8Array(readFileSync(folder.at(`files/${name}.bin`)))] as const,
    )
    expect(dg3Codec.decode(contents[2]![1]).fingers).toHaveLength(1)
    for (const [name, bytes] of contents) {
      const hex = toHex(bytes)
      for (let at = 0; at + 12 <= hex.length; at += 2) {
        const window = hex.slice(at, at + 12)
        // Runs of fillers, zeros and the like say nothing.
        if (new Set(fromHex(window)).size > 3 && bare.includes(window))
          expect.fail(`${name}, byte ${at / 2}: ${window} stands in the trace`)
      }
    }
    expect(traces()).not.toMatch(/NEMOUNEH|S12345678|910612|نمونه/)
  })

  it('of kart verify is for its owner’s eyes, and says of a rejected card that it is', async () => {
    const { code } = await folder.run([
      ...[
        'verify',
        '--card',
        'demo/citizen.card',
        ...specimenAccess,
        '--pki',
        'demo/pki',
        '--cvc',
        'demo/pki/cvc',
        '--probe',
        'other.fmr',
        '--report',
        'rejected.html',
      ],
    ])
    expect(code).toBe(1)
    const rejected = readFileSync(folder.at('rejected.html'), 'utf8')
    expect(rejected).toContain('<section class="verdict rejected"><strong>rejected</strong>')
    expect(rejected).toMatch(/<tr class="fail">.*The live finger is one of those on the card/)
    expect(rejected).not.toContain('Personalization:')
  })

  it('of a card that did not open shows no holder', async () => {
    const wrong = ['--docno', 'S12345679', '--dob', '910612', '--doe', '331003']
    const { code } = await folder.run(['verify', '--card', 'demo/citizen.card', ...wrong, '--pki', 'demo/pki', '--report', 'closed.html'])
    expect(code).toBe(3)
    const closed = readFileSync(folder.at('closed.html'), 'utf8')
    expect(closed).toContain('<section class="verdict error">')
    expect(closed).not.toMatch(/<img|NEMOUNEH|<h2>Holder/)
  })
})
