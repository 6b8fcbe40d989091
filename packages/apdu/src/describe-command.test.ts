import { describe, expect, it } from 'vitest'
import { commandTable } from './command-table.ts'
import { describeCommand } from './describe-command.ts'

describe('describeCommand', () => {
  it.each([
    ['00a4040c', 'SELECT, application'],
    ['00a4020c', 'SELECT'],
    ['00a40800', 'SELECT, by path'],
    ['00a40900', 'SELECT, by path'],
    ['80a40400', 'SELECT, application'],
    ['0ca4020c', 'SELECT'],
    ['0cb00000', 'READ BINARY'],
    ['00b10000', 'READ BINARY, with offset object'],
    ['00840000', 'GET CHALLENGE'],
    ['00820000', 'EXTERNAL or MUTUAL AUTHENTICATE'],
    ['84823300', 'EXTERNAL AUTHENTICATE, secure channel'],
    ['00880000', 'INTERNAL AUTHENTICATE'],
    ['80500000', 'INITIALIZE UPDATE'],
    ['84e62000', 'INSTALL [for personalization]'],
    ['84e60c00', 'INSTALL'],
    ['84e20800', 'STORE DATA'],
    ['84e28803', 'STORE DATA, last block'],
    ['84f0800f', 'SET STATUS'],
    ['80f28002', 'GET STATUS'],
    ['80ca9f7f', 'GET DATA'],
    ['002a9e9a', 'PERFORM SECURITY OPERATION: COMPUTE DIGITAL SIGNATURE'],
    ['0022c1a4', 'MANAGE SECURITY ENVIRONMENT: SET AT'],
    ['00200081', 'VERIFY'],
    ['00200097', 'VERIFY, fingerprint'],
    ['00c00000', 'GET RESPONSE'],
    ['00e60000', 'TERMINATE DF'],
  ])('%s is %s', (header, name) => {
    const [cla, ins, p1, p2] = header.match(/../g)!.map((byte) => Number.parseInt(byte, 16))
    expect(describeCommand(cla!, ins!, p1!, p2!).name).toBe(name)
  })

  it('names what the table does not hold by its instruction', () => {
    expect(describeCommand(0x00, 0x0a, 0, 0).name).toBe('command with INS 0A')
    expect(describeCommand(0x80, 0xb0, 0, 0).name).toBe('command with INS B0')
  })

  it('reaches every row: none stands behind a wider one', () => {
    for (const row of commandTable) {
      const p1 = 'p1' in row ? row.p1.value : 0xee
      const p2 = 'p2' in row ? row.p2.value : 0x11
      expect(describeCommand(row.family === 'gp' ? 0x80 : 0x00, row.ins, p1 === 0xee && row.ins === 0xe2 ? 0x08 : p1, p2)).toEqual({
        name: row.name,
        clause: row.clause,
      })
    }
  })
})
