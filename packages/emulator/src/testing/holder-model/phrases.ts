// What a terminal does in one go: a few steps that lead somewhere, so that dialogues of them get far.
import fc from 'fast-check'
import type { Turn } from './compare.ts'
import { goodPins, holdersOwn, noPins, weakPins } from './model-pins.ts'
import type { ModelApplication } from './model-state.ts'
import type { InputKind, KeyOperation } from './outside-crypto.ts'
import type { MemoryFault } from './real-card.ts'
import { anyFault, anyStep, dataFids, groupings, keyFids, type Step } from './steps.ts'

const select = (application: Exclude<ModelApplication, 'mf'>): Step => ({ do: 'select', application })
const verify = (reference: number, guess = 'right'): Step => ({ do: 'verify', reference, guess })
const file = (fid: string): Step => ({ do: 'select file', fid, byPath: true })
const use = (operation: KeyOperation, input: InputKind = 'right', faulty = false): Step => ({
  do: 'use key',
  operation,
  input,
  faulty,
  chained: false,
})

const pin = fc.constantFrom(1, 2, 3)
const purposes = { sign: 'b6', authenticate: 'a4', decipher: 'b8', agree: 'a4' } as const

/** PINs verified, a key chosen, and used more than once: what the card is for. */
const signing = fc
  .record({
    first: fc.subarray([1, 2, 3]),
    fid: fc.constantFrom(...keyFids),
    operation: fc.constantFrom<KeyOperation>('sign', 'sign', 'authenticate', 'decipher', 'agree', 'agree'),
    input: fc.constantFrom<InputKind>('right', 'right', 'sha512'),
    faulty: fc.constantFrom(false, false, false, true),
    enters: fc.boolean(),
    chooses: fc.boolean(),
    otherwise: fc.constantFrom<KeyOperation | undefined>(undefined, undefined, 'sign', 'authenticate', 'agree'),
    between: fc.constantFrom<readonly Step[]>(
      [],
      [{ do: 'reset' }],
      [{ do: 'log out' }],
      [select('pkcs15')],
      [select('emrtd')],
      [verify(2)],
    ),
  })
  .map(({ first, fid: drawn, operation, input, faulty, enters, chooses, otherwise, between }): Step[] => {
    // The one key that deciphers.
    const fid = operation === 'decipher' ? '4b03' : drawn
    const algorithm = fid === '4b03' ? (operation === 'sign' ? '02' : '00') : '04'
    const choose: Step = { do: 'choose key', purpose: purposes[operation], algorithm, fid }
    const once = use(operation, input)
    // A key is chosen for one purpose.
    const other = otherwise === undefined ? [] : [use(otherwise)]
    const begin = enters ? [select('pkcs15')] : []
    return [
      ...begin,
      ...first.map((reference) => verify(reference)),
      choose,
      ...other,
      once,
      use(operation, input, faulty),
      ...between,
      ...(chooses ? [choose] : []),
      once,
    ]
  })

/** A PIN guessed until it is blocked or right, then asked, and perhaps unblocked. */
const guessing = fc
  .record({
    reference: pin,
    guesses: fc.array(fc.constantFrom('wrong', 'wrong', 'wrong', 'right'), { minLength: 1, maxLength: 4 }),
    way: fc.nat(3),
    officer: fc.boolean(),
    after: fc.boolean(),
    proves: fc.boolean(),
  })
  .map(({ reference, guesses, way, officer, after, proves }): Step[] => {
    const unblock: Step = { do: 'unblock', reference, mode: way as 0 | 1 | 2 | 3, guess: 'right', to: goodPins[way] ?? goodPins[0] }
    const before = [...(officer ? [verify(3)] : []), ...(proves ? [verify(reference)] : [])]
    const tail: Step[] = after ? [select('pkcs15'), ...before, unblock, { do: 'ask', reference }, verify(reference)] : []
    return [...guesses.map((guess) => verify(reference, guess)), { do: 'ask', reference }, ...tail]
  })

/** A PUK guessed, perhaps until it is blocked; then the right one. */
const pukGuessing = fc
  .record({
    reference: pin,
    wrong: fc.oneof(fc.nat(4), fc.constant(10)),
    mode: fc.constantFrom<0 | 1>(0, 1),
    at: fc.constantFrom('pkcs15', 'pkcs15', 'emrtd', 'fingerprint', 'isd'),
  })
  .map(({ reference, wrong, mode, at }): Step[] => [
    select(at),
    ...['wrong', 'right'].flatMap((guess) =>
      Array.from({ length: guess === 'wrong' ? wrong : 1 }, (): Step => ({ do: 'unblock', reference, mode, guess, to: '830592' })),
    ),
    { do: 'ask', reference },
  ])

