import { wipe } from '@kart/crypto'
import { KeyStoreError } from '../key-store-error.ts'
import { type Cryptoki, ck, type Handle, isLost, type Mechanism, returnValueOf, type Template } from './cryptoki.ts'
import { loadCryptoki } from './load-cryptoki.ts'

/** Which token, and how to get in. */
export interface Pkcs11Options {
  /** Path of the module: the shared library of the HSM's maker. */
  readonly module: string
  /** Label of the token. */
  readonly token: string
  /** The user's PIN; it is handed on and not kept. */
  readonly pin: string
  /** Whether objects may be made; without it the session is read-only. */
  readonly writable?: boolean
  /** Stands for `require`, for tests. */
  readonly load?: (name: string) => unknown
}

const pinProblems: Readonly<Record<string, string>> = {
  CKR_PIN_INCORRECT: 'the PIN is not the token’s',
  CKR_PIN_INVALID: 'the PIN is not the token’s',
  CKR_PIN_LEN_RANGE: 'the PIN is shorter or longer than the token’s can be',
  CKR_PIN_EXPIRED: 'the PIN has expired: set a new one with the HSM’s tools',
  CKR_PIN_LOCKED: 'the PIN is locked after too many tries: the security officer can set a new one',
}

/** A secret or private key on a token, as what may be known of it. */
export interface TokenKey {
  readonly label: string
  readonly handle: Handle
}

/**
 * A session with a token (PKCS #11 v2.40). The first failure of an operation ends it: everything after is refused, nothing is opened again behind the caller's
 * back, and nothing is done in software instead (B10).
 */
export class Pkcs11Token {
  readonly label: string
  readonly #cryptoki: Cryptoki
  readonly #session: Handle
  readonly #release: () => void
  #open = true

  private constructor(label: string, cryptoki: Cryptoki, session: Handle, release: () => void) {
    this.label = label
    this.#cryptoki = cryptoki
    this.#session = session
    this.#release = release
  }

  /** Opens a session with the one token of this label and logs in as its user. Throws KeyStoreError. */
  static open(options: Pkcs11Options): Pkcs11Token {
    const { cryptoki, release } = options.load ? loadCryptoki(options.module, options.load) : loadCryptoki(options.module)
    try {
      const flags = ck.CKF_SERIAL_SESSION | (options.writable === true ? ck.CKF_RW_SESSION : 0)
      const session = attempt('open a session', () => cryptoki.C_OpenSession(findSlot(cryptoki, options.token), flags))
      try {
        logIn(cryptoki, session, options.pin)
      } catch (error) {
        cryptoki.C_CloseSession(session)
        throw error
      }
      return new Pkcs11Token(options.token, cryptoki, session, release)
    } catch (error) {
      release()
      throw error
    }
  }

