import { type CardTransport, getResponse, openChannel, wrongLength } from '@kart/apdu/host'
import { fromHex, toHex } from '@kart/codec'
import { seenInMemory } from '@kart/crypto'
import { createBlankCard, type EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import { nationalId } from '@kart/layout'
import {
  buildImage,
  execute,
  givenCertificates,
  PersonalizationError,
  readHeldKeys,
  requestCertificates,
  testHolderAuthority,
} from '@kart/personalization'
import { describe, expect, it } from 'vitest'
import { chipSerial, executeOptions, personalizationDay, pki, specimen, specimenImage, specimenOptions } from './testing/specimen.ts'

const image = buildImage(specimen, nationalId, { ...specimenOptions, signatureCard: {} })
const certify = testHolderAuthority(pki.holderAuthority, () => personalizationDay)
const seenKeys = seenInMemory()
const blank = (): EmulatedCard => createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial: chipSerial })
const issue = (transport: CardTransport, options = {}) => execute(transport, image, { ...executeOptions, certify, seenKeys, ...options })

const select = '00a404000ca000000063504b43532d313500'
/** A file of 16 bytes that everybody may do everything to. */
const createFile = (fid: string) => `00e00000196217800200108201018302${fid}8603000000850200008a0101`
const putPin = `00da010413${toHex(new TextEncoder().encode('27182831'))}${toHex(new TextEncoder().encode('16180339'))}030a00`

async function status(transport: CardTransport, ...commands: readonly string[]): Promise<string> {
  let last = ''
  for (const command of commands) last = toHex((await transport.transceive(fromHex(command))).slice(-2))
  return last
}

const activate = '004404000ca000000063504b43532d3135'

/** What somebody leaves on a card that is not finished. */
async function tamper(card: EmulatedCard, ...commands: readonly string[]): Promise<void> {
  for (const command of commands) expect(await status(card.transport(), select, command), command).toBe('9000')
  card.powerOn()
}

const refusal = (run: Promise<unknown>) => expect(run).rejects

