import { nationalId } from '@kart/layout/profile'
import type { Evidence, FileOutcome } from '@kart/verification'
import { describe, expect, it } from 'vitest'
import { buildEvidenceTree } from './evidence-tree.ts'
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
  it.each<[FileNode['state'], string]>([
    [undefined, '-'],
    [{ kind: 'present', bytes: 0 }, '0 B'],
    [{ kind: 'absent' }, 'absent'],
    [{ kind: 'unlisted' }, 'unlisted'],
    [{ kind: 'refused', sw: 0x6982 }, 'refused 6982'],
    [{ kind: 'refused' }, 'refused'],
    [{ kind: 'failed', sw: 0x6f00 }, 'failed 6F00'],
    [{ kind: 'failed' }, 'failed'],
  ])('of %j is %s', (state, text) => expect(describeState(state)).toBe(text))
})

describe('buildEvidenceTree', () => {
  const evidence = (files: Evidence['files']): Evidence => ({
    profile: 'national-id',
    readAt: new Date(0),
    atr: new Uint8Array(),
    files,
    access: {
      ...{ protocol: 'bac', outcome: 'opened', policy: 'bac-without-pace', key: undefined, problem: undefined },
      pace: {
        ...{ outcome: 'not-offered', choice: [], variant: undefined, offer: undefined, password: 'mrz' },
        ...{ authorityReferences: [], mapping: undefined },
      },
    },
    chipAuthentication: undefined,
    terminalAuthentication: undefined,
    activeAuthentication: undefined,
    shortestExchange: 1,
    extendedLength: true,
  })
  const found = (name: string, outcome: FileOutcome, sw?: number) => ({
    application: 'emrtd',
    name,
    outcome,
    bytes: outcome === 'read' ? new Uint8Array(29) : undefined,
    sw,
    problem: undefined,
  })

  it('shows each file as it was found, and never one that nobody read as read', () => {
    const nodes = buildEvidenceTree(
      nationalId,
      evidence([
        found('EF.COM', 'read', 0x9000),
        found('EF.SOD', 'missing', 0x6a82),
        found('EF.DG1', 'refused', 0x6982),
        found('EF.DG2', 'refused'),
        found('EF.DG7', 'unlisted'),
        found('EF.DG11', 'failed', 0x6f00),
      ]),
    )
    const states = nodes.flatMap(({ files }) => files).map(({ name, state }) => [name, describeState(state)])
    expect(Object.fromEntries(states)).toMatchObject({
      'EF.COM': '29 B',
      'EF.SOD': 'absent',
      'EF.DG1': 'refused 6982',
      'EF.DG2': 'refused',
      'EF.DG7': 'unlisted',
      'EF.DG11': 'failed 6F00',
      'EF.DG15': '-',
      'EF.DIR': '-',
    })
  })
})

describe('renderFileTreeHtml', () => {
  it('is well formed and marks each state', () => {
    const { markup } = renderFileTreeHtml(tree)
    expect(xmlProblem(markup)).toBeUndefined()
    for (const state of ['present', 'absent', 'refused', 'unread']) expect(markup.split(`<tr class="${state}">`)).toHaveLength(2)
  })
})
