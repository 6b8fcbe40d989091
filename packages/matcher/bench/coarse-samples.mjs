import { runBundled } from './run-bundled.mjs'

await runBundled('coarse-samples.ts')
