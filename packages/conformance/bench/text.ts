import { ratiosToFirst } from './bounds.ts'
import type { Results } from './main.ts'
import { subjects } from './profile-shares.ts'

/** Columns side by side: the first to the left, the others to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('   ')}`.trimEnd(),
  )
}

/** Shares below it are left to the JSON. */
const leastShown = 0.001

const ms = (value: number): string => value.toFixed(2)
const times = (value: number): string => `${value.toFixed(2)}x`

/** The results as text for people. */
export function asText(results: Results): string {
  const { machine, ways, wire, profiles, primitives, pace, messaging } = results
  const first = ways[0]!
  const lines = [
    `Kart on ${machine.cpu}, ${machine.cores} cores (load ${machine.load.map((one) => one.toFixed(1)).join(' ')}), node ${results.node}, OpenSSL ${results.openssl}, ${results.date.slice(0, 10)}, commit ${results.commit}`,
    '',
    `One process, one card after the other, card emulated in the same process; ${first.way}; ${first.timings.verify.runs} cards after warm-up`,
    ...table([
      ['', 'cards/s', 'median ms', 'p90 ms', 'CPU ms', 'cards/CPU s'],
      ...(['personalize', 'verify', 'read', 'check'] as const).map((job) => {
        const { perSecond, medianMs, p90Ms, cpuMs, perCpuSecond } = first.timings[job]
        const name = { personalize: 'personalize', verify: 'verify', read: '  of it read', check: '  of it check' }[job]
        return [name, perSecond.toFixed(1), ms(medianMs), ms(p90Ms), ms(cpuMs), perCpuSecond.toFixed(1)]
      }),
    ]),
    '',
    'Ways side by side (median ms, and how many times the first way)',
    ...table([
      ['', 'personalize', '', 'verify', ''],
      ...ratiosToFirst(ways).map(({ way, personalize, verify }, i) => [
        way,
        ms(ways[i]!.timings.personalize.medianMs),
        times(personalize),
        ms(ways[i]!.timings.verify.medianMs),
        times(verify),
      ]),
    ]),
    '',
    'Bytes on the wire for one card',
    ...table([
      ['', 'APDUs', 'to the card', 'from it', 'payload', 'wire / payload'],
      ...wire.map(({ job, apdus, pairs, sent, received, payload }) => [
        `${job}, ${apdus}`,
        String(pairs),
        String(sent),
        String(received),
        String(payload),
        times((sent + received) / payload),
      ]),
    ]),
    '  Personalizing writes the payload and reads it all back.',
  ]
  for (const { job, shares, samples, cryptoShare, cardShare, bounds } of profiles) {
    lines.push(
      '',
      `Where the time goes: ${job} (${samples} samples; crypto ${(cryptoShare * 100).toFixed(0)} %, emulated card ${(cardShare * 100).toFixed(0)} %)`,
    )
    lines.push(
      ...table([
        ['', 'share'],
        ...shares
          .filter(({ share }) => share >= leastShown)
          .map(({ side, subject, share }) => [`${side}: ${subjects[subject]}`, `${(share * 100).toFixed(1)} %`]),
      ]),
    )
    lines.push(...bounds.map((line) => `  ${line}`))
  }
  lines.push(
    '',
    'The same primitives side by side (median microseconds a call)',
    ...table([
      ['', 'bytes', '@noble', 'node', '@noble / node'],
      ...primitives.map(({ name, bytes, nobleMicroseconds: noble, nodeMicroseconds: node }) => [
        name,
        String(bytes),
        noble === undefined ? 'has none' : noble.toFixed(1),
        node.toFixed(1),
        noble === undefined ? '' : times(noble / node),
      ]),
    ]),
  )
  lines.push(
    '',
    'PACE-ECDH-GM, P-256, AES-128: each side alone, over a recorded run (median CPU ms), beside the curve operations that it needs',
    ...table([
      ['', 'PACE', 'curve alone', 'PACE / curve'],
      ...pace.map(({ side, memory, backend, medianMs, bareMs }) => [
        side === 'card' ? `emulated card (node), ${memory}` : `terminal (${backend})`,
        ms(medianMs),
        ms(bareMs),
        times(medianMs / bareMs),
      ]),
    ]),
    '',
    `Secure messaging, terminal side: READ BINARY of ${messaging[0]!.bytes} bytes in extended length (millions of plain bytes a second)`,
    ...table([
      ['', 'as shipped', 'node', '@noble', 'node / @noble'],
      ...messaging.map(({ cipher, autoMegabytes, nodeMegabytes, nobleMegabytes: noble }) => [
        cipher,
        autoMegabytes.toFixed(1),
        nodeMegabytes.toFixed(1),
        noble === undefined ? 'has none' : noble.toFixed(1),
        noble === undefined ? '' : times(nodeMegabytes / noble),
      ]),
    ]),
  )
  return lines.join('\n')
}
