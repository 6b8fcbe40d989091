/** Both directions of one format. `encode` throws InputError, `decode` throws DecodeError; decode copies what it keeps. */
export interface Codec<T> {
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}
