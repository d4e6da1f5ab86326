// Property generators for messages, derived from the same tables as the codec: a new message is tested without a new
// generator.
import { type AnyField, ChangeList, ClusterParameters, type Message, StorageBrief } from "@fastdfs-ts/protocol";
import fc from "fast-check";

/** Bytes of a generated variable part; more would only make the tests slow. */
const MAX_VARIABLE_BYTES = 400;
const MAX_RECORDS = 5;

/** Any value that a message can carry. Throws a TypeError for a kind of field that is not known here. */
export function arbitraryMessage<T>(message: Message<T>): fc.Arbitrary<T> {
  const special = specials.get(message as Message<never>);
  return (special?.() ?? arbitraryFields(message.fields)) as fc.Arbitrary<T>;
}

/** Messages that are not plain tables of fields. */
const specials = new Map<Message<never>, () => fc.Arbitrary<unknown>>([
  [ChangeList as Message<never>, arbitraryChangeList],
  [ClusterParameters as Message<never>, arbitraryParameters],
]);

function arbitraryFields(fields: Record<string, AnyField>): fc.Arbitrary<unknown> {
  const parts: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (field.part === "fixed") parts[name] = arbitraryFixed(field);
    if (field.part !== "variable") continue;
    const length = Object.values(fields).find((other) => other.part === "length" && other.of === name);
    const { min, max } = length?.part === "length" ? length : field;
    parts[name] = arbitraryVariable(field, Math.max(min, field.min), Math.min(max, field.max));
  }
  return fc.record(parts);
}

function arbitraryFixed(field: Extract<AnyField, { part: "fixed" }>): fc.Arbitrary<unknown> {
  if (field.record !== undefined) return arbitraryMessage(field.record as Message<unknown>);
  if (field.kind.startsWith("text(")) return fc.string({ unit: fixedTextChar, maxLength: field.size });
  if (field.kind.startsWith("bytes(")) return arbitraryBytes(field.size, field.size);
  const scalar = scalars[field.kind];
  if (scalar === undefined) throw new TypeError(`no generator for fields of kind ${field.kind}`);
  return scalar;
}

function arbitraryVariable(
  field: Extract<AnyField, { part: "variable" }>,
  min: number,
  max: number,
): fc.Arbitrary<unknown> {
  const { kind, record } = field;
  const most = Math.min(max, min + MAX_VARIABLE_BYTES);
  if (record !== undefined) {
    const item = arbitraryMessage(record as Message<unknown>);
    if (kind.endsWith("or nothing")) return fc.option(item, { nil: undefined });
    const maxLength = Math.min(Math.floor(max / record.fixedSize), MAX_RECORDS);
    return fc.array(item, { minLength: Math.ceil(min / record.fixedSize), maxLength });
  }
  if (kind === "text") return fc.string({ unit: anyChar, minLength: min, maxLength: most });
  if (kind === "bytes") return arbitraryBytes(min, most);
  if (kind === "lines") return fc.array(fc.string({ unit: lineChar, maxLength: 60 }), { maxLength: 6 });
  if (kind === "flag or nothing") return fc.boolean();
  throw new TypeError(`no generator for fields of kind ${kind}`);
}

function arbitraryChangeList(): fc.Arbitrary<unknown> {
  const brief = arbitraryMessage(StorageBrief);
  const maybe = fc.option(brief, { nil: undefined });
  return fc.record({
    leader: maybe,
    trunkServer: maybe,
    storages: fc.option(fc.array(brief, { maxLength: 32 }), { nil: undefined }),
  });
}

/** Parameters as a tracker has them, drawn through the codec, with extensions. */
function arbitraryParameters(): fc.Arbitrary<unknown> {
  const assumed = ClusterParameters.decode(Buffer.alloc(0));
  const parts: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [property, value] of Object.entries(assumed)) {
    if (typeof value === "boolean") parts[property] = fc.boolean();
    else if (typeof value === "number") parts[property] = fc.nat();
    else parts[property] = fc.constant(value);
  }
  return fc.record({
    ...parts,
    extensions: fc
      .array(fc.tuple(fc.stringMatching(/^x_[a-z]{1,8}$/), fc.stringMatching(/^[a-z0-9.]{0,8}$/)), { maxLength: 3 })
      .map((pairs) => new Map(pairs)),
  });
}

function arbitraryBytes(min: number, max: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ minLength: min, maxLength: max }).map((bytes) => Buffer.from(bytes));
}

const charOf = (code: number): string => String.fromCharCode(code);
const anyChar = fc.integer({ min: 0, max: 255 }).map(charOf);
const fixedTextChar = fc.integer({ min: 1, max: 255 }).map(charOf);
const lineChar = anyChar.filter((char) => char !== "\n");

const scalars: Record<string, fc.Arbitrary<unknown>> = {
  u8: fc.integer({ min: 0, max: 0xff }),
  i8: fc.integer({ min: -0x80, max: 0x7f }),
  i32: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  i64: fc.maxSafeInteger(),
  "i64 >= 0": fc.maxSafeNat(),
  "crc32 in i64": fc.integer({ min: 0, max: 0xffff_ffff }),
  flag: fc.boolean(),
  letter: anyChar,
};
