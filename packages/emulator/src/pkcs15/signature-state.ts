import type { CardState } from '../memory/card-state.ts'
import type { HolderFile, HolderPin, SignatureState } from '../memory/holder-state.ts'

/** The card with its PKCS#15 application changed; the change counter of GET DATA 01A0 steps. */
export function withSignature(state: CardState, change: Partial<SignatureState>): CardState {
  const { signature } = state
  return { ...state, signature: { ...signature, ...change, changes: (signature.changes + 1) & 0xffff } }
}

/** The card with one file under DF 5015 made or replaced. */
export function withHolderFile(state: CardState, fid: number, file: HolderFile): CardState {
  return withSignature(state, { files: new Map(state.signature.files).set(fid, file) })
}

/** The card without that file. */
export function withoutHolderFile(state: CardState, fid: number): CardState {
  const files = new Map(state.signature.files)
  files.delete(fid)
  return withSignature(state, { files })
}

/** The card with one PIN set or replaced. */
export function withHolderPin(state: CardState, reference: number, pin: HolderPin): CardState {
  return withSignature(state, { pins: new Map(state.signature.pins).set(reference, pin) })
}
