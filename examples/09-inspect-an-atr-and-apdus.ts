// Reads what cards and readers say to each other: an ATR, status words, commands, and a plain trace of a talk with a card.
import { describeCommand, describeStatusWord, explainAtr } from '@kart/apdu'
import { openChannel, readFile, selectFile, selectMf, send, type TraceEntry, traceLayer, wrongLength } from '@kart/apdu/host'
import { fromHex, toHex } from '@kart/codec'
import { createBlankCard, inMemory, testTransportKeys } from '@kart/emulator'

const iccSerial = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
const card = createBlankCard({ memory: inMemory(), transportKeys: testTransportKeys, iccSerial })
console.log(`ATR ${toHex(card.atr)}`)
for (const line of explainAtr(card.atr)) console.log(`  ${line}`)

for (const sw of [0x9000, 0x6982, 0x6a82, 0x63c2, 0x6cff]) console.log(`${sw.toString(16)}  ${describeStatusWord(sw)}`)
const [cla, ins, p1, p2] = fromHex('00A4040C')
console.log(`00A4040C  ${describeCommand(cla!, ins!, p1!, p2!).name}`)

// Commands are objects; layers between them and the card do one thing each.
const entries: TraceEntry[] = []
const channel = openChannel(
  card.transport(),
  traceLayer((entry) => entries.push(entry), 'wire'),
  wrongLength(),
)
await send(channel, selectMf())
await send(channel, selectFile(0x2f00, { label: 'EF.DIR' }))
  .then(() => readFile(channel, { maxLength: 256, extent: 'file', name: 'EF.DIR' }))
  .catch((error: Error) => console.log(`a blank card: ${error.message}`))
for (const { command, response, label } of entries)
  console.log(`${label}: INS ${toHex(Uint8Array.of(command.ins))}, ${command.data.length} bytes -> ${response?.sw.toString(16)}`)
card.close()
