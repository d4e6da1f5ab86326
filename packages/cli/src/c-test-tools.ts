// fdfs_test and fdfs_test1, with which people of C try out a new installation: one operation on one file each. The first
// one takes group and name apart, the other the file id. What they print is ours. (fdfs_appender_test and its twin run
// through C's library and have no operations to call.)
import type { CTool } from "./c-tool.ts";

interface TestOperation {
  /** Arguments behind the file. */
  readonly usage: string;
  readonly min: number;
  readonly max: number;
  readonly command: (more: readonly string[]) => readonly string[];
  /** Arguments of ours behind the file. */
  readonly more?: (more: readonly string[]) => readonly string[];
}

const none = { usage: "", min: 0, max: 0 } as const;

const operations: Readonly<Record<string, TestOperation>> = {
  // How C's library reads the file is no matter of ours.
  upload: { usage: " [FILE | BUFF | CALLBACK]", min: 0, max: 1, command: () => ["upload"] },
  download: { usage: " [local_filename]", min: 0, max: 1, command: () => ["download"], more: (more) => more },
  getmeta: { ...none, command: () => ["meta", "get"] },
  setmeta: {
    usage: " <o | m> <name=value,...>",
    min: 2,
    max: 2,
    command: ([mode]) => ["meta", mode === "m" ? "merge" : "set"],
    more: ([, pairs]) => pairs!.split(","),
  },
  delete: { ...none, command: () => ["delete"] },
  query_servers: { ...none, command: () => ["locate"] },
};

export const testTools: Readonly<Record<string, CTool>> = {
  fdfs_test: {
    ...testTool("<group_name> <remote_filename>", 6),
    translate: ([conf, operation, ...rest]) => {
      const [group, name, ...more] = rest;
      const isLocal = operation === "upload" || name === undefined;
      return translate(conf!, operation!, isLocal ? rest : [`${group!}/${name}`, ...more]);
    },
  },
  fdfs_test1: {
    ...testTool("<file_id>", 5),
    translate: ([conf, operation, ...rest]) => translate(conf!, operation!, rest),
  },
};

function testTool(file: string, max: number): Omit<CTool, "translate"> {
  const usages = Object.entries(operations).map(
    ([name, { usage }]) => `${name} ${name === "upload" ? "<local_filename>" : file}${usage}`,
  );
  return { usage: `<config_file> ${usages.join(" | ")}`, min: 3, max };
}

/** `rest` begins with the file id, or with the local file to upload. */
function translate(conf: string, name: string, [file, ...more]: readonly string[]): string[] | string {
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (operation === undefined) return `"${name}" is not ${Object.keys(operations).join(", ")}`;
  if (more.length < operation.min) return "too few arguments";
  if (more.length > operation.max) return "too many arguments";
  if (name === "setmeta" && more[0] !== "o" && more[0] !== "m") {
    return `"${more[0]!}" is not o (overwrite) or m (merge)`;
  }
  return [...operation.command(more), "--conf", conf, "--", file!, ...(operation.more?.(more) ?? [])];
}
