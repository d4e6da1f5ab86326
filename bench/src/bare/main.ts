// Runs one bare server as a process: `main.js storage PORT ROOT` or `main.js echo PORT`. Ends on SIGTERM.
import { serveBareEcho } from "./bare-echo.ts";
import { serveBareStorage } from "./bare-storage.ts";

const [kind, port, root] = process.argv.slice(2);
if (kind === "storage" && root !== undefined) await serveBareStorage(root, Number(port));
else if (kind === "echo") await serveBareEcho(Number(port));
else throw new Error("usage: storage PORT ROOT | echo PORT");
process.once("SIGTERM", () => process.exit(0));
