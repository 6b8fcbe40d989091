/** What is wrong with a piece of XML, or undefined: tags that do not close in order, attributes without quotes or given twice, stray markup characters. */
export function xmlProblem(xml: string): string | undefined {
  const open: string[] = []
  const tag = /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/y
  let at = 0
  while (at < xml.length) {
    const next = xml.indexOf('<', at)
    const text = xml.slice(at, next < 0 ? undefined : next)
    if (/&(?!#\d+;|amp;|lt;|gt;|quot;)/.test(text)) return `a bare ampersand after character ${at}`
    if (open.length === 0 && text.trim() !== '') return `text outside the document at ${at}`
    if (next < 0) break
    tag.lastIndex = next
    const found = tag.exec(xml)
    if (found === null) return `no tag at ${next}: ${xml.slice(next, next + 40)}`
    const [whole, closing, name = '', attributes = '', empty] = found
    const names = [...attributes.matchAll(/([\w:-]+)="/g)].map((match) => match[1])
    if (new Set(names).size !== names.length) return `an attribute twice at ${next}`
    if (closing) {
      if (open.pop() !== name) return `</${name}> at ${next} closes something else`
    } else if (!empty) open.push(name)
    at = next + whole.length
  }
  return open.length === 0 ? undefined : `<${open.at(-1)}> is never closed`
}
