import { InputError, LimitError } from './errors.ts'

/** A JSON value; objects have no prototype, so that no key of theirs can reach one. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue }

const maxLength = 16 * 1024 * 1024
const maxDepth = 32
const maxValues = 100_000
const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * Parses JSON (RFC 8259) more strictly than JSON.parse: a key twice in one object, `__proto__` and its like, lone surrogates and numbers beyond the safe
 * integers are refused. At most 16 MiB, 32 levels, 100,000 values. Throws InputError with line and column, or LimitError; the text is never repeated.
 */
export function parseStrictJson(text: string): JsonValue {
  if (text.length > maxLength) throw new LimitError('JSON characters', maxLength)
  const scanner = new Scanner(text)
  const value = scanner.value(0)
  scanner.space()
  if (!scanner.atEnd) throw scanner.error('something follows the value')
  return value
}

class Scanner {
  readonly #text: string
  #at = 0
  #values = 0

  constructor(text: string) {
    this.#text = text
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length
  }

  error(problem: string): InputError {
    const before = this.#text.slice(0, this.#at).split('\n')
    return new InputError('JSON', `line ${before.length}, column ${before.at(-1)!.length + 1}: ${problem}`)
  }

  space(): void {
    while (/[ \t\n\r]/.test(this.#text[this.#at] ?? '')) this.#at++
  }

  #take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false
    this.#at += token.length
    return true
  }

  value(depth: number): JsonValue {
    if (depth > maxDepth) throw new LimitError('JSON nesting', maxDepth)
    if (++this.#values > maxValues) throw new LimitError('JSON values', maxValues)
    this.space()
    const next = this.#text[this.#at]
    if (next === '{') return this.#object(depth)
    if (next === '[') return this.#array(depth)
    if (next === '"') return this.#string()
    if (this.#take('true')) return true
    if (this.#take('false')) return false
    if (this.#take('null')) return null
    return this.#number()
  }

  #object(depth: number): JsonValue {
    this.#at++
    const object: Record<string, JsonValue> = Object.create(null)
    this.space()
    if (this.#take('}')) return object
    do {
      this.space()
      if (this.#text[this.#at] !== '"') throw this.error('a key in double quotes is expected')
      const key = this.#string()
      if (forbiddenKeys.has(key)) throw this.error('a key that no record has (__proto__, constructor, prototype)')
      if (key in object) throw this.error('a key that stands there twice')
      this.space()
      if (!this.#take(':')) throw this.error('a colon is expected')
      object[key] = this.value(depth + 1)
      this.space()
    } while (this.#take(','))
    if (!this.#take('}')) throw this.error('a comma or } is expected')
    return object
  }

  #array(depth: number): JsonValue {
    this.#at++
    const list: JsonValue[] = []
    this.space()
    if (this.#take(']')) return list
    do {
      list.push(this.value(depth + 1))
      this.space()
    } while (this.#take(','))
    if (!this.#take(']')) throw this.error('a comma or ] is expected')
    return list
  }

  #string(): string {
    // By hand: a regular expression over a text of megabytes can exhaust the engine's backtracking stack.
    let end = this.#at + 1
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === '\\' ? 2 : 1
    if (end >= this.#text.length) throw this.error('a text without its closing quote')
    const literal = this.#text.slice(this.#at, end + 1)
    let value: unknown
    try {
      value = JSON.parse(literal)
    } catch {
      // No cause: the engine's message repeats the text.
      throw this.error('a text with a bad escape or a control character')
    }
    if (typeof value !== 'string' || !value.isWellFormed()) throw this.error('a text with a lone surrogate')
    this.#at = end + 1
    return value
  }

  #number(): number {
    const pattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match === null) throw this.error('a JSON value is expected')
    const value = Number(match[0])
    if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) throw this.error('a number too large to be held exactly')
    this.#at += match[0].length
    return value
  }
}
