import { fileURLToPath } from 'node:url'
import { nationalId } from '@kart/layout/profile'
import { annotateTrace, RunRecorder, renderTraceText } from '@kart/report'
import { readCard } from '@kart/verification'
import { describe, expect, it } from 'vitest'
import { blankCard, loadSpecimen, personalize } from '../bench/specimen-run.ts'

const specimen = await loadSpecimen(fileURLToPath(new URL('../../..', import.meta.url)))
const card = blankCard()
const { image } = await personalize(specimen, card.transport(), { extendedLength: true })

async function readTraced(extendedLength: boolean) {
  const recorder = new RunRecorder()
  const trace = { wire: recorder.sink, plain: recorder.sink }
  const evidence = await readCard(card.transport(), {
    profile: nationalId,
    access: image.access,
    terminal: specimen.terminal,
    limits: { extendedLength },
    trace,
  })
  const count = new Map<string, number>()
  for (const { level, command } of recorder.entries)
    if (level === 'wire') count.set(command.ins.toString(16), (count.get(command.ins.toString(16)) ?? 0) + 1)
  return { evidence, counts: Object.fromEntries(count), rows: annotateTrace(recorder.entries, nationalId) }
}

/**
 * PACE: MSE:Set AT, four times GENERAL AUTHENTICATE. The application. Chip authentication: MSE:Set AT, GENERAL AUTHENTICATE. Terminal authentication: MSE:Set DST
 * and PSO for each of two certificates, MSE:Set AT, GET CHALLENGE, EXTERNAL AUTHENTICATE. One active authentication.
 */
const besidesReading = { '22': 1 + 1 + 2 + 1, '86': 4 + 1, a4: 1, '2a': 2, '84': 1, '82': 1, '88': 1 }

describe('reading the whole specimen card over PACE', () => {
  it('in extended length costs one APDU a file and sixteen besides', async () => {
    const { evidence, counts, rows } = await readTraced(true)
    const read = evidence.files.filter(({ bytes }) => bytes !== undefined)
    expect(read).toHaveLength(17)
    expect(counts).toEqual({ ...besidesReading, b0: read.length })
    expect(rows).toHaveLength(33)
  })

  it('in short length costs as many as 223 bytes an answer need, the most that fits under AES; EF.DIR one more, to see its end', async () => {
    const { evidence, counts } = await readTraced(false)
    const reads = evidence.files.map(({ name, bytes }) =>
      bytes === undefined ? 0 : Math.ceil(bytes.length / 223) + Number(name === 'EF.DIR'),
    )
    expect(counts).toEqual({ ...besidesReading, b0: reads.reduce((sum, one) => sum + one, 0) })
  })

  it('shows plain beside protected, with the channel in force and no content', async () => {
    const { evidence, rows } = await readTraced(true)
    const lines = renderTraceText(rows)
    expect(lines[0]).toMatch(/^ # {2}Command +File +Channel +Plain +Answer +On the wire$/)
    const channels = rows.map(({ channel }) => channel)
    expect(channels.slice(0, 10)).toEqual([...Array(9).fill(undefined), 'PACE'])
    expect(channels.filter((channel, i) => channel !== channels[i - 1])).toEqual(['PACE', 'CA'])
    const dg1 = lines.find((line) => line.includes('EF.DG1 '))
    expect(dg1).toMatch(
      /READ BINARY +EF\.DG1 +CA +00 B0 81 00 · Ne 128 +95 bytes 6282 .+0C B0 81 00 9701808E08[0-9A-F]{6}… \(13 bytes\) → 876101/,
    )
    // No content: not even the first bytes of the MRZ, in hex or as text.
    const mrz = evidence.files.find(({ name }) => name === 'EF.DG1')!.bytes!.subarray(5, 13)
    const text = lines.join('\n').toUpperCase()
    expect(text).not.toContain(Buffer.from(mrz).toString('hex').toUpperCase())
    expect(text).not.toContain(Buffer.from(mrz).toString('latin1'))
  })
})
