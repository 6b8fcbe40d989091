import { StatusWordError, type TraceEntry, TransportError } from '@kart/apdu/host'
import { CardError, fromHex, InputError, toHex } from '@kart/codec'
import { channel, efSodCodec, findApplication, nationalId } from '@kart/layout'
import { EmrtdSession, SecureMessagingError } from '@kart/secure-channel'
import { describe, expect, test, vi } from 'vitest'
import { judge } from './judge.ts'
import { type ReadProgress, readCard } from './read-card.ts'
import { runChecks } from './run-checks.ts'
import { context, policy } from './testing/card.ts'
import { access, chipKey, contents, masterFiles, newCard, profile, read, summary } from './testing/reading-bench.ts'
import { ReadingCard } from './testing/reading-card.ts'
import { trustStore } from './trust-store.ts'

test('a genuine card is read in order, byte for byte, and accepted', async () => {
  const transport = newCard()
  const evidence = await read(transport)
  expect(summary(evidence)).toEqual([
    'EF.ATR/INFO read',
    'EF.GDO read',
    'EF.COM read',
    'EF.SOD read',
    'EF.DG14 read',
    'EF.DG1 read',
    'EF.DG11 read',
    'EF.DG12 missing',
    'EF.DG15 read',
  ])
  for (const file of evidence.files)
    if (file.bytes) expect(toHex(file.bytes), file.name).toBe(toHex({ ...masterFiles, ...contents }[file.name]!))
  expect(evidence).toMatchObject({ extendedLength: true, access: { outcome: 'opened' }, profile: 'national-id' })
  expect(toHex(evidence.atr)).toBe(toHex(nationalId.atr))
  expect(evidence.activeAuthentication!.challenge).toHaveLength(8)
  const relaxed = {
    ...profile,
    applications: profile.applications.map((one) => ({
      ...one,
      files: one.files.map((file) => ({ ...file, required: file.name !== 'EF.DG12' })),
    })),
  }
  const checks = await runChecks(evidence, { profile: relaxed, trust: context().trust, policy })
  expect(judge(checks)).toMatchObject({ verdict: 'accepted', reason: 'genuine' })
})

test('two readings draw two challenges, and injected randomness is used for all of them', async () => {
  const [a, b] = [await read(newCard()), await read(newCard())]
  expect(toHex(a.activeAuthentication!.challenge)).not.toBe(toHex(b.activeAuthentication!.challenge))
  const lengths: number[] = []
  const fixed = await read(newCard(), {
    random: (length) => {
      lengths.push(length)
      return new Uint8Array(length).fill(7)
    },
  })
  expect(lengths).toEqual([8, 16, 8])
  expect(toHex(fixed.activeAuthentication!.challenge)).toBe('0707070707070707')
})

