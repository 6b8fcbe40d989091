import { visibleText } from '@kart/codec'

/** Markup that is already safe to put into a page. */
export interface Markup {
  readonly markup: string
}

type Part = Markup | string | number | undefined | readonly (Markup | string)[]

// Line breaks stay: the machine-readable zone is shown as lines.
function escapeText(text: string): string {
  return text
    .split('\n')
    .map(visibleText)
    .join('\n')
    .replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}

function part(value: Part): string {
  if (value === undefined) return ''
  if (typeof value === 'string' || typeof value === 'number') return escapeText(String(value))
  if (Array.isArray(value)) return value.map((item: Markup | string) => part(item)).join('')
  return (value as Markup).markup
}

/** Template tag for HTML and SVG: every value put in is escaped unless it is markup itself, so text from a card can never become a tag, and controls and bidi controls in it become U+FFFD. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Markup {
  let out = strings[0] ?? ''
  values.forEach((value, index) => {
    out += part(value) + (strings[index + 1] ?? '')
  })
  return { markup: out }
}

/** Joins pieces of markup. */
export function join(pieces: readonly Markup[]): Markup {
  return { markup: pieces.map((piece) => piece.markup).join('') }
}

/** A `data:` address for an image; only the four image types that the LDS carries. */
export function dataUrl(bytes: Uint8Array, type: 'image/jpeg' | 'image/jp2' | 'image/png' | 'image/svg+xml'): string {
  return `data:${type};base64,${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}`
}
