import { InputError } from '@kart/codec'
import { type CardProfile, nationalId, profiles } from '@kart/layout/profile'

/** The profile of this name; the reference profile without one. Throws InputError. */
export function profileNamed(name: string | undefined): CardProfile {
  if (name === undefined) return nationalId
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined
  if (profile === undefined) throw new InputError('--profile', `no such profile; one of ${Object.keys(profiles).join(', ')}`)
  return profile
}
