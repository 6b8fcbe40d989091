import { type CardChannel, decodeResponse } from '@kart/apdu/host'
import { concatBytes, encodeAscii, encodeTlv, fromHex, toHex } from '@kart/codec'
import { agreementGroup, digest, type GroupName } from '@kart/crypto'
import { choosePace, PacePassword, type PaceSelection } from '../index.ts'
import { hexField, scriptedChannel, type VectorTest, vectorGroups } from './vector-file.ts'

// For the tests of this package only; the entry point does not reach it.

/** The worked examples of Doc 9303-11, by their files. */
export const paceExamples = [
  'pace-ecdh-gm-aes128',
  'pace-dh-gm-aes128',
  'pace-ecdh-im-aes128',
  'pace-dh-im-aes128',
  'pace-cam-aes128',
] as const

export type PaceExampleName = (typeof paceExamples)[number]

/** One worked example, ready to be run. */
export interface PaceExample {
  readonly input: Readonly<Record<string, unknown>>
  readonly expected: Readonly<Record<string, unknown>>
  /** Rows of our own behind the example. */
  readonly negatives: readonly VectorTest[]
  readonly selection: PaceSelection
  readonly apdus: readonly { readonly command: string; readonly response: string; readonly alsoAccept?: string }[]
  password(): PacePassword
  /** The standard's random values in the order in which they are drawn. */
  random(): (length: number) => Uint8Array
  /** A card that insists on the example's commands; `answers` replaces its answers by step, 0 = MSE:Set AT. */
  card(answers?: Readonly<Record<number, string>>): CardChannel & { left(): number }
}

/** Reads one worked example. */
export function paceExample(name: PaceExampleName): PaceExample {
  const group = vectorGroups(`pace/${name}.json`)[0]!
  const [{ input, expected }, ...negatives] = group.tests as [VectorTest, ...VectorTest[]]
  const offer = { kind: 'pace', oid: `${expected.paceInfoOid}`, version: 2, parameterId: Number(group.parameterId) } as const
  const support = {
    mappings: ['gm', 'im', 'cam'],
    ciphers: ['aes128'],
    groups: ['brainpoolP256r1', 'MODP-1024-160'],
  } as const
  const { selection } = choosePace([offer], support)
  if (selection === undefined) throw new Error(`${name} is not usable`)
  const apdus = expected.apdus as PaceExample['apdus']
  return {
    input,
    expected,
    negatives,
    selection,
    apdus,
    // Appendix H gives K_pi and not the password; it is that of the characters 123456.
    password: () =>
      input.kPi === undefined
        ? new PacePassword('mrz', digest('sha1', encodeAscii(`${input.mrzInformation}`)))
        : new PacePassword('mrz', encodeAscii('123456')),
    random() {
      const values = [
        hexField(input.mappingTerminalPrivateKey ?? input.additionalNonce),
        reducedPrivateKey(selection.group, hexField(input.terminalPrivateKey)),
      ]
      return (length) => {
        const value = values.shift()
        if (value?.length !== length) throw new Error(`${length} random bytes asked out of turn`)
        return value
      }
    },
    card: (answers = {}) => scriptedChannel(apdus.map(({ command, response }, i) => [command, answers[i] ?? response] as const)),
  }
}

/** Worked examples over MODP-1024-160 have private keys longer than the order; modulo the order they give the same public keys. */
export function reducedPrivateKey(name: GroupName, key: Uint8Array): Uint8Array {
  const { privateLength } = agreementGroup(name)
  if (key.length <= privateLength) return key
  const order = BigInt('0xf518aa8781a8df278aba4e7d64b7cb9d49462353')
  return fromHex((BigInt(`0x${toHex(key)}`) % order).toString(16).padStart(2 * privateLength, '0'))
}

/** A card that gives these answers one after the other, whatever is asked, and keeps the commands. */
export function answeringCard(answers: readonly string[]): CardChannel & { readonly commands: string[] } {
  const left = [...answers]
  const commands: string[] = []
  return {
    commands,
    async transmit(apdu) {
      commands.push(toHex(apdu.data))
      const answer = left.shift()
      if (answer === undefined) throw new Error('the card was asked once too often')
      return decodeResponse(fromHex(answer))
    },
  }
}

/** An answer of GENERAL AUTHENTICATE with these objects, [tag, hex] each, and 9000. */
export function dynamicData(...objects: readonly (readonly [tag: number, value: string])[]): string {
  const content = objects.map(([tag, value]) => encodeTlv(tag, fromHex(value)))
  return `${toHex(encodeTlv(0x7c, concatBytes(...content)))}9000`
}
