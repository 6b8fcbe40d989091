import { toHex, visibleText } from '@kart/codec'
import type { ReaderEvent } from '@kart/pcsc'
import Table from 'cli-table3'

interface Row {
  card: boolean
  atr: string
  insertions: number
  since: Date
}

/** What is in the readers now, kept up by events. */
export class ReaderTable {
  readonly #rows = new Map<string, Row>()
  #service = 'not there'

  /** Takes an event in. */
  apply(event: ReaderEvent, now: Date): void {
    if (event.kind === 'service-started') this.#service = 'running'
    else if (event.kind === 'service-stopped') this.#service = event.error.message
    else if (event.kind === 'reader-removed') this.#rows.delete(event.reader)
    else {
      const row = this.#rows.get(event.reader) ?? { card: false, atr: '', insertions: 0, since: now }
      row.card = event.kind === 'card-inserted'
      row.atr = event.kind === 'card-inserted' && event.atr ? toHex(event.atr).toUpperCase() : ''
      if (event.kind === 'card-inserted') row.insertions++
      row.since = now
      this.#rows.set(event.reader, row)
    }
  }

  /** The table as lines; nothing that a reader's name holds steers the terminal. */
  render(): readonly string[] {
    if (this.#rows.size === 0)
      return [this.#service === 'running' ? 'No readers.' : `The smart-card service: ${visibleText(this.#service)}`]
    const table = new Table({ head: ['reader', 'card', 'ATR', 'cards so far', 'since'], style: { head: [], border: [] } })
    for (const [name, { card, atr, insertions, since }] of this.#rows)
      table.push([
        visibleText(name),
        card ? (atr === '' ? 'does not answer' : 'in') : 'empty',
        atr,
        insertions,
        since.toISOString().slice(11, 19),
      ])
    return table.toString().split('\n')
  }
}

/** What moves the cursor over the lines drawn last and clears them, so that the next lines take their place. */
export function eraseLines(count: number): string {
  return count === 0 ? '' : `\u001b[${count}A\u001b[J`
}
