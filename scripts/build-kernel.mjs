// Compiles the matcher's kernel (packages/matcher/kernel, AssemblyScript) to WebAssembly and writes it, inlined, to packages/matcher/src/kernel-bytes.ts. That
// file is made, never kept: it carries a digest of everything it was made from, and is made anew when that changes.
//   node scripts/build-kernel.mjs
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './workspace.mjs'

const folder = join(root, 'packages/matcher/kernel')
const parametersFile = join(root, 'packages/matcher/src/parameters.ts')
const target = join(root, 'packages/matcher/src/kernel-bytes.ts')
const script = fileURLToPath(import.meta.url)

/** The kernel's constants, each from the one place where it is stated: name and type in the kernel, then group and field of parameters.ts. */
const constants = [
  ['LEAST_SIMILARITY', 'i32', 'similarity', 'least'],
  ['WINDOW', 'i32', 'similarity', 'window'],
  ['NEAR_BEST', 'i32', 'similarity', 'nearBest'],
  ['ACCORD_CHANCE', 'i16', 'accord', 'chance'],
  ['ACCORD_REACH', 'i16', 'accord', 'reach'],
  ['ACCORD_REL_ADDED', 'i32', 'accord', 'relAdded'],
  ['COARSE_CHANCE', 'i32', 'coarse', 'chance'],
  ['COARSE_LEAST', 'i8', 'coarse', 'least'],
  ['COARSE_MOST_VOTES', 'i32', 'coarse', 'mostVotes'],
  ['CYLINDER_FARTHEST', 'i32', 'cylinder', 'farthest'],
  ['CYLINDER_MARGIN', 'i32', 'cylinder', 'margin'],
  ['CYLINDER_REACH', 'i32', 'cylinder', 'reach'],
  ['CYLINDER_THRESHOLD', 'i32', 'cylinder', 'threshold'],
  ['NEIGHBOUR_ANGLE', 'i32', 'neighbourhood', 'angle'],
  ['NEIGHBOUR_FARTHEST', 'i32', 'neighbourhood', 'farthest'],
  ['NEIGHBOUR_NEAREST', 'i32', 'neighbourhood', 'nearest'],
  ['NEIGHBOUR_MARGIN', 'i32', 'neighbourhood', 'margin'],
  ['NEIGHBOUR_REACH', 'i32', 'neighbourhood', 'reach'],
  ['NEIGHBOUR_SHARE', 'i32', 'neighbourhood', 'share'],
  ['NEIGHBOUR_TOLERANCE', 'i32', 'neighbourhood', 'tolerance'],
  ['NEIGHBOUR_TOLERANCE_SHARE', 'i32', 'neighbourhood', 'toleranceShare'],
  ['PAIRS', 'i32', 'consistency', 'pairs'],
  ['LOOKED', 'i32', 'full', 'looked'],
  ['CONSISTENCY_BEST', 'i32', 'consistency', 'best'],
  ['CONSISTENCY_CLAMP', 'i16', 'consistency', 'clamp'],
  ['CONSISTENCY_FARTHEST', 'i16', 'consistency', 'farthest'],
  ['CONSISTENCY_GAIN', 'i32', 'consistency', 'gain'],
  ['CONSISTENCY_KEEP', 'i32', 'consistency', 'keep'],
  ['CONSISTENCY_ROTATION', 'i16', 'consistency', 'rotation'],
  ['CONSISTENCY_ROTATION_WEIGHT', 'i16', 'consistency', 'rotationWeight'],
  ['CONSISTENCY_ROUNDS', 'i32', 'consistency', 'rounds'],
  ['CONSISTENCY_SHORTEST', 'i16', 'consistency', 'shortest'],
  ['CONSISTENCY_TOLERANCE', 'i16', 'consistency', 'tolerance'],
  ['CONSISTENCY_TOLERANCE_STEP', 'i16', 'consistency', 'toleranceStep'],
  ['ALIGN_ANGLE_UNITS', 'i16', 'alignment', 'angleUnits'],
  ['ALIGN_ANGLE_WEIGHT', 'i32', 'alignment', 'angleWeight'],
  ['ALIGN_DIRECTION', 'i32', 'alignment', 'direction'],
  ['ALIGN_DIRECTION_FIRST', 'i32', 'alignment', 'directionFirst'],
  ['ALIGN_DISTANCE_WEIGHT', 'i32', 'alignment', 'distanceWeight'],
  ['ALIGN_ELASTIC_FACTOR', 'i32', 'alignment', 'elasticFactor'],
  ['ALIGN_ELASTIC_SQUARE', 'i32', 'alignment', 'elasticSquare'],
  ['ALIGN_LAST_RADIUS', 'i32', 'alignment', 'lastRadius'],
  ['ALIGN_PLAIN_PAIR', 'i32', 'alignment', 'plainPair'],
  ['ALIGN_RADIUS', 'i32', 'alignment', 'radius'],
  ['SEED_ANGLE', 'i32', 'alignment', 'seedAngle'],
  ['SEED_DISTANCE', 'i32', 'alignment', 'seedDistance'],
  ['BORDER_0', 'i32', 'evidence', 'borderBins', 0],
  ['BORDER_1', 'i32', 'evidence', 'borderBins', 1],
  ['BORDER_2', 'i32', 'evidence', 'borderBins', 2],
  ['QUALITY_0', 'i32', 'evidence', 'qualityBins', 0],
  ['QUALITY_1', 'i32', 'evidence', 'qualityBins', 1],
  ['QUALITY_2', 'i32', 'evidence', 'qualityBins', 2],
  ['QUALITY_3', 'i32', 'evidence', 'qualityBins', 3],
  ['QUALITY_4', 'i32', 'evidence', 'qualityBins', 4],
  ['EDGE_ANGLE', 'i32', 'evidence', 'edgeAngle'],
  ['EDGE_DISTANCE', 'i32', 'evidence', 'edgeDistance'],
  ['EDGE_SHARE', 'i32', 'evidence', 'edgeShare'],
  ['LEAST_OVERLAP', 'i32', 'evidence', 'leastOverlap'],
  ['OVERLAP_ADDED', 'i32', 'evidence', 'overlapAdded'],
  ['OVERLAP_INSIDE', 'i32', 'evidence', 'overlapInside'],
  ['OVERLAP_OUTSIDE', 'i32', 'evidence', 'overlapOutside'],
  ['FEWEST', 'i32', 'limits', 'fewest'],
  ['UNKNOWN_QUALITY', 'i32', 'limits', 'unknownQuality'],
  ['FULL_SEEDS', 'i32', 'full', 'seeds'],
  ['LEAN_CENTRES', 'i32', 'lean', 'centres'],
  ['LEAN_SEEDS', 'i32', 'lean', 'seeds'],
]

