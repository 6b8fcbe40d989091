import { nationalId } from '@kart/layout/profile'
import { describe, expect, it } from 'vitest'
import { type ApplicationNode, buildFileTree, describeState, type FileNode, renderFileTreeHtml, renderFileTreeText } from './file-tree.ts'
import { xmlProblem } from './testing/well-formed.ts'

const file = (name: string, fid: string, state: FileNode['state']): FileNode => ({
  name,
  fid,
  state,
  maxLength: 512,
  read: 'always',
  update: 'SCP03',
  holds: `what ${name} holds`,
  clause: 'clause',
})

const tree: ApplicationNode[] = [
  {
    name: 'mf',
    title: 'Master file',
    id: '3F00',
    files: [file('EF.DIR', '2F00', { kind: 'present', bytes: 24 }), file('EF.GDO', '2F02', { kind: 'absent' })],
  },
  {
    name: 'emrtd',
    title: 'eMRTD',
    id: 'A0000002471001',
    files: [file('EF.DG2', '0102', { kind: 'refused', sw: 0x6982 }), file('EF.X', '0199', undefined)],
  },
  { name: 'isd', title: 'An application without files and with a long name', id: 'A000000151000000', files: [] },
]

describe('renderFileTreeText', () => {
  it('draws branches, sizes and rules in columns', () => {
    expect(renderFileTreeText(tree)).toBe(
      [
        'FILE                     SIZE  READ    WRITE  HOLDS',
        '3F00  Master file',
        '├─ 2F00  EF.DIR          24 B  always  SCP03  what EF.DIR holds',
        '└─ 2F02  EF.GDO        absent  always  SCP03  what EF.GDO holds',
        'A0000002471001  eMRTD',
        '├─ 0102  EF.DG2  refused 6982  always  SCP03  what EF.DG2 holds',
        '└─ 0199  EF.X               -  always  SCP03  what EF.X holds',
        'A000000151000000  An application without files and with a long name',
      ].join('\n'),
    )
  })

  it('has a line for every application and file of the profile', () => {
    const whole = buildFileTree(nationalId, () => undefined)
    const count = nationalId.applications.reduce((sum, { files }) => sum + files.length + 1, 1)
    expect(renderFileTreeText(whole).split('\n')).toHaveLength(count)
    expect(renderFileTreeText([])).toBe('FILE  SIZE  READ  WRITE  HOLDS')
  })
})

describe('describeState', () => {
  it('tells apart what was read, refused, missing and not looked at', () => {
    expect(
      [undefined, { kind: 'present', bytes: 0 }, { kind: 'absent' }, { kind: 'refused', sw: 0x6a82 }].map((state) =>
        describeState(state as FileNode['state']),
      ),
    ).toEqual(['-', '0 B', 'absent', 'refused 6A82'])
  })
})

describe('renderFileTreeHtml', () => {
  it('is well formed and marks each state', () => {
    const { markup } = renderFileTreeHtml(tree)
    expect(xmlProblem(markup)).toBeUndefined()
    for (const state of ['present', 'absent', 'refused', 'unread']) expect(markup.split(`<tr class="${state}">`)).toHaveLength(2)
  })
})
