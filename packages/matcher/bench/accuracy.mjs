import { runBundled } from './run-bundled.mjs'

await runBundled('accuracy.ts')