describe('extended length', () => {
  test('is used for the files where card and link take it', async () => {
    const transport = newCard()
    await read(transport)
    const reads = transport.commands.filter((command) => command.ins === 0xb0)
    expect(reads.some((command) => command.extended)).toBe(true)
  })

  test.each([
    ['the card answers 6700', { extendedLength: false } as const],
    ['the reader breaks the exchange', { extendedLength: 'fail' } as const],
    ['EF.ATR/INFO does not offer it', { files: { ...masterFiles, ...contents, 'EF.ATR/INFO': fromHex('430100') } }],
    ['EF.ATR/INFO is missing', { files: { ...contents, 'EF.GDO': masterFiles['EF.GDO'] } }],
  ])('falls back to short commands where %s, with the same evidence', async (_, options) => {
    const transport = newCard(options)
    const evidence = await read(transport)
    expect(evidence.extendedLength).toBe(false)
    const sod = evidence.files.find((file) => file.name === 'EF.SOD')!
    expect(toHex(sod.bytes!)).toBe(toHex(contents['EF.SOD']!))
    expect(transport.commands.filter((command) => command.extended)).toEqual([])
  })

  test('is not used where the file read with it is no file, and that file is read once more without it', async () => {
    const gdo = masterFiles['EF.GDO']
    for (const data of [gdo.subarray(1), gdo.subarray(0, 11), new Uint8Array(0), new Uint8Array(512)]) {
      const transport = newCard({ fault: (command) => (command.extended && command.ins === 0xb0 ? { data, sw: 0x9000 } : undefined) })
      const evidence = await read(transport)
      expect(evidence.extendedLength).toBe(false)
      expect(evidence.files.find((file) => file.name === 'EF.GDO')!.bytes).toEqual(gdo)
      expect(evidence.files.find((file) => file.name === 'EF.SOD')!.outcome).toBe('read')
    }
  })

  test('costs no command of its own: every file that one answer carries is one READ BINARY, and no SELECT', async () => {
    const transport = newCard()
    await read(transport)
    const reads = transport.commands.filter((command) => command.ins === 0xb0)
    expect(reads.map((command) => command.p1 & 0x80)).toEqual(reads.map(() => 0x80))
    // The application, and the data group that EF.SOD does not list.
    expect(transport.commands.filter((command) => command.ins === 0xa4)).toHaveLength(2)
  })

  test('is not tried where the caller forbids it', async () => {
    const transport = newCard()
    expect((await read(transport, { limits: { extendedLength: false } })).extendedLength).toBe(false)
    expect(transport.commands.filter((command) => command.extended)).toEqual([])
  })
})

describe('access', () => {
  test('wrong printed data: the card stays shut, which is evidence, and the verdict says so', async () => {
    const evidence = await read(newCard(), { access: { ...access, documentNumber: 'T12345670' } })
    expect(evidence.access).toMatchObject({ outcome: 'refused' })
    expect(summary(evidence)).toEqual(['EF.ATR/INFO read', 'EF.GDO read'])
    const report = judge(await runChecks(evidence, { profile, trust: trustStore([]), policy }))
    expect(report).toMatchObject({ verdict: 'error', reason: 'access-refused' })
    expect(JSON.stringify(report)).not.toContain('T12345670')
  })

  test('a card without the application, or that gives no challenge, is refused access too', async () => {
    const isSelectByName = (command: { ins: number; p1: number }) => command.ins === 0xa4 && command.p1 === 4
    expect((await read(newCard({ fault: (command) => (isSelectByName(command) ? { sw: 0x6a82 } : undefined) }))).access.outcome).toBe(
      'refused',
    )
    expect((await read(newCard({ fault: (command) => (command.ins === 0x84 ? { sw: 0x6d00 } : undefined) }))).access.outcome).toBe(
      'refused',
    )
    expect(
      (await read(newCard({ fault: (command) => (command.ins === 0x84 ? { data: fromHex('00'), sw: 0x9000 } : undefined) }))).access
        .outcome,
    ).toBe('refused')
  })

  test('access data that are no MRZ fields are the caller’s error, before the card is touched', async () => {
    const transport = newCard()
    await expect(read(transport, { access: { ...access, dateOfBirth: '1990' } })).rejects.toThrow(InputError)
    expect(transport.commands).toEqual([])
  })

  test('a file that the profile keeps shut is not even selected', async () => {
    const shut = {
      ...profile,
      applications: profile.applications.map((one) => ({
        ...one,
        files: one.files.map((file) => (file.name === 'EF.DG11' ? { ...file, read: channel('terminal-authentication') } : file)),
      })),
    }
    const transport = newCard()
    const evidence = await readCard(transport, { profile: shut, access, accessPolicy: 'bac-without-pace' })
    expect(transport.selected).not.toContain('EF.DG11')
    expect(evidence.files.find((file) => file.name === 'EF.DG11')).toMatchObject({
      outcome: 'refused',
      problem: expect.stringContaining('terminal authentication'),
    })
  })
})

