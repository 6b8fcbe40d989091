// Plans the commands that write an image: a list of pure objects, each with the clause it follows. Nothing is sent.
import { readFileSync } from 'node:fs'
import { encodeCommand } from '@kart/apdu/host'
import { nationalId } from '@kart/layout/profile'
import { blockSizeFor, buildImage, parseEnrollmentRecord, planCommands } from '@kart/personalization'
import { deriveBacKeys } from '@kart/secure-channel'

const load = (name: string): Uint8Array => new Uint8Array(readFileSync(`test-vectors/specimen/${name}`))
const record = parseEnrollmentRecord(new TextDecoder().decode(load('record.json')), load)
const image = buildImage(record, nationalId, { iccSerial: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) })

const accessKeys = deriveBacKeys(image.access)
try {
  // A reader with a small buffer takes short commands only; others take a whole file at once.
  for (const blockSize of [239, blockSizeFor(nationalId)]) {
    const plan = planCommands(image, { accessKeys, blockSize })
    const commands = plan.flatMap((step) => step.commands)
    const bytes = commands.reduce((sum, { apdu }) => sum + encodeCommand(apdu).length, 0)
    console.log(`blocks of ${blockSize}: ${commands.length} commands, ${bytes} bytes before secure messaging`)
  }
  for (const { name, commands, bytes } of planCommands(image, { accessKeys })) {
    console.log(`\n${name}: ${bytes} bytes of content`)
    for (const command of commands) console.log(`  ${command.name}   (${command.clause})`)
  }
} finally {
  accessKeys.destroy()
}
