const last = new Map<string, Promise<void>>()

/**
 * Waits for this thread's turn at a reader and gives what ends it. Waiting for a transaction holds a thread of libuv's pool inside the native
 * library; without turns a few waiters of one program would take the very threads that its own holder needs to go on.
 */
export async function takeTurn(reader: string): Promise<() => void> {
  const before = last.get(reader) ?? Promise.resolve()
  let end: () => void = () => undefined
  const mine = new Promise<void>((resolve) => {
    end = resolve
  })
  const whole = before.then(() => mine)
  last.set(reader, whole)
  whole.then(() => {
    if (last.get(reader) === whole) last.delete(reader)
  })
  await before
  return end
}