describe('the secure-messaging session', () => {
  const withSpy = async (reading: () => Promise<unknown>) => {
    const destroy = vi.spyOn(EmrtdSession.prototype, 'destroy')
    try {
      await reading()
      return new Set(destroy.mock.contexts as EmrtdSession[])
    } finally {
      destroy.mockRestore()
    }
  }

  test('is over, its keys erased, when the card has been read', async () => {
    const sessions = await withSpy(() => read(newCard()))
    expect([...sessions].map((session) => session.isOver)).toEqual([true])
  })

  test('is over too when the reading ends by an error that is not the session’s', async () => {
    const cancelled = new Error('cancelled')
    const onProgress = (one: ReadProgress) => {
      if (one.file === 'EF.DG1') throw cancelled
    }
    const sessions = await withSpy(() => expect(read(newCard(), { onProgress })).rejects.toBe(cancelled))
    expect([...sessions].map((session) => session.isOver)).toEqual([true])
  })

  test('there is none where the card stayed shut', async () => {
    expect(await withSpy(() => read(newCard(), { access: { ...access, documentNumber: 'T12345670' } }))).toEqual(new Set())
  })
})

describe('what a card does instead', () => {
  test('refused, missing and malformed files are recorded with their status word, and the reading goes on', async () => {
    const evidence = await read(
      newCard({
        refusals: { 'EF.DG1': 0x6982, 'EF.DG11': 0x6a82, 'EF.DG14': 0x6f00 },
        files: { ...masterFiles, ...contents, 'EF.COM': fromHex('6105') },
      }),
    )
    const found = (name: string) => evidence.files.find((file) => file.name === name)!
    expect(found('EF.COM')).toMatchObject({ outcome: 'failed', bytes: undefined })
    expect(found('EF.DG1')).toMatchObject({ outcome: 'refused', sw: 0x6982 })
    expect(found('EF.DG11')).toMatchObject({ outcome: 'missing', sw: 0x6a82 })
    expect(found('EF.DG14')).toMatchObject({ outcome: 'failed', sw: 0x6f00 })
    expect(found('EF.DG15').outcome).toBe('read')
    expect(evidence.activeAuthentication!.signature).toBeDefined()
  })

  test('V07 a data group that EF.SOD does not list is looked for, not read; EF.COM is not followed', async () => {
    const transport = newCard({ files: { ...masterFiles, ...contents, 'EF.DG12': fromHex('6c00') } })
    const evidence = await read(transport)
    expect(evidence.files.find((file) => file.name === 'EF.DG12')).toMatchObject({ outcome: 'unlisted', bytes: undefined })
    expect(efSodCodec.decode(contents['EF.SOD']!).ldsSecurityObject.dataGroupHashes.map((one) => one.dataGroup)).not.toContain(12)
  })

  test.each([0x6282, 0x6283, 0x6300, 0x63c0, 0x6982, 0x6985])(
    'V07 a data group that EF.SOD does not list and the card answers with %d is there too: the card is rejected',
    async (sw) => {
      const evidence = await read(newCard({ refusals: { 'EF.DG12': sw } }))
      const found = evidence.files.find((file) => file.name === 'EF.DG12')!
      expect(found).toMatchObject({ outcome: 'unlisted', sw, problem: expect.stringContaining(sw.toString(16).toUpperCase()) })
      const checks = await runChecks(evidence, { profile, trust: context().trust, policy })
      expect(checks.find((check) => check.id === 'pa.coverage')).toMatchObject({
        outcome: 'fail',
        detail: 'EF.DG12 is there but not listed',
      })
    },
  )

  test.each([
    [0x6a82, 'missing'],
    [0x6a88, 'missing'],
    [0x6f00, 'failed'],
  ])('V07 a data group that EF.SOD does not list and the card answers with %d is not said to be there', async (sw, outcome) => {
    const evidence = await read(newCard({ refusals: { 'EF.DG12': sw } }))
    expect(evidence.files.find((file) => file.name === 'EF.DG12')).toMatchObject({ outcome, sw, problem: 'the card does not show it' })
  })

  test('without a readable EF.SOD all data groups are read, as evidence', async () => {
    for (const sod of [undefined, fromHex('7700')]) {
      const { 'EF.SOD': _, ...rest } = contents
      const evidence = await read(newCard({ files: { ...masterFiles, ...rest, ...(sod === undefined ? {} : { 'EF.SOD': sod }) } }))
      expect(summary(evidence).filter((line) => /DG(1|11|14|15) read/.test(line))).toHaveLength(4)
      expect(judge(await runChecks(evidence, { profile, trust: context().trust, policy })).verdict).toBe('rejected')
    }
  })

  test('a chip without the key: its refusal is evidence', async () => {
    const { chipKey: _, ...options } = { chipKey, profile, files: { ...masterFiles, ...contents }, access, extendedLength: true }
    const evidence = await read(new ReadingCard(options))
    expect(evidence.activeAuthentication).toMatchObject({ signature: undefined, sw: 0x6a88 })
  })

  test('a file that claims more than the profile allows is cut off', async () => {
    const evidence = await read(newCard({ files: { ...masterFiles, ...contents, 'EF.DG1': fromHex('618300ffff') } }))
    expect(evidence.files.find((file) => file.name === 'EF.DG1')!.outcome).toBe('failed')
  })

  test('P01 an answer outside secure messaging ends the session with a typed error', async () => {
    const transport = newCard({ fault: (command, protectedNow) => (protectedNow && command.ins === 0xb0 ? 'unprotected' : undefined) })
    await expect(read(transport)).rejects.toThrow(SecureMessagingError)
  })

  test('the card goes away at any command: TransportError, whenever it happens', async () => {
    const whole = newCard()
    await read(whole)
    const probe = whole.commands.findIndex((command) => command.extended)
    for (let at = 0; at < whole.commands.length; at++) {
      let count = 0
      const dying = newCard({ fault: () => (count++ >= at ? 'transport' : undefined) })
      await expect(read(dying), `command ${at}, extended length tried at ${probe}`).rejects.toThrow(TransportError)
    }
  })

  test('any status word to any one command is survived: evidence or a typed error', async () => {
    const whole = newCard()
    await read(whole)
    for (const sw of [0x6982, 0x6a82, 0x6282, 0x63c0, 0x6c08, 0x6700, 0x6f00])
      for (let at = 0; at < whole.commands.length; at++) {
        let count = 0
        const odd = newCard({ fault: () => (count++ === at ? { sw } : undefined) })
        try {
          const evidence = await read(odd)
          expect(evidence.files.length).toBeGreaterThan(0)
        } catch (error) {
          expect(error, `command ${at}, status ${sw.toString(16)}`).toBeInstanceOf(CardError)
          expect(error).not.toBeInstanceOf(StatusWordError)
        }
      }
  })
})

test('traces and progress tell what is going on; the wire shows no plain data group', async () => {
  const wire: TraceEntry[] = []
  const plain: TraceEntry[] = []
  const progress: ReadProgress[] = []
  await read(newCard(), {
    trace: { wire: (entry) => wire.push(entry), plain: (entry) => plain.push(entry) },
    onProgress: (one) => progress.push(one),
  })
  expect([...new Set(progress.map((one) => one.stage))]).toEqual(['card', 'access', 'files', 'active-authentication'])
  expect(progress).toContainEqual({ stage: 'files', file: 'EF.DG1', soFar: contents['EF.DG1']!.length, inAll: contents['EF.DG1']!.length })
  const dg1 = toHex(contents['EF.DG1']!).slice(20, 60)
  const shows = (entries: readonly TraceEntry[]) => entries.some((entry) => toHex(entry.response?.data ?? new Uint8Array()).includes(dg1))
  expect(shows(plain)).toBe(true)
  expect(shows(wire)).toBe(false)
  expect(findApplication(profile, 'emrtd')).toBeDefined()
})
