import { describe, expect, it } from 'vitest'
import {
  createFileHex,
  creationCard,
  holderCard,
  pins,
  pkcs15Aid,
  putPin,
  selectPkcs15,
  statusWords,
  verify,
} from '../testing/holder-card.ts'
import { sendHex } from '../testing/terminal.ts'

const activate = `004404000c${pkcs15Aid}`
const status = (card: Parameters<typeof sendHex>[0], command: string): string => sendHex(card, command).slice(-4)

describe('SELECT', () => {
  it('gives the control parameters of files, keys and the application, by identifier and by path', () => {
    const { card } = creationCard()
    expect(
      statusWords(card, [createFileHex('4301', 300), createFileHex('4b01', 2048, { type: '11', sizeTag: '81', access: '111fff' })]),
    ).toEqual(['9000', '9000'])
    const certificate = '6f178002012c820101830243018603013fff850200008a01019000'
    const key = '6f178002080082011183024b018603111fff850200008a01019000'
    expect(sendHex(card, '00a4000002430100')).toBe(certificate)
    expect(sendHex(card, '00a4080006 3f00 5015 4b01 00'.replaceAll(' ', ''))).toBe(key)
    expect(sendHex(card, '00a408000450154b0100')).toBe(key)
    expect(sendHex(card, '00a4080c0450154301')).toBe('9000')
    expect(sendHex(card, '00a4020402430100')).toBe(certificate.replace(/^6f/, '62'))
    expect(statusWords(card, ['00a4000002430200', '00a408000450154b0200', '00a40800035015430000'])).toEqual(['6a82', '6a82', '6700'])
    expect(sendHex(card, '00a40000024301')).toBe('9000')
    expect(sendHex(card, selectPkcs15)).toBe(`6f258102012c820138830250158603000fff850200008a0101840c${pkcs15Aid}9000`)
    expect(status(card, activate)).toBe('9000')
    expect(sendHex(card, selectPkcs15)).toBe(`6f258102012c820138830250158603ffffff850200008a0107840c${pkcs15Aid}9000`)
    expect(sendHex(card, '00a4000002430100')).toBe(certificate.replace('8a0101', '8a0107'))
  })

  it('shows the MF in creation until the application is activated', () => {
    const { card } = creationCard()
    expect(sendHex(card, '00a40000023f0000')).toBe('6f0a82013883023f008a01019000')
    expect(status(card, activate)).toBe('9000')
    expect(sendHex(card, '00a40000023f0000')).toBe('6f0a82013883023f008a01039000')
  })
})

describe('CREATE FILE', () => {
  it.each([
    ['a transparent file', createFileHex('4301', 1), '9000'],
    ['the longest', createFileHex('4301', 0x7fff), '9000'],
    ['one byte past offsets of 15 bits', createFileHex('4301', 0x8000), '6a80'],
    ['empty', createFileHex('4301', 0), '6a80'],
    ['RSA 2048', createFileHex('4b01', 2048, { type: '11' }), '9000'],
    ['RSA 3072', createFileHex('4b01', 3072, { type: '11' }), '9000'],
    ['RSA 4096', createFileHex('4b01', 4096, { type: '11' }), '9000'],
    ['RSA 1024', createFileHex('4b01', 1024, { type: '11' }), '6a80'],
    ['EC 256', createFileHex('4b01', 256, { type: '22' }), '9000'],
    ['EC 384', createFileHex('4b01', 384, { type: '22' }), '9000'],
    ['EC 521', createFileHex('4b01', 521, { type: '22' }), '9000'],
    ['EC 192', createFileHex('4b01', 192, { type: '22' }), '6a80'],
    ['a DF', createFileHex('5016', 100, { type: '38' }), '6a81'],
    ['a secret key', createFileHex('4d01', 128, { type: '19' }), '6a81'],
    ['the MF', createFileHex('3f00', 10), '6a80'],
    ['DF 5015', createFileHex('5015', 10), '6a80'],
    ['FFFF', createFileHex('ffff', 10), '6a80'],
    ['P1', createFileHex('4301', 10).replace('00e000', '00e001'), '6a86'],
    ['no template', '00e0000003800100', '6a80'],
    ['nothing', '00e00000', '6a80'],
    ['two sizes', '00e000001862168002000a8002000a8201018302430186030000008a00'.replace('8a00', '8500'), '6a80'],
    ['access bytes of two', '00e0000011620f8002000a82010183024301860200ff', '6a80'],
    ['no access bytes', '00e000000d620b8002000a8201018302430100', '6a80'],
  ])('%s', (_, command, sw) => {
    const { card } = creationCard()
    expect(status(card, command)).toBe(sw)
  })

  it('makes zeros, current at once, and refuses what is there already', () => {
    const { card, stored } = creationCard()
    expect(statusWords(card, [createFileHex('4301', 4), '00d6000102aabb'])).toEqual(['9000', '9000'])
    expect(sendHex(card, '00b0000004')).toBe('00aabb009000')
    expect(status(card, createFileHex('4301', 9))).toBe('6a89')
    expect(stored().signature).toMatchObject({ changes: 2, activated: false })
  })

  it('has room for 64 KB and for 128 files', () => {
    const { card } = creationCard()
    expect(
      statusWords(card, [createFileHex('4301', 0x7fff), createFileHex('4302', 0x7fff), createFileHex('4303', 3), createFileHex('4303', 2)]),
    ).toEqual(['9000', '9000', '6a84', '9000'])
    const { card: other } = creationCard()
    const many = Array.from({ length: 129 }, (_, i) => status(other, createFileHex((0x4300 + i).toString(16), 1)))
    expect([many.filter((sw) => sw === '9000').length, many[128]]).toEqual([128, '6a84'])
  })
})

