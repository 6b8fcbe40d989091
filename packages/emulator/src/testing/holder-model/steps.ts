// The steps of a dialogue with the signature card, and how fast-check draws them.
import fc from 'fast-check'
import type { Grouping } from './model-domain.ts'
import { goodPins, holderNumbers, holdersOwn, noPins, weakPins } from './model-pins.ts'
import type { KeyAlgorithm, KeyPurpose, ModelApplication, ModelFile, ModelLife, PacePassword } from './model-state.ts'
import type { InputKind, KeyOperation } from './outside-crypto.ts'
import type { MemoryFault } from './real-card.ts'

/** `right`, `wrong`, or digits. */
type Guess = string

/** What a terminal does to the card. */
export type Step =
  | { readonly do: 'verify'; readonly reference: number; readonly guess: Guess }
  | { readonly do: 'ask' | 'forget'; readonly reference: number }
  | { readonly do: 'log out' | 'empty' | 'delete' | 'generate' | 'put issuer keys' | 'break in' | 'reset' | 'reload' }
  | { readonly do: 'change'; readonly reference: number; readonly guess: Guess; readonly to: Guess }
  | { readonly do: 'unblock'; readonly reference: number; readonly mode: 0 | 1 | 2 | 3; readonly guess: Guess; readonly to: Guess }
  | {
      readonly do: 'put PIN'
      readonly reference: number
      readonly digits: string
      readonly puk: string
      readonly tries: number
      readonly pukTries: number
    }
  | { readonly do: 'activate'; readonly named: boolean }
  | {
      readonly do: 'create'
      readonly fid: string
      readonly kind: ModelFile['kind'] | 'other'
      readonly size: number
      readonly access: string
    }
  | { readonly do: 'select'; readonly application: Exclude<ModelApplication, 'mf'> }
  | { readonly do: 'select directory'; readonly application: 'mf' | 'pkcs15' }
  | { readonly do: 'select file'; readonly fid: string; readonly byPath: boolean }
  | { readonly do: 'read'; readonly offset: number; readonly le: number }
  | { readonly do: 'update'; readonly offset: number; readonly data: string }
  | { readonly do: 'choose key'; readonly purpose: KeyPurpose; readonly algorithm: KeyAlgorithm; readonly fid: string | undefined }
  | {
      readonly do: 'use key'
      readonly operation: KeyOperation
      readonly input: InputKind
      readonly faulty: boolean
      readonly chained: boolean
    }
  | { readonly do: 'read public key'; readonly part: 'modulus' | 'exponent' | 'point' }
  | { readonly do: 'open domain'; readonly set: 'transport' | 'issuer'; readonly right: boolean }
  | { readonly do: 'set status'; readonly to: ModelLife }
  | { readonly do: 'store'; readonly grouping: Grouping }
  | { readonly do: 'PACE'; readonly password: PacePassword; readonly right: boolean }
  | { readonly do: 'power'; readonly over: 'contact' | 'contactless' }

/** Identifiers of files and of keys that the dialogues speak of. */
export const dataFids = ['4301', '4302', '4501', '5031'] as const
export const keyFids = ['4b01', '4b02', '4b03', '4b04'] as const
const fid = fc.constantFrom(...dataFids, ...keyFids, '2f00', '4999')
const reference = fc.oneof({ weight: 12, arbitrary: fc.constantFrom(1, 2, 3) }, { weight: 2, arbitrary: fc.constantFrom(4, 9, 14) })
const guess = fc.oneof({ weight: 5, arbitrary: fc.constant('right') }, { weight: 3, arbitrary: fc.constantFrom('wrong', '16180338') })
const pin = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<string>(...goodPins) },
  { weight: 2, arbitrary: fc.constantFrom<string>(...Object.keys(weakPins), ...Object.keys(holdersOwn)) },
  { weight: 1, arbitrary: fc.constantFrom<string>(...noPins) },
)
const flag = fc.boolean()
/** Six nibbles: what each operation needs. */
const access = fc
  .array(fc.constantFrom('0', '0', '1', '2', '3', 'f'), { minLength: 4, maxLength: 4 })
  .map((nibbles) => `${nibbles.join('')}ff`)
const kindAndSize = fc.constantFrom(
  { kind: 'data', size: 12 },
  { kind: 'data', size: 40 },
  { kind: 'ec', size: 256 },
  { kind: 'ec', size: 256 },
  { kind: 'ec', size: 384 },
  { kind: 'ec', size: 521 },
  { kind: 'rsa', size: 2048 },
  { kind: 'data', size: 0 },
  { kind: 'ec', size: 255 },
  { kind: 'rsa', size: 1024 },
  { kind: 'other', size: 16 },
) as fc.Arbitrary<{ kind: ModelFile['kind'] | 'other'; size: number }>
const always = <const Name extends Step['do']>(name: Name): fc.Arbitrary<{ do: Name }> => fc.constant({ do: name })
const counts = fc.constantFrom(1, 3, 3, 10, 15, 0, 16)

const onPins: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('verify' as const), reference, guess: fc.oneof({ weight: 9, arbitrary: guess }, pin) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('ask' as const), reference }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), reference }) },
  { weight: 1, arbitrary: always('log out') },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('change' as const),
      reference,
      guess,
      to: fc.oneof({ weight: 6, arbitrary: pin }, fc.constant('right')),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('unblock' as const), reference, mode: fc.constantFrom(0, 1, 2, 3), guess, to: pin }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('put PIN' as const),
      reference,
      digits: pin,
      puk: fc.constantFrom('16180339', '16180339', '1618033'),
      tries: counts,
      pukTries: counts,
    }),
  },
)

