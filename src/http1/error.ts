import { FinwaitError } from "../base/error.ts";

// Errors about HTTP/1.1 itself. A connection that ends is not an error: FIN, RST and timeouts are
// reported as `Ending` values. These are for bytes that break RFC 9112, or a limit.

export type PeerProtocolErrorCode =
  | "FINWAIT_BODY_TOO_LARGE"
  | "FINWAIT_CHUNK_EXTENSIONS_TOO_LARGE"
  | "FINWAIT_CHUNK_INVALID"
  | "FINWAIT_CONNECT_REFUSED"
  | "FINWAIT_CONTENT_LENGTH_INVALID"
  | "FINWAIT_EXPECTATION_UNKNOWN"
  | "FINWAIT_FIELD_LINE_INVALID"
  | "FINWAIT_FIELD_LINE_TOO_LONG"
  | "FINWAIT_FIELDS_TOO_MANY"
  | "FINWAIT_FRAMING_AMBIGUOUS"
  | "FINWAIT_HEAD_TOO_LARGE"
  | "FINWAIT_HOST_INVALID"
  | "FINWAIT_LENGTH_REQUIRED"
  | "FINWAIT_MESSAGE_INCOMPLETE"
  | "FINWAIT_METHOD_TOO_LONG"
  | "FINWAIT_OBS_FOLD"
  | "FINWAIT_REQUEST_LINE_INVALID"
  | "FINWAIT_TARGET_INVALID"
  | "FINWAIT_TARGET_TOO_LONG"
  | "FINWAIT_TRANSFER_CODING_UNKNOWN"
  | "FINWAIT_VERSION_UNSUPPORTED";

/** For each code the status that a server answers with, and the rule that was broken. */
export const PEER_PROTOCOL_ERRORS: {
  readonly [C in PeerProtocolErrorCode]: { readonly status: number; readonly section: string };
} = {
  FINWAIT_BODY_TOO_LARGE: { status: 413, section: "RFC 9110 §15.5.14" },
  FINWAIT_CHUNK_EXTENSIONS_TOO_LARGE: { status: 413, section: "RFC 9112 §7.1.1" },
  FINWAIT_CHUNK_INVALID: { status: 400, section: "RFC 9112 §7.1" },
  FINWAIT_CONNECT_REFUSED: { status: 501, section: "RFC 9110 §9.3.6" },
  FINWAIT_CONTENT_LENGTH_INVALID: { status: 400, section: "RFC 9112 §6.3" },
  FINWAIT_EXPECTATION_UNKNOWN: { status: 417, section: "RFC 9110 §10.1.1" },
  FINWAIT_FIELD_LINE_INVALID: { status: 400, section: "RFC 9112 §5" },
  FINWAIT_FIELD_LINE_TOO_LONG: { status: 431, section: "RFC 6585 §5" },
  FINWAIT_FIELDS_TOO_MANY: { status: 431, section: "RFC 6585 §5" },
  FINWAIT_FRAMING_AMBIGUOUS: { status: 400, section: "RFC 9112 §6.1" },
  FINWAIT_HEAD_TOO_LARGE: { status: 431, section: "RFC 6585 §5" },
  FINWAIT_HOST_INVALID: { status: 400, section: "RFC 9112 §3.2" },
  FINWAIT_LENGTH_REQUIRED: { status: 411, section: "RFC 9110 §15.5.12" },
  FINWAIT_MESSAGE_INCOMPLETE: { status: 400, section: "RFC 9112 §8" },
  FINWAIT_METHOD_TOO_LONG: { status: 501, section: "RFC 9112 §3" },
  FINWAIT_OBS_FOLD: { status: 400, section: "RFC 9112 §5.2" },
  FINWAIT_REQUEST_LINE_INVALID: { status: 400, section: "RFC 9112 §3" },
  FINWAIT_TARGET_INVALID: { status: 400, section: "RFC 9112 §3.2" },
  FINWAIT_TARGET_TOO_LONG: { status: 414, section: "RFC 9112 §3" },
  FINWAIT_TRANSFER_CODING_UNKNOWN: { status: 501, section: "RFC 9112 §6.1" },
  FINWAIT_VERSION_UNSUPPORTED: { status: 505, section: "RFC 9110 §15.6.6" },
};

/**
 * The peer sent bytes that HTTP/1.1 forbids, or more than a limit allows.
 *
 * The receive half is unusable afterwards, because message boundaries can no longer be trusted.
 * The send half still works, so a server may answer with {@link status} before it closes.
 */
export class PeerProtocolError extends FinwaitError {
  override readonly name: string = "PeerProtocolError";
  declare readonly code: PeerProtocolErrorCode;
  /** The status to answer with. */
  readonly status: number;
  /** How many bytes of this connection were accepted before the offending part. */
  readonly acceptedBytes: number;

  constructor(code: PeerProtocolErrorCode, acceptedBytes: number, detail: string) {
    const { status, section } = PEER_PROTOCOL_ERRORS[code];
    super(code, `Cannot read request after byte ${acceptedBytes}: ${detail} (${section})`);
    this.status = status;
    this.acceptedBytes = acceptedBytes;
  }
}

/** Recognizes the error across realms and duplicate installs, where `instanceof` fails. */
export function isPeerProtocolError(value: unknown): value is PeerProtocolError {
  if (typeof value !== "object" || value === null || !("code" in value)) return false;
  return typeof value.code === "string" && Object.hasOwn(PEER_PROTOCOL_ERRORS, value.code);
}
