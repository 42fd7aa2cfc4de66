// The base of thrown errors. What a peer or the network does is returned, never thrown.

/** An error of this package, told apart by `code`, which is stable; the message may change. */
export class FinwaitError extends Error {
  override readonly name: string = "FinwaitError";
  readonly code: string;

  constructor(code: string, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The caller used the API in a way that would break the protocol. Nothing was sent. */
export class LocalProtocolError extends FinwaitError {
  override readonly name: string = "LocalProtocolError";
}

/** A state that only a bug of this package can reach. */
export class InvariantError extends FinwaitError {
  override readonly name: string = "InvariantError";

  constructor(message: string) {
    super("FINWAIT_INVARIANT", message);
  }
}