/** A file read and written, with PINs and without. */
const filing = fc
  .record({
    fid: fc.constantFrom(...dataFids, ...keyFids),
    first: fc.subarray([1, 3]),
    offset: fc.constantFrom(4, 4, 32, 40),
    data: fc.constantFrom('a1a2a3a4', '5a'.repeat(12)),
  })
  .map(({ fid, first, data, offset }): Step[] => [
    ...first.map((reference) => verify(reference)),
    file(fid),
    { do: 'read', offset: 0, le: 256 },
    { do: 'update', offset, data },
    { do: 'read', offset: 0, le: 36 },
    ...first.slice(1).map((): Step => ({ do: 'delete' })),
  ])

/** A file or key made anew, as the stock tool makes them. */
const making = fc
  .record({
    fid: fc.constantFrom(...keyFids, ...dataFids),
    key: fc.constantFrom<{ kind: 'ec' | 'data'; size: number }>(
      { kind: 'ec', size: 256 },
      { kind: 'ec', size: 384 },
      { kind: 'ec', size: 521 },
      { kind: 'data', size: 40 },
    ),
    access: fc.constantFrom('0fffff', '1111ff', '12f3ff', '2fffff', '3f00ff', 'ffffff'),
    drops: fc.boolean(),
    uses: fc.boolean(),
  })
  .map(({ fid, key, access, drops, uses }): Step[] => [
    select('pkcs15'),
    ...(drops ? [file(fid), { do: 'delete' } as const] : []),
    { do: 'create', fid, ...key, access },
    { do: 'generate' },
    ...(uses ? [{ do: 'choose key', purpose: 'b6', algorithm: '04', fid: undefined } as const, use('sign')] : []),
  ])

/** The card at a contactless reader. */
const contactless = fc
  .record({
    password: fc.constantFrom('mrz', 'can', 'can', 'puk'),
    next: fc.array(
      fc.constantFrom<Step>(
        verify(1),
        verify(1, 'wrong'),
        verify(2),
        verify(2, 'wrong'),
        { do: 'ask', reference: 1 },
        file('4501'),
        { do: 'read', offset: 0, le: 256 },
        { do: 'break in' },
        select('pkcs15'),
      ),
      { minLength: 2, maxLength: 6 },
    ),
  })
  .map(({ password, next }): Step[] => [
    { do: 'power', over: 'contactless' },
    { do: 'PACE', password, right: true } as Step,
    select('pkcs15'),
    ...next,
  ])

const domain: fc.Arbitrary<Step[]> = fc
  .record({
    set: fc.constantFrom<'transport' | 'issuer'>('transport', 'issuer'),
    to: fc.constantFrom('INITIALIZED', 'SECURED', 'CARD_LOCKED', 'SECURED', 'CARD_LOCKED', 'TERMINATED'),
    resets: fc.boolean(),
  })
  .map(({ set, to, resets }): Step[] => [
    { do: 'open domain', set, right: true },
    { do: 'set status', to } as Step,
    ...(resets ? [{ do: 'reset' } as const] : []),
    select('pkcs15'),
    { do: 'ask', reference: 1 },
  ])

/** A PIN changed or unblocked, and what is left of what it proved. */
const changing = fc
  .record({
    reference: pin,
    to: fc.constantFrom<string>(...goodPins, ...goodPins, ...Object.keys(weakPins), ...Object.keys(holdersOwn), ...noPins, 'right'),
    guess: fc.constantFrom('right', 'right', 'right', 'wrong'),
    verifies: fc.boolean(),
    mode: fc.constantFrom<undefined | 0 | 1 | 2 | 3>(undefined, undefined, undefined, undefined, 0, 1, 2, 3),
  })
  .map(({ reference, to, guess, verifies, mode }): Step[] => [
    ...(mode === undefined ? [] : [select(mode === 1 ? 'emrtd' : 'pkcs15'), ...(mode >= 2 ? [verify(3)] : [])]),
    ...(verifies ? [verify(reference)] : []),
    mode === undefined ? { do: 'change', reference, guess, to } : { do: 'unblock', reference, mode, guess, to },
    { do: 'ask', reference },
    verify(reference),
  ])

/** The bureau at work. */
const storing: fc.Arbitrary<Step[]> = fc
  .record({
    set: fc.constantFrom<'transport' | 'issuer'>('transport', 'issuer'),
    stored: fc.subarray([...groupings], { minLength: 1, maxLength: 3 }),
    secures: fc.constantFrom(false, false, true),
  })
  .map(({ set, stored, secures }): Step[] => [
    { do: 'open domain', set, right: true },
    ...stored.map((grouping): Step => ({ do: 'store', grouping })),
    ...(secures ? [{ do: 'set status', to: 'SECURED' } as const] : []),
    select('pkcs15'),
  ])

