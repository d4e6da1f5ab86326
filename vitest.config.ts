import { configDefaults, defineConfig } from "vitest/config";

// Workspace packages are resolved to their sources, so a test never runs against a stale build. Only the tests that
// start real processes use `dist`, and `npm test` builds it first.
export default defineConfig({
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source", "node", "import", "default"] } },
  test: {
    include: [
      "packages/*/src/**/*.test.ts",
      "packages/*/test/**/*.test.ts",
      "bench/**/*.test.ts",
      "interop/**/*.test.ts",
    ],
    // Minutes of real processes that are killed, paused and cut off: CLUSTER_STORIES=1 npx vitest run packages/cli/test/cluster
    exclude: [
      ...configDefaults.exclude,
      ...(process.env.CLUSTER_STORIES === "1" ? [] : ["packages/cli/test/cluster/**"]),
    ],
    setupFiles: ["packages/testkit/src/property-seed.ts"],
    testTimeout: process.env.PROPERTY_RUNS === undefined ? 60_000 : 0,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
