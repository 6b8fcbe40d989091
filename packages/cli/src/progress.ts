import { Listr, type ListrRendererValue } from 'listr2'

/** One stage that people watch: `title`, and what it does; `tell` shows where it is. */
export interface WatchedStage {
  readonly title: string
  readonly run: (tell: (text: string) => void) => Promise<void>
  /** What to show behind the title once it is done. */
  readonly done?: () => string
}

/** Runs stages one after another with live progress on a terminal, plain lines elsewhere, and nothing when `silent`. A stage that throws ends the run. */
export async function runStages(stages: readonly WatchedStage[], silent: boolean): Promise<void> {
  const renderer: ListrRendererValue = silent ? 'silent' : process.stdout.isTTY ? 'default' : 'simple'
  const list = new Listr(
    stages.map(({ title, run, done }) => ({
      title,
      task: async (_context: unknown, task: { output: string; title: string }) => {
        await run((text) => {
          if (process.stdout.isTTY) task.output = text
        })
        if (done) task.title = `${title}: ${done()}`
      },
    })),
    { renderer, exitOnError: true, ...(renderer === 'default' ? { rendererOptions: { collapseSubtasks: false, showErrorMessage: false } } : {}) } as never,
  )
  await list.run()
}
