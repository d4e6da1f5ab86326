import tseslint from "typescript-eslint";

const ioModules = [
  "fs",
  "net",
  "dgram",
  "http",
  "https",
  "tls",
  "dns",
  "os",
  "child_process",
  "worker_threads",
  "crypto",
  "timers",
  "zlib",
  "perf_hooks",
];
const ioImports = ioModules.flatMap((name) => [`node:${name}`, `node:${name}/promises`, name]);

const worldOnlyThroughPorts = {
  "no-restricted-imports": [
    "error",
    {
      paths: ioImports.map((name) => ({
        name,
        message: "The world is an argument: use a port (packages/runtime/src/ports).",
      })),
    },
  ],
  "no-restricted-globals": [
    "error",
    ...["setTimeout", "setInterval", "setImmediate", "performance", "crypto", "fetch"].map((name) => ({
      name,
      message: "Use the Clock, Random or Network port.",
    })),
  ],
  "no-restricted-syntax": [
    "error",
    { selector: "MemberExpression[object.name='Date'][property.name='now']", message: "Use Clock.now()." },
    { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: "Use Clock.now()." },
    { selector: "MemberExpression[object.name='Math'][property.name='random']", message: "Use the Random port." },
    { selector: "MemberExpression[object.name='process'][property.name='hrtime']", message: "Use Clock.monotonic()." },
  ],
};

export default tseslint.config(
  { ignores: ["**/dist/**", "**/node_modules/**", "fastdfs-data/**"] },
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: "./tsconfig.check.json", tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-unnecessary-condition": ["error", { allowConstantLoopConditions: true }],
      "@typescript-eslint/unified-signatures": "off",
      "@typescript-eslint/prefer-nullish-coalescing": "off",
      "@typescript-eslint/no-empty-function": "off",
      "@typescript-eslint/no-extraneous-class": "off",
    },
  },
  {
    files: ["packages/*/src/**/*.ts"],
    ignores: [
      "packages/runtime/src/node/**",
      "packages/*/src/main.ts",
      "**/*.test.ts",
      "packages/testkit/**",
      "packages/cli/**",
    ],
    rules: worldOnlyThroughPorts,
  },
  {
    files: ["**/*.test.ts", "packages/*/test/**/*.ts", "bench/**/*.ts", "interop/**/*.ts", "packages/testkit/**/*.ts"],
    rules: {
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/require-await": "off",
    },
  },
);
