#!/usr/bin/env node
import { existsSync } from 'node:fs'

const main = new URL('../dist/index.js', import.meta.url)
if (!existsSync(main)) {
  console.error('kart is not built yet. Run "npm start" or "npm run build" in the repository root first.')
  process.exit(2)
}
const { run } = await import(main.href)
const code = await run(process.argv.slice(2))
// Standard output may have failed meanwhile, which is said in process.exitCode.
process.exitCode = code || process.exitCode || 0
