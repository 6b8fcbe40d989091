import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seenInMemory } from '@kart/crypto'
import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout'
import { openPcsc } from '@kart/pcsc'
import { buildImage, execute, initTestPki, softwareSigner, type TransportPins, testHolderAuthority } from '@kart/personalization'
import { type StockProgram, stockProgram } from '../../../../../scripts/stock-programs.mjs'
import { chipSerial, specimen, specimenOptions } from '../../testing/specimen.ts'
import { insertCard, type ProgramResult, runProgram, waitForStack } from '../stack.ts'

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
  /** Runs a program in the folder to its end. Throws, naming its package, where it is not installed. */
  run(program: StockProgram, ...args: readonly string[]): Promise<ProgramResult>
  /** The same for one that must end well; gives its standard output. */
  done(program: StockProgram, ...args: readonly string[]): Promise<string>
  /** A line of the shell with `input` as standard input, in the folder. */
  shell(line: string, input: string, env?: Readonly<Record<string, string>>): Promise<ProgramResult>
  remove(): Promise<void>
}

/** Personalizes a card as `kart issue` does, at this moment, and puts it in; `ca.pem` in the folder is the authority of its certificates, `message` 1000 bytes. */
export async function insertIssuedCard(): Promise<IssuedCard> {
  await waitForStack()
  const now = new Date()
  const pki = initTestPki({ now })
  const image = buildImage(specimen, nationalId, { ...specimenOptions, personalizedAt: now, signatureCard: { pins: letter } })
  const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })
  await execute(card.transport(), image, {
    keys: testTransportKeys,
    signer: softwareSigner(pki.documentSigner),
    now,
    certify: testHolderAuthority(pki.holderAuthority, () => now),
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
  return {
    at,
    run,
    done,
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

/** Has openssl check `signature` over `message` with the certificate of key `id`. Throws where it is not good. */
export function verified({ done }: IssuedCard, id: string, hash: string): Promise<string> {
  return done('openssl', 'dgst', `-${hash.toLowerCase()}`, '-verify', `${id}.pem`, '-signature', 'signature', 'message')
}
