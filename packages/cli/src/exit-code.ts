import { CardError, type ErrorCode } from '@kart/codec'
import { InterruptedError } from './interrupt.ts'

/** What `kart` tells the shell. */
export const exitCode = {
  /** Accepted, or done. */
  done: 0,
  /** Rejected. */
  rejected: 1,
  /** Bad input or usage. */
  badInput: 2,
  /** Reader or card failure. */
  cardFailure: 3,
  /** Stopped by SIGINT or SIGTERM, or by Ctrl-C at a question (128 and SIGINT's number, as shells have it). */
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

const byErrorCode = {
  input: exitCode.badInput,
  pki: exitCode.badInput,
  'key-store': exitCode.badInput,
  'card-memory': exitCode.badInput,
  // What the user names is taken apart through `decodeInput` and `usingInput`, which make InputErrors: what is left came from a card.
  decode: exitCode.cardFailure,
  limit: exitCode.cardFailure,
  crypto: exitCode.cardFailure,
  'status-word': exitCode.cardFailure,
  transport: exitCode.cardFailure,
  reader: exitCode.cardFailure,
  hsm: exitCode.cardFailure,
  'secure-messaging': exitCode.cardFailure,
  authentication: exitCode.cardFailure,
  // What the user gave is not what the card holds.
  pin: exitCode.badInput,
  personalization: exitCode.cardFailure,
} as const satisfies Record<ErrorCode, ExitCode>

/** The exit code of a failed run: 2 for what the user handed in, 3 for the reader and the card. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CardError) return byErrorCode[error.code]
  if (error instanceof InterruptedError) return exitCode.interrupted
  // A file that is missing or may not be read is the user's input; anything else is a defect of ours and counts as a failure of the run.
  return isFileError(error) ? exitCode.badInput : exitCode.cardFailure
}

const fileErrors: readonly string[] = [
  'EACCES',
  'EBUSY',
  'EDQUOT',
  'EEXIST',
  'EFBIG',
  'EINVAL',
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'ENOENT',
  'ENOSPC',
  'ENOTDIR',
  'ENXIO',
  'EPERM',
  'EROFS',
]

/** Whether Node's file system refused. */
export function isFileError(error: unknown): error is Error & { code: string; path?: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && fileErrors.includes(error.code)
}
