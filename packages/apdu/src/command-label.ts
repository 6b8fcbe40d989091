import type { CommandApdu } from './apdu.ts'

const labels = new WeakMap<CommandApdu, string>()

/** Remembers under which name a command was sent, for traces; nothing of it goes to the card. */
export function labelCommand(command: CommandApdu, label: string): void {
  labels.set(command, label)
}

/** The name under which {@link labelCommand} saw this very object; undefined where it did not. */
export function labelOf(command: CommandApdu): string | undefined {
  return labels.get(command)
}
