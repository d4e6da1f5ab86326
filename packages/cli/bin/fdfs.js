#!/usr/bin/env node
// Starts the compiled program. Called by the name of a C tool (fdfs_upload_file …) it takes that tool's arguments.
import { existsSync } from "node:fs";
import process from "node:process";

const program = new URL("../dist/main.js", import.meta.url);
if (existsSync(program)) {
  const { main } = await import(program.href);
  await main();
} else {
  process.stderr.write('fdfs: the program is not built. Run "npm run build" in the repository first.\n');
  process.exitCode = 1;
}
