export type StockProgram =
  | 'opensc-tool'
  | 'pkcs15-init'
  | 'pkcs15-tool'
  | 'pkcs11-tool'
  | 'pkcs15-crypt'
  | 'opensc-pkcs11.so'
  | 'openssl'
  | 'engine pkcs11 of openssl'
  | 'p11tool'
  | 'scdaemon'
  | 'pyscard'
export const stockPrograms: Readonly<Record<StockProgram, { readonly package: string; find(): string | undefined }>>
export function stockProgram(name: StockProgram): string
export function programsOf(file: string): string[]
export function programObstacle(file: string): string | undefined
