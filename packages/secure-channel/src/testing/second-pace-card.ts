import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import type { CardChannel, CommandApdu, ResponseApdu } from '@kart/apdu/host'
import { concatBytes, decodeTlv, encodeTlv, fromHex, toHex } from '@kart/codec'

// For the tests of this package only. The card's side of PACE once more, from the standard, on big integers and node:crypto: none of the terminal's code is in it.

const big = (bytes: Uint8Array) => (bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`))
const mod = (value: bigint, p: bigint) => ((value % p) + p) % p

function power(base: bigint, exponent: bigint, p: bigint): bigint {
  let [result, square] = [1n, mod(base, p)]
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % p
    square = (square * square) % p
  }
  return result
}

type Element = Uint8Array

/** A group as the card reckons in it. */
export interface SecondGroup {
  readonly generator: Element
  readonly bits: number
  multiply(element: Element, exponent: bigint): Element
  combine(a: Element, b: Element): Element
  secret(element: Element): Uint8Array
  map(t: bigint): Element
  readonly publicTag: number
}

/** A NIST curve (a = -3) by its prime and generator; b follows from the generator. */
export function nistGroup(p: bigint, generator: Element): SecondGroup {
  const width = (generator.length - 1) / 2
  const bytes = (value: bigint) => fromHex(value.toString(16).padStart(2 * width, '0'))
  const inverse = (value: bigint) => power(value, p - 2n, p)
  type Point = readonly [bigint, bigint] | undefined
  const read = (element: Element): Point => [big(element.slice(1, 1 + width)), big(element.slice(1 + width))]
  const write = (point: Point) => concatBytes(Uint8Array.of(4), bytes(point![0]), bytes(point![1]))
  const [gx, gy] = read(generator)!
  const b = mod(gy * gy - gx ** 3n + 3n * gx, p)
  const add = (first: Point, second: Point): Point => {
    if (first === undefined) return second
    if (second === undefined) return first
    const [[x1, y1], [x2, y2]] = [first, second]
    if (x1 === x2 && mod(y1 + y2, p) === 0n) return undefined
    const slope = mod(x1 === x2 ? (3n * x1 * x1 - 3n) * inverse(2n * y1) : (y2 - y1) * inverse(mod(x2 - x1, p)), p)
    const x = mod(slope * slope - x1 - x2, p)
    return [x, mod(slope * (x1 - x) - y1, p)]
  }
  return {
    generator,
    bits: p.toString(2).length,
    publicTag: 0x86,
    multiply(element, exponent) {
      let sum: Point
      let double = read(element)
      for (let rest = exponent; rest > 0n; rest >>= 1n) {
        if (rest & 1n) sum = add(sum, double)
        double = add(double, double)
      }
      return write(sum)
    },
    combine: (first, second) => write(add(read(first), read(second))),
    secret: (element) => element.slice(1, 1 + width),
    map(t) {
      // Brier et al.: a root is looked for at each of the two candidates in turn.
      const alpha = mod(-t * t, p)
      const x2 = mod(mod(b * inverse(3n), p) * (1n + inverse(mod(alpha + alpha * alpha, p))), p)
      const right = (x: bigint) => mod(x ** 3n - 3n * x + b, p)
      const root = (value: bigint) => power(value, (p + 1n) / 4n, p)
      const y2 = root(right(x2))
      if (mod(y2 * y2, p) === right(x2)) return write([x2, y2])
      const x3 = mod(alpha * x2, p)
      // h3 = alpha^3 h2 = -t^6 h2, and h2 is no square: its power by (p - 1)/2 is -1.
      return write([x3, mod(-(t ** 3n) * root(right(x2)), p)])
    },
  }
}

/** The subgroup of order q of the integers modulo p. */
export function integerGroup(p: bigint, q: bigint, generator: Element): SecondGroup {
  const write = (value: bigint) => fromHex(value.toString(16).padStart(2 * generator.length, '0'))
  return {
    generator,
    bits: p.toString(2).length,
    publicTag: 0x84,
    multiply: (element, exponent) => write(power(big(element), exponent, p)),
    combine: (a, b) => write((big(a) * big(b)) % p),
    secret: (element) => element,
    map: (t) => write(power(mod(t, p), (p - 1n) / q, p)),
  }
}

export type SecondCipher = 'desede' | 'aes128' | 'aes192' | 'aes256'
const sizes = { desede: 16, aes128: 16, aes192: 24, aes256: 32 } as const

function cbc(cipher: SecondCipher, key: Uint8Array, data: Uint8Array): Uint8Array {
  const name = cipher === 'desede' ? 'des-ede3-cbc' : `aes-${sizes[cipher] * 8}-cbc`
  const full = cipher === 'desede' ? concatBytes(key, key.slice(0, 8)) : key
  return new Uint8Array(
    createCipheriv(name, full, new Uint8Array(cipher === 'desede' ? 8 : 16))
      .setAutoPadding(false)
      .update(data),
  )
}

function derive(cipher: SecondCipher, secret: Uint8Array, counter: number): Uint8Array {
  const hash = createHash(sizes[cipher] > 16 ? 'sha256' : 'sha1')
  return new Uint8Array(hash.update(concatBytes(secret, Uint8Array.of(0, 0, 0, counter))).digest()).slice(0, sizes[cipher])
}

/** CMAC or retail MAC, 8 bytes. */
export function secondMac(cipher: SecondCipher, key: Uint8Array, data: Uint8Array): Uint8Array {
  if (cipher === 'desede') {
    const padded = new Uint8Array((Math.floor(data.length / 8) + 1) * 8)
    padded.set(data)
    padded[data.length] = 0x80
    const left = key.slice(0, 8)
    const chained = cbc('desede', concatBytes(left, left), padded.slice(0, -8)).slice(-8)
    return cbc(
      'desede',
      key,
      chained.map((byte, i) => byte ^ padded[padded.length - 8 + i]!),
    )
  }
  const double = (block: bigint) => ((block << 1n) & ((1n << 128n) - 1n)) ^ (block >> 127n ? 0x87n : 0n)
  const k1 = double(big(cbc(cipher, key, new Uint8Array(16))))
  const blocks = Math.max(1, Math.ceil(data.length / 16))
  const padded = new Uint8Array(blocks * 16)
  padded.set(data)
  const whole = data.length === padded.length
  if (!whole) padded[data.length] = 0x80
  const mask = fromHex((whole ? k1 : double(k1)).toString(16).padStart(32, '0'))
  for (let i = 0; i < 16; i++) padded[padded.length - 16 + i]! ^= mask[i]!
  return cbc(cipher, key, padded).slice(-16, -8)
}

const constants = {
  16: ['a668892a7c41e3ca739f40b057d85904', 'a4e136ac725f738b01c1f60217c188ad'],
  32: [
    'd463d65234124ef7897054986dca0a174e28df758cbaa03f240616414d5a1676',
    '54bd7255f0aaf831bec3423fcf39d69b6cbf066677d0faae5aadd99df8e53517',
  ],
} as const

/** How {@link secondPaceCard} is made. */
export interface SecondCardOptions {
  readonly group: SecondGroup
  readonly cipher: SecondCipher
  readonly mapping: 'gm' | 'im' | 'cam'
  /** Content bytes of the protocol's identifier. */
  readonly oid: Uint8Array
  /** f(password). */
  readonly password: Uint8Array
  readonly nonceLength: number
}

/** A card that knows the password; `keys` are its session keys once the terminal's token was right. */
export function secondPaceCard(options: SecondCardOptions): CardChannel & { keys?: { enc: Uint8Array; mac: Uint8Array }; sizes: number[] } {
  const { group, cipher, mapping } = options
  const draw = () => big(randomBytes(20)) + 2n
  const nonce = new Uint8Array(randomBytes(options.nonceLength))
  const agreed: { generator: Element; x: bigint; own: Element; peer: Element; enc: Uint8Array; mac: Uint8Array } = {
    generator: group.generator,
    x: draw(),
    own: new Uint8Array(0),
    peer: new Uint8Array(0),
    enc: new Uint8Array(0),
    mac: new Uint8Array(0),
  }
  const token = (key: Element) =>
    secondMac(cipher, agreed.mac, encodeTlv(0x7f49, [encodeTlv(0x06, options.oid), encodeTlv(group.publicTag, key)]))
  const answers: ((value: Uint8Array) => readonly (readonly [number, Uint8Array])[] | undefined)[] = [
    () => [[0x80, cbc(cipher, derive(cipher, options.password, 3), nonce)]],
    (value) => {
      if (mapping === 'im') {
        agreed.generator = group.map(pseudoRandom(value))
        return [[0x82, new Uint8Array(0)]]
      }
      const m = draw()
      const h = group.multiply(value, m)
      agreed.generator = group.combine(group.multiply(group.generator, big(nonce)), h)
      return [[0x82, group.multiply(group.generator, m)]]
    },
    (value) => {
      agreed.peer = value
      agreed.own = group.multiply(agreed.generator, agreed.x)
      const secret = group.secret(group.multiply(value, agreed.x))
      agreed.enc = derive(cipher, secret, 1)
      agreed.mac = derive(cipher, secret, 2)
      return [[0x84, agreed.own]]
    },
    (value) => {
      if (toHex(value) !== toHex(token(agreed.own))) return undefined
      card.keys = { enc: agreed.enc, mac: agreed.mac }
      return [[0x86, token(agreed.peer)]]
    },
  ]
  const pseudoRandom = (t: Uint8Array): bigint => {
    const length = sizes[cipher] > 16 ? 32 : 16
    const [c0, c1] = constants[length].map((hex) => fromHex(hex)) as [Uint8Array, Uint8Array]
    let key = cbc(cipher, t, nonce)
    let out = ''
    while (out.length * 4 < group.bits + 64) {
      const used = key.slice(0, sizes[cipher])
      out += toHex(cbc(cipher, used, c1))
      key = cbc(cipher, used, c0)
    }
    return big(fromHex(out))
  }
  const card: ReturnType<typeof secondPaceCard> = {
    sizes: [],
    async transmit(apdu: CommandApdu): Promise<ResponseApdu> {
      card.sizes.push(apdu.ne)
      if (apdu.ins === 0x22) return { data: new Uint8Array(0), sw: 0x9000 }
      const [object] = decodeTlv(apdu.data, 0x7c).children!
      const objects = answers.shift()!(object?.value ?? new Uint8Array(0))
      if (objects === undefined) return { data: new Uint8Array(0), sw: 0x6300 }
      return {
        data: encodeTlv(
          0x7c,
          objects.map(([tag, value]) => encodeTlv(tag, value)),
        ),
        sw: 0x9000,
      }
    },
  }
  return card
}
