import { describe, expect, it } from 'vitest'
import { namesHolder } from './holder-certificate.ts'

const name = { country: 'IR', familyName: 'نمونه‌پور', givenNames: 'آزمون', serialNumber: 'PNOIR-0499370899' }
const attribute = (oid: string, text: string | undefined) => [{ oid, text, raw: new Uint8Array(0) }]
const own = [attribute('2.5.4.6', 'IR'), attribute('2.5.4.5', name.serialNumber)] as const
const names = (...more: readonly ReturnType<typeof attribute>[]) => namesHolder({ relativeNames: [...own, ...more] }, name)

describe('a subject', () => {
  it('names the holder by country and number, and by names where it has them', () => {
    expect(names()).toBe(true)
    expect(names(attribute('2.5.4.4', name.familyName), attribute('2.5.4.42', name.givenNames))).toBe(true)
  })

  it('of another name, or of one that cannot be read, names somebody else', () => {
    expect(names(attribute('2.5.4.4', 'نمونه'))).toBe(false)
    expect(names(attribute('2.5.4.42', undefined))).toBe(false)
  })

  it('with a second number or country names nobody for sure, and be it one that cannot be read', () => {
    expect(names(attribute('2.5.4.5', 'PNOIR-9990237573'))).toBe(false)
    expect(names(attribute('2.5.4.5', undefined))).toBe(false)
    expect(names(attribute('2.5.4.6', 'DE'))).toBe(false)
  })
})
