import { InputError } from '@kart/codec'
import { canonicalName } from '../text/canonical.ts'
import { transliterateArabic, transliterateLatin } from './transliterate.ts'

/** A holder's name: family name (primary identifier) and given names (secondary identifier), either of which may be empty. */
export interface NameParts {
  readonly familyName: string
  readonly givenNames: string
}

/** A name field of the MRZ and how it came about. */
export interface MrzName {
  /** Without fillers at the end. */
  readonly text: string
  /** Whether letters were left out to fit. */
  readonly truncated: boolean
}

const arabicScript = /\p{Script=Arabic}/u

/** What an InputError says, without the field in front. */
const problemOf = (error: InputError): string => error.message.slice(error.field.length + 2)

/** Components of one identifier, in MRZ letters; Arabic script is brought to canonical form and transliterated, Latin script is normalised. */
function components(text: string, field: string): string[] {
  if (text.trim() === '') return []
  const transliterate = arabicScript.test(text) ? transliterateArabic : transliterateLatin
  let letters: string
  try {
    letters = transliterate(canonicalName(text, field))
  } catch (cause) {
    // Transliteration knows the text only; the caller has to learn which of the names it was.
    if (cause instanceof InputError) throw new InputError(field, problemOf(cause), { cause })
    throw cause
  }
  if (letters === '') throw new InputError(field, 'leaves nothing in the MRZ')
  return letters.split('<')
}

/**
 * Name field of the MRZ: `PRIMARY<<SECONDARY`, cut to `maxLength` characters (30 in TD1, 31 in TD2, 39 in TD3) by the rule of {@link truncateName}.
 * The registry's own Latin spelling is what should come in; a Persian name is transliterated (Doc 9303-3, 8th ed., 4.6, 6.A, 6.C) after its canonical form,
 * so that yeh and kaf always give XYA and XKK. Throws InputError.
 */
export function mrzName(name: NameParts, maxLength: number): MrzName {
  const family = components(name.familyName, 'familyName')
  const given = components(name.givenNames, 'givenNames')
  // A holder of one name has it as primary identifier (Doc 9303-5, 8th ed., 4.2.2.3).
  const [primary, secondary] = family.length === 0 ? [given, []] : [family, given]
  if (primary.length === 0) throw new InputError('name', 'is empty')
  return truncateName(primary, secondary, maxLength)
}

/**
 * MRZ name of a holder: the registry's Latin spelling where there is one, else the Persian name transliterated; `source` says which. Throws InputError, its field
 * `latin.familyName`, `persian.givenNames` and so on; for a Persian name that Doc 9303-3 cannot transliterate it asks for the Latin one.
 */
export function holderMrzName(
  holder: { readonly latin?: NameParts | undefined; readonly persian: NameParts },
  maxLength: number,
): MrzName & { readonly source: 'latin' | 'transliterated' } {
  const script = holder.latin === undefined ? 'persian' : 'latin'
  try {
    return { ...mrzName(holder.latin ?? holder.persian, maxLength), source: script === 'latin' ? 'latin' : 'transliterated' }
  } catch (cause) {
    if (!(cause instanceof InputError)) throw cause
    const remedy = script === 'persian' ? ': give holder.latin, the name in Latin letters' : ''
    throw new InputError(`${script}.${cause.field}`, `${problemOf(cause)}${remedy}`, { cause })
  }
}

const lengthOf = (parts: readonly string[]) => parts.reduce((total, part) => total + part.length, Math.max(parts.length - 1, 0))

/**
 * Cuts components, from the last, to their initials until the identifier fits `room`; the last one cut keeps as many letters as still fit. Where even initials
 * do not fit, components are left out from the end. At least one letter remains of the first.
 */
function cutToInitials(parts: readonly string[], room: number): string[] {
  const cut = [...parts]
  for (let i = cut.length - 1; i >= 0 && lengthOf(cut) > room; i--) {
    const spare = room - (lengthOf(cut) - cut[i]!.length)
    if (i === 0) {
      // All behind the first are initials: those that leave the first no letter at all go.
      while (cut.length > 1 && lengthOf(cut) - cut[0]!.length + 1 > room) cut.pop()
      cut[0] = cut[0]!.slice(0, Math.max(room - (lengthOf(cut) - cut[0]!.length), 1))
    } else cut[i] = cut[i]!.slice(0, Math.max(spare, 1))
  }
  return cut
}

/**
 * The truncation rule of Kart, one of those that Doc 9303-5, 8th ed., 4.2.2.3 and 4.2.3.1 a, 4.2.3.2 a leave to the issuing State (initials from the last component
 * back): the primary identifier is cut only when it leaves no room for `<<` and one letter behind it, then the secondary identifier fills what is left. The field
 * of a cut name ends in a letter at its last position, which tells a reader that it may have been cut.
 */
export function truncateName(primary: readonly string[], secondary: readonly string[], maxLength: number): MrzName {
  const join = (first: readonly string[], second: readonly string[]) =>
    first.join('<') + (second.length === 0 ? '' : `<<${second.join('<')}`)
  const whole = join(primary, secondary)
  if (whole.length <= maxLength) return { text: whole, truncated: false }
  if (secondary.length === 0) return { text: fill(primary, cutToInitials(primary, maxLength), maxLength), truncated: true }
  const room = maxLength - 3
  const family = lengthOf(primary) > room ? initialsOnly(primary, room) : [...primary]
  const withSecondary = () => {
    const tail = `<<${cutToInitials(secondary, maxLength - 2 - lengthOf(family)).join('<')}`
    return fill(primary, family, maxLength - tail.length) + tail
  }
  const text = withSecondary()
  // Initials alone can leave the last position to a filler; one letter less in the primary identifier then makes room for one initial more.
  const longest = family.findLastIndex((part) => part.length > 1)
  if (text.length === maxLength || longest < 0) return { text, truncated: true }
  family[longest] = family[longest]!.slice(0, -1)
  return { text: withSecondary(), truncated: true }
}

/** Components cut to bare initials from the last until the rest fits; the first is cut only as far as it must be. */
function initialsOnly(parts: readonly string[], room: number): string[] {
  const cut = [...parts]
  for (let i = cut.length - 1; i > 0 && lengthOf(cut) > room; i--) cut[i] = cut[i]!.slice(0, 1)
  return cutToInitials(cut, room)
}

/** Gives letters back to cut components, first to last, until the identifier has `length` characters (the field must not end in a filler). */
function fill(whole: readonly string[], cut: readonly string[], length: number): string {
  const parts = [...cut]
  for (const [i, part] of parts.entries()) {
    const spare = length - lengthOf(parts)
    if (spare > 0) parts[i] = whole[i]!.slice(0, part.length + spare)
  }
  return parts.join('<')
}
