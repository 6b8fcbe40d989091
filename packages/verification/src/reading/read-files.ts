import { readFile, StatusWordError, selectFile, selectMf, send, TransportError } from '@kart/apdu/host'
import { DecodeError, LimitError } from '@kart/codec'
import { type ApplicationSpec, describeAccessRule, type FileSpec, fileCodecs, findApplication } from '@kart/layout'
import type { FileEvidence, FileOutcome } from '../evidence.ts'
import { satisfied } from '../satisfied.ts'
import type { Reading } from './reading.ts'

const mf = 'mf'

/** What is evidence of a file before anything else is known of it. */
const blank = (application: ApplicationSpec, file: FileSpec): FileEvidence => ({
  application: application.name,
  name: file.name,
  outcome: 'failed',
  bytes: undefined,
  sw: undefined,
  problem: undefined,
})

/** Asking for more than 256 bytes is what makes the Le field extended, however short the file is. */
const extendedTrial = 512

/**
 * Reads one file: by its short identifier in one command where one answer carries it, else after SELECT; `atLeast` bytes are asked for at once. Gives the evidence,
 * which is not kept yet.
 */
async function attempt(reading: Reading, application: ApplicationSpec, file: FileSpec, atLeast = 0): Promise<FileEvidence> {
  const { onProgress } = reading.options
  const stage = application.name === mf ? 'card' : 'files'
  onProgress?.({ stage, file: file.name })
  try {
    if (file.sfi === undefined) await send(reading.channel, selectFile(file.fid, { label: file.name }))
    const bytes = await readFile(reading.channel, {
      maxLength: Math.max(file.maxLength, atLeast),
      extended: reading.extended,
      name: file.name,
      chunk: reading.chunk,
      first: 'most',
      ...(file.sfi === undefined ? {} : { sfi: file.sfi }),
      ...(file.tag === undefined ? { extent: 'file' } : { expectedTag: file.tag }),
      onProgress: (soFar, inAll) => onProgress?.({ stage, file: file.name, soFar, inAll }),
    })
    return { ...blank(application, file), outcome: 'read', bytes }
  } catch (error) {
    reading.budget.orderEnd()
    if (error instanceof StatusWordError)
      return { ...blank(application, file), outcome: outcomeOf(error.sw), sw: error.sw, problem: error.message }
    if (error instanceof DecodeError || error instanceof LimitError) return { ...blank(application, file), problem: error.message }
    throw error
  }
}

function outcomeOf(sw: number): FileOutcome {
  if (sw === 0x6a82 || sw === 0x6a88) return 'missing'
  return sw >> 8 === 0x69 ? 'refused' : 'failed'
}

/** Reads one file if the profile opens it to what is opened, and keeps the evidence. */
export async function readOne(reading: Reading, application: ApplicationSpec, file: FileSpec): Promise<FileEvidence> {
  const found = satisfied(file.read, reading.opened)
    ? await attempt(reading, application, file)
    : { ...blank(application, file), outcome: 'refused' as const, problem: `the profile opens it to: ${describeAccessRule(file.read)}` }
  reading.files.push(found)
  return found
}

/**
 * Reads the open files of the MF: EF.CardAccess first, with nothing selected (Doc 9303-11, 8th ed., 4.4.4), then EF.ATR/INFO. Where that says so, the next file is
 * read with extended length, which shows at no cost whether card and reader carry it.
 */
export async function readMasterFile(reading: Reading): Promise<void> {
  const application = findApplication(reading.options.profile, mf)
  if (application === undefined) return
  const order = (file: FileSpec) => (file.format === 'ef-card-access' ? 0 : file.format === 'ef-atr-info' ? 1 : 2)
  const files = application.files.filter((file) => satisfied(file.read, reading.opened)).sort((a, b) => order(a) - order(b))
  let wantsExtended = false
  for (const [i, file] of files.entries()) {
    if (i === 0) await readFirst(reading, application, file)
    else if (wantsExtended && !reading.extended) wantsExtended = await readExtended(reading, application, file)
    else await readOne(reading, application, file)
    if (file.format === 'ef-atr-info') wantsExtended = reading.learnLengths(application.name, file.name)
  }
}

/** After a reset the MF is current; where something else is, the first file is not there, or is another application's, and the MF is selected. */
async function readFirst(reading: Reading, application: ApplicationSpec, file: FileSpec): Promise<void> {
  const found = await attempt(reading, application, file)
  if (found.outcome === 'read') {
    reading.files.push(found)
    return
  }
  try {
    await send(reading.channel, selectMf())
  } catch (error) {
    reading.budget.orderEnd()
    // A card that will not have the MF selected has answered already.
    if (!(error instanceof StatusWordError)) throw error
    reading.files.push(found)
    return
  }
  await readOne(reading, application, file)
}

/** Tries extended length with a file that is to be read anyway; gives whether to try with the next one still, which is never. */
async function readExtended(reading: Reading, application: ApplicationSpec, file: FileSpec): Promise<boolean> {
  reading.extended = true
  try {
    const found = await attempt(reading, application, file, extendedTrial)
    if (found.bytes !== undefined && found.bytes.length <= file.maxLength) {
      fileCodecs[file.format].decode(found.bytes)
      reading.files.push(found)
      return false
    }
    // That the file is not there says nothing against extended length.
    if (found.outcome === 'missing') {
      reading.files.push(found)
      reading.extended = false
      return true
    }
  } catch (error) {
    reading.budget.orderEnd()
    // A reader that cannot carry extended length may fail the exchange outright; if the link itself is gone, the next command says so.
    if (!(error instanceof TransportError || error instanceof DecodeError || error instanceof LimitError)) throw error
  }
  reading.extended = false
  await readOne(reading, application, file)
  return false
}

/** Looks whether a data group that EF.SOD does not list is there all the same. */
export async function lookFor(reading: Reading, application: ApplicationSpec, file: FileSpec): Promise<void> {
  const response = await reading.channel.transmit(selectFile(file.fid, { label: file.name }).apdu)
  const there = saysItIsThere(response.sw)
  const sw = response.sw.toString(16).toUpperCase().padStart(4, '0')
  reading.files.push({
    ...blank(application, file),
    outcome: there ? 'unlisted' : outcomeOf(response.sw),
    sw: response.sw,
    problem: there
      ? `EF.SOD does not list it${response.sw === 0x9000 ? '' : `; the card answers ${sw} to selecting it, so it is there`}`
      : 'the card does not show it',
  })
}

/** Whether a card that answers SELECT so has the file: selected, selected with a warning, or refused for what the terminal has not proved (house rule). */
function saysItIsThere(sw: number): boolean {
  return sw === 0x9000 || sw >> 8 === 0x62 || sw >> 8 === 0x63 || sw === 0x6982 || sw === 0x6985
}
