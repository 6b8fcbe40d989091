// The vectors that both sides are held to, each with what is its own to run them: neither side can have rows that the other lacks.
import { type EacExample, eacExamples } from './eac-example.ts'
import { type Group, groupNamed, type Load, type Row, type Vector } from './vector-rows.ts'

type Run = void | Promise<void>

/** How one side runs the rows of chip and terminal authentication and CV certificates. */
export interface EacSide {
  chip(example: EacExample): Run
  terminal(example: EacExample): Run
  parsed(row: Row): Run
  chain(files: ReadonlyMap<string, string>, row: Row): Run
  ownChip(row: Row): Run
}

/** Chip and terminal authentication and CV certificates. */
export function eacVectors(load: Load, side: EacSide): readonly Vector[] {
  const cvc = load('cvc/cvc.json')
  const parse = groupNamed(cvc, 'parse').tests
  const files = new Map(parse.map(({ input }) => [`${input.file}`, `${input.cvc}`]))
  const examples = eacExamples(load)
  return [
    ...examples.map((example): Vector => {
      return { protocol: 'chip', name: `TR-03110 CA, ${example.kind}`, by: 'outside', run: () => side.chip(example) }
    }),
    ...examples.map((example): Vector => {
      return { protocol: 'terminal', name: `TR-03110 TA, ${example.kind}`, by: 'outside', run: () => side.terminal(example) }
    }),
    ...parse.map((row): Vector => ({ protocol: 'certificates', name: row.comment, by: 'outside', run: () => side.parsed(row) })),
    ...groupNamed(cvc, 'chain').tests.map((row): Vector => {
      return { protocol: 'certificates', name: row.comment, by: 'outside', run: () => side.chain(files, row) }
    }),
    ...groupNamed(load('eac/ca-ta-v1.json'), 'chip-authentication').tests.map((row): Vector => {
      return { protocol: 'chip', name: row.comment, by: 'self', run: () => side.ownChip(row) }
    }),
  ]
}

/** How one side runs the rows of SCP03. */
export interface Scp03Side {
  scp03Session(group: Group): Run
  randomChallenge(group: Group): Run
  checkValues(groups: readonly Group[]): Run
  selfMadeSession(group: Group): Run
  putKeyRows(groups: readonly Group[]): Run
}

/** SCP03. */
export function scp03Vectors(load: Load, side: Scp03Side): readonly Vector[] {
  const published = load('scp03/scp03.json')
  const own = load('scp03/scp03-self.json')
  const random = groupNamed(published, 'AES128 level 33')
  return [
    ...published.map((group): Vector => {
      return { protocol: 'scp03', name: `SCP03 ${group.name}`, by: 'outside', run: () => side.scp03Session(group) }
    }),
    { protocol: 'scp03', name: 'SCP03 random challenge', by: 'outside', run: () => side.randomChallenge(random) },
    { protocol: 'scp03', name: 'SCP03 check values', by: 'outside', run: () => side.checkValues(published) },
    ...own.map((group): Vector => {
      return { protocol: 'scp03', name: `SCP03 ${group.name}`, by: 'self', run: () => side.selfMadeSession(group) }
    }),
    { protocol: 'scp03', name: 'PUT KEY', by: 'self', run: () => side.putKeyRows(own) },
  ]
}

/** How one side runs the rows of secure messaging. */
export interface MessagingSide {
  samples(example: EacExample): Run
  ownRow(group: Group, row: Row): Run
  passwordKeys(row: Row): Run
}

/** Secure messaging with AES and the derivation of its keys. */
export function messagingVectors(load: Load, side: MessagingSide): readonly Vector[] {
  return [
    ...eacExamples(load).map((example): Vector => {
      return { protocol: 'messaging', name: `TR-03110 samples, ${example.kind}`, by: 'outside', run: () => side.samples(example) }
    }),
    ...load('pace/sm-aes.json').flatMap((group) =>
      group.tests.map((row): Vector => ({ protocol: 'messaging', name: row.comment, by: 'self', run: () => side.ownRow(group, row) })),
    ),
    ...load('pace/password-key.json')[0]!.tests.map((row): Vector => {
      return { protocol: 'shared', name: `K_pi ${row.comment}`, by: 'self', run: () => side.passwordKeys(row) }
    }),
  ]
}