describe('READ BINARY and UPDATE BINARY', () => {
  it('keep to the file, its offsets and lengths', () => {
    const { card } = creationCard()
    sendHex(card, createFileHex('4301', 600))
    for (const [command, answer] of [
      ['00b0025800', '6b00'],
      ['00b0025701', '009000'],
      ['00b0025705', '006282'],
      ['00b08000ff', '6a86'],
      ['00b00000', '6700'],
      ['00b000000100', '6700'],
      ['00d6025701aa', '9000'],
      ['00d6025702aabb', '6a84'],
      ['00d6025801aa', '6b00'],
      ['00d60000', '6700'],
      ['00d6800001aa', '6a86'],
      ['00b0025701', 'aa9000'],
    ] as const)
      expect([command, sendHex(card, command)]).toEqual([command, answer])
    expect(sendHex(card, `00d60000ff${'5a'.repeat(255)}`)).toBe('9000')
    expect(sendHex(card, '00b00000ff')).toBe(`${'5a'.repeat(255)}9000`)
  })

  it('need a current file that is no key', () => {
    const { card } = creationCard()
    expect(statusWords(card, ['00b0000001', '00d600000100', '00e40000'])).toEqual(['6986', '6986', '6986'])
    sendHex(card, createFileHex('4b01', 256, { type: '22', access: '000000' }))
    expect(statusWords(card, ['00b0000001', '00d600000100'])).toEqual(['6982', '6982'])
  })

  it('go by the access bytes: read always, written after activation, and only under the PIN of the nibble', () => {
    const { card } = creationCard()
    const set = [
      putPin(1, pins.auth),
      putPin(2, pins.sign),
      createFileHex('4501', 2, { access: '11ffff' }),
      '00d600000211 22'.replace(' ', ''),
    ]
    expect(statusWords(card, set)).toEqual(['9000', '9000', '9000', '9000'])
    expect(sendHex(card, '00b0000002')).toBe('6982')
    const chosen = ['00a4000c024501', '00b0000002', '00d600000133']
    expect(statusWords(card, [activate, ...chosen])).toEqual(['9000', '9000', '6982', '6982'])
    expect(statusWords(card, [verify(2, pins.sign), ...chosen])).toEqual(['9000', '9000', '6982', '6982'])
    expect(statusWords(card, [verify(1, pins.auth), ...chosen])).toEqual(['9000', '9000', '9000', '9000'])
    expect(sendHex(card, '00b0000002')).toBe('33229000')
  })
})

describe('after the creation phase', () => {
  const locked = [createFileHex('4302', 10), '00a0e40000'.slice(2), putPin(4, pins.auth), activate, `00da01e008${'00'.repeat(8)}`]

  it.each([
    ['activated', { activated: true }, {}],
    ['secured', { activated: false }, { lifeCycle: 'SECURED' }],
  ] as const)('nothing is made, deleted or emptied: %s', (_, signature, more) => {
    const { card, stored } = holderCard(signature, more)
    const before = stored()
    sendHex(card, selectPkcs15)
    expect(statusWords(card, locked)).toEqual(['6985', '6985', '6985', '6985', '6985'])
    expect(stored()).toEqual(before)
  })
})

describe('DELETE FILE', () => {
  it('takes the current file away, in class 00 and in the tool’s A0', () => {
    const { card, stored } = creationCard()
    sendHex(card, createFileHex('4301', 10))
    expect(statusWords(card, ['00e4000001 00'.replace(' ', ''), '00e40001', '00e40000', '00e40000', '00a4000c024301'])).toEqual([
      '6700',
      '6a86',
      '9000',
      '6986',
      '6a82',
    ])
    sendHex(card, createFileHex('4301', 10))
    expect(status(card, 'a0e40000')).toBe('9000')
    expect(stored().signature.files.size).toBe(0)
    expect(statusWords(card, ['a0a40000', 'a0b0000001'])).toEqual(['6e00', '6e00'])
  })
})

