import { readFileSync, writeFileSync } from 'node:fs'
import { fromHex, toHex } from '@kart/codec'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stockProgram } from '../../../../../scripts/stock-programs.mjs'
import { startProgram, until } from '../stack.ts'
import { changeTransportPins, chosen, type IssuedCard, insertIssuedCard, readKeys } from './issued-card.ts'
import { verified } from './mechanisms.ts'

// Programs that were never made for smart cards of ours on a card of the main job: GnuTLS, openssl with libp11's engine, GnuPG's scdaemon, pyscard.
let card: IssuedCard
/** PKCS#11 URIs (RFC 7512) of the tokens, as p11tool lists them. */
const urls = { AuthPIN: '', SignPIN: '' }
const provider = (): readonly string[] => ['--provider', stockProgram('opensc-pkcs11.so')]
const keyUrl = (pin: keyof typeof urls): string => `${urls[pin]};object=${pin === 'AuthPIN' ? 'authentication' : 'signature'};type=private`

beforeAll(async () => {
  card = await insertIssuedCard()
  await readKeys(card)
  await changeTransportPins(card)
  const listed = await card.done('p11tool', ...provider(), '--list-token-urls')
  for (const pin of ['AuthPIN', 'SignPIN'] as const) urls[pin] = listed.split('\n').find((line) => line.includes(pin)) ?? ''
})
afterAll(async () => {
  await card?.remove()
})

describe('p11tool', () => {
  it.each(['AuthPIN', 'SignPIN'] as const)('--list-all and --test-sign on the token of %s', async (pin) => {
    const login = [...provider(), '--login', '--set-pin', chosen[pin]]
    const listed = await card.done('p11tool', ...login, '--list-all', urls[pin])
    expect([...listed.matchAll(/Type: (.*)/g)].map(([, type]) => type)).toEqual([
      pin === 'AuthPIN' ? 'Private key (EC/ECDSA-SECP256R1)' : 'Private key (EC/ECDSA-SECP384R1)',
      pin === 'AuthPIN' ? 'Public key (EC/ECDSA-SECP256R1)' : 'Public key (EC/ECDSA-SECP384R1)',
      pin === 'AuthPIN' ? 'X.509 Certificate (EC/ECDSA-SECP256R1)' : 'X.509 Certificate (EC/ECDSA-SECP384R1)',
      'X.509 Certificate (EC/ECDSA-SECP384R1)',
      'Public key (EC/ECDSA-SECP384R1)',
      // What stands under no PIN OpenSC shows on the first token.
      ...(pin === 'AuthPIN' ? ['Data'] : []),
    ])
    const { code, stdout, stderr } = await card.run('p11tool', ...login, '--test-sign', keyUrl(pin))
    expect(code).toBe(0)
    expect((stdout + stderr).match(/\.\.\. ok/g)).toHaveLength(3)
  })
})

