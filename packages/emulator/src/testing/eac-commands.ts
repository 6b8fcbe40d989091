// Commands of extended access control, and a card that trusts the test world, for the card's own tests.
import { readFileSync } from 'node:fs'
import { concatBytes, encodeTlv, fromHex, toHex } from '@kart/codec'
import { dateBytes } from '../eac/cv-certificate.ts'
import { noProgress } from '../eac/eac-progress.ts'
import { keepTrust, type TrustView, trustPointOf, withTrustPoint } from '../eac/terminal-trust.ts'
import type { CardState, TerminalTrust } from '../memory/card-state.ts'
import { rightsOf } from '../os/card-context.ts'
import { type Grants, grantOf } from '../os/grants.ts'
import { cvTestWorld, insideOf, signPlainly, trustedNames } from './cv-issuer.ts'
import { type EacBench, type EacBenchOptions, eacBench } from './eac-bench.ts'
import { commandOf, type SecuredTerminal } from './secured-terminal.ts'

/** A file of the vectors. */
export const vectorFile = (path: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../../test-vectors/${path}`, import.meta.url)))

export const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0))
/** DO'83' of a key's name, in hex. */
export const name = (text: string): string => toHex(encodeTlv(0x83, ascii(text)))
export const setDst = (reference: string) => commandOf('002281b6', fromHex(name(reference)))
export const verify = (certificate: Uint8Array) => commandOf('002a00be', insideOf(certificate))
export const setAt = (data: string) => commandOf('002281a4', fromHex(data))
export const authenticate = (signature: Uint8Array) => commandOf('00820000', signature)
export const getChallenge = '0084000008'
export const challenge = '547e4eab03b235d2'

/** Trust in these roots, newest first, as on this day. */
export function trusting(date: string, ...roots: readonly Uint8Array[]): TerminalTrust {
  const empty: TrustView = { points: [], date: '000101' }
  return { ...keepTrust(roots.reduce((view, root) => withTrustPoint(view, trustPointOf(root)!), empty)), date: dateBytes(date) }
}

export const world = cvTestWorld()
export const compressedKey = new Uint8Array(32).fill(7)
/** After BAC and chip authentication version 1. */
export const afterChip = (): Grants => ({ ...grantOf('bac', 'emrtd'), eac: { ...noProgress, provedChip: { version: 1, compressedKey } } })
export const idPicc = ascii('D231458907')

export const open = (options: EacBenchOptions & { trust?: TerminalTrust; state?: Partial<CardState> } = {}): EacBench =>
  eacBench({
    grants: afterChip(),
    random: [challenge],
    ...options,
    state: { trust: options.trust ?? trusting('260101', world.root), ...options.state },
  })

/** Shows a chain, each certificate after its authority's name; the status words. */
export const present = (
  { terminal }: { readonly terminal: SecuredTerminal },
  ...steps: readonly (readonly [authority: string, certificate: Uint8Array])[]
): string[] => steps.flatMap(([authority, certificate]) => [terminal.status(setDst(authority)), terminal.status(verify(certificate))])

export const chain = [
  ['IRCVCA00001', world.dv],
  ['IRDV00001', world.terminal],
] as const
export const presented = (bench: EacBench): EacBench => {
  if (present(bench, ...chain).some((sw) => sw !== '9000')) throw new Error('the card refused the test chain')
  return bench
}
export const rightsNow = ({ card }: EacBench) => [...rightsOf(card.session, 'messaging').terminalRights]
export const trustNow = ({ card }: EacBench) => ({
  names: trustedNames(card.store.state.trust),
  date: card.store.state.trust.date?.join(''),
})
export const signed = (key = world.keys.terminal, data = concatBytes(idPicc, fromHex(challenge), compressedKey)) => signPlainly(key, data)
