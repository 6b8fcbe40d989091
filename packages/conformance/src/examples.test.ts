import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { preProcessFile } from 'typescript'
import { describe, expect, it } from 'vitest'
import { packages, root } from '../../../scripts/workspace.mjs'

const folder = join(root, 'examples')
const mostLines = 40

/** What each program must print, a pattern a telling line. A program that is not in this table fails the first test. */
const telling: Readonly<Record<string, readonly RegExp[]>> = {
  '01-check-a-record.ts': [
    /^portrait: jpeg, 413 x 531 pixels/m,
    /^finger 7: 27 minutiae$/m,
    /^refused: holder\.nationalCode: the check digit is wrong$/m,
  ],
  '02-build-the-image.ts': [
    /^emrtd +EF\.DG2 +194\d\d bytes$/m,
    /^9106123F3310034IRN<{11}0$/m,
    /^NEMOUNEHPOUR, AREZOU; problems: 0$/m,
    /^آرزو نمونه‌پور$/m,
  ],
  '03-plan-the-commands.ts': [/^blocks of 239: 13\d commands/m, /^blocks of \d{5}: 17 commands/m, /STORE DATA, EF\.DG2 +\(GlobalPlatform/],
  '04-make-a-test-pki.ts': [
    /^country authority: .*TEST.*secp384r1/m,
    /^document signer: .*TEST.*prime256v1/m,
    /signed itself: true, the document signer: true$/m,
  ],
  '05-personalize-a-card.ts': [
    /^read-back +\d+ APDUs 33\d{3} bytes$/m,
    /^SECURED: 17 files/m,
    /^ways in that were tried: pace-mrz, chip-authentication-mapping, chip-authentication, pace-can, bac$/m,
    /^for the printer: card access number \d{6}$/m,
    /^again: open: the card holds files already/m,
  ],
  '06-read-a-card.ts': [
    /EF\.DG3 +refused +chip authentication and terminal authentication/,
    /^opened by PACE: id-PACE-ECDH-CAM-AES-CBC-CMAC-128, P-256$/m,
    /^with the card access number: opened$/m,
    /signed our challenge with 64 bytes$/m,
    /^with another birth date: refused, 0 files of the eMRTD$/m,
  ],
  '07-verify-a-card.ts': [
    /^pass +finger\.match/m,
    /^accepted: Every required check passed\.$/m,
    /^with another portrait: rejected: .*not shown to be what the issuer signed\.$/m,
  ],
  '08-match-two-fingers.ts': [
    /^the same finger: score \d+, \d+ pairs, turned by -?\d+ degrees: match/m,
    /^another finger: score \d+, .*: no match/m,
    /Synthetic/,
  ],
  '09-inspect-an-atr-and-apdus.ts': [
    /check byte 66: right$/m,
    /^6a82 +file or application not found$/m,
    /^SELECT, EF\.DIR: INS a4, 2 bytes -> 6a82$/m,
  ],
  '10-names-dates-and-codes.ts': [
    /^XKKRXYAMXYA<<.*XYA$/m,
    /-> 1991-06-12 -> ۱۳۷۰-۰۳-۲۲$/m,
    /^1404-12-30: .*not one of that month$/m,
    /-> 9990237573$/m,
    /about: refused$/m,
  ],
  '11-your-own-profile.ts': [
    /EF\.DG15 +122 B/,
    /^not-run finger\.match: no finger was presented$/m,
    /^accepted: Every required check passed\.$/m,
  ],
  '12-cards-over-pcsc.ts': [/^PC\/SC (answers: \d+ readers|says: .+)$/m],
}

const names = readdirSync(folder)
  .filter((name) => name.endsWith('.ts'))
  .sort()

describe('examples', () => {
  it('are all run here, numbered without a gap, and listed in their README', () => {
    expect(Object.keys(telling)).toEqual(names)
    expect(names.map((name) => name.slice(0, 3))).toEqual(names.map((_, i) => `${String(i + 1).padStart(2, '0')}-`))
    const readme = readFileSync(join(folder, 'README.md'), 'utf8')
    expect([...readme.matchAll(/\((\d\d-[a-z-]+\.ts)\)/g)].map(([, name]) => name)).toEqual(names)
    expect(readdirSync(folder).filter((name) => !name.endsWith('.ts'))).toEqual(['README.md'])
  })

  it.each(names)('%s is short and imports only what a user of the published packages can', (name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(mostLines)
    const entries = packages()
      .filter(({ manifest }) => manifest.private !== true)
      .flatMap(({ manifest, entries: own }) => own.map((entry) => (entry === 'index' ? manifest.name : `${manifest.name}/${entry}`)))
    for (const { fileName } of preProcessFile(text, true, true).importedFiles)
      if (!fileName.startsWith('node:')) expect(entries).toContain(fileName)
  })

  it.each(names)('%s runs, and prints what it promises', (name) => {
    const run = spawnSync(process.execPath, [join(root, 'scripts/example.mjs'), name.slice(0, 2)], { encoding: 'utf8' })
    expect(run.stderr).toBe('')
    expect(run.status).toBe(0)
    for (const line of telling[name] ?? [/^no such line$/m]) expect(run.stdout).toMatch(line)
  })

  it('a number that names no program is refused with the list of them', () => {
    const run = spawnSync(process.execPath, [join(root, 'scripts/example.mjs'), '99'], { encoding: 'utf8' })
    expect(run.status).toBe(2)
    for (const name of names) expect(run.stderr).toContain(name)
  })
})
