import { InputError } from '@kart/codec'
import { keysOfKinds } from '@kart/layout'
import { type CardProfile, findApplication, nationalId, profiles } from '@kart/layout/profile'

/** The profile of this name; the reference profile without one. Throws InputError. */
export function profileNamed(name: string | undefined): CardProfile {
  if (name === undefined) return nationalId
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined
  if (profile === undefined) throw new InputError('--profile', `no such profile; one of ${Object.keys(profiles).join(', ')}`)
  return profile
}

/** The profile with the holder's keys of these kinds in the place of its own; itself where none are named. Throws InputError. */
export function withHolderKeys(profile: CardProfile, kinds: string | undefined): CardProfile {
  if (kinds === undefined) return profile
  if (findApplication(profile, 'pkcs15') === undefined)
    throw new InputError('--holder-keys', `profile ${profile.name} has no keys of the holder`)
  return { ...profile, holderKeys: keysOfKinds(kinds, '--holder-keys') }
}
