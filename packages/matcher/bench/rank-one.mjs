import { runBundled } from './run-bundled.mjs'

await runBundled('rank-one.ts')
