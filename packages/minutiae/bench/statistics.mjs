import { runBundled } from '../../matcher/bench/run-bundled.mjs'

await runBundled('../../minutiae/bench/statistics.ts')
