import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findSoftHsm } from '../../../../scripts/softhsm.mjs'
import { root } from '../../../../scripts/workspace.mjs'

/** The PIN of the test token; a run looks for it in everything that is shown. */
export const tokenPin = '73914682'

/** What of pkcs11js a test does behind the store's back, as another program at the same token would. */
export interface OtherProgram {
  /** Makes an object; gives its handle. */
  create(attributes: readonly (readonly [type: number, value: number | boolean | string | Uint8Array])[]): Buffer
  destroy(handle: Buffer): void
  /** The value of an attribute, or the name of the error. */
  read(handle: Buffer, attribute: number): Uint8Array | string
  find(label: string): Buffer[]
  /** Ends every session of the process with the token. */
  closeAllSessions(): void
}

/** A token of SoftHSM2 in a folder of its own. */
export interface TestToken {
  readonly module: string
  readonly token: string
  readonly pin: string
  /** Environment in which another process finds the token. */
  readonly env: Readonly<Record<string, string>>
  readonly folder: string
  /** Puts a private key (PEM, PKCS#8) onto the token. */
  importPrivateKey(label: string, pem: string): void
  otherProgram(): OtherProgram
  remove(): void
}

interface RawPkcs11 {
  load(path: string): void
  C_Initialize(): void
  C_GetSlotList(present: boolean): Buffer[]
  C_GetTokenInfo(slot: Buffer): { label: string }
  C_OpenSession(slot: Buffer, flags: number): Buffer
  C_Login(session: Buffer, user: number, pin: string): void
  C_CloseAllSessions(slot: Buffer): void
  C_CreateObject(session: Buffer, template: object[]): Buffer
  C_DestroyObject(session: Buffer, object: Buffer): void
  C_GetAttributeValue(session: Buffer, object: Buffer, template: object[]): { value: Buffer }[]
  C_FindObjectsInit(session: Buffer, template: object[]): void
  C_FindObjects(session: Buffer, most: number): Buffer[]
  C_FindObjectsFinal(session: Buffer): void
}

const label = 'cards'

/** Makes a token with this test run's PIN. */
export function makeToken(): TestToken {
  const found = findSoftHsm()
  if (found === undefined) throw new Error('these tests need SoftHSM2: node scripts/test.mjs --only pkcs11 says what to install')
  const folder = mkdtempSync(join(tmpdir(), 'kart-softhsm-'))
  const tokens = join(folder, 'tokens')
  mkdirSync(tokens)
  const conf = join(folder, 'softhsm2.conf')
  writeFileSync(conf, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`)
  // The module reads it in this process too.
  process.env.SOFTHSM2_CONF = conf
  const util = (...args: readonly string[]) =>
    execFileSync(found.util, args, { env: { ...process.env, SOFTHSM2_CONF: conf }, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 })
  util('--init-token', '--free', '--label', label, '--pin', tokenPin, '--so-pin', '12345678')
  let imported = 0
  return {
    module: found.module,
    token: label,
    pin: tokenPin,
    env: { SOFTHSM2_CONF: conf },
    folder,
    importPrivateKey(keyLabel, pem) {
      const file = join(folder, `${keyLabel}.pem`)
      writeFileSync(file, pem, { mode: 0o600 })
      util('--import', file, '--token', label, '--label', keyLabel, '--id', String(10 + imported++), '--pin', tokenPin)
      rmSync(file)
    },
    otherProgram: () => otherProgram(found.module),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function otherProgram(module: string): OtherProgram {
  const { PKCS11 } = createRequire(join(root, 'packages/keys/package.json'))('pkcs11js') as { PKCS11: new () => RawPkcs11 }
  const raw = new PKCS11()
  raw.load(module)
  // A module is one in a process: each of these has been done where a store is open, or was before.
  const unlessDone = (run: () => void) => {
    try {
      run()
    } catch (error) {
      if (!/ALREADY/.test(String(error))) throw error
    }
  }
  unlessDone(() => raw.C_Initialize())
  const slot = raw.C_GetSlotList(true).find((candidate) => raw.C_GetTokenInfo(candidate).label.trim() === label)!
  const session = raw.C_OpenSession(slot, 6)
  unlessDone(() => raw.C_Login(session, 1, tokenPin))
  return {
    create: (attributes) =>
      raw.C_CreateObject(
        session,
        attributes.map(([type, value]) => ({ type, value: value instanceof Uint8Array ? Buffer.from(value) : value })),
      ),
    destroy: (handle) => raw.C_DestroyObject(session, handle),
    read(handle, attribute) {
      try {
        return new Uint8Array(raw.C_GetAttributeValue(session, handle, [{ type: attribute }])[0]!.value)
      } catch (error) {
        return /CKR_\w+/.exec(String(error))?.[0] ?? 'no return value'
      }
    },
    find(keyLabel) {
      raw.C_FindObjectsInit(session, [{ type: 3, value: keyLabel }])
      const handles = raw.C_FindObjects(session, 10)
      raw.C_FindObjectsFinal(session)
      return handles
    },
    closeAllSessions: () => raw.C_CloseAllSessions(slot),
  }
}