/** What the creation phase allows and nothing after it: with all that it needs, so that the phase alone decides. */
const probing = fc
  .constantFrom<readonly Step[]>(
    [{ do: 'put PIN', reference: 9, digits: '830592', puk: '16180339', tries: 3, pukTries: 3 }],
    [{ do: 'create', fid: '4302', kind: 'data', size: 12, access: '000fff' }],
    [{ do: 'empty' }],
    [{ do: 'empty' }, { do: 'ask', reference: 1 }],
    // What was proved before does not prove the PIN that takes its place.
    [
      verify(1),
      { do: 'empty' },
      { do: 'put PIN', reference: 1, digits: '830592', puk: '16180339', tries: 3, pukTries: 3 },
      { do: 'ask', reference: 1 },
    ],
    [{ do: 'put PIN', reference: 1, digits: '830592', puk: '16180339', tries: 3, pukTries: 3 }],
    [file('4301'), { do: 'delete' }],
    [file('4b01'), { do: 'generate' }],
    [verify(1), verify(3), file('4b01'), { do: 'generate' }],
    // A key of another kind in the place of the one that is chosen.
    [
      { do: 'choose key', purpose: 'b6', algorithm: '02', fid: '4b03' },
      file('4b03'),
      { do: 'delete' },
      { do: 'create', fid: '4b03', kind: 'ec', size: 256, access: '0fffff' },
      { do: 'generate' },
      use('sign'),
    ],
    [{ do: 'activate', named: true }],
    [
      { do: 'select directory', application: 'mf' },
      { do: 'select file', fid: '2f00', byPath: false },
      { do: 'update', offset: 0, data: 'a1a2a3a4' },
    ],
    [{ do: 'select directory', application: 'mf' }, { do: 'select file', fid: '2f00', byPath: false }, { do: 'delete' }],
    [
      { do: 'select directory', application: 'mf' },
      { do: 'create', fid: '2f00', kind: 'data', size: 24, access: '00ffff' },
    ],
  )
  .map((steps): Step[] => [select('pkcs15'), ...steps])

/** A PIN brought to its last try in a field: the CAN is good for one attempt. */
const suspending = fc
  .record({ reference: pin, password: fc.constantFrom('can', 'can', 'mrz'), last: fc.constantFrom('right', 'right', 'wrong') })
  .map(({ reference, password, last }): Step[] => [
    { do: 'power', over: 'contactless' },
    { do: 'PACE', password, right: true } as Step,
    ...['wrong', 'wrong', last, 'wrong', 'wrong', 'right'].map((guess) => verify(reference, guess)),
  ])

/** A PIN verified in a channel, which then ends. */
const channelled = fc
  .record({
    reference: pin,
    over: fc.constantFrom<'contact' | 'contactless'>('contact', 'contact', 'contactless'),
    ends: fc.constantFrom<Step>(
      { do: 'break in' },
      { do: 'log out' },
      { do: 'select directory', application: 'pkcs15' },
      { do: 'forget', reference: 2 },
    ),
  })
  .map(({ reference, over, ends }): Step[] => {
    const pace: Step = { do: 'PACE', password: 'mrz', right: true }
    return [{ do: 'power', over }, pace, verify(reference), ends, { do: 'ask', reference }, pace, { do: 'ask', reference }]
  })

const longer = fc.oneof(
  { weight: 5, arbitrary: signing },
  { weight: 3, arbitrary: guessing },
  { weight: 1, arbitrary: pukGuessing },
  { weight: 4, arbitrary: filing },
  { weight: 3, arbitrary: making },
  { weight: 3, arbitrary: changing },
  { weight: 2, arbitrary: contactless },
  { weight: 2, arbitrary: domain },
  { weight: 2, arbitrary: storing },
  { weight: 5, arbitrary: probing },
  { weight: 1, arbitrary: suspending },
  { weight: 1, arbitrary: channelled },
)
const loses: readonly Step['do'][] = ['verify', 'change', 'unblock']

/** The phrase with a fault of the memory in one of its steps; a write is lost unseen only where the card looks for it: the counter that falls. */
function withFault(steps: readonly Step[], at: number, fault: MemoryFault): Turn[] {
  const struck = at % steps.length
  return steps.map((step, i) => {
    if (i !== struck) return { step }
    if (fault.how !== 'lose') return { step, fault }
    return { step, fault: loses.includes(step.do) ? { at: 1, how: 'lose' } : { ...fault, how: 'refuse' } }
  })
}

/** A phrase; in some the memory fails in one of the steps. */
export const anyPhrase: fc.Arbitrary<readonly Turn[]> = fc.oneof(
  { weight: 2, arbitrary: anyStep.map((step) => [{ step }]) },
  { weight: 5, arbitrary: longer.map((steps) => steps.map((step) => ({ step }))) },
  { weight: 2, arbitrary: fc.tuple(longer, fc.nat(9), anyFault).map(([steps, at, fault]) => withFault(steps, at, fault)) },
)
