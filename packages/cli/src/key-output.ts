import { visibleText } from '@kart/codec'
import type { ExplainedKey, Explanation, KeySet, MasterKey } from '@kart/keys'
import { showCheckValue } from '@kart/keys'
import { pc } from './colours.ts'
import type { Output } from './output.ts'

const upper = (hex: string): string => hex.toUpperCase()
const hexVersion = (version: number): string => version.toString(16).toUpperCase().padStart(2, '0')

/** A key set in one line. */
export function setLine({ name, use, keyVersion, scheme, keys, keyLength, notBefore, notAfter }: KeySet): string {
  const masters = [...new Set([keys.enc, keys.mac, keys.dek])].join(', ')
  const days = notBefore === undefined && notAfter === undefined ? '' : `, ${notBefore ?? '...'} to ${notAfter ?? '...'}`
  return `${name}: ${use} keys, version ${hexVersion(keyVersion)}, ${keyLength * 8} bits, ${scheme} from ${masters}${days}`
}

/** A master key in one line. */
export function masterLine({ id, algorithm, checkValue }: MasterKey): string {
  return `${id}: ${algorithm}, key check value ${showCheckValue(checkValue)}`
}

/** A key set as the JSON document has it. */
export function masterDocument({ id, algorithm, checkValue }: MasterKey): Record<string, unknown> {
  return { id, algorithm, checkValue: showCheckValue(checkValue) }
}

function printKey(output: Output, key: ExplainedKey): void {
  output.line()
  output.line(pc.bold(key.use))
  output.line(`  master key    ${key.masterKey}, ${key.masterAlgorithm}, key check value ${upper(key.masterCheckValue)}`)
  if (key.label !== undefined) output.line(`  label         "${key.label}"`)
  for (const [i, step] of key.steps.entries()) {
    output.line(`  step ${i + 1} of ${key.steps.length}   ${key.mechanism}, over ${step.input.length / 2} bytes:`)
    for (const { name, hex, text } of step.parts)
      output.line(`      ${name.padEnd(18)} ${upper(hex)}${text === undefined ? '' : `  "${text}"`}`)
    output.line(`      ${'whole input'.padEnd(18)} ${upper(step.input)}`)
    output.line(`      gives bytes ${step.gives} of the key, which are not shown`)
  }
  output.line(`  key check value ${pc.green(upper(key.checkValue))}`)
}

/** Tells the derivation of a card's keys step by step. */
export function printExplanation(
  output: Output,
  explanation: Explanation,
  where: { readonly store: string; readonly serial: string },
): void {
  const { set, use, keyVersion, scheme, clause, diversificationData } = explanation
  output.line(`Keys of one card, derived from the master keys of ${visibleText(where.store)}`)
  output.line(`  key set       ${set} (${use} keys), key version ${hexVersion(keyVersion)}`)
  output.line(`  scheme        ${scheme}: ${clause}`)
  output.line(`  card          ${upper(diversificationData)}: its 10 bytes of key diversification data, ${where.serial}`)
  for (const key of explanation.keys) printKey(output, key)
  output.line()
  output.line('A key check value is the first 3 bytes of the key’s encryption of a fixed block: it tells keys apart and gives none away.')
}
