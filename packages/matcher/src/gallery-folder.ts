import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { CardError, InputError } from '@kart/codec'
import { decodeTemplates } from '@kart/minutiae'
import { type EnrolledFinger, type Gallery, personProblem } from './gallery.ts'
import { readTemplateFile } from './template-file.ts'

/** What of a folder went into a gallery. */
export interface FolderAdded {
  readonly people: number
  readonly records: number
  /** Files that could not be used, and why. */
  readonly refused: readonly { readonly file: string; readonly problem: string }[]
}

/**
 * Adds the templates of a folder to a gallery, in the order of their names. A file is named `<person>.<ext>` or `<person>_<impression>.<ext>`, with a number
 * behind the last underscore and the ending fmr, ist, cc or min; files of one person stand side by side, and every view of a record is a finger, with the
 * position that the record states. Throws InputError when there is no such file.
 */
export function addFolder(gallery: Gallery, folder: string, progress?: (done: number, all: number) => void): FolderAdded {
  const people = new Map<string, string[]>()
  const files = readdirSync(folder).filter((name) => /\.(fmr|ist|cc|min)$/i.test(name))
  if (files.length === 0) throw new InputError(folder, 'holds no file that ends in .fmr, .ist, .cc or .min')
  for (const file of files.sort()) {
    const person = file.replace(/\.[^.]+$/, '').replace(/_\d+$/, '')
    people.set(person, [...(people.get(person) ?? []), file])
  }
  const refused: { file: string; problem: string }[] = []
  let records = 0
  let enrolled = 0
  let done = 0
  for (const [person, own] of people) {
    const fingers = own.flatMap((file): EnrolledFinger[] => {
      const read = readFingers(join(folder, file))
      if ('problem' in read) refused.push({ file, problem: read.problem })
      return 'problem' in read ? [] : read.fingers
    })
    const problem = personProblem(person)
    if (problem !== undefined) refused.push(...own.map((file) => ({ file, problem })))
    else if (fingers.length > 0) {
      gallery.append(person, fingers)
      records += fingers.length
      enrolled++
    }
    done += own.length
    progress?.(done, files.length)
  }
  gallery.flush()
  return { people: enrolled, records, refused }
}

function readFingers(path: string): { readonly fingers: EnrolledFinger[] } | { readonly problem: string } {
  try {
    const { templates, record } = decodeTemplates(readTemplateFile(path))
    const fingers = templates.map((template, view) => ({ template, position: record?.views[view]?.position ?? 0 }))
    return fingers.some(({ template }) => template.count > 0) ? { fingers } : { problem: 'holds no minutiae' }
  } catch (cause) {
    if (!(cause instanceof CardError)) throw cause
    return { problem: cause.message }
  }
}
