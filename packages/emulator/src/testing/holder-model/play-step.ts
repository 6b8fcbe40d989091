// One step of a dialogue, played by model and card alike and held together.
import { fromHex, toHex } from '@kart/codec'
import { nationalId } from '@kart/layout/profile'
import { pkcs15Aid } from '../holder-card.ts'
import { emrtdAid, isdAid, selectAid } from '../terminal.ts'
import { breakIn, openDomain, putIssuerKeys, restart, runPace, setStatus, store } from './model-domain.ts'
import {
  activate,
  createFile,
  deleteFile,
  emptyApplication,
  readBinary,
  selectByName,
  selectDirectory,
  selectFile,
  updateBinary,
} from './model-files.ts'
import { chooseKey, generatePair, readPublicKey, useKey } from './model-keys.ts'
import { block, changePin, forgetPin, logOut, putPin, resetPin, verifyPin } from './model-pins.ts'
import type { Expected, HolderModel, ModelLife } from './model-state.ts'
import { keyInput } from './outside-crypto.ts'
import type { Got, RealCard } from './real-card.ts'
import type { Step } from './steps.ts'

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')
const aids = { pkcs15: pkcs15Aid, emrtd: emrtdAid, isd: isdAid, fingerprint: 'f04b41525446' } as const
const typeBytes = { data: '01', ec: '22', rsa: '11', other: '08' } as const
const lifeBytes: Readonly<Record<ModelLife, string>> = {
  OP_READY: '01',
  INITIALIZED: '07',
  SECURED: '0f',
  CARD_LOCKED: '7f',
  TERMINATED: 'ff',
}
const publicParts = { modulus: '0101', exponent: '0102', point: '0186' } as const
const operations = { sign: '002a9e9a', authenticate: '00880000', decipher: '002a8086', agree: '00860000' } as const

/** Makes the next private-key operation of the card come out wrong. */
export type ArmFault = (algorithm: 'ec' | 'rsa', operation: 'sign' | 'agree') => void

interface Played {
  readonly expected: Expected
  readonly got: Got
}

const answered = (sw: string): Got => ({ sw, data: new Uint8Array(0) })

/** Digits in place of `right` and `wrong`: the PIN as the model knows it, or another one. */
function guessed(guess: string, right: string | undefined): string {
  if (guess === 'right') return right ?? '271828'
  return guess === 'wrong' ? (right === '602214' ? '271828' : '602214') : guess
}

