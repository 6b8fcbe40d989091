import { runBundled } from './run-bundled.mjs'

await runBundled('robustness.ts')
