import type { Evidence } from '@kart/verification'

const passwords = { mrz: 'the MRZ', can: 'the card access number' } as const

/** How a card was opened and what was proved in which order, in lines for people: the choice among its offers of PACE (unless `withChoice` is false), the protocols after it. Nothing of the holder. */
export function describeAccess({ access, chipAuthentication, terminalAuthentication }: Evidence, withChoice = true): string[] {
  const { pace } = access
  const opened =
    access.outcome === 'refused'
      ? `The card stayed shut (${access.policy}): ${access.problem ?? 'it refused'}.`
      : access.protocol === 'pace'
        ? `Opened with PACE and ${passwords[pace.password]}: ${pace.variant ?? 'variant not known'}.`
        : `Opened with basic access control, which the caller allows (${access.policy}).`
  return [
    ...(withChoice ? pace.choice.map((line) => `PACE offer: ${line}`) : []),
    opened,
    ...(chipAuthentication === undefined
      ? []
      : [
          `Chip authentication version ${chipAuthentication.version} with the key of ${chipAuthentication.source}: ${chipAuthentication.outcome}.`,
        ]),
    ...(terminalAuthentication === undefined
      ? []
      : [
          `Terminal authentication version ${terminalAuthentication.version}: ${terminalAuthentication.outcome}${
            terminalAuthentication.outcome === 'authenticated' ? ` (${terminalAuthentication.rights.join(', ') || 'no rights'})` : ''
          }.`,
        ]),
  ]
}
