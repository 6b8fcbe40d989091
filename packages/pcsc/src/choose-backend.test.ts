import { describe, expect, it } from 'vitest'
import { chooseBackend } from './choose-backend.ts'
import { PcscError } from './errors.ts'
import { libraryMissing, loadKoffi } from './system/load-koffi.ts'
import { nativePlatform } from './system/platform.ts'
import { bindWinscard } from './system/winscard.ts'

const there = () => undefined
const missing = (text: string) => () => new PcscError('open', text)

describe('choosing a backend', () => {
  it('takes the one that is named, by the argument before the environment', () => {
    const choosable = { systemObstacle: there, pcscliteObstacle: there }
    expect(chooseBackend('pcsclite', {}, choosable).name).toBe('pcsclite')
    expect(chooseBackend(undefined, { KART_PCSC_BACKEND: 'pcsclite' }, choosable).name).toBe('pcsclite')
    expect(chooseBackend('system', { KART_PCSC_BACKEND: 'pcsclite' }, choosable).name).toBe('system')
    expect(() => chooseBackend(undefined, { KART_PCSC_BACKEND: 'other' }, choosable)).toThrow('not one of system, pcsclite')
  })

  it('takes what is there: the system’s library first', () => {
    expect(chooseBackend(undefined, {}, { systemObstacle: there, pcscliteObstacle: there }).name).toBe('system')
    expect(chooseBackend(undefined, {}, { systemObstacle: missing('no koffi'), pcscliteObstacle: there }).name).toBe('pcsclite')
  })

  it('T07 says what to install where there is neither, and where the one named is not there', () => {
    const choosable = { systemObstacle: () => libraryMissing('libpcsclite.so.1', undefined, 'linux'), pcscliteObstacle: missing('unbuilt') }
    expect(() => chooseBackend(undefined, {}, choosable)).toThrow(/no PC\/SC library.*apt-get install pcscd/)
    expect(() => chooseBackend('system', {}, choosable)).toThrow(PcscError)
  })
})

describe('T07 loading the native part', () => {
  const throwing = (error: Error) => () => {
    throw error
  }

  it('tells an absent package from one without a native part for this system', () => {
    const notFound = Object.assign(new Error("Cannot find module 'koffi'"), { code: 'MODULE_NOT_FOUND' })
    expect(() => loadKoffi(throwing(notFound))).toThrow(/koffi.*is not installed; npm install koffi/)
    expect(() => loadKoffi(throwing(new Error('Cannot find the native Koffi module')))).toThrow(/no native part for this system/)
  })

  it('names the library that is not there', () => {
    const koffi = loadKoffi()
    expect(() => bindWinscard(koffi, { ...nativePlatform(), library: 'libno-such-library.so.1' })).toThrow(/no PC\/SC library \(libno-such/)
  })
})

describe('the layout of SCARD_READERSTATE', () => {
  // Sizes as the C compilers of these platforms give them: pointers of 8 bytes; DWORD of 8 on Linux, of 4 elsewhere.
  it.each([
    ['linux', 80],
    ['darwin', 61],
    ['win32', 64],
  ] as const)('%s: %i bytes', (name, size) => {
    const koffi = loadKoffi()
    const platform = nativePlatform(name, 8)
    const fields = {
      szReader: platform.wide ? 'str16' : 'str',
      pvUserData: 'void *',
      dwCurrentState: platform.dwordBytes === 8 ? 'uint64_t' : 'uint32_t',
      dwEventState: platform.dwordBytes === 8 ? 'uint64_t' : 'uint32_t',
      cbAtr: platform.dwordBytes === 8 ? 'uint64_t' : 'uint32_t',
      rgbAtr: koffi.array('uint8_t', platform.atrRoom, 'Typed'),
    }
    expect(koffi.sizeof(platform.packed ? koffi.pack(fields) : koffi.struct(fields))).toBe(size)
  })
})
