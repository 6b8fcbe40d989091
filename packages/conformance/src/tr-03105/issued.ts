// The specimen's card as it was personalized, and every file read from it.
import { createBlankCard, EmulatedCard, inMemory, testTransportKeys } from '@kart/emulator'
import { execute } from '@kart/personalization'
import { readIssuedCard } from '../testing/read-issued-card.ts'
import { chipSerial, executeOptions, specimenImage } from '../testing/specimen.ts'

const image = specimenImage()
const memory = inMemory()
await execute(createBlankCard({ memory, transportKeys: testTransportKeys, iccSerial: chipSerial }).transport(), image, executeOptions)

/** The card, just reset. */
export const issuedCard = (): EmulatedCard => new EmulatedCard({ memory })

const files = await readIssuedCard(issuedCard().transport(), image)

/** The content of a file. */
export const issuedFile = (name: string): Uint8Array => files.get(name)!
