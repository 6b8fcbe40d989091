import { fromHex } from '@kart/codec'
import { PcscError } from '@kart/pcsc'
import { describe, expect, it } from 'vitest'
import { eraseLines, ReaderTable } from './reader-table.ts'

const at = new Date('2026-03-21T10:20:30Z')

describe('the live table of readers', () => {
  it('follows readers, cards and the service', () => {
    const table = new ReaderTable()
    expect(table.render()).toEqual(['The smart-card service: not there'])
    table.apply({ kind: 'service-started' }, at)
    expect(table.render()).toEqual(['No readers.'])
    table.apply({ kind: 'reader-added', reader: 'Reader\u001b[2J A' }, at)
    table.apply({ kind: 'card-inserted', reader: 'Reader\u001b[2J A', atr: fromHex('3b00') }, at)
    const drawn = table.render().join('\n')
    expect(drawn).toMatch(/Reader\ufffd\[2J A.*in.*3B00.*1.*10:20:30/)
    table.apply({ kind: 'card-removed', reader: 'Reader\u001b[2J A' }, at)
    table.apply({ kind: 'card-inserted', reader: 'Reader\u001b[2J A', atr: undefined }, at)
    expect(table.render().join('\n')).toMatch(/does not answer.*2/)
    table.apply({ kind: 'reader-removed', reader: 'Reader\u001b[2J A' }, at)
    table.apply({ kind: 'service-stopped', error: new PcscError('watch', 'gone') }, at)
    expect(table.render()).toEqual(['The smart-card service: gone'])
  })

  it('takes its own lines back, and nothing the first time', () => {
    expect([eraseLines(0), eraseLines(5)]).toEqual(['', '\u001b[5A\u001b[J'])
  })
})
