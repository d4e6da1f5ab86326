// Every recorded exchange of the C servers goes through the tables and comes back byte for byte.
import {
  ANSWER_COMMAND,
  type AnyCommand,
  commands,
  FdfsError,
  findCommand,
  frame,
  frameBodyBytes,
  frameCommand,
  frameStatus,
  HEADER_BYTES,
  type Message,
  writeHeader,
} from "@fastdfs-ts/protocol";
import { describe, expect, it } from "vitest";

import { clearStaleBytes } from "./clear-stale-bytes.ts";
import { type Exchange, recordedBytes, recordedExchanges } from "./recorded-traffic.ts";

type Anything = Message<never>;

const BAD_REQUEST = 22;
const activeTest = frame(111);

/**
 * Requests that C refuses for reasons that no table knows: names (§3.8), groups, ranges, states. Decoding accepts them,
 * the handlers refuse.
 */
const refusedByServer = wordList(`
  storage_changelog_req_short storage_report_ip_changed_wrong_ip join_group_name_bad join_group_name_empty
  join_port_zero join_paths_zero join_paths_300 join_subdirs_zero join_subdirs_mismatch join_port_mismatch
  report_trunk_fid_joined report_trunk_free_joined sid_fetch_storage_ids_bad_index ping_leader_not_joined
  notify_next_leader_bad get_one_sys_file_bad_index get_one_sys_file_bad_offset tt_a_commit_not_notified
  upload_bad_path_index upload_ext_with_slash upload_ext_control_char upload_ext_space download_offset_at_end
  download_offset_past_end download_empty_file download_wrong_group download_bad_path_letter
  download_bad_path_index download_dotdot download_dotdot2 download_lower_case_dir file_info_wrong_group
  set_meta_bad_flag set_meta_wrong_group get_meta_wrong_group modify_past_end append_to_normal_file
  modify_normal_file truncate_normal_file regenerate_normal_file append_to_regenerated upload_slave_empty_prefix
  upload_slave_prefix_slash create_link_wrong_group delete_wrong_group trunk_download_past_end
  trunk_download_empty report_server_id_empty trunk_alloc_space_no_trunk trunk_alloc_confirm_no_trunk
  trunk_free_space_no_trunk trunk_sync_binlog_no_trunk trunk_truncate_binlog_no_trunk
  fetch_one_path_binlog_bad_path fetch_one_path_binlog_wrong_group sync_create_wrong_group sync_create_bad_name
  trunk_alloc_space_too_big trunk_alloc_space_bad_path trunk_alloc_space_wrong_group
  trunk_alloc_space_not_trunk_server trunk_sync_binlog_to_trunk_server trunk_truncate_binlog_at_trunk_server
  trunk_get_binlog_size_no_trunk trunk_delete_binlog_marks_no_trunk trunk_delete_marks_at_trunk_server
`);

/** Requests of older releases that C 6.16 refuses and we understand (wire-protocol.md §11). */
const acceptedForOldPeers = wordList(`
  storage_get_status_no_port storage_get_server_id_no_port storage_get_my_ip_short storage_get_status_short
  storage_fetch_storage_ids_old_length ping_leader_old_length
`);

/** Of those, the one that is written anew in the form of 6.16. */
const WITHOUT_ALLOW_EMPTY = "storage_fetch_storage_ids_old_length";

/** Answers in which C repeats the request (wire-protocol.md §12 no. 2, 3, 12). Ours are empty. */
const echoedByC = wordList(`
  modify_zero_bytes append_zero_bytes truncate_same_size sync_rename sync_rename_live sid_report_ip_changed
`);

/** Records in which C left old memory behind the NUL of a text; found while comparing. */
const withStaleBytes = new Set<string>();

const exchanges = recordedExchanges();

describe("recorded requests", () => {
  it("all go through the tables", () => {
    const outcomes = exchanges.map((exchange) => checkRequest(exchange));
    expect(tally(outcomes)).toEqual({
      "same bytes": 602,
      "refused by the table": 60,
      "refused by the server": refusedByServer.size,
      "understood for old peers": acceptedForOldPeers.size,
      "unknown command": 4,
      "impossible length": 3,
    });
    expect(outcomes).toHaveLength(741);
  });
});

describe("recorded answers", () => {
  it("all go through the tables", () => {
    const outcomes = exchanges.map((exchange) => checkAnswer(exchange));
    expect(tally(outcomes)).toEqual({
      "same bytes": 435,
      "error without a body": 264,
      "file content": 27,
      "echoed request": echoedByC.size,
      "no answer": 9,
    });
    expect(outcomes).toHaveLength(741);
  });
});

it("old memory of C is the only difference, and in few records", () => {
  for (const exchange of exchanges) {
    checkRequest(exchange);
    checkAnswer(exchange);
  }
  expect(withStaleBytes.size).toBe(42);
});

