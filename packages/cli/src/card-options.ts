import type { Command } from 'commander'

/** Adds the options that name a card, for `openCard`. */
export function withCardOptions(command: Command): Command {
  return command.option('--card <file>', 'an emulated card').option('--reader <name>', 'the card in this reader')
}
