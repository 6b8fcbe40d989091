import { describe, expect, it } from 'vitest'
import { dataUrl, html, join } from './html.ts'
import { renderHtmlReport } from './html-report.ts'
import { xmlProblem } from './testing/well-formed.ts'

const hostile = `<script>alert('x')</script>"onload="y" &amp; ${'\u0026'}#60;`

describe('html', () => {
  it('escapes every value, in text and in attributes', () => {
    expect(html`<a title="${hostile}">${hostile}</a>`.markup).toBe(`<a title="${escaped}">${escaped}</a>`)
  })

  it('puts markup, numbers, lists and nothing in as they are', () => {
    expect(html`${html`<b>${1}</b>`}${[html`<i></i>`, '<']}${undefined}${0}`.markup).toBe('<b>1</b><i></i>&#60;0')
    expect(join([html`<b/>`, html`<i/>`]).markup).toBe('<b/><i/>')
  })

  it('replaces controls and characters that turn the reading direction, and keeps lines and Persian', () => {
    expect(html`<b title="${'A\u202eB'}">${'\u001b[31mX\u009b\r\u2066\nنمونه\u200cپور'}</b>`.markup).toBe(
      '<b title="A\ufffdB">\ufffd[31mX\ufffd\ufffd\ufffd\nنمونه\u200cپور</b>',
    )
  })

  it('is not taken in by an object that only looks like text', () => {
    expect(html`${['<', '>'] as const}`.markup).toBe('&#60;&#62;')
  })
})

const escaped = '&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;&#34;onload=&#34;y&#34; &#38;amp; &#38;#60;'

describe('dataUrl', () => {
  it('holds exactly the bytes of the view, not of the buffer behind it', () => {
    const behind = Uint8Array.of(9, 1, 2, 3, 9)
    expect(dataUrl(behind.subarray(1, 4), 'image/jpeg')).toBe('data:image/jpeg;base64,AQID')
  })
})

describe('renderHtmlReport', () => {
  const bare = {
    title: 'Card report',
    time: '2026-11-22T10:00:00.000Z',
    profileTitle: 'National ID',
    verdict: 'rejected' as const,
    reason: 'x',
    notes: [],
    holder: undefined,
    stages: [],
    checks: [],
    tree: [],
    matchSvg: undefined,
    traces: [],
  }

  it('lets no text from a card or a file become a tag', () => {
    const line = { label: hostile, value: hostile, direction: 'rtl' as const }
    const file = {
      name: hostile,
      fid: hostile,
      state: undefined,
      maxLength: 1,
      read: hostile,
      update: hostile,
      holds: hostile,
      clause: hostile,
    }
    const row = {
      number: 1,
      name: hostile,
      clause: hostile,
      target: hostile,
      plainCommand: hostile,
      plainResponse: hostile,
      sw: hostile,
      swMeaning: hostile,
      wire: [hostile],
      isProtected: true,
      channel: 'PACE' as const,
      microseconds: 1,
    }
    const page = renderHtmlReport({
      ...bare,
      title: hostile,
      time: hostile,
      profileTitle: hostile,
      reason: hostile,
      notes: [hostile],
      holder: {
        portrait: { bytes: Uint8Array.of(1), type: 'image/jpeg' },
        signature: undefined,
        latin: [line],
        national: [line],
        mrz: [hostile],
      },
      stages: [{ name: hostile, apdus: 1, bytes: 2, milliseconds: 3 }],
      checks: [{ id: hostile, title: hostile, outcome: 'fail', required: true, clause: hostile, detail: hostile }],
      tree: [{ name: hostile, title: hostile, id: hostile, files: [file] }],
      traces: [{ title: hostile, rows: [row] }],
    })
    expect(page).not.toMatch(/<script|onload="/)
    // Every place that was given the text shows it, escaped: the title and the meaning of the status word in two places each.
    expect(page.split(escaped).length - 1).toBe(36)
  })

  it('says in its header as of when the card was judged', () => {
    const page = renderHtmlReport({ ...bare, judgedAt: '2034-01-01T00:00:00.000Z' })
    expect(page).toContain('<p>National ID · 2026-11-22T10:00:00.000Z · judged as of 2034-01-01T00:00:00.000Z</p></header>')
  })

  it('leaves out what a run has none of', () => {
    const page = renderHtmlReport(bare)
    expect(page).not.toMatch(/Holder|Stages|Fingerprint|APDU trace|undefined|\[object/)
    expect(page).toContain('<h2>Checks: 0 of 0 passed</h2>')
    expect(xmlProblem(page.replace('<!doctype html>\n', '').replace(/<meta [^>]*>|<style>.*?<\/style>/gs, ''))).toBeUndefined()
  })

  it('says of a JPEG 2000 portrait that browsers do not show it', () => {
    const holder = {
      portrait: { bytes: new Uint8Array(7), type: 'image/jp2' as const },
      signature: undefined,
      latin: [],
      national: [],
      mrz: [],
    }
    const page = renderHtmlReport({ ...bare, holder })
    expect(page).toContain('portrait: 7 bytes of JPEG 2000')
    expect(page).not.toContain('<img')
  })
})
