/** A card in a reader, or the emulated card: bytes in, bytes out. The only seam between the library and the outside. */
export interface CardTransport {
  /** Answer to reset, 2..33 bytes (ISO/IEC 7816-3:2006, 8.2). */
  readonly atr: Uint8Array
  /** Sends one command APDU and gives back the response APDU, both as coded bytes. Throws TransportError; never on a status word. */
  transceive(command: Uint8Array): Promise<Uint8Array>
  /** Lets the card go. Harmless when called again. */
  close(): Promise<void>
}