/** Plays a step on both; the model is changed, the answers are not compared yet. Undefined = the step has no answer. */
export function playStep(model: HolderModel, real: RealCard, step: Step, arm: ArmFault): Played | undefined {
  const { card } = model
  // What the model says of the step is asked first, but the channel in which it is sent is that of before.
  const { channel } = model.session
  const inPace = channel !== 'none' && channel !== 'scp03'
  const play = (expected: Expected, header: string, data = '', le?: number, chained = false): Played => ({
    expected,
    got: real.send({ header, data: fromHex(data), chained, ...(le === undefined ? {} : { le }) }, inPace),
  })
  const inDomain = channel === 'scp03'
  switch (step.do) {
    case 'verify': {
      const digits = guessed(step.guess, card.pins[step.reference]?.digits)
      return play(verifyPin(model, step.reference, digits), `002000${hex(step.reference, 2)}`, block(digits))
    }
    case 'ask':
      return play(verifyPin(model, step.reference, undefined), `002000${hex(step.reference, 2)}`)
    case 'forget':
      return play(forgetPin(model, step.reference), `0020ff${hex(step.reference, 2)}`)
    case 'log out':
      return play(logOut(model), '002e0000')
    case 'change': {
      const now = card.pins[step.reference]?.digits
      const from = guessed(step.guess, now)
      const to = guessed(step.to, now)
      return play(changePin(model, step.reference, from, to), `002400${hex(step.reference, 2)}`, block(from) + block(to))
    }
    case 'unblock': {
      const pin = card.pins[step.reference]
      const puk = guessed(step.guess, pin?.puk ?? '16180339')
      const to = guessed(step.to, pin?.digits)
      const data = (step.mode <= 1 ? block(puk) : '') + (step.mode % 2 === 0 ? block(to) : '')
      return play(resetPin(model, { ...step, puk, to }), `002c0${step.mode}${hex(step.reference, 2)}`, data)
    }
    case 'put PIN': {
      const counts = hex(step.tries, 2) + hex(step.pukTries, 2)
      return play(putPin(model, step), `00da01${hex(step.reference, 2)}`, `${block(step.digits)}${block(step.puk)}${counts}00`)
    }
    case 'empty':
      return play(emptyApplication(model), '00da01e0', '00'.repeat(8))
    case 'activate':
      return play(activate(model, step.named), '00440400', step.named ? pkcs15Aid : emrtdAid)
    case 'create': {
      const { fid, kind, size, access } = step
      const body = `8002${hex(size, 4)}8201${typeBytes[kind]}8302${fid}8603${access}850200008a0100`
      return play(createFile(model, step), '00e00000', `6217${body}`)
    }
    case 'select':
      return play(selectByName(model, step.application), selectAid(aids[step.application]).slice(0, 8), aids[step.application])
    case 'select directory':
      return play(selectDirectory(model, step.application), '00a4000c', step.application === 'mf' ? '3f00' : '5015')
    case 'select file':
      // Control parameters where they are this surface's own; the MF's are another test's.
      return model.session.application === 'mf' && !step.byPath
        ? play(selectFile(model, step.fid, false), '00a4000c', step.fid)
        : play(
            selectFile(model, step.fid, step.byPath),
            step.byPath ? '00a40800' : '00a40200',
            step.byPath ? `5015${step.fid}` : step.fid,
            256,
          )
    case 'read':
      return play(readBinary(model, step.offset, step.le), `00b0${hex(step.offset, 4)}`, '', step.le)
    case 'update':
      return play(updateBinary(model, step.offset, step.data), `00d6${hex(step.offset, 4)}`, step.data)
    case 'delete':
      return play(deleteFile(model), '00e40000')
    case 'generate':
      return play(generatePair(model), '00460000', '', 256)
    case 'choose key': {
      const { purpose, algorithm, fid } = step
      const data = `8001${algorithm}${fid === undefined ? '' : `8102${fid}`}840100`
      return play(chooseKey(model, step), `002241${purpose}`, data)
    }
    case 'use key': {
      const { key } = model.session
      const file = key && card.files[key.fid]
      const input = keyInput(step.operation, step.input, file, key?.algorithm ?? '04')
      const expected = useKey(model, step.operation, input, step.faulty)
      if (expected.status[0] === '6f00' && file && file.kind !== 'data') arm(file.kind, step.operation === 'agree' ? 'agree' : 'sign')
      return play(expected, operations[step.operation], toHex(input.data), 256, step.chained && !inPace && channel === 'none')
    }
    case 'read public key':
      return play(readPublicKey(model, step.part), `00ca${publicParts[step.part]}`, '', 256)
    case 'open domain': {
      real.forgetChannels()
      return { expected: openDomain(model, step.set, step.right), got: answered(real.openDomain(step.set, step.right)) }
    }
    case 'set status':
      return {
        expected: domainRule(model, setStatus, step.to),
        got: real.domainCommand(`80f080${lifeBytes[step.to]}`, undefined, inDomain),
      }
    case 'store': {
      const { dgi, value } = groupingOf(step)
      return { expected: domainRule(model, store, step.grouping), got: real.store(pkcs15Aid, dgi, value, inDomain) }
    }
    case 'put issuer keys':
      return { expected: domainRule(model, putIssuerKeys), got: real.putIssuerKeys(inDomain) }
    case 'PACE': {
      real.forgetChannels()
      return { expected: runPace(model, step.password, step.right), got: answered(real.runPace(step.password, step.right)) }
    }
    case 'break in':
      return { expected: breakIn(model), got: real.send({ header: '00120000' }, false) }
    case 'reset':
      restart(model)
      real.reset()
      return undefined
    case 'power':
      restart(model, step.over)
      real.powerOn(step.over)
      return undefined
    case 'reload':
      restart(model)
      real.reload(model.session.over)
      return undefined
  }
}

/** A bare command of the domain, outside its channel, ends what channel there is and is refused. */
function domainRule<Rest extends readonly unknown[]>(
  model: HolderModel,
  rule: (model: HolderModel, ...rest: Rest) => Expected,
  ...rest: Rest
): Expected {
  const expected = rule(model, ...rest)
  if (model.session.channel !== 'scp03') breakIn(model)
  return expected
}

function groupingOf({ grouping }: Extract<Step, { do: 'store' }>): { dgi: number; value: Uint8Array } {
  const { dgis } = nationalId
  switch (grouping.what) {
    case 'pin': {
      const { reference, pin } = grouping
      const head = [reference, pin.transport ? 1 : 0, pin.uses, pin.least, 8, pin.most].map((value) => hex(value, 2)).join('')
      const puk = pin.puk === undefined ? '' : hex(pin.pukMost, 2) + block(pin.puk)
      return { dgi: dgis.holderPin, value: fromHex(head + block(pin.digits) + puk) }
    }
    case 'numbers':
      return {
        dgi: dgis.forbiddenDigits,
        value: fromHex(grouping.digits.map((digits) => hex(digits.length, 2) + toHex(new TextEncoder().encode(digits))).join('')),
      }
    case 'clear':
      return { dgi: dgis.clearHolder, value: fromHex(grouping.fids.join('')) }
    case 'file':
      return { dgi: dgis.holderFile, value: fromHex(`${grouping.fid}${grouping.access}0000${grouping.content}`) }
    case 'key':
      return {
        dgi: dgis.generateHolderKey,
        value: fromHex(`${grouping.fid}${typeBytes[grouping.kind]}${hex(grouping.size, 4)}${grouping.access}0000`),
      }
  }
}
