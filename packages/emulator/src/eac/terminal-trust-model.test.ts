import { concatBytes, fromHex } from '@kart/codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inMemory } from '../memory/card-memory.ts'
import type { TerminalTrust } from '../memory/card-state.ts'
import { type CvTestKey, cvTestKey, issueCv, signPlainly, trustedNames } from '../testing/cv-issuer.ts'
import {
  authenticate,
  challenge,
  compressedKey,
  getChallenge,
  idPicc,
  name,
  open,
  rightsNow,
  setAt,
  setDst,
  trusting,
  verify,
} from '../testing/eac-commands.ts'
import type { CvRole } from './cv-certificate.ts'

/** One certificate of the world: what it says, and its bytes. */
interface Row {
  readonly authority: string
  readonly holder: string
  readonly role: CvRole
  readonly rights: number
  readonly from: string
  readonly to: string
  /** Whether its signature is its authority's. */
  readonly good: boolean
  readonly bytes: Uint8Array
  readonly key: CvTestKey
}

const keys = new Map<string, CvTestKey>()
const keyOf = (holder: string): CvTestKey => {
  const key = keys.get(holder) ?? cvTestKey()
  keys.set(holder, key)
  return key
}
const forger = cvTestKey()
function row(authority: string, holder: string, role: CvRole, from: string, to: string, rights = 3, good = true): Row {
  const key = keyOf(holder)
  const bytes = issueCv({ authority, holder, role, rights, from, to, key, signer: good ? keyOf(authority) : forger })
  return { authority, holder, role, rights, from, to, good, bytes, key }
}

const root = row('IRCVCA00001', 'IRCVCA00001', 'cvca', '250101', '261231')
const rows: readonly Row[] = [
  row('IRCVCA00001', 'IRCVCA00002', 'cvca', '260301', '271231', 1),
  row('IRCVCA00002', 'IRCVCA00003', 'cvca', '270101', '281231'),
  row('IRCVCA00003', 'IRCVCA00004', 'cvca', '270601', '291231'),
  row('IRCVCA00001', 'IRCVCA00005', 'cvca', '260301', '271231', 3, false),
  row('IRCVCA00001', 'IRDV00001', 'dv-domestic', '260110', '260930'),
  row('IRCVCA00001', 'DEDV00001', 'dv-foreign', '260115', '261231', 1),
  row('IRCVCA00002', 'IRDV00002', 'dv-domestic', '260401', '270630'),
  row('IRCVCA00003', 'IRDV00003', 'dv-domestic', '270201', '280331', 2),
  row('IRCVCA00001', 'IRDV00005', 'dv-domestic', '260401', '271001'),
  row('IRCVCA00002', 'IRDV00006', 'dv-domestic', '270115', '271001'),
  row('IRCVCA00001', 'IRDV00004', 'dv-domestic', '260110', '260930', 3, false),
  row('IRDV00001', 'IRTERM00001', 'terminal', '260120', '260228', 1),
  row('IRDV00001', 'IRTERM00009', 'terminal', '260501', '260731', 3),
  row('DEDV00001', 'DETERM00001', 'terminal', '260801', '260930', 3),
  row('IRDV00002', 'IRTERM00002', 'terminal', '260701', '261130', 3),
  row('IRDV00003', 'IRTERM00003', 'terminal', '270301', '270430', 3),
  row('IRDV00001', 'IRTERM00004', 'terminal', '260120', '260228', 3, false),
  row('IRCVCA00001', 'IRTERM00005', 'terminal', '260120', '260228'),
  row('IRTERM00001', 'IRTERM00006', 'terminal', '260120', '260228'),
]

/** What the standard says that a card knows (Doc 9303-11, 7.1.4.3), in as few words as can be: names, dates, bits. */
class Model {
  points: Row[] = [root]
  date = '260101'
  imported: { row: Row; issuer: Row; rights: number } | undefined
  selected: Row | undefined
  authenticated: number | undefined

  /** The certificate is shown after its authority's name; whether the card takes it. */
  show(shown: Row): 'unknown' | 'refused' | 'taken' {
    const point = this.points.find(({ holder }) => holder === shown.authority)
    const issuer = point ?? (this.imported?.row.holder === shown.authority ? this.imported.row : undefined)
    if (issuer === undefined) return 'unknown'
    const allowed = {
      cvca: ['cvca', 'dv-domestic', 'dv-foreign'],
      'dv-domestic': ['terminal'],
      'dv-foreign': ['terminal'],
      terminal: [] as string[],
    }
    if (!shown.good || !allowed[issuer.role].includes(shown.role)) return 'refused'
    if (shown.role !== 'cvca' && (shown.to < this.date || (issuer.role === 'cvca' && issuer.to < this.date))) return 'refused'
    if (shown.role !== 'terminal' || issuer.role === 'dv-domestic') this.date = [this.date, shown.from].sort()[1]!
    this.selected = undefined
    if (shown.role === 'cvca') {
      const known = this.points.some(({ holder }) => holder === shown.holder)
      if (!known) this.points = this.keep(shown)
      this.imported = undefined
    } else this.imported = { row: shown, issuer, rights: (point ? point.rights : this.imported!.rights) & shown.rights }
    return 'taken'
  }

  /** The two newest of the new one and those that have not expired. */
  keep(added: Row): Row[] {
    const others = this.points.filter(({ to }) => to >= this.date)
    const newest = (a: Row, b: Row) => (a.from < b.from ? 1 : -1)
    return [added, ...others].sort(newest).slice(0, 2)
  }

