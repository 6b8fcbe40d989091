import type { CardProfile } from '@kart/layout/profile'
import { RunRecorder } from '@kart/report'
import { type Evidence, type ReadCardOptions, type ReadProgress, readCard } from '@kart/verification'
import type { OpenCard } from './card-source.ts'

const stageNames = {
  card: 'read the master file',
  access: 'open the card',
  'chip-authentication': 'chip authentication',
  'terminal-authentication': 'terminal authentication',
  files: 'read the eMRTD files',
  'active-authentication': 'active authentication',
  finger: 'let the card compare the finger',
  holder: 'holder’s certificates',
} as const satisfies Record<ReadProgress['stage'], string>

/** A card that was read, with what it cost. */
export interface Reading {
  readonly evidence: Evidence
  readonly recorder: RunRecorder
}

/** Reads a card and counts by stage; `onProgress` hears each stage and file in a few words. */
export async function readWithTrace(
  card: OpenCard,
  profile: CardProfile,
  options: Pick<ReadCardOptions, 'access' | 'accessPolicy' | 'terminal' | 'finger' | 'holder'>,
  onProgress?: (text: string) => void,
  recorder = new RunRecorder(),
): Promise<Reading> {
  const evidence = await readCard(card.transport, {
    profile,
    ...options,
    trace: { wire: recorder.sink, plain: recorder.sink },
    onProgress: ({ stage, file, soFar, inAll }) => {
      recorder.begin(stageNames[stage])
      onProgress?.(
        file === undefined
          ? stageNames[stage]
          : `${file}${soFar === undefined ? '' : `: ${soFar}${inAll === undefined ? '' : ` of ${inAll}`} bytes`}`,
      )
    },
  })
  recorder.end()
  return { evidence, recorder }
}