const options = [
  ...['main.ts', '--outFile', 'kernel.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd'],
  // two megabytes, once and for all; what the compiler itself stores lies behind the areas of kernel/layout.ts
  ...['--initialMemory', '32', '--maximumMemory', '32', '--memoryBase', '1572864', '--use', 'abort='],
]

function sources() {
  const kernel = readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => [name, readFileSync(join(folder, name), 'utf8')])
  return Object.fromEntries(kernel)
}

function digestOf(kernel, parameters) {
  const compiler = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies.assemblyscript
  return createHash('sha256')
    .update(JSON.stringify([kernel, parameters, compiler, readFileSync(script, 'utf8')]))
    .digest('hex')
}

async function constantsSource(parameters) {
  const { transform } = await import('esbuild')
  const { code } = await transform(parameters, { loader: 'ts', format: 'esm' })
  const values = await import(`data:text/javascript,${encodeURIComponent(code)}`)
  return constants
    .map(([name, type, group, field, index]) => {
      const found = values[group]?.[field]
      const value = index === undefined ? found : found?.[index]
      if (!Number.isInteger(value)) throw new Error(`parameters.ts has no integer ${group}.${field} for the kernel's ${name}`)
      return `export const ${name}: ${type} = ${value}`
    })
    .join('\n')
}

async function compile(files) {
  const { default: asc } = await import('assemblyscript/asc')
  const errors = []
  let binary
  const { error } = await asc.main(options, {
    readFile: (name) => files[name.replace(/^\.\//, '')] ?? null,
    writeFile: (_name, content) => {
      binary = content
    },
    listFiles: () => [],
    stderr: { write: (text) => errors.push(text) },
    stdout: { write: () => true },
  })
  if (error || binary === undefined) throw new Error(`the kernel does not compile:\n${errors.join('')}`)
  return binary
}

/** Makes src/kernel-bytes.ts unless what is there is up to date; true when it was made. */
export async function buildKernel() {
  const kernel = sources()
  const parameters = readFileSync(parametersFile, 'utf8')
  const digest = digestOf(kernel, parameters)
  if (existsSync(target) && readFileSync(target, 'utf8').includes(digest)) return false
  const binary = await compile({ ...kernel, 'constants.ts': await constantsSource(parameters) })
  const module = new WebAssembly.Module(binary)
  const outside = WebAssembly.Module.imports(module)
  if (outside.length > 0) throw new Error(`the kernel would import ${outside.map(({ name }) => name).join(', ')}`)
  const text = Buffer.from(binary).toString('base64')
  const lines = [
    `// Made by scripts/build-kernel.mjs from packages/matcher/kernel. Sources: ${digest}`,
    '/** The kernel as WebAssembly, in base64. */',
    `export const kernelBytes: string =\n  '${text}'`,
  ]
  // whole or not at all, as two runs may make it at once
  const made = `${target}.${process.pid}`
  writeFileSync(made, `${lines.join('\n')}\n`)
  renameSync(made, target)
  return true
}

if (process.argv[1] === script) console.log((await buildKernel()) ? 'kernel built' : 'kernel up to date')