  select(holder: string): boolean {
    this.selected = undefined
    if (this.authenticated !== undefined || this.imported?.row.role !== 'terminal' || this.imported.row.holder !== holder) return false
    this.selected = this.imported.row
    return true
  }
}

type Card = ReturnType<typeof open>
interface Real {
  card: Card
}

class ShowCommand implements fc.Command<Model, Real> {
  readonly index: number
  constructor(index: number) {
    this.index = index
  }
  check = () => true
  run(model: Model, { card }: Real): void {
    const shown = rows[this.index]!
    const outcome = model.show(shown)
    expect(card.terminal.status(setDst(shown.authority))).toBe(outcome === 'unknown' ? '6a88' : '9000')
    if (outcome !== 'unknown') expect(card.terminal.status(verify(shown.bytes))).toBe(outcome === 'taken' ? '9000' : '6300')
    agree(model, card)
  }
  toString = () => `show ${rows[this.index]!.holder} by ${rows[this.index]!.authority}`
}

class SelectCommand implements fc.Command<Model, Real> {
  readonly index: number
  constructor(index: number) {
    this.index = index
  }
  check = () => true
  run(model: Model, { card }: Real): void {
    const { holder } = rows[this.index]!
    const done = model.authenticated !== undefined
    expect(card.terminal.status(setAt(name(holder)))).toBe(model.select(holder) ? '9000' : done ? '6982' : '6a88')
    agree(model, card)
  }
  toString = () => `select ${rows[this.index]!.holder}`
}

class AuthenticateCommand implements fc.Command<Model, Real> {
  readonly right: boolean
  constructor(right: boolean) {
    this.right = right
  }
  check = () => true
  run(model: Model, { card }: Real): void {
    expect(card.terminal.status(getChallenge)).toBe('9000')
    const signer = this.right && model.selected ? model.selected.key : forger
    const signature = signPlainly(signer, concatBytes(idPicc, fromHex(challenge), compressedKey))
    const expected = model.authenticated !== undefined ? '6982' : model.selected === undefined ? '6985' : this.right ? '9000' : '6300'
    expect(card.terminal.status(authenticate(signature))).toBe(expected)
    if (expected === '9000') {
      model.authenticated = model.imported!.rights
      model.selected = undefined
    }
    agree(model, card)
  }
  toString = () => (this.right ? 'authenticate' : 'authenticate wrongly')
}

/** A new session on the same memory: what was proved is gone, what is trusted stays. */
class ResetCommand implements fc.Command<Model, Real> {
  check = () => true
  run(model: Model, real: Real): void {
    const { trust } = real.card.card.store.state
    real.card = card(trust)
    model.imported = undefined
    model.selected = undefined
    model.authenticated = undefined
    agree(model, real.card)
  }
  toString = () => 'reset'
}

function agree(model: Model, { card }: Card): void {
  const { trust } = card.store.state
  expect({ points: trustedNames(trust), date: trust.date?.join('') }).toEqual({
    points: model.points.map(({ holder }) => holder),
    date: model.date,
  })
  const rights = model.authenticated ?? 0
  expect(rightsNow({ card } as Card)).toEqual([...((rights & 1) !== 0 ? ['read-dg3'] : []), ...((rights & 2) !== 0 ? ['read-dg4'] : [])])
}

const card = (trust: TerminalTrust = trusting('260101', root.bytes)): Card =>
  open({ trust, random: Array(200).fill(challenge), memory: inMemory })

describe('trust and rights of the card against a small model', () => {
  it('agree after every step of any dialogue', () => {
    const index = fc.nat(rows.length - 1)
    const commands = fc.commands(
      [
        index.map((i) => new ShowCommand(i)),
        index.map((i) => new ShowCommand(i)),
        index.map((i) => new SelectCommand(i)),
        fc.boolean().map((right) => new AuthenticateCommand(right)),
        fc.constant(new ResetCommand()),
      ],
      { maxCommands: 40, size: 'max' },
    )
    fc.assert(
      fc.property(commands, (sequence) => fc.modelRun(() => ({ model: new Model(), real: { card: card() } }), sequence)),
      { numRuns: 50, seed: 20261128 },
    )
  })

  it('agree on the dialogues that reach furthest', () => {
    const real = { card: card() }
    const model = new Model()
    const run = (command: fc.Command<Model, Real>) => command.run(model, real)
    const show = (holder: string) => run(new ShowCommand(rows.findIndex((each) => each.holder === holder)))
    const select = (holder: string) => run(new SelectCommand(rows.findIndex((each) => each.holder === holder)))
    for (const holder of ['IRDV00001', 'IRTERM00001']) show(holder)
    select('IRTERM00001')
    run(new AuthenticateCommand(true))
    expect(model.authenticated).toBe(1)
    run(new ResetCommand())
    for (const holder of ['IRCVCA00002', 'IRDV00002', 'IRTERM00002']) show(holder)
    select('IRTERM00002')
    run(new AuthenticateCommand(false))
    run(new AuthenticateCommand(true))
    expect(model.authenticated).toBe(1) // the new root itself gives no right to DG4
    run(new ResetCommand())
    for (const holder of ['IRDV00005', 'IRDV00006', 'IRDV00005']) show(holder)
    expect([model.points.map(({ holder }) => holder), model.date]).toEqual([['IRCVCA00002', 'IRCVCA00001'], '270115'])
    for (const holder of ['IRCVCA00003', 'IRDV00003', 'IRTERM00003', 'IRCVCA00004', 'IRDV00001']) show(holder)
    expect([model.points.map(({ holder }) => holder), model.date]).toEqual([['IRCVCA00004', 'IRCVCA00003'], '270601'])
  })
})
