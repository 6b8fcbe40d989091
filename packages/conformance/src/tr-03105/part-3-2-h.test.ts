import { fromHex, toHex } from '@kart/codec'
import { describe, expect } from 'vitest'
import { accepted, agreesWithTable, refused, refusedInTheOpen, testCase } from './case.ts'
import { emrtdAid, selectAid, TestChip } from './chip.ts'
import { each } from './opened.ts'

const offset = fromHex('540100')

/** SELECT, and where the chip lets it be selected READ BINARY: one of the two is refused. */
const selectRefused = (fid: string): (() => void) =>
  each((fresh) => {
    const chip = fresh()
    const selected = chip.send('00a4020c', fromHex(fid))
    if (selected.sw !== '9000') refused(selected)
    else refused(chip.send('00b00000', undefined, '01'))
  })
const readRefused = (sfi: 3 | 4): (() => void) => each((fresh) => refused(fresh().readByte(sfi)))
const oddRefused = (reference: string): (() => void) => each((fresh) => refused(fresh().send(`00b1${reference}`, offset, '07')))

/** With the application selected and nothing opened. */
const shut =
  (...commands: readonly string[]) =>
  () => {
    const chip = new TestChip()
    if (chip.plain(selectAid(emrtdAid)).sw !== '9000') return
    const answers = commands.map((command) => chip.plain(command))
    refusedInTheOpen(answers.at(-1)!)
  }

const opened = (run: (chip: TestChip) => void): (() => void) => each((fresh) => run(fresh()))

describe('security conditions', () => {
  testCase('ISO7816_H_1', selectRefused('0103'))
  testCase('ISO7816_H_2', selectRefused('0104'))
  testCase('ISO7816_H_3', readRefused(3))
  testCase('ISO7816_H_4', readRefused(4))
  testCase('ISO7816_H_5', oddRefused('0003'))
  testCase('ISO7816_H_6', oddRefused('0004'))
  testCase('ISO7816_H_7', shut('00a4020c02011c', '00b0000001'))
  testCase('ISO7816_H_8', shut('00b09c0001'))
  testCase('ISO7816_H_9', shut('00b1001c0354010007'))
  testCase('ISO7816_H_10', shut('00b1011c0354010007'))
  testCase('ISO7816_H_11', oddRefused('0103'))
  testCase('ISO7816_H_12', oddRefused('0104'))
  testCase(
    'ISO7816_H_13',
    opened((chip) => {
      accepted(chip.send('00a4020c', fromHex('011c')))
      expect(accepted(chip.send('00b00000', undefined, '24')).data).toHaveLength(36)
    }),
  )
  testCase(
    'ISO7816_H_14',
    opened((chip) => expect(accepted(chip.send('00b09c00', undefined, '24')).data).toHaveLength(36)),
  )
  const odd = (reference: string) =>
    opened((chip) => {
      const { data } = accepted(chip.send(`00b1${reference}`, offset, '26'))
      expect(data).toHaveLength(38)
      expect(toHex(data.subarray(0, 2))).toBe('5324')
    })
  testCase('ISO7816_H_15', odd('001c'))
  testCase('ISO7816_H_16', odd('011c'))
})

agreesWithTable('ISO7816_H')
