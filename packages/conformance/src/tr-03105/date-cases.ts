import { accepted, refused, testCase } from './case.ts'
import { ecKey, link, names, terminal, verifier } from './certificates.ts'
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

/** The case of unit N of both parts: a link certificate, and a chain below it, on P-384 with SHA-384. */
export function migrationCase(id: string, preconditions: Preconditions): void {
  const holder = 'DECVCA00002'
  testCase(
    id,
    preconditions.each((fresh) => {
      const migrated = { root: ecKey('secp384r1', '04'), dv: ecKey('secp384r1', '04'), is: ecKey('secp384r1', '04') }
      const chip = fresh()
      accepted(chip.setDst(preconditions.authority(chip)))
      accepted(chip.verify(link({ holder, key: migrated.root })))
      accepted(chip.setDst(holder))
      accepted(chip.verify(verifier({ authority: holder, signer: migrated.root, key: migrated.dv })))
      accepted(chip.setDst(names.dv))
      accepted(chip.verify(terminal({ signer: migrated.dv, key: migrated.is })))
    }),
  )
}
