// Writes the declarations of packages to their dist/, for ESM (.d.ts) and CommonJS (.d.cts): every package from one TypeScript program, which checks each
// source once; a program a package checks those of the packages below it again and again.
import { join, relative, sep } from 'node:path'
import { rollup } from 'rollup'
import { dts } from 'rollup-plugin-dts'
import ts from 'typescript'
import { root } from './workspace.mjs'

/** Paths of rollup's chunks are taken from here. */
const packagesFolder = join(root, 'packages')

/** The options of tsconfig.base.json. */
function compilerOptions() {
  const file = join(root, 'tsconfig.base.json')
  return ts.parseJsonConfigFileContent(ts.readConfigFile(file, ts.sys.readFile).config, ts.sys, root).options
}

/** Throws with everything that TypeScript refuses in what these sources import: the plugin below writes declarations of sources that do not hold as well. */
function checkTypes(sources) {
  const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => root, getNewLine: () => '\n' }
  const found = ts.getPreEmitDiagnostics(ts.createProgram(sources, compilerOptions()))
  if (found.length > 0) throw new Error(`the sources do not compile:\n${ts.formatDiagnostics(found, host)}`)
}

/** Takes packages as `packages()` gives them. Throws for whatever TypeScript refuses in their sources. */
export async function buildTypes(wanted) {
  const input = Object.fromEntries(
    wanted.flatMap(({ name, folder, entries }) => entries.map((entry) => [`${name}/dist/${entry}`, join(folder, 'src', `${entry}.ts`)])),
  )
  checkTypes(Object.values(input))
  const bundle = await rollup({
    input,
    // What is not of the package itself is left to its package.json.
    external: [/^[^./]/],
    onwarn: (warning, warn) => {
      // A type that two entries share without exporting it goes by a short name between them: as it is meant.
      if (!warning.message.includes('no public re-export')) warn(warning)
    },
    plugins: [dts({ tsconfig: join(root, 'tsconfig.base.json'), compilerOptions: { target: ts.ScriptTarget.ESNext } })],
  })
  try {
    for (const extension of ['.d.ts', '.d.cts'])
      await bundle.write({
        dir: packagesFolder,
        format: 'esm',
        exports: 'named',
        entryFileNames: `[name]${extension}`,
        // What two entries of a package share lies beside them: no package may reach into another's folder.
        chunkFileNames: ({ name, moduleIds }) => `${packageOf(moduleIds)}/dist/${name}-[hash]${extension}`,
      })
  } finally {
    await bundle.close()
  }
}

/** The one package from which these sources come. */
function packageOf(moduleIds) {
  const names = new Set(moduleIds.map((id) => relative(packagesFolder, id).split(sep)[0]))
  if (names.size !== 1) throw new Error(`declarations of ${[...names].join(', ')} would be in one file`)
  return [...names][0]
}
