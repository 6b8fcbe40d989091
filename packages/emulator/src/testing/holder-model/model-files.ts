// The rules of files and of selection: ISO/IEC 7816-4:2020, 11.2 and 11.3, ISO/IEC 7816-9:2017, 9.3, and docs/card.md.
import type { Expected, HolderModel, ModelApplication, ModelFile } from './model-state.ts'
import { endChannel, gate, inCreation, isOpen, ok, opens, reasons, refused, refusedWith } from './model-state.ts'

const directoryFid = '2f00'
const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')
const types = { data: '01', rsa: '11', ec: '22' } as const
const keySizes: Readonly<Record<string, readonly number[]>> = { rsa: [2048, 3072, 4096], ec: [256, 384, 521] }

/** The application becomes current; a new one takes what was proved where it is beside the MF and DF 5015, or called by name. */
function enter({ session }: HolderModel, application: ModelApplication, byName: boolean): void {
  if (byName || (application !== 'mf' && application !== 'pkcs15')) session.verified = {}
  session.application = application
  session.file = undefined
  session.key = undefined
}

/** What is before any SELECT: it comes in plain after SCP03, and ends that. */
function selectionClosed(model: HolderModel, byName: boolean): Expected | undefined {
  const { card, session } = model
  if (session.channel === 'scp03') endChannel(model)
  if (card.life === 'TERMINATED') return refused
  return card.life === 'CARD_LOCKED' && !byName ? refusedWith('6985') : undefined
}

/** SELECT by AID, P1 04: a locked card has its security domain alone, and says so. */
export function selectByName(model: HolderModel, application: Exclude<ModelApplication, 'mf'>): Expected {
  const closed = selectionClosed(model, true)
  if (closed) return closed
  const locked = model.card.life === 'CARD_LOCKED'
  // Whatever is called by name ends what was proved in the application before.
  model.session.verified = {}
  if (locked && application !== 'isd') return refusedWith('6a82')
  enter(model, application, true)
  return refusedWith(locked ? '6283' : '9000')
}

/** SELECT of the MF or DF 5015 by identifier. */
export function selectDirectory(model: HolderModel, application: 'mf' | 'pkcs15'): Expected {
  const closed = selectionClosed(model, false)
  if (closed) return closed
  enter(model, application, false)
  return ok
}

/** Control parameters of a file under DF 5015 (card.md, the MyEID command surface). */
function parameters({ card }: HolderModel, fid: string, { kind, size, access }: ModelFile): string {
  const life = inCreation(card) ? '01' : '07'
  return `6f178002${hex(size, 4)}8201${types[kind]}8302${fid}8603${access}850200008a01${life}`
}

/** SELECT of a file, from where one stands or by the path from the MF. */
export function selectFile(model: HolderModel, fid: string, byPath: boolean): Expected {
  const closed = selectionClosed(model, false)
  if (closed) return closed
  const { card, session } = model
  if (session.application === 'mf' && !byPath) {
    if (fid !== directoryFid || card.directory === undefined) return refused
    session.file = directoryFid
    return ok
  }
  if (session.application !== 'pkcs15' && !byPath) return refused
  if (!isOpen(model)) return refusedWith('6982')
  const file = card.files[fid]
  if (file === undefined) return refusedWith('6a82')
  if (session.application !== 'pkcs15') enter(model, 'pkcs15', false)
  session.file = fid
  return { status: ['9000'], data: parameters(model, fid, file) }
}

export interface Creation {
  readonly fid: string
  readonly kind: ModelFile['kind'] | 'other'
  readonly size: number
  readonly access: string
}

const taken = ['0000', '3f00', '3fff', '5015', 'ffff']
const longestDirectory = 256

/** CREATE FILE; in the MF EF.DIR alone. */
export function createFile(model: HolderModel, { fid, kind, size, access }: Creation): Expected {
  const closed = gate(model, 'mf and pkcs15')
  if (closed) return closed
  const { card, session } = model
  if (session.application === 'mf') {
    const own = kind === 'data' && fid === directoryFid
    const why = reasons(
      !inCreation(card) && '6985',
      kind === 'other' && '6a81',
      !own && '6a80',
      own && card.directory !== undefined && '6a89',
      size === 0 && '6a80',
      size > longestDirectory && '6a84',
    )
    if (why.length > 0) return refusedWith(...why)
    card.directory = '00'.repeat(size)
    session.file = directoryFid
    return ok
  }
  const goodSize = kind === 'data' ? size >= 1 && size <= 0x7fff : keySizes[kind]?.includes(size) === true
  const why = reasons(
    !inCreation(card) && '6985',
    kind === 'other' && '6a81',
    taken.includes(fid) && '6a80',
    card.files[fid] !== undefined && '6a89',
    !goodSize && '6a80',
  )
  if (why.length > 0 || kind === 'other') return refusedWith(...why)
  card.files[fid] = { kind, access, size, content: kind === 'data' ? '00'.repeat(size) : '', publicKey: undefined }
  session.file = fid
  return ok
}

