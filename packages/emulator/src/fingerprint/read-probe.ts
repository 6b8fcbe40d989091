import { CardError } from '@kart/codec'
import type { FingerComparisonSpec } from '@kart/layout/profile'
import { compactCardCodec, decodeBiometricData, inspectTemplate, type MinutiaeTemplate } from '@kart/minutiae'
import { refuse, SW } from '../os/status.ts'

/** The minutiae of a finger as a command brings them: the coded bytes, and what they say. */
export interface CodedMinutiae {
  /** Compact size card format (ISO/IEC 19794-2:2005, 8.3), three bytes each. */
  readonly bytes: Uint8Array
  readonly template: MinutiaeTemplate
}

/**
 * The data field of VERIFY: DO'7F2E' { DO'81' or DO'A1' { DO'90' } }, minutiae within the card's limits and in its order (ISO/IEC 7816-11:2022; ISO/IEC 19794-2:2005, 8.5). Extended
 * features are not looked at. Refuses 6A80 for anything else, and for minutiae that no finger has. All this depends on the command alone and never on the enrolled finger.
 */
export function readProbe(data: Uint8Array, spec: FingerComparisonSpec): CodedMinutiae {
  try {
    return readMinutiae(decodeBiometricData(data).minutiae, spec)
  } catch (error) {
    return error instanceof CardError ? refuse(SW.wrongData) : rethrow(error)
  }
}

/** Minutiae in compact size card format that this card takes; refuses 6A80 for others. */
export function readMinutiae(bytes: Uint8Array, spec: FingerComparisonSpec): CodedMinutiae {
  const count = bytes.length / 3
  if (!Number.isInteger(count) || count < spec.minMinutiae || count > spec.maxMinutiae) refuse(SW.wrongData)
  const template = compactCardCodec.decode(bytes)
  if (!isOrdered(template, spec.order) || minutiaeKeys(bytes).size !== count) refuse(SW.wrongData)
  if (inspectTemplate(template).some(({ unusable }) => unusable)) refuse(SW.wrongData)
  return { bytes: bytes.slice(), template }
}

/** The minutiae as numbers, each once. */
export function minutiaeKeys(bytes: Uint8Array): ReadonlySet<number> {
  const keys = new Set<number>()
  for (let at = 0; at < bytes.length; at += 3) keys.add((bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!)
  return keys
}

/** Whether the minutiae stand in the order by x or by y, as far as the profile asks for one; equal ones in any. */
function isOrdered({ count, x, y }: MinutiaeTemplate, order: number): boolean {
  const sign = (order & 0x03) === 2 ? -1 : 1
  const by = (order >> 2) & 0x07
  if (by !== 1 && by !== 2) return true
  const [first, second] = by === 1 ? [x, y] : [y, x]
  for (let i = 1; i < count; i++) if (sign * (first[i]! - first[i - 1]! || second[i]! - second[i - 1]!) < 0) return false
  return true
}

function rethrow(error: unknown): never {
  throw error
}
