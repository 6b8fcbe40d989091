import { createRequire } from 'node:module'
import { PcscError } from './errors.ts'
import type { PcscliteModule } from './pcsclite-types.ts'

/** What to do on this system to get PC/SC and its binding. */
function remedy(platform: NodeJS.Platform): string {
  if (platform === 'linux') {
    return 'install the PC/SC headers and a compiler (Debian, Ubuntu: apt-get install libpcsclite-dev pcscd g++ make python3; Fedora: dnf install pcsc-lite-devel pcsc-lite gcc-c++ make python3), then run: npm rebuild pcsclite (in the workspace of Kart itself: npx pnpm -r rebuild pcsclite)'
  }
  if (platform === 'win32')
    return 'install the Visual Studio build tools and Python, then run: npm rebuild pcsclite (in the workspace of Kart itself: npx pnpm -r rebuild pcsclite)'
  return 'install the command-line developer tools, then run: npm rebuild pcsclite (in the workspace of Kart itself: npx pnpm -r rebuild pcsclite)'
}

/** Loads the optional package pcsclite. Throws PcscError that says what to install when it is absent or was not built. */
export function loadPcsclite(
  platform: NodeJS.Platform = process.platform,
  load: (name: string) => unknown = createRequire(import.meta.url),
): PcscliteModule {
  try {
    return load('pcsclite') as PcscliteModule
  } catch (cause) {
    const absent = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND' && /'pcsclite'/.test(String((cause as Error).message))
    const state = absent ? 'is not installed' : 'is installed but its native part was not built or does not load'
    throw new PcscError('open', `the package pcsclite, which smart-card readers need, ${state}; ${remedy(platform)}`, { cause })
  }
}
