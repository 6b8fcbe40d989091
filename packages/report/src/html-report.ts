import type { TraceRow } from './annotate-trace.ts'
import { type ApplicationNode, renderFileTreeHtml } from './file-tree.ts'
import { dataUrl, html, type Markup } from './html.ts'
import { pageStyle } from './page-style.ts'

/** An image of the page: the file as the card has it, and its media type. */
export interface PageImage {
  readonly bytes: Uint8Array
  readonly type: 'image/jpeg' | 'image/jp2'
}

/** A label and a value; `direction` is the value's own. */
export interface HolderLine {
  readonly label: string
  readonly value: string
  readonly direction: 'ltr' | 'rtl'
}

/** The holder as the card shows them: the national side right to left, the Latin side left to right. */
export interface HolderView {
  readonly portrait: PageImage | undefined
  readonly signature: PageImage | undefined
  readonly national: readonly HolderLine[]
  readonly latin: readonly HolderLine[]
  readonly mrz: readonly string[]
}

/** One check as the page shows it; the fields are those of `Check` in @kart/verification. */
export interface CheckLine {
  readonly id: string
  readonly title: string
  readonly outcome: 'pass' | 'fail' | 'not-run'
  readonly required: boolean
  readonly clause: string
  readonly detail: string
}

/** What one stage cost: APDU pairs and bytes on the wire (both directions, headers and status words included), wall time in milliseconds. */
export interface StageLine {
  readonly name: string
  readonly apdus: number
  readonly bytes: number
  readonly milliseconds: number
}

/** Everything a report page shows; each part is left out where a run has none. */
export interface ReportPage {
  readonly title: string
  /** ISO 8601 time of the run. */
  readonly time: string
  /** ISO 8601 time that the card was judged as of, which need not be that of the run. */
  readonly judgedAt?: string
  readonly profileTitle: string
  readonly verdict: 'accepted' | 'rejected' | 'error'
  readonly reason: string
  readonly notes: readonly string[]
  /** How the card was opened, in lines (see `describeAccess`). */
  readonly access?: readonly string[]
  readonly holder: HolderView | undefined
  readonly stages: readonly StageLine[]
  readonly checks: readonly CheckLine[]
  readonly tree: readonly ApplicationNode[]
  /** A whole SVG document. */
  readonly matchSvg: string | undefined
  readonly traces: readonly { readonly title: string; readonly rows: readonly TraceRow[] }[]
}

const outcomeMark = { pass: '✓ pass', fail: '✗ fail', 'not-run': '– not run' } as const

function renderHolder(holder: HolderView): Markup {
  const side = (lines: readonly HolderLine[], language: string, direction: string): Markup =>
    html`<dl lang="${language}" dir="${direction}">${lines.map((line) => html`<dt>${line.label}</dt><dd dir="${line.direction}">${line.value}</dd>`)}</dl>`
  const picture = (image: PageImage | undefined, alt: string, name: string): Markup | undefined =>
    image?.type === 'image/jpeg'
      ? html`<img class="${name}" src="${dataUrl(image.bytes, image.type)}" alt="${alt}">`
      : image
        ? html`<p class="note">${alt}: ${image.bytes.length} bytes of JPEG 2000, which browsers do not show</p>`
        : undefined
  return html`<section><h2>Holder</h2><div class="card"><div class="pictures">${picture(holder.portrait, 'portrait', 'portrait')}${picture(holder.signature, 'handwritten signature', 'signature')}</div>${side(holder.latin, 'en', 'ltr')}${side(holder.national, 'fa', 'rtl')}</div><pre class="mrz" dir="ltr">${holder.mrz.join('\n')}</pre></section>`
}

