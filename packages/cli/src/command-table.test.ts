import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { addHelpRow, commandsNamed, commandTable } from './command-table.ts'
import { createRunner } from './runner.ts'

describe('commandTable', () => {
  it('shows in the help of kart what each command itself would show there', async () => {
    const [short, whole] = [new Command('kart'), new Command('kart')]
    for (const row of commandTable) {
      addHelpRow(short, row)
      const add = await row.load()
      add(
        whole,
        createRunner(() => undefined),
      )
    }
    expect(short.helpInformation()).toBe(whole.helpInformation())
    expect(whole.commands.map((command) => command.name())).toEqual(commandTable.map(({ name }) => name))
  })
})

describe('commandsNamed', () => {
  it.each([
    [['--version'], []],
    [['verify', '--card', 'read'], ['verify']],
    [
      ['help', 'pki', 'init'],
      ['help', 'pki'],
    ],
    [['--', 'tree'], ['tree']],
  ])('%j', (args, names) => expect(commandsNamed(args)).toEqual(names))
})
