import { coarseTableBytes } from './coarse.ts'
import { blockBytes, blockStride, headerBytes } from './gallery-format.ts'
import { batchProbes, blockRecords } from './kernel.ts'
import { recordBytes } from './packed.ts'
import type { FirstLook } from './parameters.ts'
import { kernelInstance, kernelModule } from './wasm-kernel.ts'
import { place } from './wasm-memory.ts'

/** What a worker is handed to search. Everything shared is written in one direction only, but for the counter. */
export interface SearchJob {
  readonly source: { readonly path: string } | { readonly memory: SharedArrayBuffer }
  readonly slots: number
  /** Packed probes, one after the other. */
  readonly probes: Uint8Array
  /** Their tables for the coarse look, where there is one. */
  readonly tables: Uint8Array
  readonly look: FirstLook
  /** The next block that nobody has taken. */
  readonly counter: SharedArrayBuffer
  /** A byte a block: 1 searched, 2 refused. */
  readonly blocks: SharedArrayBuffer
  /** Strengths, `slots` to a probe. */
  readonly strengths: SharedArrayBuffer
}

/** What a worker answers. */
export type SearchAnswer = { readonly done: true } | { readonly failed: string }

/**
 * The worker's program, plain and whole in itself, so that it runs from the sources, from a bundle and from either module format alike: all arithmetic is the
 * kernel's. It takes block after block, copies it to the kernel's own memory, and refuses one whose sums do not hold.
 */
const program = `
const { parentPort, workerData } = require('node:worker_threads')
const fs = require('node:fs')
const { module, tables, coarseTable, record, perBlock, blockBytes, stride, header, batch, at } = workerData
const kernel = new WebAssembly.Instance(module, {}).exports
const bytes = new Uint8Array(kernel.memory.buffer)
bytes.set(tables)
const scores = new Int32Array(kernel.memory.buffer, at.scores, perBlock * batch)
function search(job) {
  const file = job.source.path === undefined ? undefined : fs.openSync(job.source.path, 'r')
  try {
    const all = file === undefined ? new Uint8Array(job.source.memory) : undefined
    const counter = new Int32Array(job.counter)
    const state = new Uint8Array(job.blocks)
    const strengths = new Int32Array(job.strengths)
    const probes = job.probes.length / record
    const blocks = Math.ceil(job.slots / perBlock)
    const load = (from, count) => {
      bytes.set(job.probes.subarray(from * record, (from + count) * record), at.packedProbes)
      bytes.set(job.tables.subarray(from * coarseTable, (from + count) * coarseTable), at.coarse)
      kernel.loadProbes(count)
    }
    const { leading, pairs, gate, firstAccordGate, exactGate, accordGate, lastGate, coarse } = job.look
    kernel.setMode(leading, pairs, gate, firstAccordGate, exactGate, accordGate, lastGate, coarse)
    if (probes <= batch) load(0, probes)
    for (;;) {
      const block = Atomics.add(counter, 0, 1)
      if (block >= blocks) return
      const from = header + block * stride
      if (all !== undefined) bytes.set(all.subarray(from, from + stride), at.block)
      else if (fs.readSync(file, bytes, at.block, stride, from) !== stride) { state[block] = 2; continue }
      if (!kernel.blockHolds()) { state[block] = 2; continue }
      const count = Math.min(perBlock, job.slots - block * perBlock)
      for (let first = 0; first < probes; first += batch) {
        const here = Math.min(batch, probes - first)
        if (probes > batch) load(first, here)
        kernel.compareBlock(here, count)
        for (let p = 0; p < here; p++)
          strengths.set(scores.subarray(p * perBlock, p * perBlock + count), (first + p) * job.slots + block * perBlock)
      }
      state[block] = 1
    }
  } finally {
    if (file !== undefined) fs.closeSync(file)
  }
}
parentPort.on('message', (job) => {
  try {
    search(job)
    parentPort.postMessage({ done: true })
  } catch (error) {
    parentPort.postMessage({ failed: String(error && error.message) })
  }
})
`

/** The program and what it starts with. */
export function workerProgram(): { readonly program: string; readonly workerData: object } {
  const { memory } = kernelInstance()
  return {
    program,
    workerData: {
      module: kernelModule(),
      tables: new Uint8Array(memory.buffer).slice(0, 0x2000),
      coarseTable: coarseTableBytes,
      record: recordBytes,
      perBlock: blockRecords,
      blockBytes,
      stride: blockStride,
      header: headerBytes,
      batch: batchProbes,
      at: { block: place.block, packedProbes: place.packedProbes, scores: place.scores, coarse: place.coarse },
    },
  }
}
