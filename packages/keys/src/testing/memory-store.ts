import { aesCmac, desEde3CbcEncrypt } from '@kart/crypto'
import type { KeyStore, MasterAlgorithm, MasterKey } from '../key-store.ts'
import { masterAlgorithms, masterCheckValue } from '../key-store.ts'

// For the tests of this package only; the entry point does not reach it.

/** Triple DES of each block on its own. */
const tripleDes = (key: Uint8Array, blocks: Uint8Array): Uint8Array => {
  const out = new Uint8Array(blocks.length)
  for (let at = 0; at < blocks.length; at += 8) out.set(desEde3CbcEncrypt(key, new Uint8Array(8), blocks.subarray(at, at + 8)), at)
  return out
}

/** The description of a key whose bytes are known. */
export async function describeKey(id: string, key: Uint8Array, algorithm?: MasterAlgorithm): Promise<MasterKey> {
  const found = algorithm ?? (Object.keys(masterAlgorithms) as MasterAlgorithm[]).find((name) => masterAlgorithms[name] === key.length)!
  const checkValue = await masterCheckValue(found, {
    cmac: (data) => aesCmac(key, data),
    encryptTripleDes: (blocks) => tripleDes(key, blocks),
  })
  return { id, algorithm: found, checkValue }
}

/** A store with one key in memory, and what it was asked. */
export async function storeOf(
  id: string,
  key: Uint8Array,
  algorithm?: MasterAlgorithm,
): Promise<KeyStore & { readonly asked: Uint8Array[] }> {
  const master = await describeKey(id, key, algorithm)
  const asked: Uint8Array[] = []
  return {
    kind: 'file',
    name: 'test',
    test: true,
    asked,
    list: async () => [master],
    cmac: async (_, data) => {
      asked.push(data)
      return aesCmac(key, data)
    },
    encryptTripleDes: async (_, blocks) => {
      asked.push(blocks)
      return tripleDes(key, blocks)
    },
    close: async () => undefined,
  }
}
