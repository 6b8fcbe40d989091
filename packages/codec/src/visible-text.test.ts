import { describe, expect, it } from 'vitest'
import { visibleText } from './visible-text.ts'

describe('visibleText', () => {
  it('lets no text from outside steer the terminal', () => {
    expect(visibleText('CN=\u001b[2J\u001b[32m✓ pass\r\n\u202eXYZ\u2069\u009b1m')).toBe(
      'CN=\ufffd[2J\ufffd[32m✓ pass\ufffd\ufffd\ufffdXYZ\ufffd\ufffd1m',
    )
  })

  it('keeps Persian as it is written', () => {
    expect(visibleText('نمونه‌پور، پلاک ۱۲')).toBe('نمونه‌پور، پلاک ۱۲')
  })
})
