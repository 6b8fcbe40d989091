import { InputError } from '@kart/codec'
import type { MinutiaeTemplate } from '@kart/minutiae'
import type { FirstLook } from './parameters.ts'
import type { Prepared } from './prepare.ts'
import { ReferenceKernel } from './reference-kernel.ts'
import { TypedArraysKernel } from './typed-arrays-kernel.ts'
import { hasWasm, WasmKernel } from './wasm-kernel.ts'

/** Records that a kernel compares in one call, and a block of a gallery holds. */
export const blockRecords = 64
/** Most probes of one call. */
export const batchProbes = 16

/** What compares: every kernel gives the same integers. */
export interface Kernel {
  readonly name: KernelName
  /** Makes a template ready, with at most this many minutiae. */
  prepare(template: MinutiaeTemplate, centres: number): Prepared
  /** Strength of a comparison one to one with nothing left out, the sides in their settled order; see `MatchResult.strength`. */
  compareFull(a: Prepared, b: Prepared): FullOutcome
  /** Sets the probes of a search: packed templates, at most {@link batchProbes}. */
  loadProbes(records: readonly Uint8Array[], look: FirstLook): void
  /** Compares every probe with the first `count` records of a block; strengths by probe, {@link blockRecords} to a row. */
  compareBlock(block: Uint8Array, count: number): Int32Array
}

/** The kernels by name, fastest first: WebAssembly with 128-bit vectors, plain TypeScript over typed arrays, and the reference that reads like the description. */
export const kernelNames = ['wasm', 'typed-arrays', 'reference'] as const
export type KernelName = (typeof kernelNames)[number]

/** What the full comparison found. */
export interface FullOutcome {
  readonly strength: number
  /** Absent when nothing could be aligned. */
  readonly aligned?: {
    readonly rigid: { readonly cos: number; readonly sin: number; readonly shiftX: number; readonly shiftY: number; readonly angle: number }
    readonly i: ArrayLike<number>
    readonly j: ArrayLike<number>
    readonly residual: ArrayLike<number>
  }
}

/** A kernel of this name; throws InputError for a name that there is not, or for `wasm` where the machine has no WebAssembly with 128-bit vectors. */
export function openKernel(name: KernelName): Kernel {
  if (name === 'reference') return new ReferenceKernel()
  if (name === 'typed-arrays') return new TypedArraysKernel()
  if (name === 'wasm') return new WasmKernel()
  throw new InputError('kernel', `not one of ${kernelNames.join(', ')}`)
}

/** The name of the fastest kernel that the machine has. */
export function fastestKernelName(): KernelName {
  return hasWasm() ? 'wasm' : 'typed-arrays'
}

let fastest: Kernel | undefined

/** The fastest kernel that the machine has, one for all. */
export function fastestKernel(): Kernel {
  fastest ??= openKernel(fastestKernelName())
  return fastest
}
