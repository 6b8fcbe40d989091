import { getStatus, send } from '@kart/apdu/host'
import { fromHex, toHex } from '@kart/codec'
import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout/profile'
import { putKeySet, type Scp03SecurityLevel } from '@kart/secure-channel'
import { beforeEach, describe, expect, it } from 'vitest'
import { decodeImage } from '../../../emulator/src/memory/card-image.ts'
import { domainCard, iccSerial, keySet, type profileWith, secured } from './domain-card.ts'

// The command forms of GlobalPlatform card-management tools: default SELECT, GET DATA before any authentication, C-MAC alone, PUT KEY and DELETE and
// STORE DATA without Le or with one, lists in both forms.

let card: ReturnType<typeof createBlankCard>
const exchange = (command: string) => toHex(card.process(fromHex(command)))

beforeEach(() => {
  card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial, iin: fromHex('9364') })
})

describe('before authentication', () => {
  it.each([
    ['no AID, Le 00', '00a4040000'],
    ['an empty data field is left out, extended Le', '00a40400000000'],
    ['whole AID, Le 00', '00a4040008a00000015100000000'],
    ['whole AID, no Le', '00a4040008a000000151000000'],
    ['the start of the AID', '00a4040005a00000015100'],
  ])('SELECT: %s', (_name, command) => {
    const fci = command === '00a4040008a000000151000000' ? '' : '6f118408a000000151000000a5059f6502fff6'
    expect(exchange(command)).toBe(`${fci}9000`)
    expect(exchange('8050000008010203040506070800')).toMatch(/^0102030405060708090a300370.{38}9000$/)
  })

  it.each([
    ['9f7f', /^9f7f2a[0-9a-f]{84}9000$/],
    ['0042', /^420293649000$/],
    ['0045', /^450a0102030405060708090a9000$/],
    ['0066', /^6631732f06072a864886fc6b01.*64\w{2}06092a864886fc6b0403709000$/],
    ['0067', /^670ba0098001038101708201079000$/],
    ['00e0', /^e012(c0040\d308810){3}9000$/],
    ['00c1', /^c1030000009000$/],
    ['00cf', /^cf0a0102030405060708090a9000$/],
    ['2f00', /^61094f07a0000002471001.*9000$/],
    ['00d3', /^6a88$/],
    ['ff21', /^6a88$/],
  ] as const)(
    'GET DATA %s, in class 80 and 00, with Le 00, an extended one, a wrong one, and after no SELECT of the domain at all',
    (tag, expected) => {
      exchange('00a4040000')
      for (const cla of ['80', '00']) {
        expect(exchange(`${cla}ca${tag}00`)).toMatch(expected)
        expect(exchange(`${cla}ca${tag}000000`)).toMatch(expected)
      }
      const wrong = exchange(`80ca${tag}01`)
      if (wrong !== '6a88') expect(exchange(`80ca${tag}${wrong.slice(2)}`)).toMatch(expected)
    },
  )
})

