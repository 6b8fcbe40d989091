// What the card's memory says, in the model's words: read from the image as it lies there, not by the card's own reader.
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { toHex } from '@kart/codec'
import { decode } from 'cborg'
import type { ModelCard, ModelFile, ModelLife } from './model-state.ts'

type Fields = ReadonlyMap<string, unknown>
type Numbered = ReadonlyMap<number, Fields>

const publicKeys = new Map<string, string>()

/** Point or modulus of a stored private key, by OpenSSL. */
function publicPart(pkcs8: Uint8Array): string {
  const name = toHex(pkcs8)
  const known = publicKeys.get(name)
  if (known !== undefined) return known
  const { n, x, y } = createPublicKey(createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })).export({ format: 'jwk' })
  const hex = (text = ''): string => Buffer.from(text, 'base64url').toString('hex')
  const part = n === undefined ? `04${hex(x)}${hex(y)}` : hex(n)
  publicKeys.set(name, part)
  return part
}

const kinds: Readonly<Record<string, ModelFile['kind']>> = { transparent: 'data', ec: 'ec', rsa: 'rsa' }

/** The entries in the order of their names. */
export const sorted = <Value>(entries: readonly (readonly [string, Value])[]): Record<string, Value> =>
  Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))

const hexOf = (value: unknown): string | undefined => (value instanceof Uint8Array ? toHex(value) : undefined)

function pinOf(pin: Fields): ModelCard['pins'][number] {
  const count = (name: string, part: string): number => (pin.get(name) as Fields).get(part) as number
  return {
    digits: hexOf(pin.get('value')) ?? '',
    puk: hexOf(pin.get('puk')),
    tries: count('tries', 'left'),
    most: count('tries', 'most'),
    pukTries: count('pukTries', 'left'),
    pukMost: count('pukTries', 'most'),
    least: pin.get('minLength') as number,
    transport: pin.get('transport') as boolean,
    uses: pin.get('usesPerVerify') as number,
  }
}

function fileOf(file: Fields): ModelFile {
  const key = file.get('privateKey')
  return {
    kind: kinds[file.get('type') as string] ?? 'data',
    access: hexOf(file.get('access')) ?? '',
    size: file.get('size') as number,
    content: hexOf(file.get('content')) ?? '',
    publicKey: key instanceof Uint8Array ? publicPart(key) : undefined,
  }
}

/** PINs and PUKs as the eight bytes that they are, in hex. */
export function readMemory(image: Uint8Array): ModelCard {
  // Magic, version and length before the body; a hash behind it.
  const fields: Fields = decode(image.subarray(14, -32), { useMaps: true })
  const signature = fields.get('signature') as Fields
  const pins = [...(signature.get('pins') as Numbered)].map(([reference, pin]) => [String(reference), pinOf(pin)] as const)
  const files = [...(signature.get('files') as Numbered)].map(([fid, file]) => [fid.toString(16).padStart(4, '0'), fileOf(file)] as const)
  const keySets = (fields.get('keySets') as readonly Fields[]).map(
    (set) => [set.get('transport') === true ? 'transport' : 'issuer', set.get('failures') as number] as const,
  )
  const ofMf = (fields.get('files') as ReadonlyMap<string, ReadonlyMap<number, Uint8Array>>).get('mf')
  return {
    life: fields.get('lifeCycle') as ModelLife,
    activated: signature.get('activated') as boolean,
    pins: sorted(pins),
    files: sorted(files),
    numbers: (signature.get('forbiddenDigits') as readonly Uint8Array[]).map((digits) => new TextDecoder().decode(digits)),
    directory: hexOf(ofMf?.get(0x2f00)),
    keySets: sorted(keySets),
    pace: (fields.get('pacePasswords') as ReadonlyMap<string, unknown>).size > 0,
  }
}
