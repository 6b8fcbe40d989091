import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CardChannel, getResponse, openChannel, wrongLength } from '@kart/apdu/host'
import { seenInMemory } from '@kart/crypto'
import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import { type CardProfile, nationalId } from '@kart/layout'
import { openPcsc } from '@kart/pcsc'
import { buildImage, execute, initTestPki, softwareSigner, type TransportPins, testHolderAuthority } from '@kart/personalization'
import { findPin, type HolderApplication, openHolderApplication, type PinStatus, readPinStatus } from '@kart/signature'
import { type StockProgram, stockProgram } from '../../../../../scripts/stock-programs.mjs'
import { chipSerial, specimen, specimenOptions } from '../../testing/specimen.ts'
import { insertCard, type ProgramResult, runProgram, slots, waitForStack } from '../stack.ts'
import { hashes } from './mechanisms.ts'

/** What the letter to the holder says. */
export const letter = {
  AuthPIN: { pin: '730518', puk: '40271853' },
  SignPIN: { pin: '916207', puk: '58302617' },
  'SO-PIN': { pin: '62950174' },
} as const satisfies TransportPins

/** What the holder changes them to. */
export const chosen = { AuthPIN: '736254', SignPIN: '840952' } as const

/** A card of the main job in the first reader, and a folder in which stock programs run on it. */
export interface IssuedCard {
  at(name: string): string
  /** The certificates (DER) that the authority gave, by the labels of their keys. */
  readonly certified: ReadonlyMap<string, Uint8Array>
  /** What our own library finds on the card, through the same reader; the card is reset behind it. */
  library<T>(use: (channel: CardChannel, application: HolderApplication) => Promise<T>): Promise<T>
  /** Runs a program in the folder to its end. Throws, naming its package, where it is not installed. */
  run(program: StockProgram, ...args: readonly string[]): Promise<ProgramResult>
  /** The same for one that must end well; gives its standard output. */
  done(program: StockProgram, ...args: readonly string[]): Promise<string>
  /** A line of the shell with `input` as standard input, in the folder. */
  shell(line: string, input: string, env?: Readonly<Record<string, string>>): Promise<ProgramResult>
  remove(): Promise<void>
}

/**
 * Personalizes a card as `kart issue` does, at this moment, and puts it in; `ca.pem` in the folder is the authority of its certificates, `message` 1000 bytes, and
 * `SHA256.digest` and so on its digests.
 */
export async function insertIssuedCard(profile: CardProfile = nationalId): Promise<IssuedCard> {
  await waitForStack()
  const now = new Date()
  const pki = initTestPki({ now })
  const image = buildImage(specimen, profile, { ...specimenOptions, personalizedAt: now, signatureCard: { pins: letter } })
  const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })
  const authority = testHolderAuthority(pki.holderAuthority, () => now)
  const certified = new Map<string, Uint8Array>()
  await execute(card.transport(), image, {
    keys: testTransportKeys,
    signer: softwareSigner(pki.documentSigner),
    now,
    certify: async (order) => {
      const made = await authority(order)
      certified.set(order.label, made.certificate)
      return made
    },
    seenKeys: seenInMemory(),
  })
  const folder = mkdtempSync(join(tmpdir(), 'kart-issued-'))
  const at = (name: string): string => join(folder, name)
  const context = await openPcsc()
  const plugged = await insertCard(context, card)
  const options = { timeoutMs: 120_000, cwd: folder }
  const run = (program: StockProgram, ...args: readonly string[]): Promise<ProgramResult> =>
    runProgram(stockProgram(program), args, options)
  const done = async (program: StockProgram, ...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(program, ...args)
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${stderr || stdout}`)
    return stdout
  }
  writeFileSync(at('ca.der'), pki.holderAuthority.certificate)
  writeFileSync(
    at('message'),
    new Uint8Array(1000).map((_, i) => i),
  )
  await done('openssl', 'x509', '-inform', 'DER', '-in', 'ca.der', '-out', 'ca.pem')
  for (const hash of hashes) await done('openssl', 'dgst', `-${hash.toLowerCase()}`, '-binary', '-out', `${hash}.digest`, 'message')
  return {
    at,
    certified,
    run,
    done,
    async library(use) {
      const session = await context.connect(slots[0].reader, { mode: 'shared' })
      try {
        const channel = openChannel(session, getResponse(), wrongLength())
        return await use(channel, await openHolderApplication(channel))
      } finally {
        await session.disconnect('reset')
      }
    },
    shell(line, input, env = {}) {
      writeFileSync(at('input'), input, { mode: 0o600 })
      return runProgram('sh', ['-c', `(${line}) < input`], { ...options, env })
    },
    async remove() {
      await plugged.unplug()
      await context.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What the card tells our library of a PIN. */
export function pinStatus({ library }: IssuedCard, label: string): Promise<PinStatus> {
  return library((channel, application) => readPinStatus(channel, findPin(application, label)))
}

/** Writes certificate and public key of the card's keys 01 and 02 to `ID.crt` and `ID.pem`. */
export async function readKeys({ at, done }: IssuedCard): Promise<void> {
  for (const id of ['01', '02']) {
    writeFileSync(at(`${id}.crt`), await done('pkcs15-tool', '--read-certificate', id))
    await done('openssl', 'x509', '-in', `${id}.crt`, '-pubkey', '-noout', '-out', `${id}.pem`)
  }
}

/** Changes both transport PINs with pkcs15-tool. */
export async function changeTransportPins({ done }: IssuedCard): Promise<void> {
  for (const [id, name] of [
    ['01', 'AuthPIN'],
    ['02', 'SignPIN'],
  ] as const)
    await done('pkcs15-tool', '--change-pin', '--auth-id', id, '--pin', letter[name].pin, '--new-pin', chosen[name])
}
