import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CardTransport } from '@kart/apdu'
import { createBlankCard, type EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout/profile'
import { buildImage, execute, loadPki, parseEnrollmentRecord, softwareSigner, testHolderAuthority } from '@kart/personalization'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { run } from './program.ts'
import { specimenFile } from './specimen.ts'

// A signature card that lies in one answer is found out or does no harm; it is never a defect of ours.
let transport: CardTransport
vi.mock('./card-source.ts', () => ({ openCard: async () => ({ transport, where: 'a reader', close: async () => undefined }) }))

const folder = mkdtempSync(join(tmpdir(), 'kart-hostile-holder-'))
const at = (name: string): string => join(folder, name)
let card: EmulatedCard

async function kart(...args: string[]): Promise<{ code: number; error: string }> {
  let text = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk: unknown) => {
    text += String(chunk)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true)
  const code = await run([...args, '--json'])
  vi.restoreAllMocks()
  return { code, error: JSON.parse(text).error?.code ?? '' }
}

beforeAll(async () => {
  await kart('pki', 'init', at('pki'))
  const pki = await loadPki(at('pki'))
  const iccSerial = new Uint8Array(10).fill(7)
  const load = (name: string) => new Uint8Array(readFileSync(specimenFile(name)))
  const record = parseEnrollmentRecord(readFileSync(specimenFile('record.json'), 'utf8'), load)
  const pins = {
    AuthPIN: { pin: '730518', puk: '40271853' },
    SignPIN: { pin: '916207', puk: '58302617' },
    'SO-PIN': { pin: '62950174' },
  }
  card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial })
  await execute(card.transport(), buildImage(record, nationalId, { iccSerial, signatureCard: { pins } }), {
    keys: testTransportKeys,
    signer: softwareSigner(pki.documentSigner),
    certify: testHolderAuthority(pki.holderAuthority),
  })
  writeFileSync(at('pin'), '916207\n', { mode: 0o600 })
  writeFileSync(at('new'), '850392\n', { mode: 0o600 })
  writeFileSync(at('contract'), 'a contract')
  transport = card.transport()
  const change = await kart('pin', 'change', 'SignPIN', '--reader', 'x', '--pin-file', at('pin'), '--new-pin-file', at('new'))
  expect(change.code).toBe(0)
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => vi.restoreAllMocks())

/** The same numbers in every run. */
function draws(): (below: number) => number {
  let state = 1
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 8) % below
  }
}

function lie(answer: Uint8Array, draw: (below: number) => number): Uint8Array {
  const end = answer.length - 2
  const where = draw(end)
  const changed = answer.slice()
  switch (draw(4)) {
    case 0:
      changed[where] = changed[where]! ^ (1 << draw(8))
      return changed
    case 1:
      changed[where] = [0x7f, 0x80, 0x82, 0x84, 0xff, 0x00][draw(6)]!
      return changed
    case 2:
      return Uint8Array.of(...answer.subarray(0, where), 0x90, 0x00)
    default:
      return Uint8Array.of(...answer.subarray(0, where), 0x82, 0xff, 0xff, ...answer.subarray(where))
  }
}

it('a card of a holder that changes one answer is found out, or what it changed is nothing to the command', async () => {
  const draw = draws()
  const codes = new Set<number>()
  for (let i = 0; i < 48; i++) {
    const honest = card.transport()
    const target = draw(40)
    let count = 0
    transport = {
      atr: honest.atr,
      close: async () => undefined,
      transceive: async (command) => {
        const answer = await honest.transceive(command)
        return count++ === target && answer.length > 2 ? lie(answer, draw) : answer
      },
    }
    const command = i % 2 === 0 ? ['sign', at('contract'), '--pin-file', at('new'), '--force', '--pki', at('pki')] : ['pin', 'status']
    const { code, error } = await kart(...command, '--reader', 'x')
    expect([code, error], `answer ${target} of try ${i}`).toEqual([code, expect.not.stringMatching(/^(internal|file)$/)])
    if (code === 0 && command[0] === 'sign') expect((await kart('sign', '--verify', at('contract'), '--pki', at('pki'))).code).toBe(0)
    codes.add(code)
  }
  // Some lies were of no weight, and most were found out.
  expect([...codes]).toEqual(expect.arrayContaining([0, 3]))
}, 60_000)

it('a card that lists a PIN by a reference that VERIFY cannot name is at fault itself', async () => {
  for (const reference of [0x00, 0x20, 0x7f]) {
    const honest = card.transport()
    let changed = 0
    transport = {
      atr: honest.atr,
      close: async () => undefined,
      transceive: async (command) => {
        const answer = Buffer.from(await honest.transceive(command))
        // The reference, [0] INTEGER, in the entry of the SignPIN in EF.AODF (ISO/IEC 7816-15:2016, 8.9).
        const entry = answer.indexOf('SignPIN')
        const found = entry < 0 ? -1 : answer.indexOf(Uint8Array.of(0x80, 0x01, 0x02), entry)
        if (found >= 0) answer[found + 2] = reference
        if (found >= 0) changed++
        return new Uint8Array(answer)
      },
    }
    for (const command of [
      ['pin', 'status'],
      ['pin', 'change', 'SignPIN', '--pin-file', at('new'), '--new-pin-file', at('pin')],
      ['sign', at('contract'), '--pin-file', at('new'), '--force'],
    ])
      expect([command[0], reference, await kart(...command, '--reader', 'x')]).toEqual([
        command[0],
        reference,
        { code: 3, error: 'decode' },
      ])
    expect(changed).toBe(3)
  }
}, 60_000)
