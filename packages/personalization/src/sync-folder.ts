import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Makes the names in a folder outlast a power cut: new files, renamed ones, deleted ones. Does nothing on Windows, which gives no handle on a folder. Throws Node's own error. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
