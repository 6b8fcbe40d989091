import { existsSync, readFileSync } from 'node:fs'
import { openChannel } from '@kart/apdu/host'
import { InputError, visibleText } from '@kart/codec'
import { type CardProfile, findApplication } from '@kart/layout/profile'
import { PersonalizationError, requireUnfinished } from '@kart/personalization'
import type { IssueParts } from './issuing.ts'
import type { Output } from './output.ts'
import { isOfDocument, type SecretTargets } from './secrets-output.ts'
import { standardOutputIsNull } from './standard-output.ts'
import { checkTarget, isSamePath, isTaken } from './write-file.ts'

interface SecretOptions extends SecretTargets {
  readonly card?: string
  readonly can?: string
  readonly allowUnfinished?: boolean
}

/** No card is finished whose PINs and number would go nowhere. Throws InputError. */
export function checkTold({ letter, canFile, can }: SecretOptions, profile: CardProfile): void {
  const told = [
    ...(letter === undefined && findApplication(profile, 'pkcs15') !== undefined ? ['--letter'] : []),
    ...(canFile === undefined && can === undefined ? ['--can-file'] : []),
  ]
  if (told.length > 0 && standardOutputIsNull())
    throw new InputError(
      'standard output',
      `leads nowhere, so nobody would know the card’s PINs and number: name a file for them, ${told.join(' and ')}, or let standard output lead somewhere`,
    )
}

/** What is told once goes into a file that takes the place of nothing, least of all of the card. Throws InputError. */
export function checkSecretFiles({ card, allowUnfinished, ...targets }: SecretOptions): void {
  const named = secretFiles(targets)
  for (const [i, [option, file]] of named.entries()) {
    checkTarget(option, file)
    if (card !== undefined && isSamePath(card, file)) throw new InputError(option, 'is the file of the card: name another')
    const same = named.slice(0, i).find(([, other]) => isSamePath(other, file))
    if (same !== undefined) throw new InputError(option, `is the file of ${same[0]}: name another`)
    // The file of a run that was cut off may be all that tells the PINs of a card that it finished: the card is asked first.
    if (isTaken(file) && allowUnfinished !== true)
      throw new InputError(
        option,
        `${file} exists already and is never overwritten: name a new file, or after a run that was cut off say --allow-unfinished, which tells whether it is of this card`,
      )
  }
}

const secretFiles = ({ canFile, letter, soPinFile }: SecretTargets): (readonly [option: string, file: string])[] =>
  Object.entries({ '--can-file': canFile, '--letter': letter, '--so-pin-file': soPinFile }).flatMap(([option, file]) =>
    file === undefined ? [] : [[option, file] as const],
  )

/** Says which of the files that a finished card's run may have left go with it. */
function explainLeft(output: Output, left: readonly string[], documentNumber: string): void {
  const known = left.map(
    (file) => [visibleText(file), existsSync(file) ? isOfDocument(readFileSync(file, 'utf8'), documentNumber) : undefined] as const,
  )
  const of = (answer: boolean | undefined) => known.flatMap(([file, own]) => (own === answer ? [file] : [])).join(' and ')
  if (of(true) !== '')
    output.aside(
      `If this is the card of the run that was cut off, it is finished: deliver it with ${of(true)}, written for this record’s document. Keep them: nothing else tells its PINs and number.`,
    )
  if (of(undefined) !== '')
    output.aside(`${of(undefined)} names no document and is left as it is: if it was written for this card, keep it.`)
  if (of(false) !== '') output.aside(`${of(false)} was written for another document and is left as it is.`)
}

/** After a run that was cut off its files may be there: says whether they are those of the card. Throws InputError, and what asking the card throws. */
export async function checkFilesLeft(
  options: SecretTargets,
  { card, profile, keys, record }: Pick<IssueParts, 'card' | 'profile' | 'keys' | 'record'>,
  output: Output,
) {
  const left = secretFiles(options).filter(([, file]) => isTaken(file))
  const [first] = left
  if (first === undefined) return
  const files = left.map(([, file]) => file)
  try {
    await requireUnfinished(openChannel(card.transport), profile, keys)
  } catch (error) {
    if (error instanceof PersonalizationError) explainLeft(output, files, record.document.number)
    throw error
  }
  throw new InputError(
    first[0],
    `${files.join(' and ')} exists already and is never overwritten; this card is not finished and gets new PINs and a new number, so name a new file`,
  )
}
