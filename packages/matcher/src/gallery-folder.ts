import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { CardError, InputError } from '@kart/codec'
import { decodeTemplates, imageOf, inspectTemplate } from '@kart/minutiae'
import { type EnrolledFinger, type Gallery, personProblem } from './gallery.ts'
import { readTemplateFile } from './template-file.ts'

/** What of a folder went into a gallery. */
export interface FolderAdded {
  readonly people: number
  readonly records: number
  /** Files that could not be used, or views of them, and why: unreadable, or of no use to a comparison (`inspectTemplate`). */
  readonly refused: readonly { readonly file: string; readonly problem: string }[]
}

/**
 * Adds the templates of a folder to a gallery, in the order of their names. A file is named `<person>.<ext>` or `<person>_<impression>.<ext>`, with a number
 * behind the last underscore and the ending fmr, ist, cc or min; files of one person stand side by side, and every view of a record is a finger, with the
 * position that the record states. What is unusable (a grid, too few minutiae, a resolution that no sensor has, ...) is left out. Throws InputError when there is no such file.
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
      const { fingers: read, problems } = readFingers(join(folder, file))
      refused.push(...problems.map((problem) => ({ file, problem })))
      return read
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

// The fingers of a file that can be compared, and what speaks against the others.
function readFingers(path: string): { readonly fingers: EnrolledFinger[]; readonly problems: readonly string[] } {
  try {
    const { templates, record } = decodeTemplates(readTemplateFile(path))
    if (!templates.some(({ count }) => count > 0)) return { fingers: [], problems: ['holds no minutiae'] }
    const fingers: EnrolledFinger[] = []
    const problems: string[] = []
    for (const [index, template] of templates.entries()) {
      const view = record?.views[index]
      const against = inspectTemplate(template, record && view && imageOf(record, view)).find(({ unusable }) => unusable)
      if (against === undefined) fingers.push({ template, position: view?.position ?? 0 })
      else problems.push(templates.length === 1 ? against.detail : `view ${index + 1}: ${against.detail}`)
    }
    return { fingers, problems }
  } catch (cause) {
    if (!(cause instanceof CardError)) throw cause
    return { fingers: [], problems: [cause.message] }
  }
}
