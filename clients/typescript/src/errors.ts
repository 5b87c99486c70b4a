// What goes wrong, as types. Each has a `code` for programs; the text is for people.
//
//     CoppiceError
//     ├── ResponseError        the server refused a command; the code is the first word of what it said ("WRONGTYPE")
//     ├── ConnectionError      UNREACHABLE: nobody answered in time
//     │                        LOST: the connection ended before the answer; whether the command ran is not known
//     │                        CLOSED: the program closed the client
//     │                        NOT_COPPICE: something else answers there
//     ├── ProtocolError        PROTOCOL: what came is not RESP3
//     ├── AdapterError         KEY: there is no adapter, it did not answer, or the key is taken
//     └── FrozenStorageError   FROZEN: a write to a version of the past, or to an object that an adapter answers for

export class CoppiceError extends Error {
  override readonly name: string = "CoppiceError";
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export class ResponseError extends CoppiceError {
  override readonly name = "ResponseError";
  /** `text` is the whole of what the server said: "ERR no branch 'exp'". */
  constructor(text: string) {
    const space = text.indexOf(" ");
    const first = space < 0 ? text : text.slice(0, space);
    super(first, first === "ERR" ? text.slice(space + 1) : text);
  }
}

export type ConnectionTrouble = "UNREACHABLE" | "LOST" | "CLOSED" | "NOT_COPPICE";

export class ConnectionError extends CoppiceError {
  override readonly name = "ConnectionError";
  declare readonly code: ConnectionTrouble;
  constructor(code: ConnectionTrouble, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

export class ProtocolError extends CoppiceError {
  override readonly name = "ProtocolError";
  constructor(message: string) {
    super("PROTOCOL", message);
  }
}

export class AdapterError extends CoppiceError {
  override readonly name = "AdapterError";
  constructor(message: string) {
    super("KEY", message);
  }
}

export class FrozenStorageError extends CoppiceError {
  override readonly name = "FrozenStorageError";
  constructor(readonly key: string) {
    super("FROZEN", `'${key}' is frozen and cannot be modified. Create a copy of the object to modify it.`);
  }
}
