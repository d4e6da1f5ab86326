// The counters of a Linux machine. In a container they are those of the machine around it, and limits of cgroups are not
// looked at: a storage shares its disks and links with the whole machine.
import { existsSync, readFileSync, statSync } from "node:fs";

import type { InterfaceCounters, SystemCounters } from "../../ports/system-counters.ts";
import { deviceName, parseDisks, parseInterfaces, parseMemory, parseProcessorTimes, parseSpeed } from "./proc-files.ts";

/** How long it is believed what an interface is and how fast: asking a driver may take a millisecond. */
const LINKS_KNOWN_MS = 60_000;

export const linuxCounters: SystemCounters = {
  watch(paths) {
    const devices = new Set(paths.map(deviceOf).filter((device) => device !== undefined));
    const links = new Links();
    return () => ({
      processors: parseProcessorTimes(textOf("/proc/stat")),
      memory: parseMemory(textOf("/proc/meminfo")),
      disks: devices.size === 0 ? [] : parseDisks(textOf("/proc/diskstats"), devices),
      interfaces: links.read(),
    });
  },
};

interface LinkFacts {
  readonly isPhysical: boolean;
  readonly bitsPerSecond: number | undefined;
}

class Links {
  private facts = new Map<string, LinkFacts>();
  private factsUntilMs = 0;

  /**
   * The interfaces with a device of their own. Bridges, bonds and tunnels carry the same bytes once more; they count only
   * where there is nothing else, as in a container.
   */
  read(): InterfaceCounters[] {
    const nowMs = performance.now();
    if (nowMs >= this.factsUntilMs) {
      this.facts = new Map();
      this.factsUntilMs = nowMs + LINKS_KNOWN_MS;
    }
    const all = parseInterfaces(textOf("/proc/net/dev")).map((bytes) => ({ bytes, facts: this.factsOf(bytes.name) }));
    const physical = all.filter(({ facts }) => facts.isPhysical);
    const counted = physical.length > 0 ? physical : all;
    return counted.map(({ bytes, facts }) => ({ ...bytes, bitsPerSecond: facts.bitsPerSecond }));
  }

  private factsOf(name: string): LinkFacts {
    let facts = this.facts.get(name);
    if (facts === undefined) {
      const folder = `/sys/class/net/${name}`;
      const isPhysical = existsSync(`${folder}/device`);
      facts = { isPhysical, bitsPerSecond: parseSpeed(textOf(`${folder}/speed`)) };
      this.facts.set(name, facts);
    }
    return facts;
  }
}

function deviceOf(path: string): string | undefined {
  try {
    return deviceName(statSync(path).dev);
  } catch {
    return undefined;
  }
}

/** "" where there is no such file, or the driver refuses. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
