import { InputError } from '@kart/codec'
import { type ThresholdName, thresholds } from '@kart/matcher'

export type { ThresholdName }

/** The threshold of this name; throws InputError. */
export function thresholdNamed(name: string): ThresholdName {
  const found = (Object.keys(thresholds) as ThresholdName[]).find((key) => key === name)
  if (found === undefined) throw new InputError('--threshold', `no such threshold; one of ${Object.keys(thresholds).join(', ')}`)
  return found
}