describe('openssl with the engine pkcs11', () => {
  let env: Readonly<Record<string, string>> = {}
  const line = (...words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ')
  const engine = ['-engine', 'pkcs11', '-keyform', 'engine'] as const
  const key = (pin: keyof typeof urls): string => `${keyUrl(pin)};pin-value=${chosen[pin]}`
  const openssl = (input: string, ...args: readonly string[]) => card.shell(line(stockProgram('openssl'), ...args), input, env)

  beforeAll(() => {
    stockProgram('engine pkcs11 of openssl')
    writeFileSync(
      card.at('engine.cnf'),
      `openssl_conf = init\n[init]\nengines = engines\n[engines]\npkcs11 = pkcs11\n[pkcs11]\nengine_id = pkcs11\nMODULE_PATH = ${stockProgram('opensc-pkcs11.so')}\ninit = 0\n[req]\ndistinguished_name = dn\n[dn]\n`,
    )
    env = { OPENSSL_CONF: card.at('engine.cnf') }
  })

  it('dgst -sign with the key to log in, under the PIN of the session', async () => {
    const { code, stderr } = await openssl('', 'dgst', ...engine, '-sign', key('AuthPIN'), '-sha256', '-out', 'signature', 'message')
    expect([code, stderr]).toEqual([0, 'Engine "pkcs11" set.\n'])
    await verified(card, '01', 'SHA256')
  })

  it('dgst -sign in the holder’s name asks for the PIN at the signature, and makes none without it', async () => {
    const sign = (typed: string) => openssl(typed, 'dgst', ...engine, '-sign', key('SignPIN'), '-sha384', '-out', 'signature', 'message')
    const silent = await sign('')
    expect([silent.code, silent.stderr]).toEqual([1, expect.stringContaining('Enter PKCS#11 key PIN for signature')])
    await expect(verified(card, '02', 'SHA384')).rejects.toThrow()
    expect((await sign(`${chosen.SignPIN}\n`)).code).toBe(0)
    await verified(card, '02', 'SHA384')
  })

  it('req -new -x509 makes a certificate that the card signed', async () => {
    const args = [
      'req',
      ...engine,
      '-new',
      '-x509',
      '-key',
      key('AuthPIN'),
      '-subj',
      '/CN=TEST',
      '-days',
      '2',
      '-sha256',
      '-out',
      'own.pem',
    ]
    expect((await openssl('', ...args)).code).toBe(0)
    await card.done('openssl', 'verify', '-CAfile', 'own.pem', 'own.pem')
    expect(await card.done('openssl', 'x509', '-in', 'own.pem', '-pubkey', '-noout')).toBe(readFileSync(card.at('01.pem'), 'utf8'))
  })

  it('logs in to openssl s_server, which asks for a certificate of the authority; without the card’s key nobody does', async () => {
    // biome-ignore format: a command a line
    await card.done('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'server.key', '-out', 'server.pem', '-subj', '/CN=localhost', '-days', '2')
    const port = '44330'
    // biome-ignore format: a command a line
    const server = startProgram(stockProgram('openssl'), ['s_server', '-accept', port, '-cert', card.at('server.pem'), '-key', card.at('server.key'), '-Verify', '2', '-verify_return_error', '-CAfile', card.at('ca.pem'), '-www'])
    let said = ''
    server.process.stdout?.on('data', (text: string) => {
      said += text
    })
    try {
      await until('s_server', async () => (said.includes('ACCEPT') ? true : undefined))
      const connect = ['s_client', '-connect', `127.0.0.1:${port}`, '-CAfile', 'server.pem', '-verify_return_error', '-ign_eof']
      const request = 'GET / HTTP/1.0\r\n\r\n'
      const stranger = await openssl(request, ...connect)
      expect(stranger.stdout).not.toContain('HTTP/1.0 200')
      const { stdout } = await openssl(request, ...connect, ...engine, '-key', key('AuthPIN'), '-cert', '01.crt')
      expect(stdout).toContain('HTTP/1.0 200')
      expect(stdout).toMatch(/Client certificate[\s\S]*TEST Holder CA/)
    } finally {
      await server.stop()
    }
  })
})

describe('scdaemon', () => {
  it('SERIALNO, LEARN and READCERT', async () => {
    const home = card.at('gnupg')
    await card.shell(`mkdir -m 700 '${home}' && printf 'disable-ccid\\n' > '${home}/scdaemon.conf'`, '')
    const commands = ['SERIALNO', 'LEARN --force', 'READCERT P15.02', 'BYE']
    const { code, stdout } = await card.shell(`'${stockProgram('scdaemon')}' --homedir '${home}' --server`, `${commands.join('\n')}\n`)
    expect(code).toBe(0)
    expect(stdout).not.toMatch(/^ERR/m)
    for (const answer of [
      /^S SERIALNO 4B415254000000000001$/m,
      /^S APPTYPE p15$/m,
      /^S CERTINFO 100 P15.01 authentication$/m,
      /^S CERTINFO 100 P15.02 signature$/m,
      /^S KEYPAIRINFO [0-9A-F]{40} P15.01 sca \d+ nistp256$/m,
      /^S KEYPAIRINFO [0-9A-F]{40} P15.02 s \d+ nistp384$/m,
      /^S CHV-STATUS 3 3 3$/m,
      /^S CHV-LABEL AuthPIN SignPIN SO-PIN$/m,
    ])
      expect(stdout).toMatch(answer)
    expect(stdout).toMatch(/^D 0%?/m)
  })

  it('PKSIGN with the key to log in, known by its reference in EF.PrKDF alone, and RANDOM', async () => {
    const digest = toHex(new Uint8Array(readFileSync(card.at('SHA256.digest'))))
    const sign = [`SETDATA ${digest}`, 'PKSIGN --hash=sha256 P15.01', `D ${chosen.AuthPIN}%00`, 'END']
    const commands = ['SERIALNO', ...sign, 'RANDOM 40', 'BYE']
    const hex = `'${stockProgram('scdaemon')}' --homedir '${card.at('gnupg')}' --server | od -An -v -tx1`
    const { code, stdout } = await card.shell(hex, `${commands.join('\n')}\n`)
    expect(code).toBe(0)
    const lines = splitLines(fromHex(stdout))
    expect(lines.map(toText).filter((line) => line.startsWith('ERR'))).toEqual([])
    const [signature, random] = lines.filter((line) => toText(line).startsWith('D ')).map((line) => assuanData(line.slice(2)))
    writeFileSync(card.at('signature'), signature!)
    await verified(card, '01', 'SHA256')
    expect(random).toHaveLength(40)
  })
})

const toText = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

/** Lines of the Assuan protocol, whose data bytes are no text. */
function splitLines(bytes: Uint8Array): Uint8Array[] {
  const ends = [...bytes.keys()].filter((at) => bytes[at] === 0x0a)
  return ends.map((end, i) => bytes.slice(i === 0 ? 0 : ends[i - 1]! + 1, end))
}

/** Data of the Assuan protocol: `%`, CR and LF stand there as `%XX`. */
function assuanData(line: Uint8Array): Uint8Array {
  const bytes: number[] = []
  for (let at = 0; at < line.length; at++) {
    const escaped = line[at] === 0x25
    bytes.push(escaped ? Number.parseInt(toText(line.slice(at + 1, at + 3)), 16) : line[at]!)
    if (escaped) at += 2
  }
  return Uint8Array.from(bytes)
}

describe('pyscard', () => {
  const pin = (digits: string): string => `${toHex(new TextEncoder().encode(digits))}ffff`
  const select = '00a404000ca000000063504b43532d313500'
  const program = `
import json, sys
from smartcard.System import readers
from smartcard.scard import SCARD_RESET_CARD
def connect():
    connection = readers()[0].createConnection()
    connection.connect(disposition=SCARD_RESET_CARD)
    return connection
connection = connect()
answers = [bytes(connection.getATR()).hex()]
for line in sys.stdin.read().split():
    if line == 'reset':
        connection.disconnect()
        connection = connect()
        continue
    data, sw1, sw2 = connection.transmit(list(bytes.fromhex(line)))
    answers.append('%02x%02x' % (sw1, sw2))
print(json.dumps(answers))
`
  async function statusWords(...commands: readonly string[]): Promise<string[]> {
    writeFileSync(card.at('program.py'), program)
    const { code, stdout, stderr } = await card.shell(`${stockProgram('pyscard')} program.py`, commands.join('\n'))
    if (code !== 0) throw new Error(stderr)
    return JSON.parse(stdout) as string[]
  }
  const environment = (key: string): string => `002241b60a8001048102${key}840100`
  const signature = (length: number): string => `002a9e9a${length.toString(16)}${'5a'.repeat(length)}00`

  it('connects, selects, and sees the counter fall and rise', async () => {
    const [atr, ...answers] = await statusWords(
      select,
      '00200001',
      `0020000108${pin('397264')}`,
      '00200001',
      `0020000108${pin(chosen.AuthPIN)}`,
      '00200001',
      'reset',
      select,
      '00200001',
    )
    expect(atr).toBe('3b8d80018031fe739621c0554f7345494466')
    expect(answers).toEqual(['9000', '63c3', '63c2', '63c2', '9000', '9000', '9000', '63c3'])
  })

  it('gets one signature in the holder’s name for a VERIFY of the SignPIN, none for the AuthPIN, none after a reset', async () => {
    const use = [environment('4b02'), signature(48)]
    const [, ...answers] = await statusWords(
      ...[select, ...use],
      ...[`0020000108${pin(chosen.AuthPIN)}`, ...use],
      ...[`0020000208${pin(chosen.SignPIN)}`, ...use, ...use],
      ...[`0020000208${pin(chosen.SignPIN)}`, 'reset', select, ...use],
    )
    expect(answers).toEqual(
      ['9000', '9000', '6982', '9000', '9000', '6982', '9000', '9000', '9000', '9000', '6982', '9000', '9000', '9000', '6982'], // biome-ignore format: a row a story
    )
  })

  it('gets any number of log-ins for a VERIFY of the AuthPIN', async () => {
    const use = [environment('4b01'), signature(32)]
    const [, ...answers] = await statusWords(select, `0020000108${pin(chosen.AuthPIN)}`, ...use, ...use, ...use)
    expect(answers).toEqual(Array(8).fill('9000'))
  })
})
