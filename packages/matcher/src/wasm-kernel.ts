import { InputError } from '@kart/codec'
import type { MinutiaeTemplate } from '@kart/minutiae'
import { coarseTablesOf } from './coarse-tables.ts'
import type { FullOutcome, Kernel } from './kernel.ts'
import { kernelBytes } from './kernel-bytes.ts'
import { recordBytes } from './packed.ts'
import type { FirstLook } from './parameters.ts'
import { type Describe, type Prepared, prepareWith } from './prepare.ts'
import { place, readDescriptors, writePrint, writeSide, writeTables } from './wasm-memory.ts'

/** What the kernel's module exports; see kernel/main.ts. */
export interface KernelExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  finishSide(side: number): void
  describeAll(total: number, count: number): void
  compareFull(): number
  setMode(
    leading: number,
    pairs: number,
    gate: number,
    firstAccordGate: number,
    exactGate: number,
    accordGate: number,
    lastGate: number,
    coarse: number,
  ): void
  loadProbes(count: number): void
  compareBlock(probes: number, records: number): void
  blockHolds(): number
  similarityStage(): void
}

// What is used of WebAssembly, whose types neither ECMAScript's nor Node's hold.
interface WasmModule {
  readonly [Symbol.toStringTag]?: string
}
const wasm = (
  globalThis as unknown as {
    WebAssembly: {
      Module: new (bytes: Uint8Array) => WasmModule
      Instance: new (module: WasmModule, imports: object) => { exports: unknown }
    }
  }
).WebAssembly

let compiled: WasmModule | undefined

/** The kernel's module, compiled once. Throws InputError where the machine has no WebAssembly with 128-bit vectors. */
export function kernelModule(): WasmModule {
  try {
    compiled ??= new wasm.Module(Uint8Array.from(atob(kernelBytes), (c) => c.charCodeAt(0)))
  } catch (cause) {
    throw new InputError('kernel', 'wasm needs WebAssembly with 128-bit vectors, which is not to be had here: take typed-arrays', { cause })
  }
  return compiled
}

/** Whether the machine runs the kernel: not without WebAssembly, nor without its 128-bit vectors. */
export function hasWasm(): boolean {
  try {
    kernelModule()
    return true
  } catch {
    return false
  }
}

/** An instance of the kernel with its tables; two megabytes. */
export function kernelInstance(): KernelExports {
  const module = kernelModule()
  const exports = new wasm.Instance(module, {}).exports as KernelExports
  writeTables(exports.memory.buffer)
  return exports
}

/** The stages in WebAssembly with 128-bit vectors. */
export class WasmKernel implements Kernel {
  readonly name = 'wasm'
  readonly #kernel = kernelInstance()
  readonly #bytes = new Uint8Array(this.#kernel.memory.buffer)
  readonly #outcome = new Int32Array(this.#kernel.memory.buffer, place.outcome, 512)
  #probes = 0
  #sideA: Prepared | undefined
  #sideB: Prepared | undefined

  prepare(template: MinutiaeTemplate, centres: number): Prepared {
    return prepareWith(this.#describe, template, centres)
  }

  readonly #describe: Describe = (order, x, y, angle, hull) => {
    writePrint(this.#kernel.memory.buffer, order, x, y, angle, hull)
    this.#kernel.describeAll(x.length, order.length)
    return readDescriptors(this.#kernel.memory.buffer, order.length)
  }

  compareFull(a: Prepared, b: Prepared): FullOutcome {
    // in a row of comparisons one side mostly stays
    if (this.#sideA !== a) this.#write(place.probes, a)
    if (this.#sideB !== b) this.#write(place.candidate, b)
    this.#sideA = a
    this.#sideB = b
    const strength = this.#kernel.compareFull()
    const o = this.#outcome
    if (o[3] === 0) return { strength }
    const n = o[2]!
    return {
      strength,
      aligned: {
        rigid: { cos: o[4]!, sin: o[5]!, shiftX: o[6]!, shiftY: o[7]!, angle: o[8]! },
        i: o.slice(64, 64 + n),
        j: o.slice(192, 192 + n),
        residual: o.slice(320, 320 + n),
      },
    }
  }

  #write(at: number, side: Prepared): void {
    writeSide(this.#kernel.memory.buffer, at, side)
    this.#kernel.finishSide(at)
  }

  loadProbes(
    records: readonly Uint8Array[],
    { leading, pairs, gate, firstAccordGate, exactGate, accordGate, lastGate, coarse }: FirstLook,
  ): void {
    this.#forgetSides()
    for (const [p, record] of records.entries()) this.#bytes.set(record, place.packedProbes + p * recordBytes)
    if (coarse > 0) this.#bytes.set(coarseTablesOf(records), place.coarse)
    this.#kernel.setMode(leading, pairs, gate, firstAccordGate, exactGate, accordGate, lastGate, coarse)
    this.#kernel.loadProbes(records.length)
    this.#probes = records.length
  }

  compareBlock(block: Uint8Array, count: number): Int32Array {
    this.#forgetSides()
    this.#bytes.set(block.subarray(0, count * recordBytes), place.block)
    this.#kernel.compareBlock(this.#probes, count)
    return new Int32Array(this.#kernel.memory.buffer, place.scores, 64 * this.#probes).slice()
  }

  #forgetSides(): void {
    this.#sideA = undefined
    this.#sideB = undefined
  }
}
