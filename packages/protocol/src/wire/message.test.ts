import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { FdfsError } from "../errors.ts";
import { countOf, i32, i64, i8, lengthOf, lines, listOf, padding, size64, text, u8, variableText } from "./fields.ts";
import { frame, frameBodyBytes, frameCommand, frameStatus, writeHeader } from "./frame.ts";
import { message } from "./message.ts";

const Item = message("Item", { id: u8("") });

describe("a table that is wrong", () => {
  it.each([
    ["length of nothing", () => message("X", { n: lengthOf("nothing", "") })],
    ["count of nothing", () => message("X", { n: countOf("nothing", 1, "") })],
    ["two open ends", () => message("X", { a: variableText(""), b: variableText("") })],
    ["variable behind trailing", () => message("X", { a: variableText(""), b: u8(""), c: variableText("") })],
    ["length behind its part", () => message("X", { a: variableText(""), n: lengthOf("a", "") })],
  ])("is refused: %s", (_why, build) => {
    expect(build).toThrow(TypeError);
  });
});

describe("values that do not fit", () => {
  const Numbers = message("Numbers", { a: u8(""), b: i8(""), c: i32(""), d: i64(""), e: size64("") });
  const fitting = { a: 0, b: 0, c: 0, d: 0, e: 0 };
  it.each([
    { a: 256 },
    { a: -1 },
    { b: 128 },
    { c: 2 ** 31 },
    { d: 2 ** 63 },
    { d: 1.5 },
    { e: -1 },
    { a: Number.NaN },
  ])("are refused: %j", (wrong) => {
    expect(() => Numbers.encode({ ...fitting, ...wrong })).toThrow(FdfsError);
  });

  it("texts are refused rather than cut", () => {
    const Name = message("Name", { name: text(4, "") });
    expect(() => Name.encode({ name: "group" })).toThrow(FdfsError);
    expect(() => Name.encode({ name: "日" })).toThrow(FdfsError);
    expect(Name.decode(Name.encode({ name: "grou" }))).toEqual({ name: "grou" });
  });

  it("lines with a line feed are refused", () => {
    const Text = message("Text", { all: lines("") });
    expect(() => Text.encode({ all: ["a\nb"] })).toThrow(FdfsError);
    expect(() => Text.decode(Buffer.from("a\nb"))).toThrow(FdfsError);
  });

  it("counts that do not add up are refused", () => {
    const List = message("List", { count: countOf("items", 4, ""), items: listOf(Item, "") });
    expect(List.encode({ items: [{ id: 7 }] })).toEqual(Buffer.from([0, 0, 0, 1, 7]));
    expect(() => List.decode(Buffer.from([0, 0, 0, 2, 7]))).toThrow(FdfsError);
  });
});

describe("fields behind a variable part", () => {
  const Trailed = message("Trailed", { list: listOf(Item, ""), gap: padding(1, ""), last: u8("") });

  it("are found from the end", () => {
    expect(Trailed.decode(Buffer.from([1, 2, 9, 3]))).toEqual({ list: [{ id: 1 }, { id: 2 }], last: 3 });
    expect(Trailed.encode({ list: [{ id: 1 }], last: 3 })).toEqual(Buffer.from([1, 0, 3]));
  });

  it("must be there", () => {
    expect(Trailed.minSize).toBe(2);
    expect(() => Trailed.decode(Buffer.from([1]))).toThrow(FdfsError);
  });
});

it("a length beyond 2^31 is refused, not wrapped", () => {
  const Named = message("Named", { n: lengthOf("name", ""), name: variableText("") });
  const body = Buffer.from("0000000100000003616263", "hex");
  expect(() => Named.decode(body)).toThrow(FdfsError);
  expect(() => Named.headSize(body)).toThrow(FdfsError);
});

it("headers come back as they went out", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.nat(255), fc.nat(255), (bodyBytes, command, status) => {
      const header = Buffer.alloc(12);
      writeHeader(header, 1, bodyBytes, command, status);
      expect([frameBodyBytes(header, 1), frameCommand(header, 1), frameStatus(header, 1)]).toEqual([
        bodyBytes,
        command,
        status,
      ]);
    }),
  );
  expect(frame(111)).toEqual(Buffer.from("00000000000000006f00", "hex"));
});
