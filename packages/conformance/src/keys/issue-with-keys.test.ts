import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import {
  type CardTransport,
  encodeCommand,
  getResponse,
  initializeUpdate,
  openChannel,
  selectApplication,
  send,
  type TraceEntry,
  wrongLength,
} from '@kart/apdu/host'
import { toHex } from '@kart/codec'
import { randomBytes } from '@kart/crypto'
import { createBlankCard, type EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import {
  cardCheckValues,
  currentCardSet,
  deriveCardKeys,
  FileKeyStore,
  initTestKeys,
  issuerKeysOf,
  type KeyDescription,
  type KeySet,
  type KeyStore,
  KeyStoreError,
  keySourceOf,
} from '@kart/keys'
import { nationalId } from '@kart/layout'
import { execute, PersonalizationError } from '@kart/personalization'
import { openScp03, type Scp03Keys } from '@kart/secure-channel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { powerCut } from '../testing/power-cut.ts'
import { chipSerial, executeOptions, personalizationDay, specimenImage } from '../testing/specimen.ts'

const image = specimenImage()
let folder: string
let description: KeyDescription
let set: KeySet
let store: KeyStore
/** Every key that the store's answers made, to look for. */
let derived: Scp03Keys

const blank = (transportKeys = testTransportKeys) => createBlankCard({ memory: inMemory(), transportKeys, iccSerial: chipSerial })

/** Options of a personalization that hands the card over to the issuer's keys. */
const handOver = (more: object = {}) => ({
  ...executeOptions,
  keys: keySourceOf(store, description.sets, { now: personalizationDay, testKeys: testTransportKeys }),
  issuerKeys: issuerKeysOf(store, set, { now: personalizationDay }),
  ...more,
})

async function openWith(card: EmulatedCard, keys: Scp03Keys) {
  const channel = openChannel(card.transport(), getResponse(), wrongLength())
  await send(channel, selectApplication(nationalId.securityDomainAid, { answer: 'fci' }))
  return (await openScp03(channel, keys, { aid: nationalId.securityDomainAid })).card
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kart-keys-'))
  description = await initTestKeys(join(folder, 'keys'))
  store = await FileKeyStore.open(join(folder, 'keys'), description)
  set = currentCardSet(description.sets, personalizationDay)
  derived = await deriveCardKeys(store, set, chipSerial)
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('a card is handed over to the issuer’s keys', () => {
  it('the diversified set takes the place of the transport keys and stays when the card is SECURED', async () => {
    const card = blank()
    const report = await execute(card.transport(), image, handOver())
    const values = cardCheckValues(derived)
    expect(report.keySet).toEqual({
      version: 0x31,
      checkValues: { enc: toHex(values.enc), mac: toHex(values.mac), dek: toHex(values.dek) },
    })
    expect((await openWith(card, derived)).keyVersion).toBe(0x31)
    await expect(openWith(card, testTransportKeys)).rejects.toMatchObject({ code: 'status-word', sw: 0x6a88 })
    await expect(openWith(card, { ...testTransportKeys, version: 0x31 })).rejects.toMatchObject({ code: 'authentication' })
  })

  it('without a store the card ends with no keys, as before', async () => {
    const card = blank()
    const report = await execute(card.transport(), image, executeOptions)
    expect(report.keySet).toBeUndefined()
    await expect(openWith(card, testTransportKeys)).rejects.toMatchObject({ sw: 0x6a88 })
  })

  it('another card gets other keys', async () => {
    const card = blank()
    await execute(card.transport(), image, handOver())
    const other = await deriveCardKeys(
      store,
      set,
      chipSerial.map((byte, i) => (i === 9 ? byte ^ 1 : byte)),
    )
    await expect(openWith(card, other)).rejects.toMatchObject({ code: 'authentication' })
  })

  it('C17 an issued card is told from one whose personalization did not end', async () => {
    const card = blank()
    await execute(card.transport(), image, handOver())
    await expect(execute(card.transport(), image, handOver())).rejects.toThrow(/personalized already/)
    await expect(execute(card.transport(), image, handOver({ allowUnfinished: true }))).rejects.toThrow(/the card is SECURED/)
  })

  it('a key set with the version of the transport keys is refused before the card has seen anything', async () => {
    const card = blank()
    const options = handOver({ keys: testTransportKeys, issuerKeys: { ...testTransportKeys, version: 0x30 } })
    await expect(execute(card.transport(), image, options)).rejects.toMatchObject({ code: 'input', field: 'issuerKeys.version' })
  })
})

/** Writes down, in hex, what is sent. */
function recorded(transport: CardTransport, sent: string[]): CardTransport['transceive'] {
  return (command) => {
    sent.push(toHex(command))
    return transport.transceive(command)
  }
}

describe('B01 a power cut around PUT KEY', () => {
  it('leaves a card that the same store can finish, wherever it falls from the end of the read-back on', async () => {
    const sent: string[] = []
    const counting = blank()
    const counted = counting.transport()
    const report = await execute({ ...counted, transceive: recorded(counted, sent) }, image, handOver())
    const tail = report.steps.slice(-2).reduce((sum, { apdus }) => sum + apdus, 0)
    const proof = report.steps.at(-1)!.apdus
    expect(sent.length - tail).toBeGreaterThan(20)
    const outcomes = new Set<string>()
    for (let n = sent.length - tail; n < sent.length; n++)
      for (const when of ['before', 'after'] as const) {
        const card = blank()
        await expect(execute(powerCut(card, n, when), image, handOver())).rejects.toMatchObject({ code: 'transport' })
        const again = await execute(card.transport(), image, handOver({ allowUnfinished: true })).catch((error: unknown) => error)
        if (again instanceof PersonalizationError) {
          expect(again.message).toMatch(/SECURED/)
          expect(n).toBeGreaterThanOrEqual(sent.length - proof - 1)
          outcomes.add('was SECURED')
        } else outcomes.add(`finished with ${(again as { keySet?: { version: number } }).keySet?.version}`)
        expect((await openWith(card, derived)).keyVersion).toBe(0x31)
        await expect(openWith(card, testTransportKeys)).rejects.toMatchObject({ sw: 0x6a88 })
      }
    expect([...outcomes].sort()).toEqual(['finished with 49', 'was SECURED'])
  })
})

describe('B10 a store that fails stops the card', () => {
  it.each([0, 1, 2])('at its operation %i: no PUT KEY has been sent, and the card still has its transport keys', async (at) => {
    const card = blank()
    let asked = 0
    const failing: KeyStore = {
      kind: store.kind,
      name: store.name,
      test: true,
      list: () => store.list(),
      encryptTripleDes: (id, blocks) => store.encryptTripleDes(id, blocks),
      close: () => store.close(),
      cmac: async (id, data) => {
        if (asked++ === at) throw new KeyStoreError('lost', 'the session with token cards is over')
        return store.cmac(id, data)
      },
    }
    const options = handOver({ keys: testTransportKeys, issuerKeys: issuerKeysOf(failing, set, { now: personalizationDay }) })
    await expect(execute(card.transport(), image, options)).rejects.toMatchObject({ code: 'hsm', problem: 'lost' })
    expect((await openWith(card, testTransportKeys)).keyVersion).toBe(0x30)
  })

  it('B11 a blank with keys past their cut-off is refused before anything is written', async () => {
    const old: KeySet = { ...set, name: 'old', use: 'transport', keyVersion: 0x22, notAfter: '2026-10-04' }
    const card = blank({ ...(await deriveCardKeys(store, old, chipSerial)), version: 0x22 })
    const keysOn = (day: string) => keySourceOf(store, [old, set], { now: new Date(`${day}T23:00:00Z`) })
    await expect(execute(card.transport(), image, handOver({ keys: keysOn('2026-10-05') }))).rejects.toMatchObject({
      code: 'key-store',
      problem: 'out-of-date',
    })
    const report = await execute(card.transport(), image, handOver({ keys: keysOn('2026-10-04') }))
    expect(report.keySet?.version).toBe(0x31)
  })
})

describe('no key shows', () => {
  it('in the report, the progress, the trace, or what is sent', async () => {
    const shown: string[] = []
    const entries: TraceEntry[] = []
    const card = blank()
    const transport = card.transport()
    const wire: string[] = []
    const report = await execute(
      { ...transport, transceive: recorded(transport, wire) },
      image,
      handOver({
        traceSink: (entry: TraceEntry) => entries.push(entry),
        onProgress: (progress: unknown) => shown.push(JSON.stringify(progress)),
      }),
    )
    shown.push(JSON.stringify(report), inspect(report, { depth: 9 }), inspect(store, { showHidden: true, depth: 9 }))
    for (const { command, response } of entries) shown.push(toHex(encodeCommand(command)), toHex(response?.data ?? new Uint8Array()))
    const putKeys = entries.filter(({ command }) => command.ins === 0xd8)
    expect(putKeys.map(({ level }) => level).sort()).toEqual(['plain', 'wire'])
    const all = [...shown, ...wire].join('\n')
    for (const key of [derived.enc, derived.mac, derived.dek])
      for (let at = 0; at + 6 <= key.length; at++) expect(all).not.toContain(toHex(key.subarray(at, at + 6)))
  })

  it('the search would find one: it finds the check values and the serial number', async () => {
    const card = blank()
    const report = await execute(card.transport(), image, handOver())
    expect(JSON.stringify(report)).toContain(toHex(cardCheckValues(derived).enc))
    const channel = openChannel(card.transport(), getResponse(), wrongLength())
    await send(channel, selectApplication(nationalId.securityDomainAid, { answer: 'fci' }))
    const { data } = await channel.transmit(initializeUpdate(randomBytes(8)).apdu)
    expect(toHex(data)).toContain(toHex(chipSerial))
  })
})
