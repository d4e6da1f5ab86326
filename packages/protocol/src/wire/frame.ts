// The 10-byte header of every message in both directions (wire-protocol.md §1.1): body length, command, status. It is
// the only structure decoded by hand, because every exchange pays for it twice.
import { readI64, writeI64 } from "./fields.ts";

export const HEADER_BYTES = 10;

/** The command byte of every answer. */
export const ANSWER_COMMAND = 100;

/** Body length of a header, in bytes. Negative if the peer sent nonsense. */
export function frameBodyBytes(header: Buffer, at = 0): number {
  return readI64(header, at);
}

export function frameCommand(header: Buffer, at = 0): number {
  return header[at + 8] ?? 0;
}

/** The status byte of an answer (an errno), or the flag byte of a request. */
export function frameStatus(header: Buffer, at = 0): number {
  return header[at + 9] ?? 0;
}

/** Writes a header at `at`. */
export function writeHeader(into: Buffer, at: number, bodyBytes: number, command: number, status: number): void {
  writeI64(into, at, bodyBytes);
  into[at + 8] = command;
  into[at + 9] = status;
}

/** A complete frame: header and body in one buffer. */
export function frame(command: number, body: Uint8Array = NO_BYTES, status = 0): Buffer {
  const out = Buffer.allocUnsafe(HEADER_BYTES + body.length);
  writeHeader(out, 0, body.length, command, status);
  out.set(body, HEADER_BYTES);
  return out;
}

/** The header of an answer without a body. */
export function emptyAnswer(status: number): Buffer {
  return frame(ANSWER_COMMAND, NO_BYTES, status);
}

const NO_BYTES = new Uint8Array(0);
