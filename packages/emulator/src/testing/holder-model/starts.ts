// Where the dialogues begin: cards brought there by the very steps that they are made of.
import { nationalId } from '@kart/layout/profile'
import { createBlankCard, testTransportKeys } from '../../blank-card.ts'
import { inMemory } from '../../memory/card-memory.ts'
import { testPasswords } from '../pace-terminal.ts'
import { emrtdAid, iccSerial, openDomain } from '../terminal.ts'
import { playTurn } from './compare.ts'
import type { HolderModel, ModelCard } from './model-state.ts'
import { modelOf } from './model-state.ts'
import { RealCard } from './real-card.ts'
import { groupings, type Step } from './steps.ts'

export interface Start {
  readonly card: ModelCard
  readonly image: Uint8Array
}
export type StartName = 'factory' | 'creation' | 'activated' | 'bureau' | 'issued'

const blank = (life: 'OP_READY' | 'INITIALIZED', pace: boolean): ModelCard => ({
  life,
  activated: false,
  pins: {},
  files: {},
  numbers: [],
  directory: undefined,
  keySets: { transport: 0 },
  pace,
})

function blankStart(life: 'OP_READY' | 'INITIALIZED', pace: boolean): Start {
  const memory = inMemory()
  const card = createBlankCard({ memory, transportKeys: testTransportKeys, iccSerial, lifeCycle: life })
  if (pace) {
    const terminal = openDomain(card)
    const { paceMrz, paceCan, pacePin, pacePuk } = nationalId.dgis
    const stored = [
      terminal.install(emrtdAid),
      terminal.store(paceMrz, testPasswords.mrz.secret),
      terminal.store(paceCan, testPasswords.can.secret),
      terminal.store(pacePin, testPasswords.pin.secret),
      terminal.store(pacePuk, testPasswords.puk.secret),
    ]
    if (stored.some((sw) => sw !== '9000')) throw new Error(`the passwords of PACE: ${stored}`)
  }
  return { card: blank(life, pace), image: memory.load() ?? new Uint8Array(0) }
}

/** The start after these steps, all of which the card must take. */
function after({ card, image }: Start, steps: readonly Step[]): Start {
  const model: HolderModel = modelOf(card)
  const real = new RealCard(image)
  for (const step of steps) playTurn(model, real, { step }, () => undefined)
  return { card: model.card, image: real.memory.image }
}

const putPin = (reference: number, digits: string): Step => ({
  do: 'put PIN',
  reference,
  digits,
  puk: '16180339',
  tries: 3,
  pukTries: reference === 2 ? 3 : 10,
})
const create = (fid: string, kind: 'data' | 'ec' | 'rsa', size: number, access: string): Step => ({ do: 'create', fid, kind, size, access })

const ofCreation: readonly Step[] = [
  create('2f00', 'data', 40, '00ffff'),
  { do: 'select', application: 'pkcs15' },
  putPin(1, '271828'),
  putPin(2, '602214'),
  putPin(3, '90517284'),
  create('4301', 'data', 40, '03ffff'),
  { do: 'update', offset: 0, data: 'c1'.repeat(40) },
  create('4501', 'data', 40, '13ffff'),
  { do: 'update', offset: 0, data: 'd2'.repeat(40) },
  create('4b01', 'ec', 256, '1f3fff'),
  { do: 'generate' },
  create('4b02', 'ec', 256, '2fffff'),
  { do: 'generate' },
  create('4b03', 'rsa', 2048, '1fffff'),
  { do: 'generate' },
]
const ofBureau: readonly Step[] = [
  { do: 'open domain', set: 'transport', right: true },
  ...groupings
    .filter(({ what }, i) => [0, 1, 2, 5, 6, 7, 9, 10].includes(i) && what !== undefined)
    .map((grouping): Step => ({ do: 'store', grouping })),
  { do: 'store', grouping: { what: 'key', fid: '4b03', kind: 'rsa', size: 2048, access: '1fffff' } },
  { do: 'put issuer keys' },
]

/** The starts, each made once. */
export function makeStarts(): Readonly<Record<StartName, Start>> {
  const withPace = blankStart('INITIALIZED', true)
  const creation = after(withPace, ofCreation)
  const bureau = after(withPace, ofBureau)
  return {
    factory: blankStart('OP_READY', false),
    creation,
    activated: after(creation, [
      { do: 'select', application: 'pkcs15' },
      { do: 'activate', named: true },
    ]),
    bureau,
    issued: after(bureau, [
      { do: 'open domain', set: 'issuer', right: true },
      { do: 'set status', to: 'SECURED' },
    ]),
  }
}
