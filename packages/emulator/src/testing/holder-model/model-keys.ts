// The rules of the holder's keys: ISO/IEC 7816-8:2021, 11, ISO/IEC 7816-4:2020, 11.5, and docs/card.md.
import type { Expected, HolderModel, KeyAlgorithm, KeyPurpose, ModelFile } from './model-state.ts'
import { freshSession, gate, inCreation, inPersonalization, ok, opens, reasons, refusedWith } from './model-state.ts'
import type { KeyInput, KeyOperation } from './outside-crypto.ts'

/** GENERATE in the current key file; the answer's public key is the file's from then on. */
export function generatePair(model: HolderModel): Expected {
  const closed = gate(model, 'pkcs15')
  if (closed) return closed
  const { card, session } = model
  const file = card.files[session.file ?? '']
  const why = reasons(
    !inCreation(card) && '6985',
    (session.file === undefined || file?.kind === 'data') && '6986',
    session.file !== undefined && file === undefined && '6a82',
  )
  if (why.length > 0 || file === undefined) return refusedWith(...why)
  const earlier = file.publicKey
  // Known once it is told.
  file.publicKey = 'new'
  return {
    status: ['9000'],
    check: (data) => {
      file.publicKey = publicKeyIn(data, file)
      if (file.publicKey === earlier) throw new Error('the pair is the one that was there before')
    },
  }
}

const toHex = (data: Uint8Array): string => Buffer.from(data).toString('hex')

/** DO'7F49' { DO'86' point } or { DO'81' modulus, DO'82' 010001 }. */
export function publicKeyIn(data: Uint8Array, { kind, size }: ModelFile): string {
  const bytes = Math.ceil(size / 8)
  const pattern =
    kind === 'ec'
      ? new RegExp(`^7f49(?:81)?..86(?:81)?..(04[0-9a-f]{${4 * bytes}})$`)
      : new RegExp(`^7f4982....8182....([89a-f][0-9a-f]{${2 * bytes - 1}})8203010001$`)
  const found = pattern.exec(toHex(data))?.[1]
  if (found === undefined) throw new Error(`no public key of the kind: ${toHex(data)}`)
  return found
}

export interface Choice {
  readonly purpose: KeyPurpose
  readonly algorithm: KeyAlgorithm
  /** Undefined = the current file. */
  readonly fid: string | undefined
}

/** MANAGE SECURITY ENVIRONMENT, SET; what is refused leaves no key chosen. */
export function chooseKey(model: HolderModel, { purpose, algorithm, fid }: Choice): Expected {
  const closed = gate(model, 'pkcs15')
  if (closed) return closed
  const { card, session } = model
  session.key = undefined
  const named = fid ?? session.file
  if (named === undefined) return refusedWith('6986')
  const file = card.files[named]
  if (file === undefined && fid === undefined) return refusedWith('6a82', '6a88')
  if (file === undefined || file.kind === 'data') return refusedWith('6a88')
  if ((file.kind === 'ec') !== (algorithm === '04')) return refusedWith('6a80')
  session.key = { purpose, algorithm, fid: named }
  return ok
}

export const purposes = { sign: 'b6', authenticate: 'a4', decipher: 'b8', agree: 'a4' } as const satisfies Record<KeyOperation, KeyPurpose>

/** PSO: CDS and DECIPHER, INTERNAL and GENERAL AUTHENTICATE: one private-key operation, if it is allowed. With a fault in it nothing leaves the card, and all that is volatile is gone (C19). */
export function useKey(model: HolderModel, operation: KeyOperation, input: KeyInput, faulty = false): Expected {
  const closed = gate(model, 'pkcs15')
  if (closed) return closed
  const { card, session } = model
  const key = session.key
  if (key?.purpose !== purposes[operation]) return refusedWith('6985')
  const file = card.files[key.fid]
  if (file === undefined) return refusedWith('6a82', '6a88')
  if (file.publicKey === undefined) return refusedWith('6a88')
  const use = file.access[0] ?? 'f'
  const reference = Number.parseInt(use, 16)
  const why = reasons(
    (file.kind === 'ec') !== (key.algorithm === '04') && '6985',
    input.flaw !== undefined && input.flaw,
    !opens(use, model) && '6982',
    card.pins[reference]?.transport === true && !inPersonalization(card) && '6985',
  )
  if (why.length > 0) return refusedWith(...why)
  const left = (session.verified[reference] ?? 0) - 1
  if (left > 0) session.verified[reference] = left
  else delete session.verified[reference]
  if (faulty) {
    model.session = freshSession(session.over)
    return { status: ['6f00'], data: '' }
  }
  const check = (data: Uint8Array): void => {
    if (!input.judge(data)) throw new Error(`the private key gave something else: ${toHex(data)}`)
  }
  return { status: ['9000'], check }
}

/** GET DATA 0101, 0102 and 0186 of the current key file; free to read. */
export function readPublicKey(model: HolderModel, part: 'modulus' | 'exponent' | 'point'): Expected {
  const closed = gate(model, 'pkcs15')
  if (closed) return closed
  const { card, session } = model
  if (session.file === undefined) return refusedWith('6986')
  const file = card.files[session.file]
  if (file === undefined) return refusedWith('6a82')
  if (file.publicKey === undefined || (file.kind === 'ec') !== (part === 'point')) return refusedWith('6a88')
  const length = file.publicKey.length / 2
  const header = `86${length > 127 ? '81' : ''}${length.toString(16).padStart(2, '0')}`
  return { status: ['9000'], data: part === 'exponent' ? '010001' : part === 'modulus' ? file.publicKey : header + file.publicKey }
}
