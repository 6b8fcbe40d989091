import {
  type CardChannel,
  type CardCommand,
  type cardLifeCycle,
  deleteKey,
  encodeDgi,
  getStatus,
  openChannel,
  selectApplication,
  send,
  setCardStatus,
  storeData,
} from '@kart/apdu/host'
import { createBlankCard, type EmulatedCard, inMemory } from '@kart/emulator'
import { openScp03, putKeySet, type Scp03SecurityLevel, type Scp03Session, secureMessagingLayer } from '@kart/secure-channel'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeImage } from '../../../emulator/src/memory/card-image.ts'
import { iccSerial, keySet, securityDomainAid } from './domain-card.ts'

type LifeCycle = keyof typeof cardLifeCycle

/** What is known of one key set: which keys, how often they were tried in vain, and whether SECURED takes them away. */
interface ModelSet {
  readonly seed: number
  readonly transport: boolean
  failures: number
}

/** The card as the standard and card.md have it, in as few words as go. */
interface Model {
  sets: Map<number, ModelSet>
  lifeCycle: LifeCycle
  session: { readonly version: number; readonly level: number } | undefined
  stored: number
}

/** The real one: the card, and the terminal's end of whatever session it is in. */
interface Real {
  readonly card: EmulatedCard
  readonly load: () => ReturnType<typeof decodeImage>
  readonly base: CardChannel
  inside: CardChannel | undefined
  session: Scp03Session | undefined
}

const transitions: Record<LifeCycle, readonly LifeCycle[]> = {
  OP_READY: ['INITIALIZED', 'TERMINATED'],
  INITIALIZED: ['SECURED', 'TERMINATED'],
  SECURED: ['CARD_LOCKED', 'TERMINATED'],
  CARD_LOCKED: ['SECURED', 'TERMINATED'],
  TERMINATED: [],
}
const tries = 10
const isOpen = (model: Model) => model.lifeCycle === 'OP_READY' || model.lifeCycle === 'INITIALIZED'
const firstVersion = (model: Model) => [...model.sets.keys()][0]

/** The status word of a command sent in the session at hand, or in plain when there is none. */
async function statusOf(real: Real, command: CardCommand<unknown>): Promise<number> {
  const { sw } = await (real.inside ?? real.base).transmit(command.apdu)
  return sw
}

function drop(model: Model, real: Real): void {
  model.session = undefined
  real.session?.destroy()
  real.session = undefined
  real.inside = undefined
}

function agree(model: Model, real: Real): void {
  const { keySets, lifeCycle, files } = real.load()
  expect(keySets.map(({ version, transport, failures, enc }) => [version, transport, failures, [...enc]])).toEqual(
    [...model.sets].map(([version, { transport, failures, seed }]) => [version, transport, failures, [...keySet(version, 16, seed).enc]]),
  )
  expect(lifeCycle).toBe(model.lifeCycle)
  expect(files.get('mf')?.get(0x2f00)?.[2]).toBe(model.stored === 0 ? undefined : model.stored)
}

type Step = fc.AsyncCommand<Model, Real>

/** One step: what it does to both, and how it shows in a counterexample. */
function step(name: string, run: (model: Model, real: Real) => Promise<void>): Step {
  return {
    check: () => true,
    run: async (model, real) => {
      await run(model, real)
      agree(model, real)
    },
    toString: () => name,
  }
}

const reset = () =>
  step('reset', async (model, real) => {
    real.card.reset()
    drop(model, real)
    await real.base.transmit(selectApplication(securityDomainAid).apdu)
  })

const openSession = (asked: number, level: Scp03SecurityLevel) =>
  step(`open(${asked}, ${level})`, async (model, real) => {
    drop(model, real)
    const version = asked === 0 ? firstVersion(model) : asked
    const set = version === undefined ? undefined : model.sets.get(version)
    const keys = { ...keySet(version ?? 1, 16, set?.seed ?? 0), version: asked }
    const attempt = openScp03(real.base, keys, { securityLevel: level, aid: securityDomainAid })
    if (model.lifeCycle === 'TERMINATED') return expect(attempt).rejects.toMatchObject({ sw: 0x6985 })
    if (version === undefined || set === undefined) return expect(attempt).rejects.toMatchObject({ sw: 0x6a88 })
    if (set.failures >= tries) return expect(attempt).rejects.toMatchObject({ sw: 0x6983 })
    const { session } = await attempt
    set.failures = 0
    model.session = { version, level }
    real.session = session
    real.inside = secureMessagingLayer(session)(real.base)
  })

const guess = (version: number) =>
  step(`guess(${version})`, async (model, real) => {
    drop(model, real)
    const set = model.sets.get(version)
    await real.base.transmit({ cla: 0x80, ins: 0x50, p1: version, p2: 0, data: new Uint8Array(8), ne: 256 })
    const { sw } = await real.base.transmit({ cla: 0x84, ins: 0x82, p1: 0x33, p2: 0, data: new Uint8Array(16), ne: 0 })
    const counted = set !== undefined && set.failures < tries && model.lifeCycle !== 'TERMINATED'
    expect(sw).toBe(counted ? 0x6300 : 0x6985)
    if (counted) set.failures++
  })

/** What every command that changes the card answers outside its session; undefined when it may go on. */
function refusal(model: Model): number | undefined {
  if (model.lifeCycle === 'TERMINATED') return 0x6985
  return model.session === undefined || model.session.level === 0 ? 0x6982 : undefined
}

