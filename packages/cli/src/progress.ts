import { Listr } from 'listr2'

/** One stage of a longer piece of work. */
export interface Stage<S extends string> {
  readonly id: S
  readonly title: string
}

/** Tells which stage the work is in, and optionally where in it. */
export type Tell<S extends string> = (stage: S, text?: string) => void

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
  const gates = stages.map(() => gate())
  const texts: (((text: string) => void) | undefined)[] = []
  let current = 0
  const started = performance.now()
  let stageStarted = started
  const durations: number[] = []
  const reach = (next: number): void => {
    for (; current < next; current++) {
      durations[current] = performance.now() - stageStarted
      stageStarted = performance.now()
      gates[current]?.open()
    }
  }
  const outcome = work((id, text) => {
    const index = stages.findIndex((stage) => stage.id === id)
    if (index > current) reach(index)
    if (text !== undefined) texts[index]?.(text)
  }).then(
    (value) => {
      reach(stages.length)
      return { value }
    },
    (error: unknown) => {
      gates[current]?.fail(error)
      return { error }
    },
  )
  const list = new Listr<object, 'default' | 'simple', 'simple'>(
    stages.map(({ title }, index) => ({
      title,
      task: async (_context, task) => {
        texts[index] = (text) => {
          if (process.stdout.isTTY) task.output = text
        }
        await gates[index]?.done
        task.title = `${title} (${(durations[index] ?? 0).toFixed(0)} ms)`
      },
    })),
    {
      exitOnError: true,
      renderer: process.stdout.isTTY ? 'default' : 'simple',
      fallbackRenderer: 'simple',
      rendererOptions: { showErrorMessage: false, collapseErrors: false },
    },
  )
  await list.run().catch(() => undefined)
  const result = await outcome
  if ('error' in result) throw result.error
  return result.value
}
