import { runBundled } from './run-bundled.mjs'

await runBundled('card-format.ts')
