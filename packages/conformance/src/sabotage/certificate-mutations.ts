import { edit } from './mutated-files.ts'
import type { Mutation } from './mutation.ts'

/** CV certificates (BSI TR-03110-3 v2.21, C and D; Doc 9303-12, 8th ed., 7). */
export const certificates: readonly Mutation[] = [
  {
    name: 'CVC: signature over the body without its tag and length',
    terminal: [
      edit(
        'cvTrust',
        'verifyCvSignature(key, certificate.body, certificate.signature)',
        'verifyCvSignature(key, certificate.body.subarray(certificate.body[2]! >= 0x80 ? 3 + (certificate.body[2]! & 0x7f) : 3), certificate.signature)',
      ),
      edit(
        'cvTrust',
        'verifyCvSignature(issuer.key, certificate.body, certificate.signature)',
        'verifyCvSignature(issuer.key, certificate.body.subarray(certificate.body[2]! >= 0x80 ? 3 + (certificate.body[2]! & 0x7f) : 3), certificate.signature)',
      ),
      edit(
        'cvIssue',
        'await signed(signer, key, domain, bytes)',
        'await signed(signer, key, domain, bytes.subarray(bytes[2]! >= 0x80 ? 3 + (bytes[2]! & 0x7f) : 3))',
      ),
    ],
    card: [
      edit(
        'cardTrust',
        'isSignedBy(key, certificate.body, certificate.signature)',
        'isSignedBy(key, certificate.body.subarray(certificate.body[2]! >= 0x80 ? 3 + (certificate.body[2]! & 0x7f) : 3), certificate.signature)',
      ),
      edit(
        'cardTrust',
        'isSignedBy(issuer.key, certificate.body, certificate.signature)',
        'isSignedBy(issuer.key, certificate.body.subarray(certificate.body[2]! >= 0x80 ? 3 + (certificate.body[2]! & 0x7f) : 3), certificate.signature)',
      ),
    ],
  },
  {
    name: 'CVC: signature over DO 7F21 around the body',
    terminal: [
      edit(
        'cvTrust',
        `import { CardError, equalBytes } from '@kart/codec'`,
        `import { CardError, encodeTlv, equalBytes } from '@kart/codec'`,
      ),
      edit(
        'cvTrust',
        'verifyCvSignature(key, certificate.body, certificate.signature)',
        'verifyCvSignature(key, encodeTlv(0x7f21, certificate.body), certificate.signature)',
      ),
      edit(
        'cvTrust',
        'verifyCvSignature(issuer.key, certificate.body, certificate.signature)',
        'verifyCvSignature(issuer.key, encodeTlv(0x7f21, certificate.body), certificate.signature)',
      ),
      edit('cvIssue', 'await signed(signer, key, domain, bytes)', 'await signed(signer, key, domain, encodeTlv(0x7f21, bytes))'),
      edit('cvIssue', 'import { InputError }', 'import { encodeTlv, InputError }'),
    ],
    card: [
      edit(
        'cardTrust',
        'import type { TerminalTrust }',
        `import { encodeTlv } from '@kart/codec'
import type { TerminalTrust }`,
      ),
      edit(
        'cardTrust',
        'isSignedBy(key, certificate.body, certificate.signature)',
        'isSignedBy(key, encodeTlv(0x7f21, certificate.body), certificate.signature)',
      ),
      edit(
        'cardTrust',
        'isSignedBy(issuer.key, certificate.body, certificate.signature)',
        'isSignedBy(issuer.key, encodeTlv(0x7f21, certificate.body), certificate.signature)',
      ),
    ],
  },
  {
    name: 'CVC: a key without domain parameters is on P-256',
    terminal: [edit('cvKey', 'key.domain ?? inherited', `key.domain ?? curveDomain('P-256')`)],
    card: [
      edit('cardCvKey', 'publicKey.domain === undefined ? issuer?.curve :', `publicKey.domain === undefined ? curveNamed('prime256v1') :`),
      edit(
        'cardCvKey',
        'import { type Curve, type CurveDomain, curveOfDomain,',
        'import { type Curve, type CurveDomain, curveNamed, curveOfDomain,',
      ),
    ],
  },
  {
    name: 'CVC: signatures in DER',
    terminal: [edit('cvSigner', `dsaEncoding: 'ieee-p1363'`, `dsaEncoding: 'der'`), edit('cvKey', `encoding: 'plain'`, `encoding: 'der'`)],
    card: [
      edit('cardCvKey', 'if (signature.length !== key.signatureLength) return false', ''),
      edit('cardCvKey', `dsaEncoding: 'ieee-p1363'`, `dsaEncoding: 'der'`),
    ],
  },
  {
    name: 'CVC: ECDSA-SHA-256 hashes with SHA-384',
    terminal: [
      edit(
        'cvAlgorithm',
        `name: 'id-TA-ECDSA-SHA-256', kind: 'ecdsa', hash: 'sha256'`,
        `name: 'id-TA-ECDSA-SHA-256', kind: 'ecdsa', hash: 'sha384'`,
      ),
    ],
    card: [
      edit(
        'cardCvKey',
        `'04007f00070202020203': { kind: 'ecdsa', hash: 'sha256' }`,
        `'04007f00070202020203': { kind: 'ecdsa', hash: 'sha384' }`,
      ),
    ],
  },
  {
    name: 'CVC: ECDSA-SHA-512 hashes with SHA-384',
    terminal: [
      edit(
        'cvAlgorithm',
        `name: 'id-TA-ECDSA-SHA-512', kind: 'ecdsa', hash: 'sha512'`,
        `name: 'id-TA-ECDSA-SHA-512', kind: 'ecdsa', hash: 'sha384'`,
      ),
    ],
    card: [
      edit(
        'cardCvKey',
        `'04007f00070202020205': { kind: 'ecdsa', hash: 'sha512' }`,
        `'04007f00070202020205': { kind: 'ecdsa', hash: 'sha384' }`,
      ),
    ],
  },
  {
    name: 'CVC: domestic and foreign verifier swapped',
    terminal: [edit('chat', `'dv-foreign', 'dv-domestic', 'cvca'] as const`, `'dv-domestic', 'dv-foreign', 'cvca'] as const`)],
    card: [edit('cardCvc', `'dv-foreign', 'dv-domestic', 'cvca'] as const`, `'dv-domestic', 'dv-foreign', 'cvca'] as const`)],
  },
  {
    name: 'CVC: roles count down',
    terminal: [
      edit(
        'chat',
        `['terminal', 'dv-foreign', 'dv-domestic', 'cvca'] as const`,
        `['cvca', 'dv-domestic', 'dv-foreign', 'terminal'] as const`,
      ),
    ],
    card: [
      edit(
        'cardCvc',
        `['terminal', 'dv-foreign', 'dv-domestic', 'cvca'] as const`,
        `['cvca', 'dv-domestic', 'dv-foreign', 'terminal'] as const`,
      ),
    ],
  },
  {
    name: 'CVC: effective and expiration date change objects',
    terminal: [
      edit('cvc', 'decodeCvcDate(objects.required(0x5f25,', 'decodeCvcDate(objects.required(0x5f99,'),
      edit('cvc', 'decodeCvcDate(objects.required(0x5f24,', 'decodeCvcDate(objects.required(0x5f25,'),
      edit('cvc', 'decodeCvcDate(objects.required(0x5f99,', 'decodeCvcDate(objects.required(0x5f24,'),
      edit('cvc', 'encodeTlv(0x5f25, encodeCvcDate', 'encodeTlv(0x5f99, encodeCvcDate'),
      edit('cvc', 'encodeTlv(0x5f24, encodeCvcDate', 'encodeTlv(0x5f25, encodeCvcDate'),
      edit('cvc', 'encodeTlv(0x5f99, encodeCvcDate', 'encodeTlv(0x5f24, encodeCvcDate'),
    ],
    card: [
      edit('cardCvc', 'body.take(0x5f25)', 'body.take(0x5f99)'),
      edit('cardCvc', 'body.take(0x5f24)', 'body.take(0x5f25)'),
      edit('cardCvc', 'body.take(0x5f99)', 'body.take(0x5f24)'),
    ],
  },
  {
    name: 'CVC: authority and holder reference change objects',
    terminal: [
      edit('cvc', 'objects.required(0x42,', 'objects.required(0x99,'),
      edit('cvc', 'objects.required(0x5f20,', 'objects.required(0x42,'),
      edit('cvc', 'objects.required(0x99,', 'objects.required(0x5f20,'),
      edit('cvc', 'encodeTlv(0x42, encodeKey', 'encodeTlv(0x99, encodeKey'),
      edit('cvc', 'encodeTlv(0x5f20, encodeKey', 'encodeTlv(0x42, encodeKey'),
      edit('cvc', 'encodeTlv(0x99, encodeKey', 'encodeTlv(0x5f20, encodeKey'),
    ],
    card: [
      edit('cardCvc', 'body.take(0x42)', 'body.take(0x99)'),
      edit('cardCvc', 'body.take(0x5f20)', 'body.take(0x42)'),
      edit('cardCvc', 'body.take(0x99)', 'body.take(0x5f20)'),
    ],
  },
]