describe.each<Scp03SecurityLevel>([0x01, 0x03, 0x11, 0x13, 0x33])('at level %s', (level) => {
  const open = async (profile = nationalId as ReturnType<typeof profileWith>) => {
    const made = await domainCard(testTransportKeys, profile)
    return { ...made, ...(await secured(made.channel, testTransportKeys, level)) }
  }
  const send4 = async (inside: Awaited<ReturnType<typeof open>>['inside'], header: string, data: string, ne: number) => {
    const [cla, ins, p1, p2] = fromHex(header)
    const { data: answer, sw } = await inside.transmit({ cla: cla!, ins: ins!, p1: p1!, p2: p2!, data: fromHex(data), ne })
    return toHex(answer) + sw.toString(16)
  }

  it('lists: the domain, the applications; no load files; the older form', async () => {
    const { inside } = await open()
    expect(await send4(inside, '80f28002', '4f00', 256)).toBe('e3134f08a0000001510000009f700107c5039efe809000')
    expect(await send4(inside, '80f24002', '4f00', 256)).toMatch(/^e3124f07a0000002471001.*9000$/)
    expect(await send4(inside, '80f22002', '4f00', 256)).toBe('6a88')
    expect(await send4(inside, '80f21002', '4f00', 256)).toBe('6a88')
    expect(await send4(inside, '80f28000', '4f00', 256)).toBe('08a000000151000000079e9000')
    expect(await send4(inside, '80f24002', '4f07a0000002471001', 256)).toBe('e3124f07a00000024710019f700107c5030000009000')
    expect(await send4(inside, '80ca00e0', '', 256)).toMatch(/^e012/)
  })

  it('a list that does not fit a short answer comes in pages, 6310 between them', async () => {
    const more = Array.from({ length: 40 }, (_, i) => ({
      name: `extra-${i}`,
      title: 'extra',
      aid: fromHex(`f04b415254${(i + 16).toString(16)}`),
      fid: undefined,
      files: [],
      clause: 'test',
    }))
    const { inside } = await open({ ...nationalId, applications: [...nationalId.applications, ...more] })
    const found: string[] = []
    let page = await send(inside, getStatus('applications'))
    found.push(...page.entries.map(({ aid }) => toHex(aid)))
    let pages = 1
    for (; page.more; pages++) {
      page = await send(inside, getStatus('applications', { next: true }))
      found.push(...page.entries.map(({ aid }) => toHex(aid)))
    }
    expect(pages).toBeGreaterThan(3)
    expect(found).toHaveLength(43)
    expect(new Set(found).size).toBe(43)
    // Nothing to go on from, and another question in between.
    expect(await send4(inside, '80f24003', '4f00', 256)).toBe('6985')
    expect(await send4(inside, '80f24002', '4f00', 256)).toMatch(/6310$/)
    expect(await send4(inside, '80f28002', '4f00', 256)).toMatch(/9000$/)
    expect(await send4(inside, '80f24003', '4f00', 256)).toBe('6985')
  })

  it('PUT KEY without Le replaces the set in use by its own version; then the list of keys, another set, DELETE', async () => {
    const { inside, session, memory } = await open()
    const locked = keySet(0x30, 16, 3)
    const { apdu } = putKeySet(session, locked, { replaces: 0x30 })
    expect(await send4(inside, '80d83081', toHex(apdu.data), 0)).toMatch(/^30[0-9a-f]{18}9000$/)
    const second = putKeySet(session, keySet(0x01, 32))
    expect(await send4(inside, '80d80081', toHex(second.apdu.data), 0)).toMatch(/^01[0-9a-f]{18}9000$/)
    expect(await send4(inside, '80ca00e0', '', 256)).toMatch(/^e024.*9000$/)
    expect(await send4(inside, '80e40000', 'd20101', 0)).toBe('9000')
    expect(await send4(inside, '80e40000', 'd20101', 256)).toBe('6a88')
    expect(decodeImage(memory.load()!).keySets.map(({ version, transport }) => [version, transport])).toEqual([[0x30, false]])
  })

  it('STORE DATA: P1 81 with Le and a form that says nothing: the domain’s data objects, a grouping of a file; blocks numbered on', async () => {
    const { inside, memory } = await open()
    expect(await send4(inside, '80e28100', '42031234564502aabb', 256)).toBe('9000')
    expect(await send4(inside, '80e28100', '2f000661044f020102', 256)).toBe('9000')
    expect(await send4(inside, '80e20100', '2f0006', 256)).toBe('9000')
    expect(await send4(inside, '80e28101', '61044f020304', 256)).toBe('9000')
    expect(await send4(inside, '80e29000', '9f67081122334455667788', 0)).toBe('9000')
    const state = decodeImage(memory.load()!)
    expect([toHex(state.iin!), toHex(state.cin!), toHex(state.files.get('mf')!.get(0x2f00)!)]).toEqual(['123456', 'aabb', '61044f020304'])
    expect(await send4(inside, '80e62000', '000007a0000002471001000000', 256)).toBe('009000')
    expect(await send4(inside, '80e28100', `0101${'05'}6103010203`, 256)).toBe('9000')
  })

  it('life cycle by SET STATUS; what the card does not have is refused in words of ISO/IEC 7816-4', async () => {
    const { inside } = await open()
    expect(await send4(inside, '80f08007', '', 0)).toBe('6985')
    expect(await send4(inside, '80f04080', 'a0000002471001', 0)).toBe('6a86')
    expect(await send4(inside, '80e60200', '07a000000247100100000000', 0)).toBe('6a86')
    expect(await send4(inside, '80e88000', 'c40101', 0)).toBe('6d00')
    expect(await send4(inside, '80e40080', '4f07a0000002471001', 0)).toBe('6a86')
    expect(await send4(inside, '80e40000', '4f07a0000002471001', 0)).toBe('6a88')
    expect(await send4(inside, '80f0800f', '', 0)).toBe('9000')
    expect(await send4(inside, '80f0807f', '', 0)).toBe('9000')
    expect(await send4(inside, '80f0800f', '', 0)).toBe('9000')
  })
})
