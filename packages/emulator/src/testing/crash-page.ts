// The crash matrix as a page and as a picture. Neither counts calls: how many short writes a write takes follows from the length of the card's memory.
import type { CrashOutcome, Found } from './crash-matrix.ts'

/** Runs of the same outcome, in their order. */
function phases({ cuts }: CrashOutcome): string[] {
  const names = cuts.map((found) => found.join('/'))
  return names.filter((name, i) => name !== names[i - 1])
}

const words = (phase: string): string => phase.replaceAll('/', ' or ')

export function crashPage(outcomes: readonly CrashOutcome[]): string {
  const rows = outcomes.map((one) => `| ${one.name} | ${one.cases} | ${one.commits} | ${phases(one).map(words).join(', then ')} |`)
  return `# The crash matrix

![what a power cut leaves](crash-matrix.svg)

Every command of the emulated card that writes, cut at every single call that it makes to the file system of its memory, short writes and syncs included; after each cut every disk
that a write cache may have left is tried: names up to each change that was not synced, contents synced, cached, or half cached. What is found is the card before the command
(old), the card after it (new), or a counter of tries that has fallen and not risen again (between); whole in each case. \`crash-matrix.test.ts\` holds this page, and that no place in
the card's code writes without a row here.

C01: a wrong guess never gains a try. C02: a right one leaves all tries, what there was, or one less, and blocks nothing. C15, C18: a file, a key, a PIN is there whole or not at all.

| command | cases | writes | found, from the first call to the last |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

const colours: Readonly<Record<Found, string>> = { old: '#5b7fa6', between: '#d9a441', new: '#4f9d69' }
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** A row a command, a cell a phase; a cell with two colours may be either. */
export function crashPicture(outcomes: readonly CrashOutcome[]): string {
  const [left, rowHeight, cell] = [330, 20, 60]
  const most = Math.max(...outcomes.map((one) => phases(one).length))
  const width = left + most * cell + 20
  const height = 50 + outcomes.length * rowHeight
  const lines = outcomes.flatMap((one, row) => {
    const y = 40 + row * rowHeight
    const cells = phases(one).flatMap((phase, i) => {
      const found = phase.split('/') as Found[]
      const part = (cell - 2) / found.length
      return found.map(
        (name, j) => `<rect x="${left + i * cell + j * part}" y="${y}" width="${part}" height="${rowHeight - 3}" fill="${colours[name]}"/>`,
      )
    })
    return [`<text x="${left - 8}" y="${y + 13}" text-anchor="end">${escaped(one.name)}</text>`, ...cells]
  })
  const key = (Object.entries(colours) as [Found, string][]).map(
    ([name, colour], i) =>
      `<rect x="${left + i * 110}" y="12" width="14" height="14" fill="${colour}"/><text x="${left + i * 110 + 19}" y="23">${name === 'between' ? 'try counted' : name}</text>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<title>What a power cut leaves, command by command, from the first call to the last</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
${[...key, ...lines].join('\n')}
</svg>
`
}
