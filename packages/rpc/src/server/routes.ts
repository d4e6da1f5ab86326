// A server is a table from command code to route. A route knows how to read its request and how to write its answer;
// the handler behind it sees decoded values only.
import { type Command, Empty, type FdfsError, type Message } from "@fastdfs-ts/protocol";
import type { Endpoint } from "@fastdfs-ts/runtime";

import type { Slab } from "../slab.ts";
import type { ContentReader } from "./content-reader.ts";

/** What a handler may know of the connection a request came on. */
export interface Session {
  readonly remote: Endpoint;
  readonly local: Endpoint;
  /** Called once when the connection is gone, however that happened. */
  onClosed(callback: () => void): void;
  /** Closes after what is waiting was sent. */
  close(): void;
  /** The file a request was about, for the access log; handlers set it as soon as they know it. */
  subject: string;
}

/** An answer whose body is sent piece by piece. */
export interface StreamedAnswer {
  /** The length that the header announces. */
  readonly bodyBytes: number;
  /**
   * Nobody knows the length beforehand: the header announces `bodyBytes`, which is not the truth, and the end of the
   * connection is the end of the answer (wire-protocol.md §9.11).
   */
  readonly isUnmeasured?: boolean;
  /** The next piece, `undefined` after the last one. Throwing cuts the connection: the header has already left. */
  next(): Buffer | undefined | Promise<Buffer | undefined>;
  /** The kernel has copied the piece that `next` gave last: its memory may be used for another one. */
  sent?(): void;
  /** Called exactly once, after the last piece or when the peer went away. */
  close(): void;
}

/** A complete frame, header included, built by the handler. */
export interface WholeFrame {
  readonly frame: Buffer;
  /** Where the frame's memory comes from; it goes back there as soon as the kernel has copied the frame. */
  readonly slab?: Slab;
}

type Awaitable<T> = T | Promise<T>;
export type RouteAnswer = Buffer | WholeFrame | StreamedAnswer | undefined;

export interface PlainRoute {
  readonly kind: "plain";
  readonly code: number;
  readonly name: string;
  /** Whether clients send it. */
  readonly isForClients: boolean;
  readonly request: Message<unknown>;
  handle(request: unknown, session: Session, flags: number): Awaitable<RouteAnswer>;
}

export interface UploadRoute {
  readonly kind: "upload";
  readonly code: number;
  readonly name: string;
  /** Whether clients send it. */
  readonly isForClients: boolean;
  readonly request: Message<unknown>;
  handle(request: unknown, content: ContentReader, session: Session, flags: number): Awaitable<RouteAnswer>;
}

/** A request that ends the connection without an answer (command 82). */
export interface QuitRoute {
  readonly kind: "quit";
  readonly code: number;
  readonly name: string;
}

export type Route = PlainRoute | UploadRoute | QuitRoute;

/** A request without file content, and an answer that is a message. Throwing an FdfsError sends its status byte. */
export function answer<Request, Answer>(
  command: Command<Request, Answer>,
  handler: (request: Request, session: Session, flags: number) => Awaitable<Answer>,
): PlainRoute {
  const encode =
    command.answer === (Empty as unknown) ? () => undefined : (value: Answer) => command.answer.encode(value);
  return answerRaw(command, (request, session, flags) => {
    const value = handler(request, session, flags);
    return value instanceof Promise ? value.then(encode) : encode(value);
  });
}

/** A request without file content whose handler writes the body itself: downloads, address-dependent answers. */
export function answerRaw<Request>(
  command: Command<Request>,
  handler: (request: Request, session: Session, flags: number) => Awaitable<RouteAnswer>,
): PlainRoute {
  return {
    kind: "plain",
    code: command.code,
    name: command.doc,
    isForClients: isForClients(command),
    request: command.request,
    handle: handler,
  };
}

/** A request that is followed by file content. What the handler leaves unread is dealt with by the connection. */
export function receive<Request>(
  command: Command<Request>,
  handler: (request: Request, content: ContentReader, session: Session, flags: number) => Awaitable<RouteAnswer>,
): UploadRoute {
  return {
    kind: "upload",
    code: command.code,
    name: command.doc,
    isForClients: isForClients(command),
    request: command.request,
    handle: handler,
  };
}

function isForClients({ sender }: Pick<Command, "sender">): boolean {
  return sender.split(", ").includes("client");
}

/** A command that closes the connection without an answer. */
export function quit(command: Command): QuitRoute {
  return { kind: "quit", code: command.code, name: command.doc };
}

/** The routes by command code. Throws a TypeError if two serve the same code. */
export function routeTable(routes: readonly Route[]): ReadonlyMap<number, Route> {
  const table = new Map<number, Route>();
  for (const route of routes) {
    if (table.has(route.code)) throw new TypeError(`two routes for command ${route.code}`);
    table.set(route.code, route);
  }
  return table;
}

/** One answered request, as the access log sees it. */
export interface AnsweredExchange {
  readonly session: Session;
  readonly command: number;
  readonly status: number;
  /** `Clock.monotonic()` when its header was read. */
  readonly startedMs: number;
  /** Whole messages, headers included. */
  readonly requestBytes: number;
  readonly answerBytes: number;
  readonly error: FdfsError | undefined;
}
