// What Node knows of a machine that is no Linux: processors and memory.
import { cpus, freemem, totalmem } from "node:os";

import type { ProcessorTimes, SystemCounters } from "../../ports/system-counters.ts";

export const portableCounters: SystemCounters = {
  watch: () => () => ({
    processors: processorTimes(),
    memory: { totalBytes: totalmem(), availableBytes: freemem() },
    disks: [],
    interfaces: [],
  }),
};

/** Undefined where the system shows no processors. */
function processorTimes(): ProcessorTimes | undefined {
  let used = 0;
  let idle = 0;
  for (const { times } of cpus()) {
    used += times.user + times.nice + times.sys + times.irq;
    idle += times.idle;
  }
  return used + idle === 0 ? undefined : { used, total: used + idle };
}
