// coppice: lists and dicts on a coppice server, shared by all programs that open them, and every version of them.
export type { Adapted } from "./adapter.js";
export { Client, type ClientEvent, type ClientEvents, type ClientOptions, createClient } from "./client.js";
export {
  AdapterError,
  ConnectionError,
  type ConnectionTrouble,
  CoppiceError,
  FrozenStorageError,
  ProtocolError,
  ResponseError,
} from "./errors.js";
export type { AskOptions, Backoff } from "./link.js";
export { Dict, type DictCallbacks, type DictOptions } from "./objects/dict.js";
export { List, type ListCallbacks, type ListOptions } from "./objects/list.js";
export { type Piece, Segments, type SegmentsOptions } from "./objects/segments.js";
export type { FallbackPolicy, StoredOptions } from "./objects/stored.js";
export { Pipeline } from "./pipeline.js";
export type { Reply } from "./resp/reply.js";
export type { Word, Words } from "./resp/writer.js";
export type { Refresh, RefreshHandler } from "./signals.js";
export type { WebSocketClass, WebSocketLike } from "./transport.js";
export type {
  Branch,
  Change,
  DiffOptions,
  Kind,
  LogOptions,
  Move,
  Part,
  Span,
  Tag,
  Version,
  When,
} from "./versions.js";
