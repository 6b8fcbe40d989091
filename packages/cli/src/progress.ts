import { Listr, ListrDefaultRendererLogLevels } from 'listr2'
import { pc } from './colours.ts'

/** One stage of a longer piece of work. */
export interface Stage<S extends string> {
  readonly id: S
  readonly title: string
}

/** Tells which stage the work is in, and optionally where in it. */
export type Tell<S extends string> = (stage: S, text?: string) => void

/** Counts the time of each stage as the work names them; `ended` hears of every stage that is over. */
function stageClock<S extends string>(
  stages: readonly Stage<S>[],
  ended: (index: number, milliseconds: number) => void,
): { reach(next: number): void; readonly current: number } {
  let current = 0
  let since = performance.now()
  return {
    reach(next) {
      for (; current < Math.min(next, stages.length); current++) {
        ended(current, performance.now() - since)
        since = performance.now()
      }
    },
    get current() {
      return current
    },
  }
}

const done = (title: string, milliseconds: number): string => `${title} (${milliseconds.toFixed(0)} ms)`

/** A line for every stage that is over, for logs and pipes. */
async function followInLines<S extends string, T>(stages: readonly Stage<S>[], work: (tell: Tell<S>) => Promise<T>): Promise<T> {
  const clock = stageClock(stages, (index, milliseconds) => {
    process.stdout.write(`${pc.green('✔')} ${done(stages[index]?.title ?? '', milliseconds)}\n`)
  })
  try {
    const value = await work((id) => clock.reach(stages.findIndex((stage) => stage.id === id)))
    clock.reach(stages.length)
    return value
  } catch (error) {
    process.stdout.write(`${pc.red('✖')} ${stages[clock.current]?.title ?? ''}\n`)
    throw error
  }
}

interface Gate {
  readonly done: Promise<void>
  open(): void
  fail(error: unknown): void
}

function gate(): Gate {
  let open: () => void = () => undefined
  let fail: (error: unknown) => void = () => undefined
  const done = new Promise<void>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  // A stage that nobody waits for any more must not end the process.
  done.catch(() => undefined)
  return { done, open, fail }
}

/** A list that lives on the terminal. */
async function followLive<S extends string, T>(stages: readonly Stage<S>[], work: (tell: Tell<S>) => Promise<T>): Promise<T> {
  const gates = stages.map(() => gate())
  const tasks: (((text: string) => void) | undefined)[] = []
  const durations: number[] = []
  const clock = stageClock(stages, (index, milliseconds) => {
    durations[index] = milliseconds
    gates[index]?.open()
  })
  const outcome = work((id, text) => {
    const index = stages.findIndex((stage) => stage.id === id)
    clock.reach(index)
    if (text !== undefined) tasks[index]?.(text)
  }).then(
    (value) => {
      clock.reach(stages.length)
      return { value }
    },
    (error: unknown) => {
      gates[clock.current]?.fail(error)
      return { error }
    },
  )
  const list = new Listr(
    stages.map(({ title }, index) => ({
      title,
      task: async (_context, task) => {
        tasks[index] = (text) => {
          task.output = text
        }
        await gates[index]?.done
        task.title = done(title, durations[index] ?? 0)
      },
    })),
    {
      exitOnError: true,
      rendererOptions: {
        showErrorMessage: false,
        collapseErrors: false,
        // Stages behind a failed one were never begun: red is for the one that failed.
        color: { [ListrDefaultRendererLogLevels.COMPLETED_WITH_FAILED_SISTER_TASKS]: pc.dim },
      },
    },
  )
  // What failed is thrown below, from the work itself.
  await list.run().catch(() => undefined)
  const result = await outcome
  if ('error' in result) throw result.error
  return result.value
}

/**
 * Shows work stage by stage: a live list on a terminal, a line a stage elsewhere, nothing when `silent`. The work says which stage it is in; naming one ends
 * those before it. Gives what the work gives and throws what it throws.
 */
export async function followStages<S extends string, T>(
  stages: readonly Stage<S>[],
  silent: boolean,
  work: (tell: Tell<S>) => Promise<T>,
): Promise<T> {
  if (silent) return work(() => undefined)
  return process.stdout.isTTY ? followLive(stages, work) : followInLines(stages, work)
}
