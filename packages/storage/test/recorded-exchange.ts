// Recorded exchanges of C servers (packages/protocol/vectors), with the bytes of long contents computed again.
import { readFileSync } from "node:fs";
import { HEADER_BYTES } from "@fastdfs-ts/protocol";

interface RecordedFrame {
  readonly length: number;
  readonly hex?: string;
  readonly prefix_hex?: string;
  readonly status: number;
}

export interface Exchange {
  readonly name: string;
  readonly cmd: number;
  readonly request: RecordedFrame;
  readonly response: RecordedFrame | null;
  readonly context: {
    readonly cluster: string;
    readonly from: string;
    readonly to: string;
    readonly connection_closed_by_server?: boolean;
    readonly file_content_formula?: string;
  };
}

export function recordedExchanges(file: "client-storage" | "storage-storage"): Exchange[] {
  const url = new URL(`../../protocol/vectors/wire/${file}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8")) as Exchange[];
}

/** "(i*13 + i//251) & 255, i < 700000" → those bytes. */
export function recordedContent(formula: string): Buffer {
  const [, factor, divisor, count] = /^\(i\*(\d+)(?: \+ i\/\/(\d+))?\) & 255, i < (\d+)$/.exec(formula) ?? [];
  if (factor === undefined || count === undefined) throw new Error(`unknown formula ${formula}`);
  const bytes = Buffer.allocUnsafe(Number(count));
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (i * Number(factor) + (divisor === undefined ? 0 : Math.floor(i / Number(divisor)))) & 255;
  }
  return bytes;
}

/** The whole request; `unrecorded` is content of which there is neither a recording nor a formula. */
export function recordedRequest({ request, context }: Exchange, unrecorded?: Buffer): Buffer {
  if (request.hex !== undefined) return Buffer.from(request.hex, "hex");
  const bytes = unrecorded ?? recordedContent(context.file_content_formula!);
  const head = Buffer.from(request.prefix_hex!, "hex").subarray(0, request.length - bytes.length);
  return Buffer.concat([head, bytes]);
}

export function recordedAnswer({ response, context }: Exchange): Buffer {
  if (response === null) return Buffer.alloc(0);
  if (response.hex !== undefined) return Buffer.from(response.hex, "hex");
  const head = Buffer.from(response.prefix_hex!, "hex").subarray(0, HEADER_BYTES);
  return Buffer.concat([head, recordedContent(context.file_content_formula!)]);
}
