import {
  aesCbcEncrypt,
  aesCmac,
  type BackendName,
  desEde3CbcEncrypt,
  digest,
  generateEcKeyPair,
  randomBytes,
  retailMac,
  signEcdsa,
  useBackend,
  verifySignature,
} from '@kart/crypto'
import { Bench } from 'tinybench'
import { quantile } from './statistics.ts'

/** One primitive on both implementations, microseconds a call (medians). */
export interface PrimitiveTiming {
  readonly name: string
  /** Input, bytes. */
  readonly bytes: number
  /** Undefined where @noble has none. */
  readonly nobleMicroseconds: number | undefined
  readonly nodeMicroseconds: number
}

interface Primitive {
  readonly name: string
  readonly bytes: number
  readonly run: () => unknown
  readonly nodeOnly?: true
}

const short = 240 // a short APDU's data field
const long = 16_384

/** Every primitive that a card's way needs, on inputs of a short APDU and of a file. */
function primitives(): Primitive[] {
  const key = randomBytes(16)
  const iv = new Uint8Array(16)
  const sized = (bytes: number): Primitive[] => {
    const data = randomBytes(bytes)
    return [
      { name: 'SHA-256', bytes, run: () => digest('sha256', data) },
      { name: 'AES-128-CMAC', bytes, run: () => aesCmac(key, data) },
      { name: 'AES-128-CBC encrypt', bytes, run: () => aesCbcEncrypt(key, iv, data) },
      { name: '3DES-CBC encrypt', bytes, run: () => desEde3CbcEncrypt(key, new Uint8Array(8), data), nodeOnly: true },
      { name: '3DES retail MAC', bytes, run: () => retailMac(key, data), nodeOnly: true },
    ]
  }
  const curves = (['P-256', 'P-384'] as const).flatMap((curve): Primitive[] => {
    const pair = generateEcKeyPair(curve)
    const hash = curve === 'P-256' ? 'sha256' : 'sha384'
    const message = randomBytes(256)
    const signature = signEcdsa(pair.privateKeyPkcs8, hash, message, 'der')
    const scheme = { kind: 'ecdsa', hash, encoding: 'der' } as const
    return [
      { name: `ECDSA ${curve} sign`, bytes: 256, run: () => signEcdsa(pair.privateKeyPkcs8, hash, message, 'der') },
      {
        name: `ECDSA ${curve} verify`,
        bytes: 256,
        run: () => {
          if (!verifySignature(pair.publicKeySpki, scheme, message, signature))
            throw new Error(`${curve}: a good signature does not verify`)
        },
      },
    ]
  })
  return [...sized(short), ...sized(long), ...curves]
}

async function medians(rows: readonly Primitive[], backend: BackendName, milliseconds: number): Promise<number[]> {
  const before = useBackend(backend)
  try {
    const bench = new Bench({ time: milliseconds, iterations: 16, warmupTime: milliseconds / 3, warmupIterations: 8, throws: true })
    rows.forEach(({ run }, i) => {
      bench.add(String(i), () => void run())
    })
    await bench.run()
    return bench.tasks.map(({ result }) => {
      if (result === undefined || result.error !== undefined) throw result?.error ?? new Error('a primitive was not measured')
      return quantile(result.latency.samples, 0.5) * 1000
    })
  } finally {
    useBackend(before)
  }
}

/** Times each primitive on @noble and on node:crypto, the same inputs for both. */
export async function timePrimitives(milliseconds: number): Promise<PrimitiveTiming[]> {
  const rows = primitives()
  const both = rows.filter(({ nodeOnly }) => !nodeOnly)
  const noble = await medians(both, 'noble', milliseconds)
  const node = await medians(rows, 'node', milliseconds)
  return rows.map((row, i) => ({
    name: row.name,
    bytes: row.bytes,
    nobleMicroseconds: row.nodeOnly ? undefined : noble[both.indexOf(row)],
    nodeMicroseconds: node[i]!,
  }))
}
