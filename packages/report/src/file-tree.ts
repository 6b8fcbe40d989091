import { toHex } from '@kart/codec'
import { type CardProfile, describeAccessRule } from '@kart/layout/profile'
import { html, type Markup } from './html.ts'

/** What became of one file in a run: its size in bytes, or why there is none. */
export type FileState =
  | { readonly kind: 'present'; readonly bytes: number }
  /** `sw` where the card answered with one; without it, the access rules were known to refuse. */
  | { readonly kind: 'refused'; readonly sw?: number | undefined }
  /** The card answered with something else than the file. */
  | { readonly kind: 'failed'; readonly sw?: number | undefined }
  /** There, but EF.SOD does not list it, so nobody vouches for it. */
  | { readonly kind: 'unlisted' }
  | { readonly kind: 'absent' }

/** One file of the tree: identifier in four hex digits, room in bytes, access rules in plain words. */
export interface FileNode {
  readonly name: string
  readonly fid: string
  readonly state: FileState | undefined
  readonly maxLength: number
  readonly read: string
  readonly update: string
  readonly holds: string
  readonly clause: string
}

/** One application (or the MF) and its files. */
export interface ApplicationNode {
  readonly name: string
  readonly title: string
  /** `3F00` of the MF, else the AID in hex. */
  readonly id: string
  readonly files: readonly FileNode[]
}

/** The profile's applications and files, with what a run found of each; `stateOf` gives undefined where the run did not look. */
export function buildFileTree(
  profile: CardProfile,
  stateOf: (application: string, file: string) => FileState | undefined,
): ApplicationNode[] {
  return profile.applications.map((application) => ({
    name: application.name,
    title: application.title,
    id: application.aid ? toHex(application.aid).toUpperCase() : (application.fid ?? 0).toString(16).toUpperCase().padStart(4, '0'),
    files: application.files.map((file) => ({
      name: file.name,
      fid: file.fid.toString(16).toUpperCase().padStart(4, '0'),
      state: stateOf(application.name, file.name),
      maxLength: file.maxLength,
      read: describeAccessRule(file.read),
      update: describeAccessRule(file.update),
      holds: file.holds,
      clause: file.clause,
    })),
  }))
}

/** A file's state in a few words. */
export function describeState(state: FileState | undefined): string {
  if (state === undefined) return '-'
  if (state.kind === 'present') return `${state.bytes} B`
  if (state.kind === 'absent' || state.kind === 'unlisted' || state.sw === undefined) return state.kind
  return `${state.kind} ${state.sw.toString(16).toUpperCase().padStart(4, '0')}`
}

/** The tree as lines of text for a terminal. */
export function renderFileTreeText(tree: readonly ApplicationNode[]): string {
  const rows: [string, string, string, string, string][] = [['FILE', 'SIZE', 'READ', 'WRITE', 'HOLDS']]
  for (const application of tree) {
    rows.push([`${application.id}  ${application.title}`, '', '', '', ''])
    application.files.forEach((file, index) => {
      const branch = index === application.files.length - 1 ? '└─' : '├─'
      rows.push([`${branch} ${file.fid}  ${file.name}`, describeState(file.state), file.read, file.update, file.holds])
    })
  }
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...rows.filter((row) => row[1] !== '' || column > 0).map((row) => (row[column as 0 | 1 | 2 | 3] ?? '').length)),
  )
  return rows
    .map((row) =>
      row[1] === ''
        ? row[0]
        : `${row[0].padEnd(widths[0]!)}  ${row[1].padStart(widths[1]!)}  ${row[2].padEnd(widths[2]!)}  ${row[3].padEnd(widths[3]!)}  ${row[4]}`,
    )
    .join('\n')
}

/** The tree as an HTML table. */
export function renderFileTreeHtml(tree: readonly ApplicationNode[]): Markup {
  return html`<table class="tree"><thead><tr><th>File</th><th>Name</th><th class="num">Size</th><th class="num">Room</th><th>Read</th><th>Write</th><th>Holds</th><th>Clause</th></tr></thead>${tree.map(
    (application) =>
      html`<tbody><tr class="app"><th colspan="8"><code>${application.id}</code> ${application.title}</th></tr>${application.files.map(
        (file) =>
          html`<tr class="${file.state?.kind ?? 'unread'}"><td class="branch"><code>${file.fid}</code></td><td>${file.name}</td><td class="num">${describeState(file.state)}</td><td class="num">${file.maxLength}</td><td>${file.read}</td><td>${file.update}</td><td>${file.holds}</td><td class="clause">${file.clause}</td></tr>`,
      )}</tbody>`,
  )}</table>`
}
