import { mkdir } from 'node:fs/promises'
import { CardError, equalBytes } from '@kart/codec'
import { decodePublicKey, publicKeyOf } from '@kart/crypto'
import { decodeCertificate } from '@kart/layout'
import type { Authority, TestPki } from './init-test-pki.ts'
import { create, fileProblem, fromPem, read, toPem } from './key-files.ts'
import { PkiError } from './pki-error.ts'

/** Names of the files in a PKI folder. */
export const pkiFileNames = {
  cscaCertificate: 'csca.cer',
  cscaKey: 'csca-key.pem',
  signerCertificate: 'document-signer.cer',
  signerKey: 'document-signer-key.pem',
  holderCertificate: 'holder-ca.cer',
  holderKey: 'holder-ca-key.pem',
  readme: 'README.txt',
} as const

const readme = `TEST KEYS. Anybody who has this folder can sign cards that verify against it.

csca.cer                 certificate of the TEST country signing authority (X.509, DER)
csca-key.pem             its private key (PKCS#8)
document-signer.cer      certificate of the TEST document signer, signed by the authority
document-signer-key.pem  its private key (PKCS#8)
holder-ca.cer            certificate of the TEST authority for holders' keys, self-signed
holder-ca-key.pem        its private key (PKCS#8)
holder-keys.seen         public keys of holders that "kart issue" has met, as hashes, once it has made a card: keep it, or none is recognized again

Never put these certificates into a trust store that real cards are verified with.
`

/** Writes a test PKI into a folder, made if need be; private keys readable by their owner only. Throws PkiError when any of its files exists already, or cannot be written. */
export async function savePki(folder: string, pki: TestPki): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new PkiError(`the PKI folder ${fileProblem(cause)}`, { cause })
  }
  await create(folder, pkiFileNames.cscaKey, toPem(pki.csca.privateKeyPkcs8), 0o600)
  await create(folder, pkiFileNames.cscaCertificate, pki.csca.certificate, 0o644)
  await create(folder, pkiFileNames.signerKey, toPem(pki.documentSigner.privateKeyPkcs8), 0o600)
  await create(folder, pkiFileNames.signerCertificate, pki.documentSigner.certificate, 0o644)
  await create(folder, pkiFileNames.holderKey, toPem(pki.holderAuthority.privateKeyPkcs8), 0o600)
  await create(folder, pkiFileNames.holderCertificate, pki.holderAuthority.certificate, 0o644)
  await create(folder, pkiFileNames.readme, readme, 0o644)
}

async function loadAuthority(folder: string, certificateName: string, keyName: string): Promise<Authority> {
  const certificate = await read(folder, certificateName)
  const privateKeyPkcs8 = fromPem(Buffer.from(await read(folder, keyName)).toString('latin1'), keyName)
  try {
    const [certified, own] = [decodePublicKey(decodeCertificate(certificate).spki), decodePublicKey(publicKeyOf(privateKeyPkcs8))]
    if (certified.kind !== 'ec' || own.kind !== 'ec' || certified.curve !== own.curve || !equalBytes(certified.point, own.point))
      throw new PkiError(`${certificateName} is for another key than ${keyName}`)
  } catch (cause) {
    if (cause instanceof PkiError || !(cause instanceof CardError)) throw cause
    throw new PkiError(`${certificateName} or ${keyName} cannot be used: ${cause.message}`, { cause })
  }
  return { certificate, privateKeyPkcs8 }
}

/** Loads a test PKI from its folder and checks that each certificate is for the key beside it. Throws PkiError. */
export async function loadPki(folder: string): Promise<TestPki> {
  return {
    csca: await loadAuthority(folder, pkiFileNames.cscaCertificate, pkiFileNames.cscaKey),
    documentSigner: await loadAuthority(folder, pkiFileNames.signerCertificate, pkiFileNames.signerKey),
    holderAuthority: await loadAuthority(folder, pkiFileNames.holderCertificate, pkiFileNames.holderKey),
  }
}
