// `npm test`: everything that must hold before a change lands, the quick checks first.
import { installIfNeeded, run } from "./install.mjs";

const steps = [
  ["build", "npx", ["tsc", "-b"]],
  ["types of the tests", "npm", ["run", "--silent", "typecheck"]],
  ["formatting", "npm", ["run", "--silent", "format:check"]],
  ["lint", "npm", ["run", "--silent", "lint"]],
  ["layers", "npm", ["run", "--silent", "layers"]],
  ["dead code", "npm", ["run", "--silent", "deadcode"]],
  ["generated pages are fresh", "npm", ["run", "--silent", "docs:check"]],
  ["tests", "npx", ["vitest", "run"]],
  // A failing seed is shown with its faults and the command that replays it; more seeds: npm run simulate -- --help
  [
    "simulated clusters",
    "node",
    ["packages/simulation/dist/main.js", "--seeds", "1..200", "--minutes", "1.5", "--brief"],
  ],
];

installIfNeeded();
for (const [name, command, args] of steps) {
  const startedMs = Date.now();
  console.log(`\n── ${name}`);
  run(command, args);
  console.log(`── ${name}: ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
}
