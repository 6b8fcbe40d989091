import { concatBytes, encodeTlv } from '@kart/codec'
import {
  aesCbcEncrypt,
  aesCmac,
  aesEcbEncrypt,
  type BackendName,
  desEde3CbcEncrypt,
  padMethod2,
  randomBytes,
  retailMac,
  useBackend,
} from '@kart/crypto'
import { type EmrtdSession, start3desSession, startAesSession } from '@kart/secure-channel'
import { quantile } from './statistics.ts'

/** Plain bytes of one READ BINARY in extended length: as many as a protected response of 65,535 bytes holds, whatever the cipher. */
export const plainLength = 65_488

/** The terminal's cost of READ BINARY under secure messaging: protecting the command, checking and opening the response. */
export interface MessagingTiming {
  readonly cipher: string
  /** Plain bytes of one response. */
  readonly bytes: number
  /** Millions of plain bytes a second, from the median. */
  readonly autoMegabytes: number
  readonly nodeMegabytes: number
  /** Undefined where @noble has no such cipher. */
  readonly nobleMegabytes: number | undefined
}

interface Suite {
  readonly cipher: string
  readonly nodeOnly: boolean
  readonly blockLength: 8 | 16
  start(): EmrtdSession
  /** What a card answers to the first command of a fresh session: made here from the primitives, so that the card's time is not in the figures. */
  answer(plain: Uint8Array): Uint8Array
}

function answerOf(
  blockLength: 8 | 16,
  plain: Uint8Array,
  encrypt: (ssc: Uint8Array, padded: Uint8Array) => Uint8Array,
  mac: (input: Uint8Array) => Uint8Array,
): Uint8Array {
  const ssc = new Uint8Array(blockLength)
  ssc[blockLength - 1] = 2
  const objects = concatBytes(
    encodeTlv(0x87, [Uint8Array.of(0x01), encrypt(ssc, padMethod2(plain, blockLength))]),
    encodeTlv(0x99, Uint8Array.of(0x90, 0x00)),
  )
  return concatBytes(objects, encodeTlv(0x8e, mac(padMethod2(concatBytes(ssc, objects), blockLength)).slice(0, 8)))
}

function aes(bits: 128 | 192 | 256): Suite {
  const ksEnc = randomBytes(bits / 8)
  const ksMac = randomBytes(bits / 8)
  return {
    cipher: `AES-${bits}`,
    nodeOnly: false,
    blockLength: 16,
    start: () => startAesSession({ ksEnc, ksMac, ssc: new Uint8Array(16) }),
    answer: (plain) =>
      answerOf(
        16,
        plain,
        (ssc, padded) => aesCbcEncrypt(ksEnc, aesEcbEncrypt(ksEnc, ssc), padded),
        (input) => aesCmac(ksMac, input),
      ),
  }
}

function tripleDes(): Suite {
  const ksEnc = randomBytes(16)
  const ksMac = randomBytes(16)
  return {
    cipher: '3DES',
    nodeOnly: true,
    blockLength: 8,
    start: () => start3desSession({ ksEnc, ksMac, ssc: new Uint8Array(8) }),
    answer: (plain) =>
      answerOf(
        8,
        plain,
        (_ssc, padded) => desEde3CbcEncrypt(ksEnc, new Uint8Array(8), padded),
        (input) => retailMac(ksMac, input, 'none'),
      ),
  }
}

const command = { cla: 0x00, ins: 0xb0, p1: 0x00, p2: 0x00, data: new Uint8Array(0), ne: plainLength }

function megabytes(suite: Suite, backend: BackendName, milliseconds: number): number {
  const before = useBackend(backend)
  try {
    const answer = suite.answer(randomBytes(plainLength))
    const samples: number[] = []
    const open = (): void => {
      const session = suite.start()
      const started = performance.now()
      session.protect(command)
      const { data } = session.open({ data: answer, sw: 0x9000 })
      samples.push(performance.now() - started)
      if (data.length !== plainLength) throw new Error('secure messaging lost bytes')
      session.destroy()
    }
    for (const until = performance.now() + milliseconds / 3; performance.now() < until; ) open()
    samples.length = 0
    for (const until = performance.now() + milliseconds; performance.now() < until || samples.length < 3; ) open()
    return plainLength / quantile(samples, 0.5) / 1000
  } finally {
    useBackend(before)
  }
}

/** Times secure messaging of each cipher on every implementation of the primitives. */
export function timeMessaging(milliseconds: number): MessagingTiming[] {
  return [aes(128), aes(256), tripleDes()].map((suite) => ({
    cipher: suite.cipher,
    bytes: plainLength,
    autoMegabytes: megabytes(suite, 'auto', milliseconds),
    nodeMegabytes: megabytes(suite, 'node', milliseconds),
    nobleMegabytes: suite.nodeOnly ? undefined : megabytes(suite, 'noble', milliseconds),
  }))
}