describe('EF.DIR', () => {
  it('is made, written and deleted in the MF in the creation phase, and no other file of the MF is', () => {
    const { card, stored } = creationCard()
    const steps: readonly (readonly [string, string])[] = [
      ['00a4000c023f00', '9000'],
      [createFileHex('2f01', 20), '6a80'],
      [createFileHex('2f00', 257), '6a84'],
      [createFileHex('2f00', 0), '6a80'],
      ['00d600000100', '6986'],
      [createFileHex('2f00', 128), '9000'],
      [createFileHex('2f00', 128), '6a89'],
      ['00d600000461024f00', '9000'],
      ['00d600800100', '6b00'],
      ['00a4000c022f00', '9000'],
      ['00b0000004', '9000'],
      ['a0e40000', '9000'],
      ['00a4000c022f00', '6a82'],
      [createFileHex('2f00', 128), '9000'],
      [activate, '9000'],
      ['00a4000c022f00', '9000'],
      ['00d600000461024f00', '6985'],
      ['00e40000', '6985'],
    ]
    for (const [command, sw] of steps) expect([command, status(card, command)]).toEqual([command, sw])
    expect(stored().files.get('mf')?.get(0x2f00)).toHaveLength(128)
  })
})

describe('applet data', () => {
  it('01A0 tells name, version, serial number and a change counter that steps with each change', () => {
    const { card } = creationCard()
    const info = (changes: string): string => `4f73454944040009${'00112233445566778899'}${changes}9000`
    expect(sendHex(card, '00ca01a014')).toBe(info('0000'))
    for (const command of [createFileHex('4301', 4), '00d600000100', putPin(1, pins.auth), 'a0e40000', activate]) sendHex(card, command)
    expect(sendHex(card, '00ca01a014')).toBe(info('0005'))
    expect(status(card, verify(1, pins.auth))).toBe('9000')
    expect(sendHex(card, '00ca01a014')).toBe(info('0005'))
    expect(sendHex(card, '00ca01a000')).toBe(info('0005'))
  })

  it('the counter goes on from FFFF to 0000', () => {
    const { card } = holderCard({ activated: false, changes: 0xffff })
    sendHex(card, selectPkcs15)
    sendHex(card, createFileHex('4301', 4))
    expect(sendHex(card, '00ca01a014').slice(36)).toBe('00009000')
  })

  it('01A1 lists the files of the application, and in the MF what can be selected and read there', () => {
    const { card, stored } = creationCard()
    expect(sendHex(card, '00ca01a100')).toBe('9000')
    for (const fid of ['4b01', '4301', '5031']) sendHex(card, createFileHex(fid, 4))
    expect(sendHex(card, '00ca01a100')).toBe('43014b0150319000')
    expect(statusWords(card, ['00ca01a10100', '00a40000023f00'])).toEqual(['6700', '9000'])
    expect(sendHex(card, '00ca01a100')).toBe('50159000')
    // EF.CardSecurity (011D) is for whoever has opened PACE.
    const mf = new Map([0x2f01, 0x2f00, 0x011d].map((fid) => [fid, Uint8Array.of(1)] as const))
    const issued = holderCard({}, { files: new Map(stored().files).set('mf', mf) }).card
    expect(sendHex(issued, '00ca01a100')).toBe('2f002f0150159000')
  })

  it('01AA tells RSA and EC and their most bits', () => {
    const { card } = creationCard()
    expect(sendHex(card, '00ca01aa0b')).toBe('01000910000000000002099000')
    expect(statusWords(card, ['00ca01a2ff', '00ca01aa0100', '00ca00a0ff', '00da01a10100'])).toEqual(['6a88', '6700', '6a88', '6a88'])
  })

  it('01E0 empties the application and EF.DIR, and the counter goes on', () => {
    const { card, stored } = creationCard()
    const made = ['00a4000c023f00', createFileHex('2f00', 128), '00a4000c025015', putPin(1, pins.auth), createFileHex('4301', 4)]
    expect(statusWords(card, made)).toEqual(['9000', '9000', '9000', '9000', '9000'])
    expect(statusWords(card, [`00da01e007${'00'.repeat(7)}`, `00da01e008${'ff'.repeat(8)}`, '00b0000001'])).toEqual([
      '6700',
      '9000',
      '6986',
    ])
    const { signature, files } = stored()
    expect([signature.files.size, signature.pins.size, signature.changes, files.get('mf')?.size]).toEqual([0, 0, 5, 0])
  })
})
