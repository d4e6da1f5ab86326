export { type Command, command } from "./command.ts";
export { type ErrorFacts, type ErrorKind, errorKinds, type ErrorKindRow, FdfsError } from "./errors.ts";
export { readI64, readText, writeI64 } from "./wire/fields.ts";
export {
  ANSWER_COMMAND,
  emptyAnswer,
  frame,
  frameBodyBytes,
  frameCommand,
  frameStatus,
  HEADER_BYTES,
  writeHeader,
} from "./wire/frame.ts";
export { Empty, type Fields, type Message, message, type MessageOf, type ShapeOf } from "./wire/message.ts";
