// `npm start`: from a fresh clone to a running store. Installs and builds what is missing, then runs `fdfs up` in the
// foreground; arguments behind "--" go to it: npm start -- --port 22200.
import { spawn } from "node:child_process";
import { join } from "node:path";

import { installIfNeeded, root, run } from "./install.mjs";

installIfNeeded();
console.log("building …");
run("npx", ["tsc", "-b"]);

const fdfs = join(root, "packages", "cli", "bin", "fdfs.js");
const up = spawn(process.execPath, [fdfs, "up", ...process.argv.slice(2)], { cwd: root, stdio: "inherit" });
// The terminal sends Ctrl-C to both of us: the store decides when it has stopped.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => up.kill("SIGTERM"));
up.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
