import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../../../scripts/workspace.mjs'

const page = readFileSync(join(root, 'docs/faults.md'), 'utf8')
const rows = [...page.matchAll(/^\| ([CPV]\d\d) \| [^|]+ \| ([^|]+) \|$/gm)].map(([, id, files]) => ({
  id: id ?? '',
  files: [...(files ?? '').matchAll(/`([^`]+)`/g)].map(([, path]) => path ?? ''),
}))

describe('the table of fault cases', () => {
  it('has every case of the card and of the secure channels', () => {
    const channels = Array.from({ length: 19 }, (_, i) => `P${String(i + 1).padStart(2, '0')}`)
    const card = Array.from({ length: 20 }, (_, i) => `C${String(i + 1).padStart(2, '0')}`)
    expect(rows.map(({ id }) => id)).toEqual([...card, ...channels, 'V05', 'V09', 'V10', 'V16'])
  })

  it.each(rows)('$id is in the name of a test in every file that the table gives for it', ({ id, files }) => {
    expect(files.length).toBeGreaterThan(0)
    for (const file of files)
      expect(readFileSync(join(root, file), 'utf8'), file).toMatch(
        new RegExp(
          `(?:describe|test|it)(?:\\.\\w+)*[^\\n]*?['\`"][^\\n]*\\b${id}\\b|^\\s*['\`"][^\\n]*\\b${id}\\b|\\(\\s*['\`"][^\\n]*\\b${id}\\b`,
          'm',
        ),
      )
  })
})
