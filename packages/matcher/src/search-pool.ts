import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { InputError } from '@kart/codec'
import { coarseTablesOf } from './coarse-tables.ts'
import type { Gallery } from './gallery.ts'
import { batchProbes, blockRecords, fastestKernelName, type Kernel, type KernelName, openKernel } from './kernel.ts'
import { recordBytes } from './packed.ts'
import type { FirstLook } from './parameters.ts'
import { type SearchAnswer, type SearchJob, workerProgram } from './search-worker.ts'
import { lowestStrength } from './strength.ts'

/** How far a search is. */
export type Progress = (blocksDone: number, blocks: number) => void

/** What a pass over a gallery gives. */
export interface Pass {
  /** Strengths by probe, `slots` to a row. */
  readonly strengths: Int32Array
  /** Blocks whose sums did not hold: nothing in them was compared. */
  readonly refused: readonly number[]
}

/** Compares packed probes with every record of a gallery. */
export interface SearchPool {
  readonly workers: number
  /** One pass at a time. */
  search(gallery: Gallery, probes: readonly Uint8Array[], look: FirstLook, progress?: Progress): Promise<Pass>
  close(): Promise<void>
}

/** Which kernel searches (the fastest there is unless told), and on how many workers: a worker a core unless told. The kernels other than `wasm` run in the calling thread, whatever `workers` says. */
export interface PoolOptions {
  readonly workers?: number
  readonly kernel?: KernelName
}

/** Starts a pool; close it, or the process stays alive. Throws InputError for a number of workers that is not 1 or more, or a kernel that there is not. */
export function openPool({ workers = availableParallelism(), kernel = fastestKernelName() }: PoolOptions = {}): SearchPool {
  if (!Number.isInteger(workers) || workers < 1) throw new InputError('workers', 'not a whole number from 1 on')
  return kernel === 'wasm' ? workerPool(workers) : singlePool(openKernel(kernel))
}

function workerPool(count: number): SearchPool {
  const { program, workerData } = workerProgram()
  const workers = Array.from({ length: count }, () => new Worker(program, { eval: true, workerData }))
  let closed = false
  return {
    workers: count,
    async search(gallery, probes, look, progress) {
      // a worker that has ended would never answer
      if (closed) throw new InputError('pool', 'is closed: open another')
      const blocks = gallery.blocks
      const counter = new SharedArrayBuffer(4)
      const state = new SharedArrayBuffer(blocks)
      const strengths = strengthsFor(probes.length, gallery.slots)
      new Int32Array(strengths).fill(lowestStrength)
      const joined = new Uint8Array(probes.length * recordBytes)
      for (const [p, record] of probes.entries()) joined.set(record, p * recordBytes)
      const tables = look.coarse > 0 ? coarseTablesOf(probes) : new Uint8Array()
      const job: SearchJob = {
        source: gallery.source,
        slots: gallery.slots,
        probes: joined,
        tables,
        look,
        counter,
        blocks: state,
        strengths,
      }
      const taken = new Int32Array(counter)
      const timer = progress && setInterval(() => progress(Math.min(blocks, Atomics.load(taken, 0)), blocks), 200)
      try {
        await Promise.all(workers.map((worker) => runJob(worker, job)))
      } finally {
        clearInterval(timer)
      }
      progress?.(blocks, blocks)
      const states = new Uint8Array(state)
      const refused = Array.from({ length: blocks }, (_, block) => block).filter((block) => states[block] !== 1)
      return { strengths: new Int32Array(strengths), refused }
    },
    async close() {
      closed = true
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}

// Four bytes for every comparison of a pass.
function strengthsFor(probes: number, slots: number): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(4 * probes * slots)
  } catch (cause) {
    throw new InputError('gallery', `${slots} records are more than this machine has memory to score for ${probes} probes at once`, {
      cause,
    })
  }
}

function runJob(worker: Worker, job: SearchJob): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      worker.off('message', hear)
      worker.off('error', fail)
      worker.off('exit', leave)
      settle()
    }
    const hear = (answer: SearchAnswer) =>
      end(() => ('done' in answer ? resolve() : reject(new InputError('gallery', `a search worker failed: ${answer.failed}`))))
    const fail = (error: Error) => end(() => reject(error))
    const leave = () => end(() => reject(new Error('a search worker ended before its work')))
    worker.on('message', hear)
    worker.on('error', fail)
    worker.on('exit', leave)
    worker.postMessage(job)
  })
}

function singlePool(kernel: Kernel): SearchPool {
  return {
    workers: 0,
    async search(gallery, probes, look, progress) {
      const { slots, blocks } = gallery
      const strengths = new Int32Array(strengthsFor(probes.length, slots)).fill(lowestStrength)
      const refused: number[] = []
      for (let block = 0; block < blocks; block++) {
        const records = gallery.soundBlock(block)
        if (records === undefined) {
          refused.push(block)
          continue
        }
        const count = Math.min(blockRecords, slots - block * blockRecords)
        for (let first = 0; first < probes.length; first += batchProbes) {
          const here = probes.slice(first, first + batchProbes)
          kernel.loadProbes(here, look)
          const found = kernel.compareBlock(records, count)
          for (const p of here.keys())
            strengths.set(found.subarray(p * blockRecords, p * blockRecords + count), (first + p) * slots + block * blockRecords)
        }
        progress?.(block + 1, blocks)
      }
      return { strengths, refused }
    },
    async close() {},
  }
}
