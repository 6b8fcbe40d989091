import { alpha2ToAlpha3, alpha3ToAlpha2 } from 'i18n-iso-countries/index.js'

/** A code of the MRZ that ISO 3166-1 does not list, and the two-letter code that certificates carry for it (undefined = none is laid down). */
export interface IcaoCodeRow {
  readonly mrz: string
  readonly alpha2: string | undefined
  readonly entity: string
  readonly clause: string
}

export const icaoCodes = [
  { mrz: 'D', alpha2: 'DE', entity: 'Germany', clause: 'Doc 9303-3, 8th ed., 5, part A' },
  { mrz: 'RKS', alpha2: 'KS', entity: 'Kosovo', clause: 'Doc 9303-3, 8th ed., 5, part A' },
  {
    mrz: 'GBD',
    alpha2: 'GB',
    entity: 'British Overseas Territories citizen',
    clause: 'Doc 9303-3, 8th ed., 5, part A; issuer GB: house rule',
  },
  { mrz: 'GBN', alpha2: 'GB', entity: 'British National (Overseas)', clause: 'Doc 9303-3, 8th ed., 5, part A; issuer GB: house rule' },
  { mrz: 'GBO', alpha2: 'GB', entity: 'British Overseas citizen', clause: 'Doc 9303-3, 8th ed., 5, part A; issuer GB: house rule' },
  { mrz: 'GBP', alpha2: 'GB', entity: 'British protected person', clause: 'Doc 9303-3, 8th ed., 5, part A; issuer GB: house rule' },
  { mrz: 'GBS', alpha2: 'GB', entity: 'British subject', clause: 'Doc 9303-3, 8th ed., 5, part A; issuer GB: house rule' },
  { mrz: 'EUE', alpha2: 'EU', entity: 'European Union', clause: 'Doc 9303-3, 8th ed., 5, part B' },
  { mrz: 'UNO', alpha2: 'UN', entity: 'United Nations Organization', clause: 'Doc 9303-3, 8th ed., 5, part C' },
  { mrz: 'UNA', alpha2: 'UN', entity: 'United Nations specialized agency', clause: 'Doc 9303-3, 8th ed., 5, part C' },
  { mrz: 'UNK', alpha2: undefined, entity: 'Resident of Kosovo, document issued by UNMIK', clause: 'Doc 9303-3, 8th ed., 5, part C' },
  { mrz: 'XBA', alpha2: undefined, entity: 'African Development Bank', clause: 'Doc 9303-3, 8th ed., 5, part D' },
  { mrz: 'XIM', alpha2: undefined, entity: 'African Export-Import Bank', clause: 'Doc 9303-3, 8th ed., 5, part D' },
  { mrz: 'XCC', alpha2: undefined, entity: 'Caribbean Community', clause: 'Doc 9303-3, 8th ed., 5, part D' },
  { mrz: 'XCE', alpha2: undefined, entity: 'Council of Europe', clause: 'Doc 9303-3, 8th ed., 5, part D' },
  { mrz: 'XCO', alpha2: undefined, entity: 'Common Market for Eastern and Southern Africa', clause: 'Doc 9303-3, 8th ed., 5, part D' },
  { mrz: 'XEC', alpha2: undefined, entity: 'Economic Community of West African States', clause: 'Doc 9303-3, 8th ed., 5, part D' },
  { mrz: 'XPO', alpha2: undefined, entity: 'INTERPOL', clause: 'Doc 9303-3, 8th ed., 5, part D' },
  { mrz: 'XES', alpha2: undefined, entity: 'Organization of Eastern Caribbean States', clause: 'Doc 9303-3, 8th ed., 5, part D' },
  { mrz: 'XMP', alpha2: undefined, entity: 'Parliamentary Assembly of the Mediterranean', clause: 'Doc 9303-3, 8th ed., 5, part D' },
  { mrz: 'XOM', alpha2: undefined, entity: 'Sovereign Military Order of Malta', clause: 'Doc 9303-3, 8th ed., 5, part D' },
  { mrz: 'XDC', alpha2: undefined, entity: 'Southern African Development Community', clause: 'Doc 9303-3, 8th ed., 5, part D' },
  { mrz: 'XXA', alpha2: undefined, entity: 'Stateless person', clause: 'Doc 9303-3, 8th ed., 5, part E' },
  { mrz: 'XXB', alpha2: undefined, entity: 'Refugee (1951 Convention)', clause: 'Doc 9303-3, 8th ed., 5, part E' },
  { mrz: 'XXC', alpha2: undefined, entity: 'Refugee, other', clause: 'Doc 9303-3, 8th ed., 5, part E' },
  { mrz: 'XXX', alpha2: undefined, entity: 'Person of unspecified nationality', clause: 'Doc 9303-3, 8th ed., 5, part E' },
  { mrz: 'ANT', alpha2: 'AN', entity: 'Netherlands Antilles', clause: 'Doc 9303-3, 8th ed., 5, part F' },
  { mrz: 'NTZ', alpha2: 'NT', entity: 'Neutral Zone', clause: 'Doc 9303-3, 8th ed., 5, part F' },
  { mrz: 'UTO', alpha2: 'UT', entity: 'Utopia (specimens)', clause: 'Doc 9303-3, 8th ed., 5, part G' },
  { mrz: 'IAO', alpha2: 'IA', entity: 'International Civil Aviation Organization', clause: 'Doc 9303-3, 8th ed., 5, part H' },
] as const satisfies readonly IcaoCodeRow[]

/** Whether a code (fillers removed) may stand for a State, organization or nationality in the MRZ: ISO 3166-1 alpha-3 or {@link icaoCodes}; DEU is not one, D is. */
export function isMrzCountry(code: string): boolean {
  if (code === 'DEU') return false
  return icaoCodes.some((row) => row.mrz === code) || (/^[A-Z]{3}$/.test(code) && alpha3ToAlpha2(code) !== undefined)
}

/** Two-letter code behind a code of the MRZ (trailing fillers allowed), upper case; undefined where there is none. */
export function mrzCountryToAlpha2(code: string): string | undefined {
  const bare = code.replace(/<+$/, '')
  const special = icaoCodes.find((row) => row.mrz === bare)
  if (special !== undefined) return special.alpha2
  return isMrzCountry(bare) ? alpha3ToAlpha2(bare) : undefined
}

/** MRZ code of a two-letter code in either case (`IR` gives `IRN`, `DE` gives `D`, `GB` gives `GBR`); undefined where there is none. */
export function alpha2ToMrzCountry(alpha2: string): string | undefined {
  const upper = alpha2.toUpperCase()
  if (!/^[A-Z]{2}$/.test(upper)) return undefined
  if (upper === 'DE') return 'D'
  return alpha2ToAlpha3(upper) ?? icaoCodes.find((row) => row.alpha2 === upper)?.mrz
}

/**
 * Whether the country of a certificate (alpha-2, in either case; some States print alpha-3) and the issuer in the MRZ are one (Doc 9303-11, 8th ed., 5.1;
 * Doc 9303-12, 8th ed., 7.1.1: countryName is an upper-case ISO 3166-1 alpha-2 code, lower case occurs).
 */
export function sameCountry(certificateCountry: string, mrzIssuer: string): boolean {
  const alpha2 = mrzCountryToAlpha2(mrzIssuer)
  if (alpha2 === undefined) return false
  const country = certificateCountry.toUpperCase()
  return country === alpha2 || (country.length === 3 && mrzCountryToAlpha2(country) === alpha2)
}
