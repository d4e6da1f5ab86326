// C leaves old memory behind the first NUL of fixed text (wire-protocol.md §1.2), our writers fill with zeros. Before
// bytes are compared, this clears what lies behind the NUL, guided by the tables, and nothing else.
import type { AnyField, Message, RecordShape } from "@fastdfs-ts/protocol";
import { ChangeList, StorageBrief } from "@fastdfs-ts/protocol";

/** A copy of `body` with zeros behind the first NUL of every fixed text field. */
export function clearStaleBytes(message: Message<never>, body: Buffer): Buffer {
  const copy = Buffer.from(body);
  if ((message as unknown) === ChangeList) {
    for (let at = 1; at < copy.length; at += StorageBrief.fixedSize) clearFields(StorageBrief.fields, copy, at, at);
  } else {
    clearFields(message.fields, copy, 0, copy.length);
  }
  return copy;
}

function clearFields(fields: Record<string, AnyField>, bytes: Buffer, start: number, end: number): void {
  let at = start;
  for (const field of Object.values(fields)) {
    if (field.part === "variable") {
      // Records repeat only at the end of a body, perhaps with a byte or two behind them.
      const { record } = field;
      if (record === undefined) return;
      for (; at + record.fixedSize <= end; at += record.fixedSize) clearFields(fieldsOf(record), bytes, at, end);
      continue;
    }
    if (field.part === "fixed" && field.record !== undefined) clearFields(fieldsOf(field.record), bytes, at, end);
    if (field.kind.startsWith("text(")) clearText(bytes, at, field.size);
    at += field.size;
  }
}

function clearText(bytes: Buffer, at: number, size: number): void {
  const nul = bytes.subarray(at, at + size).indexOf(0);
  if (nul >= 0) bytes.fill(0, at + nul, at + size);
}

function fieldsOf(record: RecordShape<unknown>): Record<string, AnyField> {
  return (record as Message<unknown>).fields;
}
