// Makes a test country authority and document signer, and lets Node's own X.509 code judge them. A real issuer's keys stay in its HSM: see Signer.
import { X509Certificate } from 'node:crypto'
import { initTestPki, type Signer, softwareSigner } from '@kart/personalization'
import { trustStore } from '@kart/verification'

const pki = initTestPki({ country: 'IR', mrzCode: 'IRN' })
const csca = new X509Certificate(pki.csca.certificate)
const documentSigner = new X509Certificate(pki.documentSigner.certificate)
for (const [role, certificate] of [
  ['country authority', csca],
  ['document signer', documentSigner],
] as const) {
  const curve = certificate.publicKey.asymmetricKeyDetails?.namedCurve
  console.log(`${role}: ${certificate.subject.replaceAll('\n', ', ')}; ${curve}, until ${certificate.validTo}`)
}
const byAuthority = (one: X509Certificate): boolean => one.checkIssued(csca) && one.verify(csca.publicKey)
console.log(`the authority signed itself: ${byAuthority(csca)}, the document signer: ${byAuthority(documentSigner)}`)

// A verifier is given the country's certificate alone; a personalization system any object of Signer's shape (here the test key, else an HSM).
console.log(`a verifier trusts ${trustStore([pki.csca.certificate]).cscas.length} country authority`)
const signer: Signer = softwareSigner(pki.documentSigner)
console.log(`a signer has: ${Object.keys(signer).sort().join(', ')}`)
