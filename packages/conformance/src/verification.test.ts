import { type CardTransport, TransportError } from '@kart/apdu/host'
import { CardError, fromHex } from '@kart/codec'
import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout'
import { decodeTemplate, type MinutiaeTemplate, makeImpression, minutiaeOf, templateFrom } from '@kart/minutiae'
import { execute, initTestCvc, initTestPki, signerOf, softwareSigner } from '@kart/personalization'
import { paceSupport, SecureMessagingError } from '@kart/secure-channel'
import {
  type AccessKey,
  type AccessPolicy,
  defaultPolicy,
  type Evidence,
  judge,
  type ReadCardOptions,
  readCard,
  runChecks,
  trustStore,
} from '@kart/verification'
import { describe, expect, test } from 'vitest'
import { can, chipSerial, cvc, executeOptions, personalizationDay, pki, specimenFile, specimenImage, terminal } from './testing/specimen.ts'

// The way from a card to a verdict, on the emulated card with the specimen on it. What single checks refuse is tested beside them; here the parts meet.

const now = new Date('2026-12-01T09:00:00Z')

async function issue(authority = pki) {
  const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })
  const image = specimenImage()
  await execute(card.transport(), image, { ...executeOptions, signer: softwareSigner(authority.documentSigner) })
  return { card, access: image.access, files: image.files }
}

const issued = await issue()

async function verdict(evidence: Evidence, options: { csca?: Uint8Array; probe?: MinutiaeTemplate } = {}) {
  const trust = trustStore([options.csca ?? pki.csca.certificate])
  const checks = await runChecks(evidence, {
    profile: nationalId,
    trust,
    policy: defaultPolicy(now),
    ...(options.probe ? { probe: options.probe } : {}),
  })
  return judge(checks)
}

const readIssued = (access: AccessKey = issued.access) => readCard(issued.card.transport(), { profile: nationalId, access, terminal })

test('the specimen’s card is read whole, byte for byte as it was built, and accepted', async () => {
  const evidence = await readIssued()
  expect(evidence.extendedLength).toBe(true)
  expect(evidence.files.filter((file) => file.outcome !== 'read')).toEqual([])
  for (const { name, bytes } of issued.files) expect(evidence.files.find((file) => file.name === name)!.bytes, name).toEqual(bytes)
  expect(await verdict(evidence)).toMatchObject({ verdict: 'accepted', reasons: ['genuine'] })
})

test('the same evidence comes through short commands', async () => {
  const long = await readIssued()
  const short = await readCard(issued.card.transport(), {
    ...{ profile: nationalId, access: issued.access, terminal, limits: { extendedLength: false } },
  })
  expect(short.extendedLength).toBe(false)
  expect(short.files).toEqual(long.files)
  expect(await verdict(short)).toMatchObject({ verdict: 'accepted' })
})

describe('the holder', () => {
  const enrolled = decodeTemplate(specimenFile('finger-enrolled.fmr'))

  test('a second impression of the enrolled finger is accepted', async () => {
    const { template } = makeImpression(enrolled, { seed: 7 })
    expect(await verdict(await readIssued(), { probe: template })).toMatchObject({ verdict: 'accepted' })
  })

  test('another finger is not', async () => {
    const all = minutiaeOf(enrolled)
    const other = templateFrom(
      all.map((one, i) => ({ ...one, x: all[(i * 11 + 3) % all.length]!.x, angle: (one.angle * 3 + 29 * i) % 256 })),
    )
    expect(await verdict(await readIssued(), { probe: other })).toMatchObject({ verdict: 'rejected', reasons: ['not-the-holder'] })
  })
})

test('with other printed data the card stays shut', async () => {
  const evidence = await readIssued({ ...issued.access, dateOfExpiry: '331004' })
  expect(evidence.files.filter((file) => file.application === 'emrtd')).toEqual([])
  expect(await verdict(evidence)).toMatchObject({ verdict: 'error', reason: 'access-refused' })
})

