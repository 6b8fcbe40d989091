// Every command of the card that writes, made ready to be cut.
import { concatBytes, fromHex } from '@kart/codec'
import { nationalId } from '@kart/layout/profile'
import { testTransportKeys } from '../blank-card.ts'
import type { EmulatedCard } from '../emulated-card.ts'
import type { CardMemory } from '../memory/card-memory.ts'
import type { CardState } from '../memory/card-state.ts'
import { emptySignatureState, type HolderFile, type SignatureState } from '../memory/holder-state.ts'
import type { CrashRow } from './crash-matrix.ts'
import { open as openEac, setDst, verify as verifyCertificate, world } from './eac-commands.ts'
import { enrolled, fingerCard, live, probe, verify as verifyFinger, withFingers } from './finger-bench.ts'
import {
  change,
  createFileHex,
  holderCard,
  holderPin,
  holderPins,
  padded,
  pins,
  pkcs15Aid,
  putPin,
  selectPkcs15,
  verify,
} from './holder-card.ts'
import { PaceTerminal, testPasswords, withPasswords } from './pace-terminal.ts'
import { blankCard, cardInState, emrtdAid, files, isdAid, openDomain, Scp03Terminal, selectAid, sendHex } from './terminal.ts'

const data = (size: number): HolderFile => ({
  type: 'transparent',
  access: fromHex('000000'),
  properties: fromHex('0000'),
  size,
  content: new Uint8Array(size).fill(0x11),
  privateKey: undefined,
})
const keyFile: HolderFile = { ...data(0), type: 'ec', size: 256, content: new Uint8Array(0) }

/** A card with the three PINs, one of AuthPIN's tries gone, PKCS#15 selected. */
function withHolder(memory: CardMemory, change: Partial<SignatureState> = {}, more: Partial<CardState> = {}): EmulatedCard {
  const tried = holderPin(pins.auth, { tries: { left: 2, most: 3 }, pukTries: { left: 9, most: 10 } })
  const kept = new Map([
    [1, tried],
    [2, holderPin(pins.sign, { usesPerVerify: 1, transport: true })],
    [3, holderPin(pins.officer, { minLength: 8, puk: undefined })],
  ])
  const { card } = holderCard({ pins: kept, ...change }, more, memory)
  sendHex(card, selectPkcs15)
  return card
}

const creation = (memory: CardMemory, change: Partial<SignatureState> = {}): EmulatedCard =>
  withHolder(memory, { ...emptySignatureState, ...change })

const plain =
  (make: (memory: CardMemory) => EmulatedCard, command: string, ...before: readonly string[]): CrashRow['prepare'] =>
  (memory) => {
    const card = make(memory)
    for (const one of before) sendHex(card, one)
    return () => sendHex(card, command).slice(-4)
  }

const pinTries = (state: CardState): number => state.signature.pins.get(1)!.tries.left
const pukTries = (state: CardState): number => state.signature.pins.get(1)!.pukTries.left
const fingerTries = (state: CardState): number => state.fingers.fingers.get(0x96)!.tries.left
const paceTries = (state: CardState): number => state.pacePasswords.get('pin')!.tries!.left

/** C01: after a wrong guess no more tries than before. */
const neverMore =
  (tries: (state: CardState) => number): NonNullable<CrashRow['holds']> =>
  (found, before) => {
    if (tries(found) > tries(before)) throw new Error('a wrong guess gained a try')
    if (tries(found) < tries(before) - 1) throw new Error('a wrong guess cost more than one try')
  }

/** C02: after a right one all tries, or what there was, or one less; never none where there were two. */
const neverBlocked =
  (tries: (state: CardState) => number): NonNullable<CrashRow['holds']> =>
  (found, before, after) => {
    const lawful = [tries(before) - 1, tries(before), tries(after)]
    if (!lawful.includes(tries(found)) || tries(found) < 1) throw new Error(`a right secret left ${tries(found)} tries`)
  }

/** C18: a key file has its old pair, the new one, or none; never half of one (the image itself refuses a pair that is none). */
const wholeKey: NonNullable<CrashRow['holds']> = (found, before, after) => {
  const length = found.signature.files.get(0x4b01)?.privateKey?.length
  const lawful = [before, after].map((state) => state.signature.files.get(0x4b01)?.privateKey?.length)
  // Two pairs of one kind may differ by a byte in their coding.
  if (length !== undefined && !lawful.some((one) => one !== undefined && Math.abs(one - length) <= 2)) throw new Error('half a key')
}

const domain =
  (run: (terminal: Scp03Terminal) => string, before: (terminal: Scp03Terminal) => unknown = () => undefined): CrashRow['prepare'] =>
  (memory) => {
    const terminal = openDomain(blankCard(memory))
    before(terminal)
    return () => run(terminal).slice(-4)
  }

function authentication(tamper?: 'cryptogram'): CrashRow['prepare'] {
  return (memory) => {
    const card = blankCard(memory)
    sendHex(card, selectAid(isdAid))
    const terminal = new Scp03Terminal(card)
    return () => terminal.open({ ...testTransportKeys, version: 0 }, tamper)
  }
}