function checkRequest(exchange: Exchange): string {
  const frames = splitFrames(recordedBytes(exchange.request), exchange);
  if (frames === undefined) return "impossible length";
  for (const frame of frames.slice(1)) expect(frame, "the second frame is an active test").toEqual(activeTest);
  const [frame] = frames as [Buffer, ...Buffer[]];
  expect(frameCommand(frame), exchange.name).toBe(exchange.cmd);
  expect(frameStatus(frame), exchange.name).toBe(exchange.request.status);

  const found = findCommand(exchange.server, exchange.cmd);
  const status = exchange.response?.status;
  if (found === undefined) {
    expect(status, exchange.name).toBe(BAD_REQUEST);
    return "unknown command";
  }
  const refusal = refusalOf(() => checkRequestBody(exchange, found.command, frame));
  if (refusal !== undefined) {
    expect(status, `${exchange.name}: ${refusal}`).toBe(BAD_REQUEST);
    return "refused by the table";
  }
  if (acceptedForOldPeers.has(exchange.name)) return "understood for old peers";
  if (status === BAD_REQUEST) {
    expect(refusedByServer, "neither the table nor a known rule of the server refuses it").toContain(exchange.name);
    return "refused by the server";
  }
  return "same bytes";
}

/** The frames of a recording; undefined if the first one says it is longer than what was sent, or negative. */
function splitFrames(bytes: Buffer, exchange: Exchange): Buffer[] | undefined {
  const frames: Buffer[] = [];
  for (let at = 0; at < exchange.request.length;) {
    const header = bytes.subarray(at, at + HEADER_BYTES);
    checkHeader(header);
    const end = at + HEADER_BYTES + frameBodyBytes(header);
    if (end < at + HEADER_BYTES || end > exchange.request.length) return undefined;
    frames.push(bytes.subarray(at, end));
    at = end;
  }
  expect(frameBodyBytes(bytes)).toBe(exchange.request.body_length);
  return frames;
}

function checkRequestBody(exchange: Exchange, command: AnyCommand, frame: Buffer): void {
  const message = command.request as Anything;
  const body = frame.subarray(HEADER_BYTES);
  if (command.payload !== "upload") {
    checkSameBytes(exchange, message, body);
    return;
  }
  const bodyBytes = frameBodyBytes(frame);
  const headBytes = body.length < message.fixedSize ? message.fixedSize : message.headSize(body);
  if (headBytes > bodyBytes) throw new FdfsError("BAD_REQUEST", { reason: "cut short" });
  const head = checkSameBytes(exchange, message, body.subarray(0, headBytes)) as { contentBytes: number };
  const hasContent = frameStatus(frame) === 0;
  if (headBytes + (hasContent ? head.contentBytes : 0) !== bodyBytes) {
    throw new FdfsError("BAD_REQUEST", { reason: "the length does not add up" });
  }
}

function checkAnswer(exchange: Exchange): string {
  const { response } = exchange;
  if (response === null) return "no answer";
  const frame = recordedBytes(response);
  checkHeader(frame.subarray(0, HEADER_BYTES));
  expect(frameCommand(frame)).toBe(ANSWER_COMMAND);
  expect(frameStatus(frame)).toBe(response.status);
  expect(frameBodyBytes(frame)).toBe(response.body_length);

  const body = frame.subarray(HEADER_BYTES);
  if (echoedByC.has(exchange.name)) {
    expect(body).toEqual(recordedBytes(exchange.request).subarray(HEADER_BYTES));
    return "echoed request";
  }
  if (response.status !== 0) {
    expect(body, exchange.name).toHaveLength(0);
    return "error without a body";
  }
  const command = findCommand(exchange.server, exchange.cmd)!.command;
  if (command === commands.storage.downloadFile) return "file content";
  const candidates = [command.answer, ...(command.answerVariants ?? [])] as Anything[];
  const refusals = candidates.map((message) => refusalOf(() => checkSameBytes(exchange, message, body)));
  // An empty list has no width; every other body fits exactly one of the two.
  const fitting = refusals.filter((refusal) => refusal === undefined).length;
  expect(fitting, `${exchange.name}: ${refusals.join("; ")}`).toBe(body.length === 0 ? candidates.length : 1);
  return "same bytes";
}

function checkSameBytes(exchange: Exchange, message: Anything, body: Buffer): unknown {
  const value = message.decode(body);
  if (exchange.name === WITHOUT_ALLOW_EMPTY) return value;
  const clean = clearStaleBytes(message, body);
  if (!clean.equals(body)) withStaleBytes.add(exchange.name);
  expect(message.encode(value).toString("hex"), exchange.name).toBe(clean.toString("hex"));
  expect(message.sizeOf(value), exchange.name).toBe(body.length);
  return value;
}

function checkHeader(header: Buffer): void {
  const copy = Buffer.alloc(HEADER_BYTES);
  writeHeader(copy, 0, frameBodyBytes(header), frameCommand(header), frameStatus(header));
  expect(copy).toEqual(header);
}

function refusalOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof FdfsError && error.kind === "BAD_REQUEST") return error.message;
    throw error;
  }
}

function tally(outcomes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

function wordList(words: string): Set<string> {
  return new Set(words.trim().split(/\s+/));
}