  /** Every key of a class (CKO_SECRET_KEY, CKO_PRIVATE_KEY) on the token, or those with this label. Throws KeyStoreError. */
  findKeys(objectClass: number, label?: string): readonly TokenKey[] {
    const template: Template = [
      { type: ck.CKA_CLASS, value: objectClass },
      ...(label === undefined ? [] : [{ type: ck.CKA_LABEL, value: label }]),
    ]
    return this.#run('look for keys', (cryptoki, session) => {
      cryptoki.C_FindObjectsInit(session, template)
      const handles: Handle[] = []
      try {
        for (let found = cryptoki.C_FindObjects(session, 100); found.length > 0; found = cryptoki.C_FindObjects(session, 100))
          handles.push(...found)
      } finally {
        cryptoki.C_FindObjectsFinal(session)
      }
      return handles.map((handle) => ({ handle, label: this.#attribute(handle, ck.CKA_LABEL).toString('utf8') }))
    })
  }

  /** The one key with this label; none, or several, is refused. Throws KeyStoreError. */
  findKey(objectClass: number, label: string): TokenKey {
    const found = this.findKeys(objectClass, label)
    if (found.length === 1) return found[0]!
    throw new KeyStoreError(
      'missing',
      `token ${this.label} has ${found.length === 0 ? 'no key' : 'more than one key'} with the label ${label}`,
    )
  }

  /** A number attribute; undefined where the token does not tell it. Throws KeyStoreError. */
  number(key: TokenKey, type: number): number | undefined {
    const value = this.#run('read an attribute', () => this.#optionalAttribute(key.handle, type))
    if (value === undefined || value.length === 0 || value.length > 8) return undefined
    return value.readUIntLE(0, Math.min(value.length, 6))
  }

  /** A yes-or-no attribute; undefined where the token does not tell it. Throws KeyStoreError. */
  flag(key: TokenKey, type: number): boolean | undefined {
    const value = this.#run('read an attribute', () => this.#optionalAttribute(key.handle, type))
    return value === undefined || value.length !== 1 ? undefined : value[0] !== 0
  }

  /** One signature or MAC of at most `most` bytes. Throws KeyStoreError. */
  sign(key: TokenKey, mechanism: number, data: Uint8Array, most: number): Uint8Array {
    return this.#operate('make a MAC or signature', data, most, (cryptoki, session, input, out) => {
      cryptoki.C_SignInit(session, { mechanism }, key.handle)
      return cryptoki.C_Sign(session, input, out)
    })
  }

  /** One encryption, as long as what goes in. Throws KeyStoreError. */
  encrypt(key: TokenKey, mechanism: number, data: Uint8Array): Uint8Array {
    return this.#operate('encrypt', data, data.length, (cryptoki, session, input, out) => {
      cryptoki.C_EncryptInit(session, { mechanism }, key.handle)
      return cryptoki.C_Encrypt(session, input, out)
    })
  }

  /** Makes a secret key on the token. Throws KeyStoreError. */
  generateKey(mechanism: Mechanism, template: Template): void {
    this.#run('make a key', (cryptoki, session) => cryptoki.C_GenerateKey(session, mechanism, template))
  }

  /** Ends the session. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    try {
      this.#cryptoki.C_CloseSession(this.#session)
    } catch {
      // It is gone, which is what was wanted.
    } finally {
      this.#release()
    }
  }

  #operate(
    what: string,
    data: Uint8Array,
    most: number,
    operation: (cryptoki: Cryptoki, session: Handle, input: Buffer, out: Buffer) => Buffer,
  ): Uint8Array {
    const out = Buffer.alloc(most)
    try {
      return this.#run(what, (cryptoki, session) => new Uint8Array(operation(cryptoki, session, Buffer.from(data), out)))
    } finally {
      wipe(out)
    }
  }

  #attribute(handle: Handle, type: number): Buffer {
    return this.#cryptoki.C_GetAttributeValue(this.#session, handle, [{ type }])[0]!.value
  }

  #optionalAttribute(handle: Handle, type: number): Buffer | undefined {
    try {
      return this.#attribute(handle, type)
    } catch (error) {
      const value = returnValueOf(error)
      if (value === 'CKR_ATTRIBUTE_TYPE_INVALID' || value === 'CKR_ATTRIBUTE_SENSITIVE') return undefined
      throw error
    }
  }

  #run<T>(what: string, operation: (cryptoki: Cryptoki, session: Handle) => T): T {
    if (!this.#open) throw new KeyStoreError('lost', `the session with token ${this.label} is over; open the key store anew`)
    try {
      return attempt(`${what} on token ${this.label}`, () => operation(this.#cryptoki, this.#session))
    } catch (error) {
      this.close()
      throw error
    }
  }
}

/** Runs calls of the module; of what they throw only the name of the return value is told. */
function attempt<T>(what: string, run: () => T): T {
  try {
    return run()
  } catch (cause) {
    if (cause instanceof KeyStoreError) throw cause
    const value = returnValueOf(cause)
    const problem = isLost(value) ? 'lost' : 'failed'
    // No cause: what else a module says is not ours to vouch for.
    throw new KeyStoreError(
      problem,
      `could not ${what} (${value ?? 'no return value'})${problem === 'lost' ? ': the session, the token or the key is gone' : ''}`,
    )
  }
}

function findSlot(cryptoki: Cryptoki, label: string): Handle {
  const tokens = cryptoki.C_GetSlotList(true).map((slot) => ({ slot, label: cryptoki.C_GetTokenInfo(slot).label.replace(/[ \0]+$/, '') }))
  const found = tokens.filter((token) => token.label === label)
  if (found.length === 1) return found[0]!.slot
  throw new KeyStoreError('missing', `the module has ${found.length === 0 ? 'no token' : 'more than one token'} with the label ${label}`)
}

function logIn(cryptoki: Cryptoki, session: Handle, pin: string): void {
  try {
    cryptoki.C_Login(session, ck.CKU_USER, pin)
  } catch (error) {
    const value = returnValueOf(error)
    // Login is the whole application's: another session of this process has done it.
    if (value === 'CKR_USER_ALREADY_LOGGED_IN') return
    // No cause: a module may put what it was given into its text.
    throw new KeyStoreError('access', `login to the token failed: ${pinProblems[value ?? ''] ?? value ?? 'no return value'}`)
  }
}