function pace(right: boolean): CrashRow['prepare'] {
  return (memory) => {
    const card = cardInState(
      (state) => {
        const next = withPasswords(state)
        const pin = next.pacePasswords.get('pin')!
        return { ...next, pacePasswords: new Map(next.pacePasswords).set('pin', { ...pin, tries: { left: 2, most: 3 }, failures: 1 }) }
      },
      { memory },
    )
    const secret = right ? testPasswords.pin.secret : fromHex('303030303030')
    return () => new PaceTerminal(card, { reference: testPasswords.pin.reference, secret }).run()
  }
}

/** A finger with two tries left, the SO-PIN proved inside PACE. */
function resetFinger(memory: CardMemory): () => string {
  const card = cardInState(
    (state) => {
      const next = withFingers(state)
      const finger = next.fingers.fingers.get(0x96)!
      const fingers = new Map(next.fingers.fingers).set(0x96, { ...finger, tries: { ...finger.tries, left: 2 } })
      return {
        ...next,
        fingers: { ...next.fingers, fingers },
        lifeCycle: 'SECURED',
        signature: { ...state.signature, activated: true, pins: holderPins },
      }
    },
    { memory },
  )
  const terminal = new PaceTerminal(card, testPasswords.can)
  terminal.run()
  const { messaging } = terminal
  messaging.send('00a4040c', { data: fromHex(pkcs15Aid) })
  messaging.send('00200003', { data: fromHex(padded(pins.officer)) })
  return () => messaging.send('002c0396').sw
}

/** C12: tries come back and are counted, or neither. */
const resetCounted: NonNullable<CrashRow['holds']> = (found, before) => {
  const [now, then] = [found, before].map((state) => state.fingers.fingers.get(0x96)!)
  const gained = now!.tries.left > then!.tries.left
  if ((now!.resets ?? 0) > (then!.resets ?? 0) !== gained)
    throw new Error('tries came back without being counted, or were counted and did not come')
}

const holderPinValue = concatBytes(fromHex('010000060803'), fromHex(padded('271828')), fromHex('0a'), fromHex(padded(pins.puk)))
const { dgis } = nationalId

