import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import type { CpuProfile } from './profile-shares.ts'
import { blankCard, check, loadSpecimen, personalize, read } from './specimen-run.ts'

/** What is profiled. */
export type ProfiledJob = 'personalize' | 'verify'

const childArgument = '--profiled-job'
const warmUpRuns = 10
const samplingMicroseconds = 200

/** The arguments that the child process was started with; undefined in any other process. */
export function profiledJobOf(args: readonly string[]): { job: ProfiledJob; runs: number; file: string } | undefined {
  const [name, job, runs, file] = args
  if (name !== childArgument || (job !== 'personalize' && job !== 'verify') || file === undefined) return undefined
  return { job, runs: Number(runs), file }
}

/** The child's part: warms up, runs the job under V8's sampling profiler, and writes the profile to a file. */
export async function profileHere({ job, runs, file }: { job: ProfiledJob; runs: number; file: string }): Promise<void> {
  const specimen = await loadSpecimen(process.cwd())
  const extended = { extendedLength: true }
  const issued = blankCard()
  const { image } = await personalize(specimen, issued.transport(), extended)
  // Blank cards are made before, so that making them is no part of the profile.
  const cards = Array.from({ length: job === 'personalize' ? warmUpRuns + runs : 0 }, blankCard)
  const once = async (): Promise<void> => {
    if (job === 'personalize') await personalize(specimen, cards.pop()!.transport(), extended)
    else await check(specimen, await read(specimen, image, issued.transport(), extended))
  }
  for (let i = 0; i < warmUpRuns; i++) await once()

  const session = new Session()
  session.connect()
  const post = <T>(method: string, params: object = {}): Promise<T> =>
    new Promise((resolve, reject) => session.post(method, params, (error, result) => (error ? reject(error) : resolve(result as T))))
  await post('Profiler.enable')
  await post('Profiler.setSamplingInterval', { interval: samplingMicroseconds })
  await post('Profiler.start')
  for (let i = 0; i < runs; i++) await once()
  const { profile } = await post<{ profile: CpuProfile }>('Profiler.stop')
  session.disconnect()
  writeFileSync(file, JSON.stringify(profile))
}

/** Profiles a job in a process of its own; `file` keeps the profile (it opens in Chrome's developer tools). Throws when the child fails. */
export function profileInChild(job: ProfiledJob, runs: number, file: string): CpuProfile {
  const child = spawnSync(process.execPath, [process.argv[1]!, childArgument, job, String(runs), file], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  if (child.status !== 0) throw new Error(`the profiled process failed: ${child.stderr || child.error?.message}`)
  return JSON.parse(readFileSync(file, 'utf8')) as CpuProfile
}
