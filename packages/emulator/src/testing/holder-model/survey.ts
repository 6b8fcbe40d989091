// All of the card that can be seen from outside, once a dialogue is over, held against the model: asked of another card from the same memory, so that the dialogue could go on.
import { playTurn } from './compare.ts'
import type { HolderModel, KeyAlgorithm } from './model-state.ts'
import { modelOf } from './model-state.ts'
import { RealCard } from './real-card.ts'
import type { Step } from './steps.ts'

/** Throws where a counter, a file, a key's use or the life cycle is not as the model has it. */
export function survey({ card }: HolderModel, image: Uint8Array): void {
  const model = modelOf(card)
  const real = new RealCard(image.slice())
  const play = (step: Step): void => playTurn(model, real, { step }, () => undefined)
  const look = (fids: readonly string[]): void => {
    for (const fid of fids) {
      play({ do: 'select file', fid, byPath: false })
      play({ do: 'read', offset: 0, le: 256 })
    }
  }
  for (const application of ['pkcs15', 'emrtd', 'isd'] as const) play({ do: 'select', application })
  if (card.life === 'TERMINATED' || card.life === 'CARD_LOCKED') return
  play({ do: 'select directory', application: 'mf' })
  look(['2f00'])
  play({ do: 'select', application: 'pkcs15' })
  for (let reference = 1; reference <= 14; reference++) play({ do: 'ask', reference })
  const fids = Object.keys(card.files)
  // Closed files are tried before any PIN is verified, and after.
  look(fids)
  const keys = fids.filter((fid) => card.files[fid]?.kind !== 'data')
  for (const fid of keys) useBySign(play, fid, card.files[fid]?.kind === 'ec' ? '04' : '02')
  for (const reference of Object.keys(card.pins).map(Number)) play({ do: 'verify', reference, guess: 'right' })
  look(fids)
  for (const fid of keys) {
    play({ do: 'select file', fid, byPath: true })
    play({ do: 'read public key', part: card.files[fid]?.kind === 'ec' ? 'point' : 'modulus' })
    // Twice: where one VERIFY is good for one use, the second is refused.
    useBySign(play, fid, card.files[fid]?.kind === 'ec' ? '04' : '02')
    play({ do: 'use key', operation: 'sign', input: 'right', faulty: false, chained: false })
  }
}

function useBySign(play: (step: Step) => void, fid: string, algorithm: KeyAlgorithm): void {
  play({ do: 'choose key', purpose: 'b6', algorithm, fid })
  play({ do: 'use key', operation: 'sign', input: 'right', faulty: false, chained: false })
}