test('V13 printed data that is not the chip’s is found, in every character and every century', async () => {
  const evidence = await readIssued()
  const { bytes } = evidence.files.find(({ name }) => name === 'EF.DG1')!
  const zone = Buffer.from(bytes!.slice(-90)).toString('latin1')
  const printed = (more: object) => verdict({ ...evidence, access: { ...evidence.access, key: { ...evidence.access.key!, ...more } } })
  expect(await printed({ zone })).toMatchObject({ verdict: 'accepted' })
  for (let i = 0; i < zone.length; i++) {
    const other = zone.slice(0, i) + (zone[i] === 'X' ? 'Y' : 'X') + zone.slice(i + 1)
    expect(await printed({ zone: other }), `character ${i + 1}`).toMatchObject({ verdict: 'rejected', reason: 'data-inconsistent' })
  }
  const century = (iso: string, by: number) => `${Number(iso.slice(0, 4)) + by}${iso.slice(4)}`
  const [birth, expiry] = ['1991-06-12', '2033-10-03']
  expect(await printed({ fullDateOfBirth: birth, fullDateOfExpiry: expiry })).toMatchObject({ verdict: 'accepted' })
  expect(await printed({ fullDateOfBirth: century(birth, 100) })).toMatchObject({ verdict: 'rejected', reason: 'data-inconsistent' })
  expect(await printed({ fullDateOfExpiry: century(expiry, -100) })).toMatchObject({ verdict: 'rejected', reason: 'data-inconsistent' })
})

test('a card made by another authority with the same name is not accepted', async () => {
  const forger = initTestPki({ now: personalizationDay })
  const forged = await issue(forger)
  const evidence = await readCard(forged.card.transport(), { profile: nationalId, access: forged.access })
  expect(await verdict(evidence)).toMatchObject({ verdict: 'rejected', reason: 'signer-not-trusted' })
  expect(await verdict(evidence, { csca: forger.csca.certificate })).toMatchObject({ verdict: 'accepted' })
})

test('V09 the files of one card on the chip of another: the chip cannot prove the key that was signed', async () => {
  const other = await issue()
  const [mine, theirs] = [
    await readIssued(),
    await readCard(other.card.transport(), { profile: nationalId, access: other.access, terminal }),
  ]
  const copy = { ...mine, activeAuthentication: theirs.activeAuthentication }
  expect(await verdict(copy)).toMatchObject({ verdict: 'rejected', reasons: ['chip-not-genuine'] })
})

describe('every way in', () => {
  const read = (options: Partial<ReadCardOptions>) =>
    readCard(issued.card.transport(), { profile: nationalId, access: issued.access, ...options })
  const outcome = (name: string, evidence: Evidence) => evidence.files.find((file) => file.name === name)?.outcome

  test('the card access number opens the card, and the MRZ beside it is compared all the same', async () => {
    const alone = await read({ access: { can } })
    expect(alone.access).toMatchObject({ protocol: 'pace', outcome: 'opened', key: undefined, pace: { password: 'can' } })
    expect(JSON.stringify(alone.access)).not.toContain(can)
    expect(await verdict(alone)).toMatchObject({ verdict: 'accepted' })
    const other = await read({ access: { ...issued.access, dateOfExpiry: '331004', can } })
    expect(other.access.outcome).toBe('opened')
    expect(await verdict(other)).toMatchObject({ verdict: 'rejected', reason: 'data-inconsistent' })
    expect((await read({ access: { can: '314159' } })).access).toMatchObject({ outcome: 'refused', pace: { outcome: 'refused' } })
  })

  test.each([1, 2] as const)('chip and terminal authentication version %i open the fingerprints', async (extendedAccess) => {
    const evidence = await read({ terminal, extendedAccess })
    expect(evidence.chipAuthentication).toMatchObject({ outcome: 'proved', version: extendedAccess, keyId: 12 })
    expect(evidence.terminalAuthentication).toMatchObject({
      ...{ outcome: 'authenticated', version: extendedAccess, rights: ['read-dg3', 'read-dg4'] },
      chain: ['IRTESTDV00001', 'IRTESTIS00001'],
    })
    expect(outcome('EF.DG3', evidence)).toBe('read')
    expect(await verdict(evidence)).toMatchObject({ verdict: 'accepted' })
  })

  test('without a terminal’s certificates the fingerprints stay shut, and the mapping of PACE proves the chip', async () => {
    const evidence = await read({})
    expect(outcome('EF.DG3', evidence)).toBe('refused')
    expect(evidence.chipAuthentication).toBeUndefined()
    expect(evidence.access.pace.mapping?.keyId).toBe(12)
    expect(await verdict(evidence)).toMatchObject({ verdict: 'accepted' })
  })

  test('with another mapping chip authentication proves the chip', async () => {
    for (const mapping of ['gm', 'im'] as const) {
      const evidence = await read({ paceSupport: { ...paceSupport, mappings: [mapping] } })
      expect(evidence.access.pace).toMatchObject({ outcome: 'opened', mapping: undefined })
      expect(evidence.chipAuthentication).toMatchObject({ outcome: 'proved', version: 1 })
      expect(await verdict(evidence)).toMatchObject({ verdict: 'accepted' })
    }
  })

  test('P12 a terminal of another CVCA is told that no chain leads there; the rest of the card is read', async () => {
    const strange = await initTestCvc({ country: 'DE', now: personalizationDay })
    const evidence = await read({
      terminal: {
        ...{ certificates: [strange.documentVerifier.certificate], certificate: strange.terminal.certificate },
        signer: signerOf(strange.terminal),
      },
    })
    expect(evidence.terminalAuthentication).toMatchObject({ outcome: 'no-chain', problem: expect.stringContaining('IRTESTCVCA00001') })
    expect(outcome('EF.DG3', evidence)).toBe('refused')
    expect(await verdict(evidence)).toMatchObject({ verdict: 'accepted' })
  })

  test('P12 a terminal whose signature is another’s is refused by the card, and the fingerprints stay shut', async () => {
    const evidence = await read({ terminal: { ...terminal, signer: signerOf(cvc.documentVerifier) } })
    expect(evidence.terminalAuthentication).toMatchObject({ outcome: 'refused', problem: expect.stringContaining('signature') })
    expect(outcome('EF.DG3', evidence)).toBe('refused')
    expect(await verdict(evidence)).toMatchObject({ verdict: 'accepted' })
  })

  test('the whole card in the fewest exchanges: 22 from a reset, PACE and active authentication included', async () => {
    const lower = issued.card.transport()
    let exchanges = 0
    const counted: CardTransport = {
      ...{ atr: lower.atr, close: () => lower.close() },
      transceive: (command) => {
        exchanges++
        return lower.transceive(command)
      },
    }
    await readCard(counted, { profile: nationalId, access: issued.access })
    expect(exchanges).toBe(22)
    exchanges = 0
    await counted.transceive(fromHex('00a4000c023f00')) // as after a reset: the MF is current
    await readCard(counted, { profile: nationalId, access: issued.access, terminal })
    expect(exchanges).toBe(1 + 33)
  })
})

