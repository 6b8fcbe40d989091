export const driverFile: string
export function virtualReaderObstacle(): string | undefined
export function buildVirtualReader(out?: string): string
export function readerConf(driver: string, sockets: readonly string[], name?: string): string
export function socketNames(folder: string, count: number): string[]
