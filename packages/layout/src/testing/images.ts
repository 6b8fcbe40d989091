import { concatBytes, encodeAscii, uintToBytes } from '@kart/codec'

const u16 = (value: number) => uintToBytes(value, 2)
const u32 = (value: number) => uintToBytes(value, 4)

/** A JPEG that stops after its frame header: enough for everything that reads only headers. */
export function jpegHeader(width: number, height: number, components = 3): Uint8Array {
  const frame = concatBytes(Uint8Array.of(8), u16(height), u16(width), Uint8Array.of(components), new Uint8Array(3 * components))
  return concatBytes(Uint8Array.of(0xff, 0xd8, 0xff, 0xc0), u16(frame.length + 2), frame, Uint8Array.of(0xff, 0xd9))
}

/** A JPEG 2000 codestream that stops after SIZ. */
export function codestream(width: number, height: number, tile = Math.max(width, height), components = 3): Uint8Array {
  const body = concatBytes(
    u16(0),
    u32(width),
    u32(height),
    u32(0),
    u32(0),
    u32(tile),
    u32(tile),
    u32(0),
    u32(0),
    u16(components),
    new Uint8Array(3 * components),
  )
  return concatBytes(Uint8Array.of(0xff, 0x4f, 0xff, 0x51), u16(body.length + 2), body)
}

function box(type: string, content: Uint8Array): Uint8Array {
  return concatBytes(u32(8 + content.length), encodeAscii(type), content)
}

/** A JP2 file around {@link codestream}; `inner` gives the codestream another size than the image header box. */
export function jp2(width: number, height: number, inner: Uint8Array = codestream(width, height)): Uint8Array {
  const ihdr = box('ihdr', concatBytes(u32(height), u32(width), u16(3), Uint8Array.of(7, 7, 0, 0)))
  return concatBytes(
    box('jP  ', Uint8Array.of(0x0d, 0x0a, 0x87, 0x0a)),
    box('ftyp', encodeAscii('jp2 \0\0\0\0jp2 ')),
    box('jp2h', ihdr),
    box('jp2c', inner),
  )
}
