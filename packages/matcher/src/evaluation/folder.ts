import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { decodeTemplate, type MinutiaeTemplate } from '@kart/minutiae'
import { readTemplateFile } from '../template-file.ts'
import type { Place } from './protocol.ts'

/** One impression of a folder. */
export interface Impression extends Place {
  readonly file: string
  /** Absent when the file could not be read as a template. */
  readonly template: MinutiaeTemplate | undefined
}

/** A folder of impressions, sorted by finger and impression number. */
export interface ImpressionFolder {
  /** Names of the fingers by their number. */
  readonly fingers: readonly string[]
  readonly impressions: readonly Impression[]
  /** Why the impressions that have no use have none: unreadable, or without minutiae. They score lowest and count. */
  readonly failures: readonly { readonly file: string; readonly problem: string }[]
}

/**
 * Reads the templates of a folder that are named `<finger>_<impression>.fmr`, in any format; other files are passed over. A finger's first impression is the one of the lowest number. What cannot be decoded, is no file,
 * or holds no minutiae, is a failure to enrol. Throws Node's own error when the folder or a file cannot be read.
 */
export function readImpressions(folder: string): ImpressionFolder {
  const named = readdirSync(folder).flatMap((file) => {
    const match = /^(.+)_(\d+)\.fmr$/i.exec(file)
    return match === null ? [] : [{ file, finger: match[1]!, number: Number(match[2]) }]
  })
  named.sort((a, b) => compareNames(a.finger, b.finger) || a.number - b.number || compareNames(a.file, b.file))
  const fingers = [...new Set(named.map(({ finger }) => finger))]
  const failures: { file: string; problem: string }[] = []
  const impressions = named.map(({ file, finger }, k): Impression => {
    const place = { file, finger: fingers.indexOf(finger), first: named[k - 1]?.finger !== finger }
    try {
      const template = decodeTemplate(readTemplateFile(join(folder, file)))
      if (template.count === 0) failures.push({ file, problem: 'no minutiae' })
      return { ...place, template: template.count === 0 ? undefined : template }
    } catch (error) {
      if (error instanceof Error && 'syscall' in error) throw error
      failures.push({ file, problem: error instanceof Error ? error.message : 'unreadable' })
      return { ...place, template: undefined }
    }
  })
  return { fingers, impressions, failures }
}

// Numbers in names by their value, so that 2 comes before 10; no locale, so that the order is the same everywhere.
function compareNames(a: string, b: string): number {
  if (/^\d+$/.test(a) && /^\d+$/.test(b) && Number(a) !== Number(b)) return Number(a) - Number(b)
  return a < b ? -1 : a > b ? 1 : 0
}
