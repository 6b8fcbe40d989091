import type { CardChannel, ResponseApdu } from '@kart/apdu/host'
import { fromHex } from '@kart/codec'
import { useBackend } from '@kart/crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SecureMessagingError, secureMessagingLayer } from './index.ts'
import { tripleDesSuite } from './secure-messaging/cipher-suite.ts'
import { at, cardAnswer, group, ksMac, read, select, selectAnswer } from './testing/messaging-example.ts'
import { command, hexField, response, scriptedChannel } from './testing/vector-file.ts'

beforeAll(() => {
  useBackend('noble')
})
afterAll(() => {
  useBackend('auto')
})

describe('the channel layer', () => {
  const first: [unknown, unknown] = [select?.expected.protected, selectAnswer?.input.protected]

  test('P01 after a plain answer nothing more is sent', async () => {
    const ends: unknown[] = []
    const channel = scriptedChannel([first, [read?.expected.protected, '9000']])
    const secured = secureMessagingLayer(at(group.sscInitial), { onEnd: (reason) => ends.push(reason) })(channel)
    expect((await secured.transmit(command(select?.input.plain))).sw).toBe(0x9000)
    await expect(secured.transmit(command(read?.input.plain))).rejects.toBeInstanceOf(SecureMessagingError)
    await expect(secured.transmit(command(read?.input.plain))).rejects.toBeInstanceOf(SecureMessagingError)
    expect(channel.left()).toBe(0)
    expect(ends).toHaveLength(1)
  })

  test('P03 6988 ends the session and is told', async () => {
    const secured = secureMessagingLayer(at(group.sscInitial))(scriptedChannel([[select?.expected.protected, '6988']]))
    await expect(secured.transmit(command(select?.input.plain))).rejects.toThrow(
      expect.objectContaining({ code: 'secure-messaging', sw: 0x6988 }),
    )
    await expect(secured.transmit(command(read?.input.plain))).rejects.toThrow(
      expect.objectContaining({ code: 'secure-messaging', sw: undefined }),
    )
  })

  test('P03 a protected 6987 ends the session too', async () => {
    const data = cardAnswer(tripleDesSuite, ksMac, hexField(selectAnswer?.expected.ssc), fromHex('99026987'))
    const channel: CardChannel = { transmit: async () => ({ data, sw: 0x6987 }) }
    const session = at(group.sscInitial)
    await expect(secureMessagingLayer(session)(channel).transmit(command(select?.input.plain))).rejects.toThrow(
      expect.objectContaining({ sw: 0x6987 }),
    )
    expect(session.isOver).toBe(true)
  })

  test('P03 a second command before the answer ends the session, and the first answer is not handed out', async () => {
    let release: (answer: ResponseApdu) => void = () => {}
    const channel: CardChannel = { transmit: () => new Promise((resolve) => (release = resolve)) }
    const secured = secureMessagingLayer(at(group.sscInitial))(channel)
    const pending = secured.transmit(command(select?.input.plain))
    await expect(secured.transmit(command(read?.input.plain))).rejects.toBeInstanceOf(SecureMessagingError)
    release(response(selectAnswer?.input.protected))
    await expect(pending).rejects.toBeInstanceOf(SecureMessagingError)
  })

  test('P03 an exchange that was cut off ends the session; the cause goes through', async () => {
    const session = at(group.sscInitial)
    const cut = new Error('reader unplugged')
    const secured = secureMessagingLayer(session)({ transmit: () => Promise.reject(cut) })
    await expect(secured.transmit(command(select?.input.plain))).rejects.toBe(cut)
    expect(session.isOver).toBe(true)
    await expect(secured.transmit(command(select?.input.plain))).rejects.toBeInstanceOf(SecureMessagingError)
  })
})
