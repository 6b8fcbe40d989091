interface Holder {
  readonly owner: object
  readonly end: Promise<void>
}

const holders = new Map<string, Holder>()

/**
 * Waits while another connection of this thread holds a transaction on the reader. The native library would wait too, but on a thread of
 * libuv's pool: a few waiters of one program would take the very threads that its own holder needs to go on.
 */
export async function awaitTurn(reader: string, owner: object): Promise<void> {
  for (let holder = holders.get(reader); holder !== undefined && holder.owner !== owner; holder = holders.get(reader)) await holder.end
}

/** Whether another connection of this thread holds a transaction on the reader now. */
export function isTaken(reader: string, owner: object): boolean {
  const holder = holders.get(reader)
  return holder !== undefined && holder.owner !== owner
}

/** Waits for this thread's turn at a reader, takes it for a transaction, and gives what ends it. */
export async function takeTurn(reader: string, owner: object): Promise<() => void> {
  // Seen free and taken in one step, with no wait between them: of two that were waiting the second must find the first.
  for (let holder = holders.get(reader); holder !== undefined; holder = holders.get(reader)) await holder.end
  let resolve: () => void = () => undefined
  const end = new Promise<void>((ended) => {
    resolve = ended
  })
  const mine: Holder = { owner, end }
  holders.set(reader, mine)
  return () => {
    if (holders.get(reader) === mine) holders.delete(reader)
    resolve()
  }
}
