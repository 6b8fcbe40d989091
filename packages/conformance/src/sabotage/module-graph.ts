import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compileFunction } from 'node:vm'
import { buildSync, transformSync } from 'esbuild'
import { root, sourceAliases } from '../../../../scripts/workspace.mjs'

/** One textual change to one source file; `find` must stand in it exactly once. */
export interface Edit {
  /** Path from the repository root. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** Applies edits to sources; throws when a `find` does not stand exactly once, so that a drill cannot rot into changing nothing. */
export function applyEdits(file: string, source: string, edits: readonly Edit[]): string {
  let out = source
  for (const edit of edits) {
    const pieces = out.split(edit.find)
    if (pieces.length !== 2) throw new Error(`${file}: "${edit.find}" stands ${pieces.length - 1} times where once is needed`)
    out = pieces.join(edit.replace)
  }
  return out
}

type Body = (module: { exports: unknown }, exports: unknown, require: (name: string) => unknown) => void

/** A source made ready to run: its code as CommonJS, and the sources that it imports. */
interface Prepared {
  readonly run: Body
  readonly imports: readonly string[]
}

const aliases = sourceAliases()

/** The source file that an import means; undefined for a package of npm or of node. */
function sourceOf(name: string, importer: string): string | undefined {
  if (name.startsWith('.')) return join(dirname(importer), name)
  return aliases.find(({ find }) => find.test(name))?.replacement
}

function prepare(file: string, source: string): Prepared {
  const { code } = transformSync(source, {
    loader: 'ts',
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(file).href) },
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  })
  const names = [...code.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name!)
  return {
    run: compileFunction(code, ['module', 'exports', 'require'], { filename: file }) as Body,
    imports: names.flatMap((name) => sourceOf(name, file) ?? []),
  }
}

const bundled = new Map<string, unknown>()

/** A package of node or npm. One that has no entry for `require` is bundled into one. */
function outsideModule(name: string, importer: string): unknown {
  const load = createRequire(importer)
  try {
    return load(name)
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw error
  }
  const held = bundled.get(name)
  if (held !== undefined) return held
  const stdin = { contents: `export * from '${name}'`, resolveDir: dirname(importer) }
  const { outputFiles } = buildSync({ stdin, bundle: true, write: false, platform: 'node', format: 'cjs', target: 'node20' })
  const module = { exports: {} as unknown }
  const run = compileFunction(outputFiles[0]!.text, ['module', 'exports', 'require']) as Body
  run(module, module.exports, load)
  bundled.set(name, module.exports)
  return module.exports
}

/** The workspace's sources by file, each made ready once and run once; with edits, what they touch runs anew and the rest is shared. */
export class ModuleGraph {
  readonly #prepared = new Map<string, Prepared>()
  readonly #loaded = new Map<string, { exports: unknown }>()

  /** The exports of a file (path from the repository root) with these edits made. Throws when an edit is out of date, or in a file that is no part of it. */
  load<T>(entry: string, edits: readonly Edit[] = []): T {
    const file = join(root, entry)
    const edited = new Map<string, Prepared>()
    for (const name of new Set(edits.map((edit) => edit.file))) {
      const path = join(root, name)
      const own = edits.filter((edit) => edit.file === name)
      edited.set(path, prepare(path, applyEdits(name, readFileSync(path, 'utf8'), own)))
    }
    const touched = this.#touched(file, new Set(edited.keys()))
    for (const path of edited.keys()) if (!touched.has(path)) throw new Error(`${path} is not part of ${entry}: its edits change nothing`)
    const anew = new Map<string, { exports: unknown }>()
    return this.#require(file, edited, touched, anew) as T
  }

  #source(file: string): Prepared {
    const held = this.#prepared.get(file) ?? prepare(file, readFileSync(file, 'utf8'))
    this.#prepared.set(file, held)
    return held
  }

  /** The sources under `entry` that are edited or import one that is. */
  #touched(entry: string, edited: ReadonlySet<string>): ReadonlySet<string> {
    const importers = new Map<string, string[]>()
    const seen = new Set<string>()
    const visit = (file: string): void => {
      if (seen.has(file)) return
      seen.add(file)
      for (const imported of this.#source(file).imports) {
        importers.set(imported, [...(importers.get(imported) ?? []), file])
        visit(imported)
      }
    }
    visit(entry)
    const touched = new Set<string>()
    const spread = (file: string): void => {
      if (touched.has(file) || !seen.has(file)) return
      touched.add(file)
      for (const importer of importers.get(file) ?? []) spread(importer)
    }
    for (const file of edited) spread(file)
    return touched
  }

  #require(
    file: string,
    edited: ReadonlyMap<string, Prepared>,
    touched: ReadonlySet<string>,
    anew: Map<string, { exports: unknown }>,
  ): unknown {
    const held = touched.has(file) ? anew : this.#loaded
    const known = held.get(file)
    if (known !== undefined) return known.exports
    const module = { exports: {} as unknown }
    held.set(file, module)
    const { run } = edited.get(file) ?? this.#source(file)
    try {
      run(module, module.exports, (name) => {
        const source = sourceOf(name, file)
        return source === undefined ? outsideModule(name, file) : this.#require(source, edited, touched, anew)
      })
    } catch (error) {
      held.delete(file)
      throw error
    }
    return module.exports
  }
}