describe('P08 the older access protocol', () => {
  const read = (transport: CardTransport, accessPolicy?: AccessPolicy) =>
    readCard(transport, { profile: nationalId, access: issued.access, ...(accessPolicy === undefined ? {} : { accessPolicy }) })
  /** The card behind a link that hides EF.CardAccess, or makes PACE fail. */
  const behind = (change: (command: Uint8Array) => string | undefined): CardTransport => {
    const lower = issued.card.transport()
    return {
      ...{ atr: lower.atr, close: () => lower.close() },
      transceive: async (command) => {
        const answer = change(command)
        return answer === undefined ? lower.transceive(command) : fromHex(answer)
      },
    }
  }
  const hidden = () => behind((command) => (command[0] === 0 && command[1] === 0xb0 && command[2] === 0x9c ? '6a82' : undefined))
  const failing = () => behind((command) => (command[1] === 0x22 && command[2] === 0xc1 ? '6a80' : undefined))

  test('P08 is not tried unless the caller allows it', async () => {
    for (const transport of [hidden(), failing()])
      expect((await read(transport)).access).toMatchObject({ outcome: 'refused', protocol: 'pace', policy: 'pace-only' })
  })

  test('P08 is not tried either where PACE was offered and failed, and the caller allows it for cards without PACE', async () => {
    const { access } = await read(failing(), 'bac-without-pace')
    expect(access).toMatchObject({ outcome: 'refused', protocol: 'pace', problem: expect.stringContaining('offers PACE') })
  })

  test('P08 EF.CardAccess hidden on the way: BAC opens the card, the evidence says so, and the signed offer rejects it', async () => {
    const evidence = await read(hidden(), 'bac-without-pace')
    expect(evidence.access).toMatchObject({ protocol: 'bac', outcome: 'opened', policy: 'bac-without-pace' })
    const report = await verdict(evidence)
    expect(report).toMatchObject({ verdict: 'rejected', reason: 'data-not-authentic' })
    expect(report.checks.find(({ id }) => id === 'pa.no-downgrade')).toMatchObject({ outcome: 'fail', required: true })
  })

  test('P08 a caller who takes BAC after PACE failed gets it, and reads so in the report', async () => {
    const evidence = await read(failing(), 'pace-then-bac')
    expect(evidence.access).toMatchObject({ protocol: 'bac', outcome: 'opened', policy: 'pace-then-bac', pace: { outcome: 'refused' } })
    const { checks } = await verdict(evidence)
    expect(checks.find(({ id }) => id === 'access.opened')!.detail).toMatch(/basic access control.*pace-then-bac.*PACE failed/)
    expect(checks.find(({ id }) => id === 'pa.no-downgrade')).toMatchObject({ outcome: 'fail', required: false })
  })
})

