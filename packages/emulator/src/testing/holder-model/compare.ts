// Model and card held together: answers, and what the card's memory says.
import { toHex } from '@kart/codec'
import { block } from './model-pins.ts'
import type { Expected, HolderModel, ModelCard, ModelFile } from './model-state.ts'
import { freshSession } from './model-state.ts'
import { type ArmFault, playStep } from './play-step.ts'
import { readMemory, sorted } from './read-memory.ts'
import type { Got, MemoryFault, RealCard } from './real-card.ts'
import type { Step } from './steps.ts'

/** A step, and a fault of the memory in it. */
export interface Turn {
  readonly step: Step
  readonly fault?: MemoryFault
}

function told(card: ModelCard): ModelCard {
  const pins = Object.entries(card.pins).map(([reference, { digits, tries, most, puk, pukTries, pukMost, least, transport, uses }]) => {
    const secrets = { digits: block(digits), puk: puk === undefined ? undefined : block(puk) }
    return [reference, { ...secrets, tries, most, pukTries, pukMost, least, transport, uses }] as const
  })
  const { life, activated, files, numbers, directory, keySets, pace } = card
  const keys = sorted(Object.entries(keySets))
  return { life, activated, pins: sorted(pins), files: sorted(Object.entries(files)), numbers, directory, keySets: keys, pace }
}

/** A pair that the model was not told of is any. */
function learnKeys(card: ModelCard, memory: ModelCard): ModelCard {
  const files = Object.entries(card.files).map(([fid, file]): [string, ModelFile] => {
    const own = memory.files[fid]?.publicKey
    return [fid, file.publicKey === 'new' && own !== undefined ? { ...file, publicKey: own } : file]
  })
  return { ...card, files: Object.fromEntries(files) }
}

const text = (card: ModelCard): string => JSON.stringify(told(card))
const shown = (card: ModelCard): string => JSON.stringify(told(card), undefined, 1)

class Disagreement extends Error {}

function requireAnswer({ status, data, check }: Expected, got: Got): void {
  const expected = status === 'refusal' ? 'a refusal' : status.join(' or ')
  const right = status === 'refusal' ? /^6[2-9a-e]/.test(got.sw) : status.includes(got.sw)
  if (!right) throw new Disagreement(`the model expects ${expected}, the card answers ${got.sw}`)
  const answer = toHex(got.data)
  if (/^(9000|6282)$/.test(got.sw)) {
    if (data !== undefined && data !== answer) throw new Disagreement(`the model expects ${data}, the card answers ${answer}`)
    if (check) check(got.data)
    else if (data === undefined && answer !== '') throw new Disagreement(`the card answers ${answer} where nothing was asked`)
  } else if (answer !== '') throw new Disagreement(`refused with ${got.sw}, and yet ${answer}`)
}

/** Holds the memory against the model. */
export function requireMemory(model: HolderModel, real: RealCard): void {
  const memory = JSON.stringify(readMemory(real.memory.image))
  if (memory !== text(model.card)) {
    throw new Disagreement(
      `the card's memory: ${JSON.stringify(readMemory(real.memory.image), undefined, 1)}\nthe model: ${shown(model.card)}`,
    )
  }
}

/** What the memory must say, as of the last turn. */
const lastText = new WeakMap<HolderModel, string>()

/** Plays one turn on both and holds them together. Throws for whatever they disagree in. */
export function playTurn(model: HolderModel, real: RealCard, { step, fault }: Turn, arm: ArmFault): void {
  // Copied where a fault may take model and card back to it.
  const before = fault && { card: structuredClone(model.card), session: structuredClone(model.session) }
  const said = lastText.get(model) ?? text(model.card)
  const image = real.memory.image
  model.between = []
  real.memory.arm(fault)
  const played = playStep(model, real, step, arm)
  const struck = real.memory.disarm()
  if (struck && before) afterFault(model, real, before, played?.got, fault)
  else if (played) requireAnswer(played.expected, played.got)
  const says = text(model.card)
  if (!struck && (real.memory.image !== image || says !== said)) requireMemory(model, real)
  lastText.set(model, says)
}

function afterFault(
  model: HolderModel,
  real: RealCard,
  before: Omit<HolderModel, 'between'>,
  got: Got | undefined,
  fault?: MemoryFault,
): void {
  const { over, canProved } = model.session
  if (fault?.how === 'lose') {
    if (got?.sw !== '6581') throw new Disagreement(`a write was lost, and the card answers ${got?.sw}`)
    Object.assign(model, { card: before.card, session: { ...before.session, canProved } })
    requireMemory(model, real)
    return
  }
  if (fault?.how === 'refuse') {
    if (got?.sw !== '6581' || got.data.length > 0) throw new Disagreement(`a write failed, and the card answers ${got?.sw}`)
    real.forgetChannels()
    model.session = freshSession(over)
  } else {
    real.reload('contact')
    model.session = freshSession()
  }
  // The state before, one on the way, or the one after, and nothing else.
  const memory = readMemory(real.memory.image)
  const lawful = [before.card, ...model.between, model.card].map((card) => learnKeys(card, memory))
  const state = lawful.find((card) => text(card) === JSON.stringify(memory))
  if (state === undefined) throw new Disagreement(`after ${fault?.how} in write ${fault?.at}: ${JSON.stringify(memory, undefined, 1)}`)
  model.card = structuredClone(state)
}
