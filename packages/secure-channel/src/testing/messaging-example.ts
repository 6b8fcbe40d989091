import { concatBytes, encodeTlv } from '@kart/codec'
import { padMethod2 } from '@kart/crypto'
import { type EmrtdSession, start3desSession } from '../index.ts'
import type { CipherSuite } from '../secure-messaging/cipher-suite.ts'
import { command, hexField, vectorGroup } from './vector-file.ts'

/** The secure messaging of Doc 9303-11, appendix D.4. */
export const group = vectorGroup('bac-sm/bac-sm.json', 'secure-messaging')
export const ksEnc = hexField(group.ksEnc)
export const ksMac = hexField(group.ksMac)
/** A session of D.4 whose send sequence counter stands at `ssc`, hex. */
export const at = (ssc: unknown) => start3desSession({ ksEnc, ksMac, ssc: hexField(ssc) })
export const [select, selectAnswer, read, readAnswer, , , ...negatives] = group.tests

/** A session that has just protected the READ BINARY of D.4.2 and waits for its answer. */
export function waiting(): EmrtdSession {
  const session = at(read?.input.sscBefore)
  session.protect(command(read?.input.plain))
  return session
}

/** The card's half, written from the standard a second time and only here, so that answers of any shape can be made. */
export function cardAnswer(suite: CipherSuite, mac: Uint8Array, ssc: Uint8Array, objects: Uint8Array): Uint8Array {
  return concatBytes(objects, encodeTlv(0x8e, suite.mac(mac, padMethod2(concatBytes(ssc, objects), suite.blockLength))))
}