describe('another hand on the card', () => {
  const attempt = async (transport: CardTransport) => {
    try {
      return await readCard(transport, { profile: nationalId, access: issued.access, terminal })
    } catch (error) {
      expect(error).toBeInstanceOf(CardError)
      return undefined
    }
  }
  const whole = readIssued()
  /** Files that came are the card's own, whatever else happened. */
  const sameFiles = async (evidence: Evidence | undefined) => {
    for (const { name, bytes } of evidence?.files ?? [])
      if (bytes !== undefined) expect(bytes, name).toEqual((await whole).files.find((file) => file.name === name)!.bytes)
  }

  test('P19 a foreign SELECT between any two commands: a typed error or the card’s own data, never others', async () => {
    let ended = 0
    for (let at = 1; at < 33; at++) {
      const lower = issued.card.transport()
      let count = 0
      const evidence = await attempt({
        ...{ atr: lower.atr, close: () => lower.close() },
        transceive: async (command) => {
          if (count++ === at) await lower.transceive(fromHex('00a4040c07a0000002471001'))
          return lower.transceive(command)
        },
      })
      if (evidence === undefined) ended++
      await sameFiles(evidence)
    }
    // All but those before the secure channel and around chip authentication, where the end is evidence.
    expect(ended).toBeGreaterThan(18)
  })

  test('P18 another card put in between any two commands: a typed error, or evidence that is not accepted', async () => {
    const other = await issue()
    let count = 0
    // The first four read what is open to everybody: a card that comes after them is simply the card that is read.
    for (let at = 5; at < 33; at++) {
      const [first, second] = [issued.card.transport(), other.card.transport()]
      count = 0
      const evidence = await attempt({
        ...{ atr: first.atr, close: () => first.close() },
        transceive: (command) => (count++ < at ? first : second).transceive(command),
      })
      if (evidence !== undefined) expect((await verdict(evidence)).verdict, `swapped at ${at}`).not.toBe('accepted')
    }
  })

  test('C20 a fault in what keys are derived from, on either side: no session', async () => {
    for (let step = 0; step < 4; step++)
      for (const side of ['command', 'answer'] as const) {
        const lower = issued.card.transport()
        let count = -1
        const flip = (bytes: Uint8Array, back: number) => bytes.map((byte, i) => (i === bytes.length - back ? byte ^ 1 : byte))
        const evidence = await attempt({
          ...{ atr: lower.atr, close: () => lower.close() },
          transceive: async (command) => {
            const hit = command[1] === 0x86 && ++count === step
            // The last byte but the status word or Le: of the nonce, a public key, a token.
            const answer = await lower.transceive(hit && side === 'command' ? flip(command, 2) : command)
            return hit && side === 'answer' ? flip(answer, 3) : answer
          },
        })
        // The first command is empty, and the last answer ends with the encrypted chip authentication data.
        if (step === 0 && side === 'command') continue
        if (step === 3 && side === 'answer' && evidence?.access.outcome === 'opened')
          expect((await verdict(evidence)).verdict).not.toBe('accepted')
        else expect(evidence?.access.outcome ?? 'refused', `${side} of step ${step}`).toBe('refused')
      }
  })
})

describe('P02, P03 a link that changes what passes', () => {
  /** The card behind a link that changes one answer. */
  const changing = (at: number, change: (answer: Uint8Array, before: Uint8Array | undefined) => Uint8Array) => {
    const lower = issued.card.transport()
    let count = 0
    let before: Uint8Array | undefined
    const transport: CardTransport = {
      atr: lower.atr,
      close: () => lower.close(),
      async transceive(command) {
        const answer = await lower.transceive(command)
        const given = count++ === at ? change(answer, before) : answer
        before = answer
        return given
      },
    }
    return { transport, rounds: () => count }
  }
  const attempt = (transport: CardTransport) => readCard(transport, { profile: nationalId, access: issued.access })

  test('a changed byte, a replayed answer or a bare 9000 behind PACE ends the session with a typed error', async () => {
    const whole = changing(-1, (answer) => answer)
    await attempt(whole.transport)
    const rounds = whole.rounds()
    const changes = [
      (answer: Uint8Array) => answer.map((byte, i) => (i === answer.length >> 1 ? byte ^ 1 : byte)),
      (_: Uint8Array, before: Uint8Array | undefined) => before ?? fromHex('9000'),
      () => fromHex('9000'),
    ]
    let ended = 0
    for (const change of changes)
      for (let at = 0; at < rounds; at++) {
        try {
          await attempt(changing(at, change).transport)
        } catch (error) {
          expect(error).toBeInstanceOf(CardError)
          expect(error).not.toBeInstanceOf(TransportError)
          if (error instanceof SecureMessagingError) ended++
        }
      }
    // Everything behind PACE: of some 25 exchanges all but the first dozen, three times over.
    expect(ended).toBeGreaterThan(3 * (rounds - 16))
  })
})