const put = (version: number, replaces: number, seed: number, spoil: boolean) =>
  step(`put(${version}, ${replaces}, ${seed}${spoil ? ', spoiled' : ''})`, async (model, real) => {
    const keys = keySet(version, 16, seed)
    const session = real.session
    if (session === undefined) return
    const { apdu } = putKeySet(session, keys, { replaces })
    if (spoil) apdu.data[apdu.data.length - 1]! ^= 1
    const sw = await statusOf(real, { ...putKeySet(session, keys), apdu })
    const expected =
      model.lifeCycle === 'TERMINATED' || !isOpen(model)
        ? 0x6985
        : (refusal(model) ??
          (replaces !== 0 && !model.sets.has(replaces)
            ? 0x6a88
            : version !== replaces && model.sets.has(version)
              ? 0x6a80
              : replaces === 0 && model.sets.size >= 8
                ? 0x6a84
                : spoil
                  ? 0x9485
                  : 0x9000))
    expect(sw).toBe(expected)
    if (sw !== 0x9000) return
    const entry: [number, ModelSet] = [version, { seed, transport: false, failures: 0 }]
    model.sets = new Map(replaces === 0 ? [...model.sets, entry] : [...model.sets].map((old) => (old[0] === replaces ? entry : old)))
  })

const remove = (version: number) =>
  step(`delete(${version})`, async (model, real) => {
    const sw = await statusOf(real, deleteKey(version))
    const expected =
      model.lifeCycle === 'TERMINATED' || !isOpen(model)
        ? 0x6985
        : (refusal(model) ?? (!model.sets.has(version) ? 0x6a88 : version === model.session?.version ? 0x6985 : 0x9000))
    expect(sw).toBe(expected)
    if (sw === 0x9000) model.sets.delete(version)
    if (real.inside === undefined) drop(model, real)
  })

const moveTo = (next: LifeCycle) =>
  step(`status(${next})`, async (model, real) => {
    const sw = await statusOf(real, setCardStatus(next))
    const expected = refusal(model) ?? (transitions[model.lifeCycle].includes(next) ? 0x9000 : 0x6985)
    expect(sw).toBe(expected)
    if (sw !== 0x9000) return
    model.lifeCycle = next
    if (next === 'TERMINATED') model.sets.clear()
    else if (next !== 'INITIALIZED') for (const [version, { transport }] of model.sets) if (transport) model.sets.delete(version)
  })

const store = (value: number) =>
  step(`store(${value})`, async (model, real) => {
    const sw = await statusOf(real, storeData(encodeDgi(0x2f00, Uint8Array.of(0x61, 1, value)), { blockNumber: 0, last: true }))
    expect(sw).toBe(isOpen(model) ? (refusal(model) ?? 0x9000) : 0x6985)
    if (sw === 0x9000) model.stored = value
  })

const list = () =>
  step('list', async (model, real) => {
    const sw = await statusOf(real, getStatus('card'))
    expect(sw).toBe(model.lifeCycle === 'TERMINATED' ? 0x6985 : model.session === undefined ? 0x6982 : 0x9000)
  })

const foreign = () =>
  step('foreign', async (model, real) => {
    // A protected command of nobody's session ends the one at hand.
    const { sw } = await real.base.transmit({ cla: 0x84, ins: 0xca, p1: 0, p2: 0x66, data: new Uint8Array(8), ne: 256 })
    expect(sw).toBe(0x6982)
    drop(model, real)
  })

const versions = fc.constantFrom(0x01, 0x02, 0x30)
const steps = [
  fc.constant(reset()),
  fc
    .tuple(fc.constantFrom(0, 0x01, 0x02, 0x30), fc.constantFrom<Scp03SecurityLevel>(0x00, 0x01, 0x03, 0x11, 0x13, 0x33))
    .map((of) => openSession(...of)),
  fc.tuple(fc.constantFrom(0, 0x30, 0x01), fc.constantFrom<Scp03SecurityLevel>(0x33, 0x13)).map((of) => openSession(...of)),
  versions.map(guess),
  fc.tuple(versions, fc.constantFrom(0, 0, 0x01, 0x30), fc.nat(3), fc.boolean()).map((of) => put(...of)),
  fc.tuple(fc.integer({ min: 1, max: 12 }), fc.constant(0), fc.nat(3), fc.constant(false)).map((of) => put(...of)),
  versions.map(remove),
  fc.constantFrom<LifeCycle>('INITIALIZED', 'SECURED', 'CARD_LOCKED', 'SECURED', 'OP_READY').map(moveTo),
  fc.constantFrom<LifeCycle>('TERMINATED', 'SECURED', 'CARD_LOCKED', 'INITIALIZED').map(moveTo),
  fc.integer({ min: 1, max: 255 }).map(store),
  fc.constant(list()),
  fc.constant(foreign()),
]

it('C17 key sets, life cycle and secure channel do what the model does, in any order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(steps, { size: '+1', maxCommands: 60 }), fc.boolean(), async (commands, ready) => {
      const memory = inMemory()
      const lifeCycle = ready ? 'OP_READY' : 'INITIALIZED'
      const card = createBlankCard({ memory, transportKeys: keySet(0x30, 16), iccSerial, lifeCycle })
      const base = openChannel(card.transport())
      await send(base, selectApplication(securityDomainAid))
      const real: Real = { card, base, load: () => decodeImage(memory.load()!), inside: undefined, session: undefined }
      const model: Model = {
        sets: new Map([[0x30, { seed: 0, transport: true, failures: 0 }]]),
        lifeCycle,
        session: undefined,
        stored: 0,
      }
      await fc.asyncModelRun(() => ({ model, real }), commands)
    }),
    { numRuns: 150 },
  )
})