describe('what somebody left in the PKCS#15 application', () => {
  it('is named, and nothing is written', async () => {
    const card = blank()
    await tamper(card, createFile('4b01'), createFile('4b7f'), putPin)
    await refusal(issue(card.transport())).toThrow(PersonalizationError)
    await refusal(issue(card.transport())).toThrow(/2 files and keys \(4B01, 4B7F\) and PIN 4.*--allow-unfinished/)
    await refusal(execute(card.transport(), specimenImage(), executeOptions)).toThrow(/PIN 4/)
    expect(await status(card.transport(), '00a40004023f00', '00a4020c022f00')).toBe('6a82')
  })

  it('is gone from the finished card where it may be taken away', async () => {
    const card = blank()
    await tamper(card, createFile('4b01'), createFile('4b7f'), putPin)
    expect((await issue(card.transport(), { allowUnfinished: true })).lifeCycle).toBe('SECURED')
    card.powerOn()
    expect(await status(card.transport(), select, '00200004')).toBe('6a88')
    expect(await status(card.transport(), select, '00a408000450154b7f00')).toBe('6a82')
    const bare = blank()
    await tamper(bare, putPin)
    expect((await execute(bare.transport(), specimenImage(), { ...executeOptions, allowUnfinished: true })).lifeCycle).toBe('SECURED')
    expect(await status(bare.transport(), select, '00200004')).toBe('6a88')
  })

  it('is gone also where somebody ended the creation phase', async () => {
    const card = blank()
    await tamper(card, putPin, createFile('4b7f'), activate)
    await refusal(issue(card.transport())).toThrow(/4B7F\) and PIN 4/)
    expect((await issue(card.transport(), { allowUnfinished: true })).lifeCycle).toBe('SECURED')
    card.powerOn()
    expect(await status(card.transport(), select, '00200004')).toBe('6a88')
    const empty = blank()
    await tamper(empty, activate)
    expect((await issue(empty.transport())).lifeCycle).toBe('SECURED')
  })

  it('beside keys that wait for their certificates goes, or refuses the card where it is a PIN', async () => {
    const card = blank()
    await requestCertificates(card.transport(), image, { keys: testTransportKeys, seenKeys, now: personalizationDay })
    await refusal(issue(card.transport())).toThrow(/waits for its certificates/)
    const keys = await readHeldKeys(openChannel(card.transport(), getResponse(), wrongLength()), image)
    const certificates: Uint8Array[] = []
    const collect = async (order: Parameters<typeof certify>[0]) => {
      const made = await certify(order)
      certificates.push(made.certificate)
      return made
    }
    for (const { row, publicKey } of keys)
      await collect({
        ...{ label: row.label, name: image.holder!.name, publicKey, request: new Uint8Array(0), lastDay: image.holder!.lastDay },
        use: row.label === 'signature' ? 'signature' : 'authentication',
      })
    const finish = (options = {}) =>
      issue(card.transport(), {
        certify: givenCertificates(image, keys, certificates, personalizationDay),
        keepHolderKeys: true,
        ...options,
      })
    card.powerOn()
    await tamper(card, createFile('4b7f'))
    await refusal(finish()).toThrow(/4B7F/)
    await tamper(card, putPin)
    await refusal(finish({ allowUnfinished: true })).toThrow(/PIN 4.*begin again with new keys/)
  })

  it('while the card was made is found before it is SECURED', async () => {
    for (const [what, words] of [
      [[createFile('4b7f')], /4B7F\), which nobody planned/],
      [[putPin], /PIN 4, which nobody planned/],
    ] as const) {
      const card = blank()
      const lower = card.transport()
      const steps: string[] = []
      let done = false
      const transport = {
        ...lower,
        async transceive(command: Uint8Array) {
          // At the first reading of the finished application, by whoever stands between.
          if (!done && steps.at(-1) === 'prove-signature') {
            done = true
            expect(await status(lower, select, ...what)).toBe('9000')
          }
          return lower.transceive(command)
        },
      }
      await refusal(issue(transport, { onProgress: ({ step }: { step: string }) => steps.push(step) })).toThrow(words)
      expect(done).toBe(true)
      card.powerOn()
      expect((await issue(card.transport(), { allowUnfinished: true })).lifeCycle).toBe('SECURED')
    }
  })

  it('in the place of a file, with other access rules, is found too', async () => {
    const card = blank()
    const lower = card.transport()
    let step = ''
    let done = false
    const transport = {
      ...lower,
      async transceive(command: Uint8Array) {
        if (!done && step === 'prove-signature') {
          done = true
          // EF.TokenInfo made anew, word for word, with an update that everybody may.
          const read = await lower.transceive(fromHex(select))
          expect(toHex(read.slice(-2))).toBe('9000')
          await status(lower, '00a408000450155032')
          const content = (await lower.transceive(fromHex('00b0000000'))).slice(0, -2)
          const size = content.length.toString(16).padStart(4, '0')
          const made = createFile('5032').replace('80020010', `8002${size}`)
          const write = `00d60000${content.length.toString(16).padStart(2, '0')}${toHex(content)}`
          expect(await status(lower, '00e40000', made, write)).toBe('9000')
        }
        return lower.transceive(command)
      },
    }
    const run = issue(transport, {
      onProgress: (progress: { step: string }) => {
        step = progress.step
      },
    })
    await refusal(run).toThrow(/TokenInfo.*other access rules/)
    expect(done).toBe(true)
  })

  it('can be made by nobody once the last proof has begun, with and without keys of the holder', async () => {
    const all = [createFile('4b7f'), putPin, '00da01e0080000000000000000', '00e40000', '0046000000']
    const inMf = ['00e00000196217800200108201018302' + '2f01' + '8603000000850200008a0101', '00e40000', '00d6000001ff']
    for (const [made, last] of [
      [image, 'read-back'],
      [specimenImage(), 'secure'],
    ] as const) {
      const card = blank()
      const lower = card.transport()
      let step = ''
      const answers: string[] = []
      const transport = {
        ...lower,
        async transceive(command: Uint8Array) {
          // At the first command of the step, where no session of the bureau's is open.
          if (step === last && answers.length === 0)
            for (const one of [
              ...all.map((more) => [select, '00a408000450154b01', more]),
              ...inMf.map((more) => ['00a40004023f00', '00a4020c022f00', more]),
            ])
              answers.push(await status(lower, ...one))
          return lower.transceive(command)
        },
      }
      const report = await execute(transport, made, {
        ...{ ...executeOptions, certify, seenKeys },
        onProgress: (progress: { step: string }) => {
          step = progress.step
        },
      })
      expect(report.lifeCycle).toBe('SECURED')
      expect(answers).toHaveLength(all.length + inMf.length)
      for (const answer of answers) expect(answer).toMatch(/^(6985|6982|6986)$/)
    }
  })

  it('is no EF.DIR of somebody else’s, whatever a reader between says in clear', async () => {
    const card = blank()
    const lower = card.transport()
    let step = ''
    let before: Uint8Array | undefined
    const transport = {
      ...lower,
      async transceive(command: Uint8Array) {
        const clear = (command[0]! & 0x0f) === 0
        if (step === 'certify' && before === undefined) {
          await status(lower, '00a40004023f00', '00a4020c022f00')
          before = await lower.transceive(fromHex('00b0000000'))
          expect(await status(lower, '00d60000044f02aaaa')).toBe('9000')
        }
        const response = await lower.transceive(command)
        // EF.DIR by its short identifier or its name, read in clear: as it was written.
        if (step === 'read-back' && clear && command[1] === 0xb0 && response.length === before?.length) return before
        return response
      },
    }
    const run = issue(transport, {
      onProgress: (progress: { step: string }) => {
        step = progress.step
      },
    })
    await refusal(run).toThrow(/EF.DIR on the card is not what was written/)
  })

  it('is no end of the creation phase that a reader between makes up', async () => {
    const card = blank()
    const lower = card.transport()
    let step = ''
    let dropped = 0
    const transport = {
      ...lower,
      async transceive(command: Uint8Array) {
        if (step === 'prove-signature' && command[1] === 0x44) {
          dropped++
          return fromHex('9000')
        }
        return lower.transceive(command)
      },
    }
    const run = issue(transport, {
      onProgress: (progress: { step: string }) => {
        step = progress.step
      },
    })
    await refusal(run).toThrow()
    expect(dropped).toBe(1)
    card.powerOn()
    expect((await issue(card.transport(), { allowUnfinished: true })).lifeCycle).toBe('SECURED')
  })
})
