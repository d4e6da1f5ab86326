// PROTOCOL.md, written from the same tables that encode and decode: what stands there is what happens.
import type { AnyCommand } from "./commands.ts";
import { commands } from "./commands.ts";
import { errorKinds } from "./errors.ts";
import { MAX_BODY_BYTES } from "./limits.ts";
import { parameterRows } from "./messages/cluster-parameters.ts";
import { storageStatuses } from "./storage-statuses.ts";
import type { AnyField, LengthField, RecordShape } from "./wire/fields.ts";
import type { Fields } from "./wire/message.ts";

interface Described {
  readonly name: string;
  readonly fields: Fields;
  readonly minSize: number;
  readonly maxSize: number;
}

/** The manual of the protocol as Markdown. Pure: the same tables give the same text. */
export function renderProtocolManual(): string {
  return [
    INTRODUCTION,
    "## Commands of a tracker",
    commandTable(commands.tracker),
    "## Commands of a storage",
    commandTable(commands.storage),
    "## Messages",
    MESSAGES,
    ...describedMessages().map(messageSection),
    "## Parameters (answer to 75)",
    "Keys in this order; unknown keys are ignored.",
    parameterTable(),
    "## Storage status",
    statusTable(),
    "## Status of an answer",
    errorTable(),
  ]
    .join("\n\n")
    .concat("\n");
}

const INTRODUCTION = `# Protocol

This page is generated from the tables in \`packages/protocol\` (\`npm run docs\`); do not edit it.

Every message begins with a header of 10 bytes: body length (i64), command (one byte, 100 in every answer), status (one
byte: an errno in an answer, 0 is success; a flag in some requests). All numbers are big-endian, times are Unix seconds.
An answer with a status other than 0 has no body.`;

const MESSAGES = `Offsets count from the first byte of the body. \`text(n)\` is n bytes, zero-filled, read up to the first
NUL. A part without an offset follows the one before it; a part behind one that runs to the end is found from the end.`;

function commandTable(table: Record<string, AnyCommand>): string {
  const rows = Object.entries(table)
    .sort(([, a], [, b]) => a.code - b.code)
    .map(([name, row]) => [
      String(row.code),
      `\`${name}\``,
      row.sender,
      row.payload === "upload" ? `${link(row.request)}, then content` : link(row.request),
      answerText(row),
      row.since ?? "",
      row.doc,
    ]);
  return markdownTable(["no.", "name", "sender", "request", "answer", "since", "what it is for"], rows);
}

function answerText(row: AnyCommand): string {
  const shapes = [row.answer, ...(row.answerVariants ?? [])].map(link).join(" or ");
  return row.payload === "download" && row.answer.name === "Empty" ? "file content" : shapes;
}

function link({ name }: { readonly name: string }): string {
  return name === "Empty" ? "empty" : `[${name}](#${name.toLowerCase()})`;
}

/** Every message and record of the tables, by name. */
function describedMessages(): Described[] {
  const found = new Map<string, Described>();
  const visit = (shape: Described): void => {
    if (shape.name === "Empty" || found.has(shape.name)) return;
    found.set(shape.name, shape);
    for (const field of Object.values(shape.fields)) {
      const record = recordOf(field);
      if (record !== undefined) visit(record);
    }
  };
  for (const row of [...Object.values(commands.tracker), ...Object.values(commands.storage)] as AnyCommand[]) {
    for (const shape of [row.request, row.answer, ...(row.answerVariants ?? [])]) visit(shape);
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The record that a field holds or repeats. Every record of the tables is a message. */
function recordOf(field: AnyField): Described | undefined {
  const record = field.part === "fixed" || field.part === "variable" ? field.record : undefined;
  return record as (RecordShape<unknown> & Described) | undefined;
}

function messageSection(shape: Described): string {
  const { minSize, maxSize } = shape;
  const size = minSize === maxSize ? `${minSize} bytes.` : `${minSize} bytes or more.`;
  return `### ${shape.name}\n\n${size}\n\n${fieldTable(shape.fields)}`;
}

function fieldTable(fields: Fields): string {
  let offset: number | undefined = 0;
  const rows = Object.entries(fields).map(([name, field]) => {
    const cells = [
      offset === undefined ? "" : String(offset),
      sizeText(field, lengthFieldOf(fields, name)),
      kindText(field),
      `\`${name}\``,
      docText(field),
    ];
    offset = offset === undefined || field.part === "variable" ? undefined : offset + field.size;
    return cells;
  });
  return markdownTable(["offset", "size", "kind", "name", "meaning"], rows);
}

/** The field that says how long the part `name` is, if one does. */
function lengthFieldOf(fields: Fields, name: string): LengthField | undefined {
  return Object.values(fields).find((field) => field.part === "length" && field.of === name) as LengthField | undefined;
}

function sizeText(field: AnyField, length: LengthField | undefined): string {
  if (field.part !== "variable") return String(field.size);
  const min = Math.max(field.min, length?.min ?? 0);
  const max = Math.min(field.max, length?.max ?? Infinity);
  if (min === max) return String(min);
  return max < MAX_BODY_BYTES ? `${min} to ${max}` : `${min} or more`;
}

function kindText(field: AnyField): string {
  const record = recordOf(field);
  return record === undefined ? field.kind : field.kind.replace(record.name, link(record));
}

function docText(field: AnyField): string {
  if (field.part === "length") return `length of \`${field.of}\`: ${field.doc}`;
  return field.part === "count" ? `number of \`${field.of}\`: ${field.doc}` : field.doc;
}

function parameterTable(): string {
  const rows = parameterRows.map(({ key, form, assumed, doc }) => [`\`${key}\``, form, assumed, doc]);
  return markdownTable(["key", "form", "if missing", "meaning"], rows);
}

function statusTable(): string {
  const rows = Object.entries(storageStatuses).map(([name, { value, doc }]) => [String(value), name, doc]);
  return markdownTable(["value", "name", "meaning"], rows);
}

function errorTable(): string {
  const rows = Object.entries(errorKinds)
    .filter(([kind, { status }]) => status !== 0 && kind !== "OTHER")
    .map(([kind, { status, retry, meaning }]) => [String(status), kind, retry, meaning]);
  return markdownTable(["status", "kind", "retry", "meaning"], rows);
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
