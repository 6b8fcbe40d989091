export type StockProgram =
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
