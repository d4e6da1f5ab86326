// storage_groups_new.dat: the groups (storage-formats.md §3.1).
import { checkCount, oneLine, parseStateIni, SectionReader, sectionName, type StateProblem } from "./state-ini.ts";

export interface StoredGroup {
  readonly name: string;
  /** -1: members use different ports. */
  readonly port: number;
  readonly storePathCount: number;
  readonly subdirCount: number;
  readonly currentTrunkFileId: number;
  /** Storage ids, or empty. */
  readonly trunkServer: string;
  readonly lastTrunkServer: string;
}

export function parseGroupsFile(text: string): { groups: StoredGroup[]; problems: StateProblem[] } {
  const ini = parseStateIni(text);
  const problems = [...ini.problems];
  const groups = new Map<string, StoredGroup>();
  const sections = ini.sections.filter((section) => section.name.startsWith("Group"));
  for (const section of sections) {
    const reader = new SectionReader(section, problems);
    const name = reader.text("group_name");
    if (!/^[A-Za-z0-9]{1,16}$/.test(name) || groups.has(name)) {
      reader.report(`group_name=${name} is ${groups.has(name) ? "there twice" : "not a group name"}`, "this group");
      continue;
    }
    const lost = `a fact of ${name}, until its storages join`;
    groups.set(name, {
      name,
      port: reader.number("storage_port", lost) ?? 0,
      storePathCount: reader.number("store_path_count", lost) ?? 0,
      subdirCount: reader.number("subdir_count_per_path", lost) ?? 0,
      currentTrunkFileId: reader.number("current_trunk_file_id", `the newest trunk file of ${name}`) ?? 0,
      trunkServer: reader.writtenText("trunk_server", `the trunk server of ${name}`),
      lastTrunkServer: reader.writtenText("last_trunk_server", `the last trunk server of ${name}`),
    });
  }
  checkCount(ini, "group_count", sections.length, problems);
  return { groups: [...groups.values()], problems };
}

export function printGroupsFile(groups: readonly StoredGroup[]): string {
  const sections = groups.map(
    (group, index) => `
# group: ${group.name}
[${sectionName("Group", index + 1)}]
	group_name=${group.name}
	storage_port=${group.port}
	store_path_count=${group.storePathCount}
	subdir_count_per_path=${group.subdirCount}
	current_trunk_file_id=${group.currentTrunkFileId}
	trunk_server=${oneLine(group.trunkServer)}
	last_trunk_server=${oneLine(group.lastTrunkServer)}
`,
  );
  return `[Global]\n\tgroup_count=${groups.length}\n${sections.join("")}\n`;
}