function renderTrace(title: string, rows: readonly TraceRow[]): Markup {
  return html`<details><summary>${title}: ${rows.length} commands</summary><table class="trace"><thead><tr><th class="num">#</th><th>Command</th><th>File</th><th>Channel</th><th>Plain</th><th>Answer</th><th>On the wire</th><th class="num">µs</th></tr></thead><tbody>${rows.map(
    (row) =>
      html`<tr class="${row.isProtected ? 'protected' : 'open'}"><td class="num">${row.number}</td><td>${row.name}<div class="clause">${row.clause}</div></td><td>${row.target}</td><td>${row.channel ?? html`<span class="clause">none</span>`}</td><td><code>${row.plainCommand}</code></td><td>${row.plainResponse} <code title="${row.swMeaning}">${row.sw}</code><div class="clause">${row.swMeaning}</div></td><td>${row.isProtected ? row.wire.map((line) => html`<code class="wire">${line}</code>`) : html`<span class="clause">as plain</span>`}</td><td class="num">${Math.round(row.microseconds)}</td></tr>`,
  )}</tbody></table></details>`
}

/** What stood in the way of an acceptance, at the top of the page. */
function failures(checks: readonly CheckLine[]): Markup | undefined {
  const failed = checks.filter(({ required, outcome }) => required && outcome === 'fail')
  return failed.length === 0 ? undefined : html`<ul>${failed.map(({ title, detail }) => html`<li>✗ ${title}: ${detail}</li>`)}</ul>`
}

/** The whole page: one file, no script, nothing fetched from anywhere. */
export function renderHtmlReport(page: ReportPage): string {
  const passed = page.checks.filter(({ outcome }) => outcome === 'pass').length
  return `<!doctype html>\n${
    html`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"><title>${page.title}</title><style>${{ markup: pageStyle }}</style></head><body><header><h1>${page.title}</h1><p>${page.profileTitle} · ${page.time}${page.judgedAt === undefined ? undefined : html` · judged as of ${page.judgedAt}`}</p></header>
<section class="verdict ${page.verdict}"><strong>${page.verdict}</strong><div><span>${page.reason}</span>${failures(page.checks)}</div></section>${page.notes.map((note) => html`<p class="note">${note}</p>`)}
${page.holder ? renderHolder(page.holder) : undefined}
${
  page.stages.length > 0
    ? html`<section><h2>Stages</h2><table><thead><tr><th>Stage</th><th class="num">APDUs</th><th class="num">Bytes on the wire</th><th class="num">Time</th></tr></thead><tbody>${page.stages.map((stage) => html`<tr><td>${stage.name}</td><td class="num">${stage.apdus}</td><td class="num">${stage.bytes}</td><td class="num">${stage.milliseconds.toFixed(1)} ms</td></tr>`)}</tbody></table></section>`
    : undefined
}
${
  page.access && page.access.length > 0
    ? html`<section><h2>How the card was opened</h2><ul>${page.access.map((line) => html`<li>${line}</li>`)}</ul></section>`
    : undefined
}
<section><h2>Checks: ${passed} of ${page.checks.length} passed</h2><table class="checks"><thead><tr><th>Outcome</th><th>Check</th><th>What was found</th><th>Required</th><th>Clause</th></tr></thead><tbody>${page.checks.map(
      (check) =>
        html`<tr class="${check.outcome}"><td class="outcome">${outcomeMark[check.outcome]}</td><td>${check.title}<div class="clause">${check.id}</div></td><td>${check.detail}</td><td>${check.required ? 'yes' : 'no'}</td><td class="clause">${check.clause}</td></tr>`,
    )}</tbody></table></section>
${page.matchSvg ? html`<section><h2>Fingerprint</h2><div class="overlay">${{ markup: page.matchSvg }}</div></section>` : undefined}
<section><h2>The card’s files</h2>${renderFileTreeHtml(page.tree)}</section>
${
  page.traces.length > 0
    ? html`<section><h2>APDU trace</h2><p class="note">Plain commands beside what went over the wire. File contents, keys, challenges and cryptograms are shown by length only.</p>${page.traces.map(({ title, rows }) => renderTrace(title, rows))}</section>`
    : undefined
}</body></html>`.markup
  }\n`
}
