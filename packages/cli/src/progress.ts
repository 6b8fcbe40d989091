import { Listr, ListrDefaultRendererLogLevels } from 'listr2'
import { pc } from './colours.ts'

/** One stage of a longer piece of work. */
export interface Stage<S extends string> {
  readonly id: S
  readonly title: string
  /** Begins a list of its own on a terminal, so that something can be shown before it. */
  readonly apart?: boolean
}

/** Runs `print` where it does not get into the drawing of the stages: when those before the next that stands apart are shown as over, which calling this says. */
export type Show = (print: () => void) => Promise<void>

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

type Work<S extends string, T> = (tell: Tell<S>, show: Show) => Promise<T>

/** Index of the first stage behind this one that stands apart, or the number of stages. */
function nextApart(stages: readonly Stage<string>[], current: number): number {
  const found = stages.findIndex(({ apart }, index) => index > current && apart === true)
  return found < 0 ? stages.length : found
}

const done = (title: string, milliseconds: number): string => `${title} (${milliseconds.toFixed(0)} ms)`

/** A line for every stage that is over, for logs and pipes. */
async function followInLines<S extends string, T>(stages: readonly Stage<S>[], work: Work<S, T>): Promise<T> {
  const clock = stageClock(stages, (index, milliseconds) => {
    process.stdout.write(`${pc.green('✔')} ${done(stages[index]?.title ?? '', milliseconds)}\n`)
  })
  try {
    const value = await work(
      (id) => clock.reach(stages.findIndex((stage) => stage.id === id)),
      async (print) => {
        clock.reach(nextApart(stages, clock.current))
        print()
      },
    )
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

/** Draws some of the stages as a list; resolves when they are over, or one failed. */
async function drawList(
  titles: readonly string[],
  at: { gate(index: number): Promise<void>; began(index: number, text: (text: string) => void): void; duration(index: number): number },
): Promise<boolean> {
  let failed = false
  const list = new Listr(
    titles.map((title, index) => ({
      title,
      task: async (_context, task) => {
        at.began(index, (text) => {
          task.output = text
        })
        await at.gate(index)
        task.title = done(title, at.duration(index))
      },
    })),
    {
      exitOnError: true,
      // Its own listener throws before a list is drawn, and lets no work end in order.
      registerSignalListeners: false,
      rendererOptions: {
        showErrorMessage: false,
        collapseErrors: false,
        // Stages behind a failed one were never begun: red is for the one that failed.
        color: { [ListrDefaultRendererLogLevels.COMPLETED_WITH_FAILED_SISTER_TASKS]: pc.dim },
      },
    },
  )
  // What failed is thrown by the work itself.
  await list.run().catch(() => {
    failed = true
  })
  return !failed
}

/** Lists that live on the terminal, one after another: a stage that stands apart begins one. */
async function followLive<S extends string, T>(stages: readonly Stage<S>[], work: Work<S, T>): Promise<T> {
  const gates = stages.map(() => gate())
  const starts = [0, ...stages.flatMap(({ apart }, index) => (apart === true && index > 0 ? [index] : []))]
  // By where a list begins: drawn to its end, and free to begin.
  const drawn = new Map(starts.map((start) => [start, gate()]))
  const free = new Map(starts.map((start) => [start, gate()]))
  const tasks: (((text: string) => void) | undefined)[] = []
  const durations: number[] = []
  const clock = stageClock(stages, (index, milliseconds) => {
    durations[index] = milliseconds
    gates[index]?.open()
  })
  const freeTo = (index: number) => {
    for (const start of starts) if (start <= index) free.get(start)?.open()
  }
  freeTo(0)
  // A command that hears no signals ends at once, with the cursor shown that the list hides.
  const leave = () => {
    process.stdout.write('\u001b[?25h')
    process.kill(process.pid, 'SIGINT')
  }
  if (process.listenerCount('SIGINT') === 0) process.once('SIGINT', leave)
  const outcome = work(
    (id, text) => {
      const index = stages.findIndex((stage) => stage.id === id)
      clock.reach(index)
      freeTo(index)
      if (text !== undefined) tasks[index]?.(text)
    },
    async (print) => {
      const list = Math.max(...starts.filter((start) => start <= clock.current))
      const next = nextApart(stages, clock.current)
      clock.reach(next)
      await drawn.get(list)?.done
      print()
      freeTo(next)
    },
  ).then(
    (value) => {
      clock.reach(stages.length)
      freeTo(stages.length)
      return { value }
    },
    (error: unknown) => {
      gates[clock.current]?.fail(error)
      freeTo(clock.current)
      return { error }
    },
  )
  for (const [i, start] of starts.entries()) {
    await Promise.race([free.get(start)?.done, outcome])
    const part = stages.slice(start, starts[i + 1])
    const whole = await drawList(
      part.map(({ title }) => title),
      {
        gate: async (index) => gates[start + index]?.done,
        began: (index, text) => {
          tasks[start + index] = text
        },
        duration: (index) => durations[start + index] ?? 0,
      },
    )
    drawn.get(start)?.open()
    if (!whole) break
  }
  process.off('SIGINT', leave)
  const result = await outcome
  if ('error' in result) throw result.error
  return result.value
}

/**
 * Shows work stage by stage: a live list on a terminal, a line a stage elsewhere, nothing when `silent`. The work says which stage it is in; naming one ends
 * those before it. Gives what the work gives and throws what it throws.
 */
export async function followStages<S extends string, T>(stages: readonly Stage<S>[], silent: boolean, work: Work<S, T>): Promise<T> {
  if (silent)
    return work(
      () => undefined,
      async (print) => print(),
    )
  return process.stdout.isTTY ? followLive(stages, work) : followInLines(stages, work)
}
