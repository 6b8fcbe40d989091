import { aesCmac, desEde3CbcEncrypt } from '@kart/crypto'
import { type Cryptoki, ck, type Handle, type Template } from '../pkcs11/cryptoki.ts'

// For the tests of this package only; the entry point does not reach it. A token whose faults can be chosen; that a real module behaves so is shown with
// SoftHSM2 in packages/conformance.

/** A key on the fake token. */
export interface FakeKey {
  label: string
  type: number
  value: Uint8Array
  extractable?: boolean
  sensitive?: boolean
  sign?: boolean
  encrypt?: boolean
}

/** What went on at the module, and what shall go wrong. */
export interface FakeModule {
  readonly cryptoki: Cryptoki
  readonly calls: string[]
  readonly keys: FakeKey[]
  /** Return value to throw at the next call of this function, counted from now: 0 the next. */
  fail(call: string, after: number, returnValue: string): void
  readonly load: (name: string) => unknown
}

export const fakePin = '73914682'

/** A module with one token of the label `cards`. */
export function fakeModule(...keys: FakeKey[]): FakeModule {
  const calls: string[] = []
  const failures: { call: string; after: number; returnValue: string }[] = []
  let found: Handle[] = []
  let current: FakeKey | undefined
  const handle = (index: number): Handle => Buffer.from([index, 0, 0, 0, 0, 0, 0, 0])
  const keyOf = (object: Handle): FakeKey => keys[object[0]!] ?? raise('CKR_OBJECT_HANDLE_INVALID')
  const raise = (returnValue: string): never => {
    // As pkcs11js has it, with what a careless module might put there: nothing of it may come out.
    throw new Error(`${returnValue}:5 PIN ${fakePin} was given\n    at PKCS11.C_Any (/opt/hsm/lib.cpp:1)`)
  }
  const called = (name: string): void => {
    calls.push(name)
    const next = failures.find((failure) => failure.call === name)
    if (next === undefined || next.after-- > 0) return
    failures.splice(failures.indexOf(next), 1)
    raise(next.returnValue)
  }
  const number = (value: number): Buffer => {
    const out = Buffer.alloc(8)
    out.writeUInt32LE(value)
    return out
  }
  const attributeOf = (key: FakeKey, type: number): Buffer => {
    if (type === ck.CKA_LABEL) return Buffer.from(key.label)
    if (type === ck.CKA_KEY_TYPE) return number(key.type)
    if (type === ck.CKA_VALUE_LEN) return number(key.value.length)
    const flags: Record<number, boolean> = {
      [ck.CKA_SENSITIVE]: key.sensitive ?? true,
      [ck.CKA_EXTRACTABLE]: key.extractable ?? false,
      [ck.CKA_SIGN]: key.sign ?? true,
      [ck.CKA_ENCRYPT]: key.encrypt ?? key.type !== ck.CKK_AES,
    }
    return flags[type] === undefined ? raise('CKR_ATTRIBUTE_TYPE_INVALID') : Buffer.from([flags[type] ? 1 : 0])
  }
  const cryptoki: Cryptoki = {
    load: () => called('load'),
    close: () => called('close'),
    C_Initialize: () => called('C_Initialize'),
    C_Finalize: () => called('C_Finalize'),
    C_GetSlotList: () => {
      called('C_GetSlotList')
      return [handle(0), handle(1)]
    },
    C_GetTokenInfo: (slot) => ({ label: (slot[0] === 0 ? 'cards' : 'others').padEnd(32), serialNumber: '1' }),
    C_OpenSession: () => {
      called('C_OpenSession')
      return handle(7)
    },
    C_CloseSession: () => called('C_CloseSession'),
    C_Login: (_session, _type, pin) => {
      called('C_Login')
      if (pin !== fakePin) raise('CKR_PIN_INCORRECT')
    },
    C_FindObjectsInit: (_session, template: Template) => {
      called('C_FindObjectsInit')
      const label = template.find(({ type }) => type === ck.CKA_LABEL)?.value
      found = keys.map((_, i) => handle(i)).filter((object) => label === undefined || keyOf(object).label === label)
    },
    C_FindObjects: (_session, most) => found.splice(0, most),
    C_FindObjectsFinal: () => called('C_FindObjectsFinal'),
    C_GetAttributeValue: (_session, object, template) => {
      called('C_GetAttributeValue')
      return template.map(({ type }) => ({ type, value: attributeOf(keyOf(object), type) }))
    },
    C_GenerateKey: (_session, _mechanism, template) => {
      called('C_GenerateKey')
      const value = (type: number) => template.find((attribute) => attribute.type === type)?.value
      keys.push({
        label: String(value(ck.CKA_LABEL)),
        type: Number(value(ck.CKA_KEY_TYPE)),
        value: new Uint8Array(Number(value(ck.CKA_VALUE_LEN))).fill(9),
        extractable: value(ck.CKA_EXTRACTABLE) !== false,
        sensitive: value(ck.CKA_SENSITIVE) === true,
        sign: value(ck.CKA_SIGN) === true,
        encrypt: value(ck.CKA_ENCRYPT) === true,
      })
      return handle(keys.length - 1)
    },
    C_SignInit: (_session, _mechanism, object) => {
      called('C_SignInit')
      current = keyOf(object)
    },
    C_Sign: (_session, data, out) => {
      called('C_Sign')
      out.set(aesCmac(current!.value, data))
      return out.subarray(0, 16)
    },
    C_EncryptInit: (_session, _mechanism, object) => {
      called('C_EncryptInit')
      current = keyOf(object)
    },
    C_Encrypt: (_session, data, out) => {
      called('C_Encrypt')
      for (let at = 0; at < data.length; at += 8)
        out.set(desEde3CbcEncrypt(current!.value, new Uint8Array(8), data.subarray(at, at + 8)), at)
      return out.subarray(0, data.length)
    },
  }
  return {
    cryptoki,
    calls,
    keys,
    fail: (call, after, returnValue) => void failures.push({ call, after, returnValue }),
    load: () => ({
      PKCS11: function PKCS11() {
        return cryptoki
      },
    }),
  }
}
