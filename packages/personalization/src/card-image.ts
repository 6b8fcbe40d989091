import { InputError } from '@kart/codec'
import { type CardProfile, type CvCertificate, findFile } from '@kart/layout'
import type { CardFingers } from './card-fingers.ts'
import type { CardPasswords } from './card-passwords.ts'
import type { HolderPlan } from './signature-card/holder-plan.ts'

/** One file of the card, coded. */
export interface ImageFile {
  /** Name of the application in the profile (`mf`, `emrtd`). */
  readonly application: string
  /** The standard's name (`EF.DG1`). */
  readonly name: string
  readonly fid: number
  readonly bytes: Uint8Array
}

/** The files of a card, coded, but for {@link completionFiles}, and the secrets that go onto it; knows no keys of the card and no reader. */
export interface CardImage {
  readonly profile: CardProfile
  /** Serial number of the chip that the image is made for (EF.GDO), as the card gives it. */
  readonly iccSerial: Uint8Array
  /** The fields of the MRZ that open the chip: number, YYMMDD, YYMMDD. */
  readonly access: { readonly documentNumber: string; readonly dateOfBirth: string; readonly dateOfExpiry: string }
  /** Day of personalization, `YYYY-MM-DD` in UTC: what the card begins to hold for today. */
  readonly personalizedOn: string
  /** Passwords of PACE beside the MRZ; secrets. */
  readonly passwords: CardPasswords
  /** The CVCA that terminal authentication begins with; undefined = none. */
  readonly trustPoint: CvCertificate | undefined
  /** What the PKCS#15 application is made from; undefined = it stays empty. Holds PINs: secret. */
  readonly holder: HolderPlan | undefined
  /** What the card compares a live finger with; left out where the profile has no comparison on the card. */
  readonly fingers?: CardFingers
  /** In the order of the profile. */
  readonly files: readonly ImageFile[]
}

/** A card image with the files that depend on the card's own public keys, EF.CardSecurity signed, and EF.SOD signed over all data groups. */
export interface CompleteImage extends CardImage {
  readonly complete: true
}

/** Names of the files that {@link CompleteImage} has beside those of {@link CardImage}: they follow the card's public keys and the signature. */
export const completionFiles = ['EF.DG14', 'EF.DG15', 'EF.SOD', 'EF.COM', 'EF.CardSecurity'] as const

/** A file of the image by name; undefined when it is not there. */
export function imageFile(image: CardImage, name: string): ImageFile | undefined {
  return image.files.find((file) => file.name === name)
}

/** A file for the image, held against the profile's table; throws InputError for a file that the profile lacks or that is longer than the card keeps room for. */
export function profileFile(profile: CardProfile, application: string, name: string, bytes: Uint8Array): ImageFile {
  const spec = findFile(profile, application, name)
  if (spec === undefined) throw new InputError(name, `is not a file of profile ${profile.name}`)
  if (bytes.length > spec.maxLength)
    throw new InputError(
      name,
      `is ${bytes.length} bytes; the card keeps room for ${spec.maxLength}: give less (a smaller image, fewer fingers)`,
    )
  return { application, name, fid: spec.fid, bytes }
}
