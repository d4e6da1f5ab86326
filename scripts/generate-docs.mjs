// Writes the manual pages that follow from tables in the code; with --check it only tells whether they are fresh.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { renderCommandsPage } from "@fastdfs-ts/cli";
import { renderProtocolManual } from "@fastdfs-ts/protocol";
import { renderConfigurationPage } from "@fastdfs-ts/runtime";

const pages = [
  { path: "docs/PROTOCOL.md", render: renderProtocolManual },
  { path: "docs/CONFIGURATION.md", render: renderConfigurationPage },
  { path: "docs/COMMANDS.md", render: renderCommandsPage },
];
const checks = process.argv.includes("--check");
const stale = [];

for (const { path, render } of pages) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  const text = render();
  if (text === readOrEmpty(file)) continue;
  if (checks) stale.push(path);
  else {
    writeFileSync(file, text);
    console.log(`wrote ${path}`);
  }
}
if (stale.length > 0) {
  console.error(`${stale.join(", ")}: not what the tables in the code say. Run: npm run build && npm run docs`);
  process.exitCode = 1;
}

function readOrEmpty(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