const onFiles: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fid, kindAndSize, access)
      .map(([name, kind, bytes]) => ({ do: 'create' as const, fid: name, ...kind, access: bytes })),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('select file' as const), fid, byPath: flag }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('read' as const),
      offset: fc.constantFrom(0, 0, 4, 39, 40, 300),
      le: fc.constantFrom(4, 36, 256),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('update' as const),
      offset: fc.constantFrom(0, 0, 6, 40),
      data: fc.constantFrom('a1a2a3a4', '5a'.repeat(12), 'c3'.repeat(41)),
    }),
  },
  { weight: 3, arbitrary: always('delete') },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('select' as const),
      application: fc.constantFrom('pkcs15', 'pkcs15', 'pkcs15', 'emrtd', 'isd', 'fingerprint'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('select directory' as const), application: fc.constantFrom('mf', 'pkcs15', 'pkcs15') }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('activate' as const), named: flag }) },
)

const chosenFid = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<string>(...keyFids, ...keyFids, '4301', '4999') },
  fc.constant(undefined),
)
const operation = fc.constantFrom<KeyOperation>('sign', 'sign', 'sign', 'authenticate', 'decipher', 'agree')
const onKeys: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: always('generate') },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('choose key' as const),
      purpose: fc.constantFrom<KeyPurpose>('a4', 'b6', 'b6', 'b8'),
      algorithm: fc.constantFrom<KeyAlgorithm>('00', '02', '04', '04'),
      fid: chosenFid,
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('use key' as const),
      operation,
      input: fc.constantFrom<InputKind>('right', 'right', 'right', 'sha512', 'empty', 'wrong'),
      faulty: fc.constantFrom(false, false, false, false, true),
      chained: fc.constantFrom(false, false, true),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('read public key' as const), part: fc.constantFrom('modulus', 'exponent', 'point') }),
  },
)

const pukTries = (number: number): number => (number === 2 ? 3 : 10)
const storedPin = (number: number, digits: string): Grouping => ({
  what: 'pin',
  reference: number,
  pin: {
    digits,
    tries: 3,
    most: 3,
    puk: number === 3 ? undefined : '16180339',
    pukTries: number === 3 ? 1 : pukTries(number),
    pukMost: number === 3 ? 1 : pukTries(number),
    least: number === 3 ? 8 : 6,
    transport: number === 2,
    uses: number === 2 ? 1 : 0,
  },
})
/** What the bureau stores: also what it may not. */
export const groupings: readonly Grouping[] = [
  storedPin(1, '271828'),
  storedPin(2, '602214'),
  storedPin(3, '90517284'),
  storedPin(15, '271828'),
  storedPin(1, '27182'),
  { what: 'numbers', digits: holderNumbers },
  { what: 'clear', fids: [] },
  { what: 'clear', fids: ['4b01'] },
  { what: 'clear', fids: ['4301', '4501'] },
  { what: 'file', fid: '4301', access: '03ffff', content: 'c1'.repeat(40) },
  { what: 'file', fid: '4501', access: '13ffff', content: 'd2'.repeat(40) },
  { what: 'file', fid: '4b01', access: '00ffff', content: 'd2'.repeat(40) },
  { what: 'key', fid: '4b01', kind: 'ec', size: 256, access: '1fffff' },
  { what: 'key', fid: '4b02', kind: 'ec', size: 256, access: '2fffff' },
  { what: 'key', fid: '4301', kind: 'ec', size: 256, access: '1fffff' },
]

const onDomain: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('open domain' as const),
      set: fc.constantFrom('transport', 'issuer'),
      right: fc.constantFrom(true, true, true, false),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('set status' as const),
      to: fc.constantFrom<ModelLife>('INITIALIZED', 'SECURED', 'SECURED', 'CARD_LOCKED', 'OP_READY', 'TERMINATED'),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('store' as const), grouping: fc.constantFrom(...groupings) }) },
  { weight: 1, arbitrary: always('put issuer keys') },
)

const password = fc.constantFrom<PacePassword>('mrz', 'can', 'can', 'pin', 'puk')
const ofSession: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('PACE' as const), password, right: fc.constant(true) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('PACE' as const),
      password: fc.constantFrom<PacePassword>('mrz', 'can'),
      right: fc.constant(false),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('power' as const), over: fc.constantFrom('contact', 'contact', 'contactless') }) },
  { weight: 2, arbitrary: always('reset') },
  { weight: 1, arbitrary: always('reload') },
  { weight: 1, arbitrary: always('break in') },
)

/** Any step at all. */
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: onPins },
  { weight: 9, arbitrary: onFiles },
  { weight: 9, arbitrary: onKeys },
  { weight: 3, arbitrary: onDomain },
  { weight: 2, arbitrary: ofSession },
)

/** A fault of the memory in a step that may write. */
export const anyFault: fc.Arbitrary<MemoryFault> = fc.record({
  at: fc.constantFrom(1, 1, 2, 3),
  how: fc.constantFrom('cut before', 'cut after', 'refuse', 'lose'),
})
