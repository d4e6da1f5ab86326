// fdfs_tracker_stat, fdfs_storage_stat and fdfs_volumn_stat of C 6.16: options of one letter, which can stand together.
import type { CTool } from "./c-tool.ts";

/** Where they look without `-c`. */
const defaultConf = "/etc/fdfs/client.conf";

export const statTools: Readonly<Record<string, CTool>> = {
  fdfs_tracker_stat: stat("trackers", "[-A | -N] [-L | -F] [-d]", {
    A: ["--active", "yes"],
    N: ["--active", "no"],
    L: ["--leader", "yes"],
    F: ["--leader", "no"],
    // Details: ours always shows them.
    d: [],
  }),
  fdfs_storage_stat: stat("storages", "[-A | -N] [-T | -t] [-d]", {
    A: ["--active", "yes"],
    N: ["--active", "no"],
    T: ["--trunk", "yes"],
    t: ["--trunk", "no"],
    d: [],
  }),
  fdfs_volumn_stat: stat("groups", "[-A | -N] [-D | -d] [-T | -t]", {
    A: ["--space", "yes"],
    N: ["--space", "no"],
    D: ["--disk", "yes"],
    d: ["--disk", "no"],
    T: ["--trunk", "yes"],
    t: ["--trunk", "no"],
  }),
};

function stat(list: string, usage: string, options: Readonly<Record<string, readonly string[]>>): CTool {
  const translate = (args: readonly string[]): string[] | string => {
    let conf = defaultConf;
    const words: string[] = [];
    for (let at = 0; at < args.length; at++) {
      const letters = /^-([A-Za-z]+)$/.exec(args[at]!)?.[1];
      if (letters === undefined) return `"${args[at]!}" is no option`;
      for (const letter of letters.replace(/c$/, "")) {
        const given = options[letter];
        if (given === undefined) return `there is no option -${letter}`;
        words.push(...given);
      }
      if (!letters.endsWith("c")) continue;
      const next = args[++at];
      if (next === undefined) return "-c needs a file";
      conf = next;
    }
    return ["stat", list, "--conf", conf, ...words];
  };
  return { usage: `[-c <config_file>] ${usage}`, min: 0, max: 8, translate };
}
