import { agreesWithTable } from './case.ts'
import { certificateUnit } from './certificate-unit.ts'
import { eacOne } from './opened.ts'

certificateUnit((number) => `ISO7816_J_${number}`, eacOne)
agreesWithTable('ISO7816_J')
