/** The calls of pkcs11js that are used; handles are its Buffers, never looked into. */
export interface Cryptoki {
  load(path: string): void
  close(): void
  C_Initialize(): void
  C_Finalize(): void
  C_GetSlotList(tokenPresent: boolean): Handle[]
  C_GetTokenInfo(slot: Handle): { readonly label: string; readonly serialNumber: string }
  C_OpenSession(slot: Handle, flags: number): Handle
  C_CloseSession(session: Handle): void
  C_Login(session: Handle, userType: number, pin: string): void
  C_FindObjectsInit(session: Handle, template: Template): void
  C_FindObjects(session: Handle, most: number): Handle[]
  C_FindObjectsFinal(session: Handle): void
  C_GetAttributeValue(session: Handle, object: Handle, template: readonly { readonly type: number }[]): { type: number; value: Buffer }[]
  C_GenerateKey(session: Handle, mechanism: Mechanism, template: Template): Handle
  C_SignInit(session: Handle, mechanism: Mechanism, key: Handle): void
  C_Sign(session: Handle, data: Buffer, out: Buffer): Buffer
  C_EncryptInit(session: Handle, mechanism: Mechanism, key: Handle): void
  C_Encrypt(session: Handle, data: Buffer, out: Buffer): Buffer
}

export type Handle = Buffer
export type Mechanism = { readonly mechanism: number }
export type Template = { readonly type: number; readonly value: number | boolean | string | Buffer }[]

/** Values of PKCS #11 v2.40 (OASIS, Base Specification and Current Mechanisms), as many as are used. */
export const ck = {
  CKF_RW_SESSION: 0x02,
  CKF_SERIAL_SESSION: 0x04,
  CKU_USER: 1,
  CKO_PRIVATE_KEY: 3,
  CKO_SECRET_KEY: 4,
  CKK_DES2: 0x14,
  CKK_DES3: 0x15,
  CKK_AES: 0x1f,
  CKA_CLASS: 0x000,
  CKA_TOKEN: 0x001,
  CKA_PRIVATE: 0x002,
  CKA_LABEL: 0x003,
  CKA_KEY_TYPE: 0x100,
  CKA_SENSITIVE: 0x103,
  CKA_ENCRYPT: 0x104,
  CKA_DECRYPT: 0x105,
  CKA_WRAP: 0x106,
  CKA_UNWRAP: 0x107,
  CKA_SIGN: 0x108,
  CKA_VERIFY: 0x10a,
  CKA_DERIVE: 0x10c,
  CKA_VALUE_LEN: 0x161,
  CKA_EXTRACTABLE: 0x162,
  CKM_DES3_ECB: 0x132,
  CKM_ECDSA: 0x1041,
  CKM_AES_KEY_GEN: 0x1080,
  CKM_AES_CMAC: 0x108a,
} as const satisfies Record<string, number>

/** Return values that mean that the session, the token or the key behind a handle is gone. */
const lost: readonly string[] = [
  'CKR_DEVICE_ERROR',
  'CKR_DEVICE_REMOVED',
  'CKR_KEY_HANDLE_INVALID',
  'CKR_OBJECT_HANDLE_INVALID',
  'CKR_SESSION_CLOSED',
  'CKR_SESSION_HANDLE_INVALID',
  'CKR_TOKEN_NOT_PRESENT',
  'CKR_TOKEN_NOT_RECOGNIZED',
  'CKR_USER_NOT_LOGGED_IN',
  'CKR_CRYPTOKI_NOT_INITIALIZED',
]

/** The name of the return value in an error of pkcs11js (`CKR_PIN_INCORRECT`), which is all of its text that is let through; undefined where there is none. */
export function returnValueOf(error: unknown): string | undefined {
  return error instanceof Error ? /\bCKR_[A-Z0-9_]+/.exec(error.message)?.[0] : undefined
}

/** Whether a return value says that nothing more can be done in this session. */
export function isLost(returnValue: string | undefined): boolean {
  return returnValue !== undefined && lost.includes(returnValue)
}
