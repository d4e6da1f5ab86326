// Loaded before a storage (node --require): as long as there is a file `slow` in its working directory, opening anything
// of its store path takes as many milliseconds as that file says, on the event loop and on the threads of disks.
const fs = require("node:fs");
const { join } = require("node:path");
const threads = require("node:worker_threads");

const order = join(process.cwd(), "slow");
const storePath = join(process.cwd(), "store");
const nobody = new Int32Array(new SharedArrayBuffer(4));
const { openSync } = fs;

fs.openSync = (path, ...rest) => {
  if (path.startsWith(storePath) && fs.existsSync(order)) {
    Atomics.wait(nobody, 0, 0, Number(fs.readFileSync(order, "utf8")));
  }
  return openSync(path, ...rest);
};

// Threads have a `node:fs` of their own, and those of disks are started without the options of the process.
threads.Worker = class extends threads.Worker {
  constructor(source, options) {
    super(`require(${JSON.stringify(__filename)});${source}`, options);
  }
};
require("node:module").syncBuiltinESMExports();
