// The floors of the house (docs/ARCHITECTURE.md): imports point down only, siblings never import each other.
const floor = (from, allowed) => ({
  name: `${from}-imports-only-what-lies-below`,
  severity: "error",
  from: { path: `^packages/${from}/src` },
  to: { path: "^packages/([^/]+)/", pathNot: `^packages/(${[from, ...allowed].join("|")})/` },
});
const test = "\\.test\\.ts$";

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    ...[
      ["runtime", []],
      ["protocol", ["runtime"]],
      ["rpc", ["runtime", "protocol"]],
      ["client", ["runtime", "protocol", "rpc"]],
      ["tracker", ["runtime", "protocol", "rpc"]],
      ["storage", ["runtime", "protocol", "rpc"]],
      ["cli", ["runtime", "protocol", "rpc", "client", "tracker", "storage"]],
      ["simulation", ["runtime", "protocol", "rpc", "client", "tracker", "storage", "testkit"]],
    ].map(([from, allowed]) => {
      const rule = floor(from, allowed);
      return { ...rule, from: { ...rule.from, pathNot: test } };
    }),
    {
      name: "one-door-per-package",
      comment:
        "A package is entered through its public door, src/index.ts (runtime also through src/node/index.ts; testkit through src/free-ports.ts, without the compliance suites, which need a test runner).",
      severity: "error",
      from: { path: "^packages/([^/]+)/" },
      to: {
        path: "^packages/([^/]+)/src",
        pathNot: [
          "^packages/$1/",
          "^packages/[^/]+/src/index\\.ts$",
          "^packages/runtime/src/node/index\\.ts$",
          "^packages/testkit/src/free-ports\\.ts$",
        ],
      },
    },
  ],
  options: {
    doNotFollow: { path: ["node_modules", "dist"] },
    exclude: { path: ["node_modules", "/dist/"] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.check.json" },
    enhancedResolveOptions: { conditionNames: ["source", "import", "node", "default"], exportsFields: ["exports"] },
  },
};
