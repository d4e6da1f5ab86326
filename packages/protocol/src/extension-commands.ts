// Commands of our own, for peers that are known to be ours (messages/extensions.ts). Old peers never see them.
import { command } from "./command.ts";
import {
  BinlogSinceRequest,
  ExplainRequest,
  Explanation,
  PeerHello,
  PeerHelloAnswer,
  RemovalList,
  RemovalNotice,
  ReplicationReport,
} from "./messages/extensions.ts";
import { Empty } from "./wire/message.ts";

export const trackerExtensionCommands = {
  reportReplication: command({
    code: 120,
    server: "tracker",
    sender: "storage",
    request: ReplicationReport,
    answer: Empty,
    payload: "none",
    retry: "same",
    doc: "how far I have fed my peers",
    section: "ours",
    since: "fastdfs-ts 1",
  }),
  explainStorages: command({
    code: 121,
    server: "tracker",
    sender: "client",
    request: ExplainRequest,
    answer: Explanation,
    payload: "none",
    retry: "any-tracker",
    doc: "why is each storage in the state it is in?",
    section: "ours",
    since: "fastdfs-ts 1",
  }),
  shareRemovals: command({
    code: 124,
    server: "tracker",
    sender: "storage",
    request: RemovalNotice,
    answer: RemovalList,
    payload: "none",
    retry: "same",
    doc: "members that were removed from my group; asked before a join, and with each beat",
    section: "ours",
    since: "fastdfs-ts 1",
  }),
};

export const storageExtensionCommands = {
  peerHello: command({
    code: 122,
    server: "storage",
    sender: "storage",
    request: PeerHello,
    answer: PeerHelloAnswer,
    payload: "none",
    retry: "same",
    doc: "who I am, and what I understand",
    section: "ours",
    since: "fastdfs-ts 1",
  }),
  binlogSince: command({
    code: 123,
    server: "storage",
    sender: "storage",
    request: BinlogSinceRequest,
    answer: Empty,
    payload: "download",
    retry: "same",
    doc: "records of all store paths from a time on, as binlog lines; a storage that lost power asks what it may have forgotten",
    section: "ours",
    since: "fastdfs-ts 1",
  }),
};