// biome-ignore format: a row a line
export const crashRows: readonly CrashRow[] = [
  { name: 'VERIFY, a wrong PIN', cases: 'C01 C03', prepare: plain(withHolder, verify(1, '314159')), sw: '63c1', holds: neverMore(pinTries) },
  { name: 'VERIFY, the right PIN', cases: 'C02', prepare: plain(withHolder, verify(1, pins.auth)), sw: '9000', holds: neverBlocked(pinTries) },
  { name: 'CHANGE REFERENCE DATA', cases: 'C02', prepare: plain(withHolder, change(1, pins.auth, '830592')), sw: '9000', holds: neverBlocked(pinTries) },
  { name: 'CHANGE REFERENCE DATA, a wrong PIN', cases: 'C01', prepare: plain(withHolder, change(1, '314159', '830592')), sw: '63c1', holds: neverMore(pinTries) },
  { name: 'RESET RETRY COUNTER, PUK and a new PIN', cases: 'C02 C08', prepare: plain(withHolder, `002c000110${padded(pins.puk)}${padded('830592')}`), sw: '9000', holds: neverBlocked(pukTries) },
  { name: 'RESET RETRY COUNTER, a wrong PUK', cases: 'C01 C08', prepare: plain(withHolder, `002c000110${padded('31415926')}${padded('830592')}`), sw: '63c8', holds: neverMore(pukTries) },
  { name: 'RESET RETRY COUNTER, the SO-PIN and a new PIN', cases: 'C02 C08', prepare: plain(withHolder, `002c020108${padded('830592')}`, verify(3, pins.officer)), sw: '9000', holds: neverBlocked(pinTries) },
  { name: 'RESET RETRY COUNTER, a finger', cases: 'C01 C12', prepare: resetFinger, sw: '9000', holds: resetCounted },
  { name: 'CREATE FILE', cases: 'C15', prepare: plain(creation, createFileHex('4501', 64)), sw: '9000' },
  { name: 'UPDATE BINARY', cases: 'C15', prepare: plain((memory) => creation(memory, { files: new Map([[0x4501, data(64)]]) }), '00d6000008a1a2a3a4a5a6a7a8', '00a4000c024501'), sw: '9000' },
  { name: 'UPDATE BINARY of a certificate, the issued card', cases: 'C15', prepare: plain((memory) => withHolder(memory, { files: new Map([[0x4301, data(900)]]) }, { lifeCycle: 'SECURED' }), `00d60000f0${'5a'.repeat(240)}`, '00a4000c024301'), sw: '9000' },
  { name: 'DELETE FILE', cases: 'C15', prepare: plain((memory) => creation(memory, { files: new Map([[0x4501, data(64)]]) }), '00e40000', '00a4000c024501'), sw: '9000' },
  { name: 'PUT DATA, a PIN', cases: 'C15', prepare: plain(creation, putPin(1, '271828')), sw: '9000' },
  { name: 'PUT DATA, the application emptied', cases: 'C15', prepare: plain((memory) => creation(memory, { files: new Map([[0x4501, data(64)]]) }), '00da01e0080000000000000000'), sw: '9000' },
  { name: 'ACTIVATE', cases: 'C15 C17', prepare: plain(creation, `004404000c${pkcs15Aid}`), sw: '9000' },
  { name: 'GENERATE, the first pair', cases: 'C18', prepare: plain((memory) => creation(memory, { files: new Map([[0x4b01, keyFile]]) }), '0046000000', '00a4000c024b01'), sw: '9000', holds: wholeKey },
  { name: 'CREATE FILE, EF.DIR', cases: 'C15', prepare: plain(creation, createFileHex('2f00', 128), '00a4000c023f00'), sw: '9000' },
  { name: 'UPDATE BINARY, EF.DIR', cases: 'C15', prepare: plain(creation, '00d600000461024f00', '00a4000c023f00', createFileHex('2f00', 128), '00a4000c022f00'), sw: '9000' },
  { name: 'DELETE FILE, EF.DIR', cases: 'C15', prepare: plain(creation, '00e40000', '00a4000c023f00', createFileHex('2f00', 128)), sw: '9000' },
  { name: 'VERIFY, another person’s finger', cases: 'C12', prepare: plain((memory) => fingerCard({ memory }), verifyFinger(0x96, probe(live.stranger))), sw: '63c4', holds: neverMore(fingerTries) },
  { name: 'VERIFY, the enrolled finger', cases: 'C12', prepare: plain((memory) => fingerCard({ memory }), verifyFinger(0x96, probe(live.first)), verifyFinger(0x96, probe(live.stranger))), sw: '9000', holds: neverBlocked(fingerTries) },
  { name: 'PACE, a wrong PIN', cases: 'C01 C07', prepare: pace(false), sw: '63c1', holds: neverMore(paceTries) },
  { name: 'PACE, the right PIN', cases: 'C02 C07', prepare: pace(true), sw: '9000', holds: neverBlocked(paceTries) },
  { name: 'PSO: VERIFY CERTIFICATE, a new trust point', cases: 'C15', prepare: trustPoint, sw: '9000' },
  { name: 'EXTERNAL AUTHENTICATE, SCP03', cases: 'C15', prepare: authentication(), sw: '9000' },
  { name: 'EXTERNAL AUTHENTICATE, a wrong cryptogram', cases: 'C01', prepare: authentication('cryptogram'), sw: '6300' },
  { name: 'STORE DATA, a file', cases: 'C15', prepare: domain((terminal) => terminal.store(0x2f00, files.dir)), sw: '9000' },
  { name: 'STORE DATA, a PIN', cases: 'C15', prepare: domain((terminal) => terminal.store(dgis.holderPin, holderPinValue), (terminal) => terminal.install(pkcs15Aid)), sw: '9000' },
  { name: 'STORE DATA, the application emptied', cases: 'C15', prepare: domain((terminal) => terminal.store(dgis.clearHolder, new Uint8Array(0)), (terminal) => terminal.install(pkcs15Aid) + terminal.store(dgis.holderPin, holderPinValue)), sw: '9000' },
  { name: 'STORE DATA, a finger', cases: 'C15', prepare: domain((terminal) => terminal.store(dgis.finger, concatBytes(fromHex('9605'), enrolled[0x96])), (terminal) => terminal.install('f04b41525446')), sw: '9000' },
  { name: 'STORE DATA, a pair of the holder', cases: 'C18', prepare: domain((terminal) => terminal.store(dgis.generateHolderKey, fromHex('4b012201001fffff0000'), '89'), (terminal) => terminal.install(pkcs15Aid)), sw: '9000', holds: wholeKey },
  { name: 'STORE DATA, the pair of active authentication', cases: 'C18', prepare: domain((terminal) => terminal.store(dgis.generateAaKey, Uint8Array.of(1), '89'), (terminal) => terminal.install(emrtdAid)), sw: '9000' },
  { name: 'PUT KEY', cases: 'C15', prepare: domain((terminal) => terminal.putKey({ ...testTransportKeys, version: 0x01 })), sw: '9000' },
  { name: 'DELETE, a key set', cases: 'C15', prepare: domain((terminal) => terminal.status('80e40000', fromHex('d20101')), (terminal) => terminal.putKey({ ...testTransportKeys, version: 0x01 })), sw: '9000' },
  { name: 'SET STATUS, SECURED', cases: 'C15 C17', prepare: domain((terminal) => terminal.status('80f0800f')), sw: '9000' },
]

function trustPoint(memory: CardMemory): () => string {
  const bench = openEac({
    memory: (image) => {
      memory.store(image)
      return memory
    },
  })
  bench.terminal.status(setDst('IRCVCA00001'))
  return () => bench.terminal.status(verifyCertificate(world.link))
}
