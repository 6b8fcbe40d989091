import { agreesWithTable } from './case.ts'
import { certificateUnit } from './certificate-unit.ts'
import { eacTwo } from './opened.ts'

// Part 3.3 numbers the same cases without the gaps that withdrawn ones left in part 3.2.
const gaps = [14, 16, 42, 54]
const numberOf = (number: number): number => number - gaps.filter((gap) => gap < number).length

certificateUnit((number) => `EAC2_ISO7816_J_${numberOf(number)}`, eacTwo)
agreesWithTable('EAC2_ISO7816_J')
