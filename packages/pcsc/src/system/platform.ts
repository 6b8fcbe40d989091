/** How the native PC/SC library of a platform is called (PC/SC part 5; pcsc-lite 1.9 and 2.x, the PCSC framework, winscard). */
export interface NativePlatform {
  /** What to hand to the system's loader. */
  readonly library: string
  /** C type of LONG, the return code. */
  readonly long: 'long' | 'int32_t'
  /** Bytes of a DWORD. */
  readonly dwordBytes: 4 | 8
  /** C type of DWORD. */
  readonly dword: 'unsigned long' | 'uint32_t'
  /** C type of SCARDCONTEXT and SCARDHANDLE. */
  readonly handle: 'long' | 'int32_t' | 'uintptr_t'
  /** Bytes of SCARDCONTEXT and SCARDHANDLE. */
  readonly handleBytes: 4 | 8
  /** Room for the ATR in SCARD_READERSTATE. */
  readonly atrRoom: 33 | 36
  /** Whether SCARD_READERSTATE has no padding between its fields. */
  readonly packed: boolean
  /** Whether text is UTF-16 and the functions' names end in W. */
  readonly wide: boolean
  /** Name of the function for control commands. */
  readonly control: 'SCardControl' | 'SCardControl132'
  /** Calling convention, where there is more than one. */
  readonly convention: '__stdcall' | undefined
}

/** The table of a platform; `pointerBytes` is 4 on 32-bit systems. Only the Linux row has been run; the others follow their public headers. */
export function nativePlatform(
  platform: NodeJS.Platform = process.platform,
  pointerBytes: 4 | 8 = process.arch === 'ia32' || process.arch === 'arm' ? 4 : 8,
): NativePlatform {
  if (platform === 'win32')
    return {
      library: 'winscard.dll',
      long: 'int32_t',
      dwordBytes: 4,
      dword: 'uint32_t',
      handle: 'uintptr_t',
      handleBytes: pointerBytes,
      atrRoom: 36,
      packed: false,
      wide: true,
      control: 'SCardControl',
      convention: '__stdcall',
    }
  if (platform === 'darwin')
    return {
      library: '/System/Library/Frameworks/PCSC.framework/PCSC',
      long: 'int32_t',
      dwordBytes: 4,
      dword: 'uint32_t',
      handle: 'int32_t',
      handleBytes: 4,
      atrRoom: 33,
      packed: true,
      wide: false,
      control: 'SCardControl132',
      convention: undefined,
    }
  return {
    library: 'libpcsclite.so.1',
    long: 'long',
    dwordBytes: pointerBytes,
    dword: 'unsigned long',
    handle: 'long',
    handleBytes: pointerBytes,
    atrRoom: 33,
    packed: false,
    wide: false,
    control: 'SCardControl',
    convention: undefined,
  }
}
