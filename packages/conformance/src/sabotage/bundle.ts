import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
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

/** Bundles an entry from source with the edits applied, loads it, and gives back its exports. */
export async function loadWithEdits<T>(entry: string, edits: readonly Edit[]): Promise<T> {
  const touched = new Map<string, Edit[]>()
  for (const edit of edits) touched.set(join(root, edit.file), [...(touched.get(join(root, edit.file)) ?? []), edit])
  const applied = new Set<string>()
  const sabotage: Plugin = {
    name: 'sabotage',
    setup(context) {
      for (const { find, replacement } of sourceAliases()) context.onResolve({ filter: find }, () => ({ path: replacement }))
      context.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const fileEdits = touched.get(path)
        if (!fileEdits) return undefined
        applied.add(path)
        return { contents: applyEdits(path, readFileSync(path, 'utf8'), fileEdits), loader: 'ts' }
      })
    },
  }
  const result = await build({
    entryPoints: [join(root, entry)],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'silent',
    plugins: [sabotage],
    banner: { js: "import { createRequire as kartCreateRequire } from 'node:module'; const require = kartCreateRequire(import.meta.url);" },
  })
  for (const file of touched.keys()) if (!applied.has(file)) throw new Error(`${file} is not part of ${entry}: its edits change nothing`)
  const folder = mkdtempSync(join(tmpdir(), 'kart-sabotage-'))
  try {
    const file = join(folder, 'bundle.mjs')
    writeFileSync(file, result.outputFiles[0]?.text ?? '')
    return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as T
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
