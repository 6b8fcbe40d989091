import { describe } from 'vitest'
import { agreesWithTable } from './case.ts'
import { dateCases } from './date-cases.ts'
import { eacTwo } from './opened.ts'

describe('update', () => dateCases((number) => `EAC2_ISO7816_M_${number}`, eacTwo))

agreesWithTable('EAC2_ISO7816_M')
