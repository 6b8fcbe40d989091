// Persian names, Jalali dates and national codes: what a registry sends, what the card holds, what a border reads.
import { CardError } from '@kart/codec'
import {
  canonicalName,
  isNationalCode,
  isoToJalali,
  jalaliToIso,
  mrzName,
  nameMatchKey,
  parseNationalCode,
  toPersianDigits,
} from '@kart/layout'

// An Arabic keyboard's yeh and kaf look alike and are other letters; the card holds one form, so that searching works.
const typed = { familyName: 'كريمي', givenNames: 'علي' }
const canonical = canonicalName(typed.familyName)
console.log(`${typed.familyName} -> ${canonical}, ${canonical === typed.familyName ? 'unchanged' : 'now Persian letters'}`)
console.log(`same name for a search: ${nameMatchKey(typed.familyName) === nameMatchKey('کریمی')}`)

// The machine-readable zone has A-Z and 30 places: transliterated by Doc 9303-3, or the registry's own Latin spelling.
console.log(mrzName(typed, 30).text)
console.log(mrzName({ familyName: 'Karimi', givenNames: 'Ali Mohammad Hossein Abdolrahman' }, 30).text)

const born = jalaliToIso('۱۳۷۰/۰۳/۲۲')
console.log(`1370/03/22 -> ${born} -> ${toPersianDigits(isoToJalali(born))}`)
for (const date of ['1403-12-30', '1404-12-30'])
  try {
    console.log(`${date} -> ${jalaliToIso(date)}`)
  } catch (error) {
    if (!(error instanceof CardError)) throw error
    console.log(`${date}: ${error.message}`)
  }

console.log(`۹۹۹-۰۲۳۷۵۷-۳ -> ${parseNationalCode('۹۹۹-۰۲۳۷۵۷-۳')}`)
console.log(`with two digits changed about: ${isNationalCode('9990273573') ? 'taken' : 'refused'}`)
