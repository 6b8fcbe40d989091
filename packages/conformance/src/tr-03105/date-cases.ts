import { accepted, refused, testCase } from './case.ts'
import { names, terminal, verifier } from './certificates.ts'
import type { Preconditions } from './opened.ts'

/** The first two cases of unit M of both parts: certificates move the card's date. */
export function dateCases(name: (number: number) => string, preconditions: Preconditions): void {
  testCase(
    name(1),
    preconditions.each((fresh) => {
      const chip = fresh()
      const dv = verifier({ to: '260430' })
      accepted(chip.setDst(names.root))
      accepted(chip.verify(dv))
      accepted(chip.setDst(names.dv))
      accepted(chip.verify(terminal({ from: '260301', to: '260430' })))
      fresh(chip)
      accepted(chip.setDst(names.root))
      accepted(chip.verify(dv))
      accepted(chip.setDst(names.dv))
      refused(chip.verify(terminal({ to: '260228' })))
    }),
  )
  testCase(
    name(2),
    preconditions.each((fresh) => {
      const chip = fresh()
      accepted(chip.setDst(names.root))
      accepted(chip.verify(verifier({ from: '260501', to: '260531' })))
      fresh(chip)
      accepted(chip.setDst(names.root))
      refused(chip.verify(verifier({ to: '260430' })))
    }),
  )
}