/** READ BINARY. */
export function readBinary(model: HolderModel, offset: number, le: number): Expected {
  const closed = gate(model, 'pkcs15')
  const { card, session } = model
  if (session.application === 'mf' && card.life !== 'CARD_LOCKED' && card.life !== 'TERMINATED') {
    // EF.DIR is free to read, from a field too.
    if (session.file === undefined) return refusedWith('6986')
    return card.directory === undefined ? refusedWith('6a82') : pieceOf(card.directory, offset, le)
  }
  if (closed) return closed
  if (session.file === undefined) return refusedWith('6986')
  const file = card.files[session.file]
  if (file === undefined) return refusedWith('6a82')
  const closedFile = file.kind !== 'data' || !opens(file.access[0], model)
  if (closedFile) return refusedWith('6982', ...reasons(offset >= file.content.length / 2 && '6b00'))
  return pieceOf(file.content, offset, le)
}

function pieceOf(content: string, offset: number, le: number): Expected {
  const left = content.length / 2 - offset
  if (left <= 0) return refusedWith('6b00')
  return { status: [le > left && le !== 256 ? '6282' : '9000'], data: content.slice(2 * offset, 2 * (offset + le)) }
}

/** UPDATE BINARY. */
export function updateBinary(model: HolderModel, offset: number, data: string): Expected {
  const closed = gate(model, 'mf and pkcs15')
  if (closed) return closed
  const { card, session } = model
  const inMf = session.application === 'mf'
  if (inMf && !inCreation(card)) return refusedWith('6985', ...reasons(session.file === undefined && '6986'))
  if (session.file === undefined) return refusedWith('6986')
  const file = inMf ? undefined : card.files[session.file]
  const content = inMf ? card.directory : file?.content
  if (content === undefined) return refusedWith('6a82')
  const bound = file !== undefined && (file.kind !== 'data' || (!inCreation(card) && !opens(file.access[1], model)))
  const why = reasons(bound && '6982', 2 * offset >= content.length && '6b00', 2 * offset + data.length > content.length && '6a84')
  // Past the end, both are true; the first is the one to say.
  if (why.length > 0) return refusedWith(...(why.includes('6b00') ? why.filter((reason) => reason !== '6a84') : why))
  const next = content.slice(0, 2 * offset) + data + content.slice(2 * offset + data.length)
  if (file) file.content = next
  else card.directory = next
  return ok
}

/** DELETE FILE of the current one. */
export function deleteFile(model: HolderModel): Expected {
  const closed = gate(model, 'mf and pkcs15')
  if (closed) return closed
  const { card, session } = model
  const there = session.application === 'mf' ? card.directory !== undefined : card.files[session.file ?? ''] !== undefined
  const why = reasons(!inCreation(card) && '6985', session.file === undefined && '6986', session.file !== undefined && !there && '6a82')
  if (why.length > 0) return refusedWith(...why)
  if (session.application === 'mf') card.directory = undefined
  else delete card.files[session.file ?? '']
  session.file = undefined
  return ok
}

/** ACTIVATE, with the application's name or another's. */
export function activate(model: HolderModel, named: boolean): Expected {
  const closed = gate(model, 'mf and pkcs15')
  if (closed) return closed
  const why = reasons(!inCreation(model.card) && '6985', !named && '6a80')
  if (why.length > 0) return refusedWith(...why)
  model.card.activated = true
  return ok
}

/** PUT DATA 01E0. */
export function emptyApplication(model: HolderModel): Expected {
  const closed = gate(model, 'mf and pkcs15')
  if (closed) return closed
  const { card, session } = model
  if (!inCreation(card)) return refusedWith('6985')
  Object.assign(card, { pins: {}, files: {}, numbers: [], directory: undefined })
  session.file = undefined
  session.verified = {}
  return ok
}
