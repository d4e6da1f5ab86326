// The directories of a server: there, writable, with space and inodes, and, for store paths, its own.
import { randomUUID } from "node:crypto";
import { join } from "node:path";

import { type Disk, type StorageConfig, systemErrorCode } from "@fastdfs-ts/runtime";
import {
  dataInitFlagPath,
  hasBinlogRecords,
  judgeStorePath,
  newDataInitFlag,
  parseDataInitFlag,
} from "@fastdfs-ts/storage";

import { printBytes, printCount } from "../terminal/units.ts";
import { failure, type Finding, note, ok, warning } from "./finding.ts";

const littleSpaceBytes = 1024 ** 3;
const littleSpaceShare = 0.05;
const fewInodes = 10_000;

/** Looks at a directory by using it: mount options and quotas do not show in its permissions. */
export function checkDirectory(disk: Disk, subject: string, path: string): Finding[] {
  const trouble = writingTrouble(disk, path);
  if (trouble !== undefined) {
    return [failure(subject, `${path} cannot be written (${trouble})`, writingRemedy(trouble, path))];
  }
  const { totalBytes, availableBytes, totalInodes, freeInodes } = disk.space(path);
  const space = `${printBytes(availableBytes)} of ${printBytes(totalBytes)} free`;
  const inodes = totalInodes === 0 ? "" : `, ${printCount(freeInodes)} inodes free`;
  const findings = [ok(subject, `${path} is writable; ${space}${inodes}`)];
  if (availableBytes < littleSpaceBytes || availableBytes < totalBytes * littleSpaceShare) {
    findings.push(
      warning(subject, `little space: ${space}`, "delete files, add a disk as another store path, or add a group"),
    );
  }
  if (totalInodes > 0 && freeInodes < fewInodes) {
    const remedy = "the disk is 'full' with free space: delete small files, or make a file system with more inodes";
    findings.push(warning(subject, `few inodes: ${printCount(freeInodes)} of ${printCount(totalInodes)}`, remedy));
  }
  return findings;
}

function writingTrouble(disk: Disk, path: string): string | undefined {
  const probe = join(path, `.fdfs-doctor-${randomUUID()}`);
  try {
    disk.open(probe, "create").close();
    disk.unlink(probe);
    return undefined;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    return code;
  }
}

function writingRemedy(code: string, path: string): string {
  if (code === "ENOSPC") return "there are no blocks or no inodes left: df and df -i tell which";
  if (code === "EROFS") return "the file system is mounted read-only: look at dmesg and mount options";
  if (code === "ENOENT") return `create it: mkdir -p ${path}`;
  return `let the server's user write there: chown or chmod ${path}`;
}

/** Whether a store path is the one that this storage used before (storage-formats.md §2.4). */
export function checkStorePath(disk: Disk, config: StorageConfig, storePathIndex: number): Finding {
  const subject = `store_path${storePathIndex}`;
  const flagPath = dataInitFlagPath(config.basePath);
  const flagText = disk.stat(flagPath) === undefined ? undefined : disk.readFile(flagPath).toString("utf8");
  const flag = flagText === undefined ? newDataInitFlag(0) : parseDataInitFlag(flagText);
  if (typeof flag === "string") {
    return failure(subject, `${flagPath} is damaged: ${flag}`, "restore it from a backup; without files, remove it");
  }
  const { action, reason } = judgeStorePath({
    disk,
    storePath: config.storePaths[storePathIndex]!.path,
    storePathIndex,
    subdirCount: config.subdirCountPerPath,
    flag,
    hasHistory: hasBinlogRecords(disk, join(config.basePath, "data", "sync")),
    address: config.bindAddresses[0] ?? "",
    port: config.port,
    checksMarks: config.checkStorePathMark,
  });
  if (action === "refuse") return failure(subject, reason, "correct store_path in storage.conf, or the mounts");
  if (action === "recover") return failure(subject, reason, "mount the disk before the storage starts");
  if (action === "re-mark") return warning(subject, reason, "if the disk is the right one, nothing");
  return action === "use" ? ok(subject, reason) : note(subject, reason);
}
