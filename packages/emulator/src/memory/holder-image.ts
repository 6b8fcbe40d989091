import { isHolderKey } from '../card-crypto/holder-key.ts'
import type { EnrolledFinger, FingerState, HolderFile, HolderPin, SignatureState, TryCounter } from './holder-state.ts'
import { type FieldReader, type Fields, optional } from './image-fields.ts'

/** What goes into CBOR: undefined is null. */
export function signatureFields(state: SignatureState): unknown {
  const files = [...state.files].map(([fid, file]) => [fid, { ...file, privateKey: file.privateKey ?? null }] as const)
  const pins = [...state.pins].map(([reference, pin]) => [reference, { ...pin, puk: pin.puk ?? null }] as const)
  return { ...state, files: new Map(files), pins: new Map(pins) }
}

export function fingerFields({ informationTemplates, fingers }: FingerState): unknown {
  return { informationTemplates: informationTemplates ?? null, fingers: new Map(fingers) }
}

/** Reads the field; throws CardMemoryError for what a card does not write. */
export function readSignatureState(fields: Fields, read: FieldReader): SignatureState {
  return {
    activated: read.flag(fields.get('activated')),
    changes: read.integer(fields.get('changes'), 0xffff),
    files: read.numbered(fields.get('files'), 0xffff, (file) => readFile(file, read)),
    pins: read.numbered(fields.get('pins'), 14, (pin) => readPin(pin, read)),
    forbiddenDigits: read.list(fields.get('forbiddenDigits')).map((digits) => read.bytes(digits)),
  }
}

function readFile(fields: Fields, read: FieldReader): HolderFile {
  const type = read.text(fields.get('type'))
  if (type !== 'transparent' && type !== 'rsa' && type !== 'ec') return read.refuse()
  const file = {
    type,
    access: read.bytes(fields.get('access'), [3]),
    properties: read.bytes(fields.get('properties'), [2]),
    size: read.integer(fields.get('size'), 0xffff),
    content: read.bytes(fields.get('content')),
    privateKey: optional(fields.get('privateKey'), (key) => read.bytes(key)),
  } satisfies HolderFile
  if (type === 'transparent') return file.content.length === file.size && file.privateKey === undefined ? file : read.refuse()
  const usable = file.privateKey === undefined || isHolderKey({ type, size: file.size }, file.privateKey)
  return usable && file.content.length === 0 ? file : read.refuse()
}

function readPin(fields: Fields, read: FieldReader): HolderPin {
  return {
    value: read.bytes(fields.get('value'), [8]),
    tries: readTries(fields.get('tries'), read),
    puk: optional(fields.get('puk'), (puk) => read.bytes(puk, [8])),
    pukTries: readTries(fields.get('pukTries'), read),
    minLength: read.integer(fields.get('minLength'), 8),
    maxLength: read.integer(fields.get('maxLength'), 8),
    transport: read.flag(fields.get('transport')),
    usesPerVerify: read.integer(fields.get('usesPerVerify'), 0xff),
  }
}

function readTries(value: unknown, read: FieldReader): TryCounter {
  const fields = read.map(value)
  const most = read.integer(fields.get('most'), 15)
  return { left: read.integer(fields.get('left'), most), most }
}

export function readFingerState(fields: Fields, read: FieldReader): FingerState {
  return {
    informationTemplates: optional(fields.get('informationTemplates'), (value) => read.bytes(value)),
    fingers: read.numbered(
      fields.get('fingers'),
      0xff,
      (finger): EnrolledFinger => ({
        ...{ minutiae: read.bytes(finger.get('minutiae')), tries: readTries(finger.get('tries'), read) },
        ...(finger.has('resets') ? { resets: read.integer(finger.get('resets'), 0xff) } : {}),
      }),
    ),
  }
}
