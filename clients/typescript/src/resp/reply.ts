// What a server says, as values.
//
//     bulk and simple strings  string, or Uint8Array where the caller asked for bytes (bulk strings alone)
//     integers                 number, or bigint beyond 2^53; big numbers are always bigint
//     doubles, booleans, null  number, boolean, null
//     arrays, maps, sets       arrays, Map, Set
//     errors                   ResponseError (FrozenStorageError for a write to the past), as a value: whoever asked
//                              decides whether to throw it
import type { FrozenStorageError, ResponseError } from "../errors.js";

export type Reply =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | ResponseError
  | FrozenStorageError
  | Reply[]
  | Map<Reply, Reply>
  | Set<Reply>;
