import { defineConfig } from 'vitest/config'
import { buildKernel } from './scripts/build-kernel.mjs'
import { sourceAliases } from './scripts/workspace.mjs'

await buildKernel()

const shared = { resolve: { alias: sourceAliases() } }

// unit: beside the sources; conformance: what crosses packages; pkcs11: on a token of SoftHSM2; pcsc and pcsc-kart: the real PC/SC stack, with
// vpcd's readers and with Kart's own (scripts/test.mjs runs them in a private namespace).
// Vitest keeps one core for itself unless told otherwise: of two cores that is half the machine, for a process that has little to do.
export default defineConfig({
  test: {
    maxWorkers: '100%',
    projects: [
      { ...shared, test: { name: 'unit', include: ['packages/*/src/**/*.test.ts'], exclude: ['packages/conformance/**'], testTimeout: 60_000, hookTimeout: 60_000 } },
      { ...shared, test: { name: 'conformance', include: ['packages/conformance/src/**/*.test.ts'], exclude: ['packages/conformance/src/pcsc/**', 'packages/conformance/src/pkcs11/**'], testTimeout: 180_000, hookTimeout: 180_000 } },
      { ...shared, test: { name: 'pkcs11', include: ['packages/conformance/src/pkcs11/**/*.test.ts'], fileParallelism: false, testTimeout: 180_000, hookTimeout: 120_000 } },
      { ...shared, test: { name: 'pcsc', include: ['packages/conformance/src/pcsc/**/*.test.ts'], exclude: ['packages/conformance/src/pcsc/kart/**'], fileParallelism: false, testTimeout: 300_000, hookTimeout: 120_000 } },
      { ...shared, test: { name: 'pcsc-kart', include: ['packages/conformance/src/pcsc/kart/**/*.test.ts', 'packages/conformance/src/pcsc/driver.test.ts'], fileParallelism: false, testTimeout: 300_000, hookTimeout: 120_000 } },
    ],
  },
})
