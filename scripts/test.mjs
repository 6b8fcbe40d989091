// Runs every test, then the tests that need a real PC/SC stack inside a private one, and ends with one line: N passed, N failed.
//   node scripts/test.mjs [--only unit|conformance|pkcs11|pcsc|pcsc-kart] [arguments of vitest]
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { stackCommand, stackObstacle } from './pcsc-stack.mjs'
import { pcscliteState, rebuildPcsclite } from './pcsclite-build.mjs'
import { tokenObstacle } from './softhsm.mjs'
import { programObstacle, stockPrograms } from './stock-programs.mjs'
import { addCounts, countResults, summaryLine } from './test-counts.mjs'
import { root } from './workspace.mjs'

/** Bound on one run of vitest: a hanging native call must not hang the tests (milliseconds). */
const runLimitMs = 20 * 60_000

const { only, vitestArguments } = readArguments(process.argv.slice(2))
const reports = mkdtempSync(join(tmpdir(), 'kart-test-'))
const notRun = []
let total = { passed: 0, failed: 0, skipped: 0 }
let stopChild = () => undefined
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    stopChild('SIGTERM')
    finish({ passed: 0, failed: 1, skipped: 0 })
  })
}

/** The projects that need a PC/SC stack, and how many of Kart's own readers are in it (none: vpcd's). */
const onStack = { pcsc: 0, 'pcsc-kart': 16 }
const projects = only ? [only] : ['unit', 'conformance', 'pkcs11', 'pcsc', 'pcsc-kart']
const plain = projects.filter((name) => !(name in onStack) && (name !== 'pkcs11' || canUseToken()))
if (plain.length > 0) total = addCounts(total, await runVitest(plain, (command) => command))
for (const [name, kartReaders] of Object.entries(onStack))
  if (projects.includes(name)) total = addCounts(total, await runOnStack(name, kartReaders))
finish({ passed: 0, failed: 0, skipped: 0 })

function readArguments(args) {
  const at = args.indexOf('--only')
  if (at < 0) return { only: undefined, vitestArguments: args }
  const [, name] = args.splice(at, 2)
  if (!['unit', 'conformance', 'pkcs11', 'pcsc', 'pcsc-kart'].includes(name)) {
    console.error('--only takes unit, conformance, pkcs11, pcsc or pcsc-kart')
    process.exit(2)
  }
  return { only: name, vitestArguments: args }
}

function vitestCommand() {
  const manifest = createRequire(import.meta.url).resolve('vitest/package.json')
  return [process.execPath, join(dirname(manifest), 'vitest.mjs')]
}

/** Runs vitest on these projects, `wrap` standing around its command line, and counts what its JSON report says. */
async function runVitest(names, wrap, without = []) {
  const report = join(reports, `${names.join('-')}.json`)
  let problem
  let code = 1
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const [program, ...args] = wrap([
      ...vitestCommand(),
      'run',
      ...names.flatMap((name) => ['--project', name]),
      ...reporters,
      ...vitestArguments,
      ...without.map((file) => `--exclude=${file}`),
    ])
    code = await run(program, args)
  } catch (error) {
    problem = error.message
  }
  let results
  try {
    results = JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    problem ??= 'vitest left no report'
  }
  const counts = countResults(results, code, root)
  for (const line of [problem, ...counts.problems].filter(Boolean)) console.error(`${names.join(', ')}: ${line}`)
  return counts
}

function run(program, args) {
  return new Promise((resolve, reject) => {
    // A group of its own, so that everything under it can be ended.
    const child = spawn(program, args, { cwd: root, stdio: 'inherit', detached: process.platform !== 'win32' })
    stopChild = (signal) => {
      try {
        if (process.platform === 'win32') child.kill(signal)
        else process.kill(-child.pid, signal)
      } catch {
        // It has ended already.
      }
    }
    const deadline = setTimeout(() => {
      console.error(`stopped after ${runLimitMs / 60_000} minutes`)
      stopChild('SIGTERM')
      setTimeout(() => stopChild('SIGKILL'), 5000).unref()
    }, runLimitMs)
    child.once('error', (error) => {
      clearTimeout(deadline)
      reject(error)
    })
    child.once('exit', (code) => {
      clearTimeout(deadline)
      stopChild = () => undefined
      resolve(code ?? 1)
    })
  })
}

/** Whether the tests on a PKCS#11 token can be run; where not, they are named at the end. */
function canUseToken() {
  const obstacle = tokenObstacle()
  if (obstacle === undefined) return true
  const tests = listTests('pkcs11')
  notRun.push(`${tests.count} tests on a PKCS#11 token (${tests.files.join(', ')}): ${obstacle}`)
  total = addCounts(total, { passed: 0, failed: 0, skipped: tests.count })
  return false
}

async function runOnStack(name, kartReaders) {
  let obstacle = stackObstacle({ kartReaders })
  if (!obstacle && pcscliteState() !== 'built') {
    rebuildPcsclite()
    const state = pcscliteState()
    if (state !== 'built')
      obstacle = `pcsclite ${state === 'absent' ? 'is not installed' : 'has no native build'} (Debian, Ubuntu: apt-get install libpcsclite-dev g++ make python3; then run the tests again)`
  }
  if (!obstacle) {
    const { without, skipped, left } = leaveOut(name)
    const leftOut = { passed: 0, failed: 0, skipped }
    if (!left) return leftOut
    return addCounts(leftOut, await runVitest([name], (command) => stackCommand(command, { kartReaders }), without))
  }
  const tests = listTests(name)
  const readers = kartReaders > 0 ? 'with Kart’s own readers ' : ''
  notRun.push(`${tests.count} tests on the real PC/SC stack ${readers}(${tests.files.join(', ')}): ${obstacle}`)
  return { passed: 0, failed: 0, skipped: tests.count }
}

/** The files whose stock programs are not installed; their tests are named at the end. `left`: whether others are to be run. */
function leaveOut(name) {
  // Listing takes seconds, and all are installed as a rule.
  if (Object.values(stockPrograms).every(({ find }) => find() !== undefined)) return { without: [], skipped: 0, left: true }
  const { files } = listTests(name)
  const without = files.filter((file) => existsSync(join(root, file)) && programObstacle(join(root, file)) !== undefined)
  let skipped = 0
  for (const file of without) {
    const { count } = listTests(name, [file])
    notRun.push(`${count} tests with stock programs (${file}): ${programObstacle(join(root, file))}`)
    skipped += count
  }
  return { without, skipped, left: files.length > without.length }
}

/** The tests that will not be run, counted without running them; where vitest cannot list them, as one. */
function listTests(name, only = vitestArguments) {
  const list = join(reports, `${name}-list.json`)
  const [program, ...args] = [...vitestCommand(), 'list', '--project', name, `--json=${list}`, ...only]
  spawnSync(program, args, { cwd: root, stdio: 'ignore', timeout: 120_000 })
  try {
    const tests = JSON.parse(readFileSync(list, 'utf8'))
    return { files: [...new Set(tests.map(({ file }) => relative(root, file)))].sort(), count: tests.length }
  } catch {
    return { files: [`the project ${name}`], count: 1 }
  }
}

function finish(more) {
  total = addCounts(total, more)
  rmSync(reports, { recursive: true, force: true })
  for (const line of notRun) console.log(`NOT RUN: ${line}`)
  console.log(summaryLine(total))
  process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0)
}
