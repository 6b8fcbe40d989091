// Draws the specimen's portrait and signature from the two SVG files beside this script, and takes the enrolled finger out of the NIST record:
// node scripts/specimen/draw.mjs. The output is the same bytes on every run.
import { readFileSync, writeFileSync } from 'node:fs'
import { Resvg } from '@resvg/resvg-js'
import jpeg from 'jpeg-js'

const here = new URL('./', import.meta.url)
const vectors = new URL('../../test-vectors/', import.meta.url)
const target = new URL('specimen/', vectors)

/** Renders an SVG without fonts and encodes it as JPEG. */
function draw(source, output, quality) {
  const image = new Resvg(readFileSync(new URL(source, here), 'utf8'), { font: { loadSystemFonts: false } }).render()
  const { data } = jpeg.encode({ data: image.pixels, width: image.width, height: image.height }, quality)
  writeFileSync(new URL(output, target), data)
  console.log(`${output}: ${image.width} x ${image.height}, ${data.length} bytes`)
}

/** The first view of a two-view ISO/IEC 19794-2:2005 record as a record of its own; the minutiae are untouched. */
function firstView(source, output) {
  const record = readFileSync(new URL(source, vectors))
  const headerLength = 24
  const minutiae = record[headerLength + 3]
  const extendedAt = headerLength + 4 + 6 * minutiae
  const end = extendedAt + 2 + record.readUInt16BE(extendedAt)
  const single = Buffer.from(record.subarray(0, end))
  single.writeUInt32BE(single.length, 8)
  single[22] = 1
  writeFileSync(new URL(output, target), single)
  console.log(`${output}: finger ${single[headerLength]}, ${minutiae} minutiae, ${single.length} bytes`)
}

draw('portrait.svg', 'portrait.jpg', 72)
draw('signature.svg', 'signature.jpg', 70)
firstView('nist/fmr.iso2005', 'finger-enrolled.fmr')
