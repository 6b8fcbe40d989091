// Lists the smart-card readers of this computer and what the cards in them say at reset. Without PC/SC it says what is missing.
import { explainAtr } from '@kart/apdu'
import { getCardData, openChannel, StatusWordError, send } from '@kart/apdu/host'
import { toHex } from '@kart/codec'
import { openPcsc, type PcscContext, PcscError } from '@kart/pcsc'

async function show(context: PcscContext): Promise<void> {
  const readers = await context.listReaders()
  console.log(`PC/SC answers: ${readers.length} readers`)
  for (const { name, cardPresent, atr } of readers) {
    console.log(`${name}: ${cardPresent ? 'a card' : 'empty'}`)
    if (atr === undefined) continue
    for (const line of explainAtr(atr)) console.log(`  ${line}`)
    // A connected card is a CardTransport: everything in examples 05 to 07 works on it as it does on the emulated card.
    const card = await context.connect(name, { mode: 'shared' })
    try {
      console.log(`  production data: ${toHex(await send(openChannel(card), getCardData(0x9f7f)))}`)
    } catch (error) {
      if (!(error instanceof StatusWordError)) throw error
      console.log(`  ${error.message}`)
    } finally {
      await card.close()
    }
  }
}

try {
  const context = await openPcsc()
  await show(context).finally(() => context.close())
} catch (error) {
  if (!(error instanceof PcscError)) throw error
  console.log(`PC/SC says: ${error.message}`)
}
