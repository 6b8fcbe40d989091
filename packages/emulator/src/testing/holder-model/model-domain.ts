// The rules of life cycle, personalization and channels: GlobalPlatform Card Specification 2.3.1, 5.1 and 11, TR-03110-2 v2.21, 2.2.3, and docs/card.md.

import { selectByName } from './model-files.ts'
import { publicKeyIn } from './model-keys.ts'
import type { Expected, HolderModel, ModelFile, ModelLife, ModelPin, PacePassword } from './model-state.ts'
import { endChannel, freshSession, inPersonalization, ok, reasons, refused, refusedWith } from './model-state.ts'

const next: Readonly<Record<ModelLife, readonly ModelLife[]>> = {
  OP_READY: ['INITIALIZED', 'TERMINATED'],
  INITIALIZED: ['SECURED', 'TERMINATED'],
  SECURED: ['CARD_LOCKED', 'TERMINATED'],
  CARD_LOCKED: ['SECURED', 'TERMINATED'],
  TERMINATED: [],
}
const authenticationTries = 10

/** SELECT of the security domain, INITIALIZE UPDATE, EXTERNAL AUTHENTICATE with the right cryptogram or a wrong one. */
export function openDomain(model: HolderModel, set: 'transport' | 'issuer', right: boolean): Expected {
  endChannel(model)
  const selected = selectByName(model, 'isd')
  if (model.session.application !== 'isd' || model.card.life === 'TERMINATED') return selected
  const { keySets } = model.card
  const failures = keySets[set]
  if (failures === undefined) return refusedWith('6a88')
  if (failures >= authenticationTries) return refusedWith('6983')
  keySets[set] = right ? 0 : failures + 1
  if (!right) return refusedWith('6300')
  model.session.channel = 'scp03'
  return ok
}

const outsideChannel = (model: HolderModel): boolean => model.session.channel !== 'scp03'

/** SET STATUS of the card. SECURED takes the transport keys, TERMINATED all. */
export function setStatus(model: HolderModel, to: ModelLife): Expected {
  const { card } = model
  if (outsideChannel(model)) return refused
  if (card.life === 'TERMINATED' || !next[card.life].includes(to)) return refusedWith('6985')
  card.life = to
  if (to === 'TERMINATED') card.keySets = {}
  else if (to !== 'INITIALIZED') delete card.keySets.transport
  return ok
}

/** What a data grouping of the PKCS#15 application brings. */
export type Grouping =
  | { readonly what: 'pin'; readonly reference: number; readonly pin: ModelPin }
  | { readonly what: 'numbers'; readonly digits: readonly string[] }
  | { readonly what: 'clear'; readonly fids: readonly string[] }
  | { readonly what: 'file'; readonly fid: string; readonly access: string; readonly content: string }
  | { readonly what: 'key'; readonly fid: string; readonly kind: 'ec' | 'rsa'; readonly size: number; readonly access: string }

/** INSTALL [for personalization] of the application, then STORE DATA with one grouping. */
export function store(model: HolderModel, grouping: Grouping): Expected {
  const { card } = model
  if (outsideChannel(model)) return refused
  if (!inPersonalization(card)) return refusedWith('6985')
  switch (grouping.what) {
    case 'pin': {
      const { pin, reference } = grouping
      const formed = /^[0-9]+$/.test(pin.digits) && pin.digits.length >= pin.least && pin.digits.length <= 8
      if (!formed || reference < 1 || reference > 14 || pin.most < 1 || pin.most > 15) return refusedWith('6a80')
      card.pins[reference] = { ...pin }
      return ok
    }
    case 'numbers':
      card.numbers = [...grouping.digits]
      return ok
    case 'clear':
      if (grouping.fids.some((fid) => card.files[fid] === undefined)) return refusedWith('6a88')
      if (grouping.fids.length === 0) Object.assign(card, { pins: {}, files: {}, numbers: [], directory: undefined })
      for (const fid of grouping.fids) delete card.files[fid]
      return ok
    case 'file': {
      const { fid, access, content } = grouping
      const held = card.files[fid]
      const why = reasons((held !== undefined && held.kind !== 'data') || ['3f00', '5015'].includes(fid) ? '6a80' : false)
      if (why.length > 0) return refusedWith(...why)
      card.files[fid] = { kind: 'data', access, size: content.length / 2, content, publicKey: undefined }
      return ok
    }
    case 'key':
      return storeKey(model, grouping)
  }
}

function storeKey({ card }: HolderModel, { fid, kind, size, access }: Extract<Grouping, { what: 'key' }>): Expected {
  if (!fid.startsWith('4b') || card.files[fid]?.kind === 'data' || ![256, 384, 521, 2048].includes(size)) return refusedWith('6a80')
  const file: ModelFile = { kind, access, size, content: '', publicKey: 'new' }
  card.files[fid] = file
  return {
    status: ['9000'],
    check: (data) => {
      file.publicKey = publicKeyIn(data, file)
    },
  }
}

/** PUT KEY of the issuer's set. */
export function putIssuerKeys(model: HolderModel): Expected {
  const { card } = model
  if (outsideChannel(model)) return refused
  if (!inPersonalization(card)) return refusedWith('6985')
  if (card.keySets.issuer !== undefined) return refusedWith('6a80')
  card.keySets.issuer = 0
  return { status: ['9000'], check: () => undefined }
}

/** PACE in the MF, from SELECT of the MF on. */
export function runPace(model: HolderModel, password: PacePassword, right: boolean): Expected {
  const { card } = model
  endChannel(model)
  if (card.life === 'TERMINATED' || card.life === 'CARD_LOCKED') return refused
  const { session } = model
  session.application = 'mf'
  session.file = undefined
  session.key = undefined
  if (!card.pace) return refusedWith('6a88')
  if (!right) return refusedWith('6300')
  session.channel = password
  if (password === 'can') session.canProved = true
  if (password === 'pin') session.canProved = false
  return ok
}

/** A plain command that no application knows: it ends every channel. */
export function breakIn(model: HolderModel): Expected {
  endChannel(model)
  return refused
}

/** Reset, or power from contacts or a field. */
export function restart(model: HolderModel, over = model.session.over): void {
  model.session = freshSession(over)
}
