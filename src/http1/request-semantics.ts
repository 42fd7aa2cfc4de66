import { latin1Text } from "../base/latin1.ts";
import type { PeerProtocolErrorCode } from "./error.ts";
import type { FieldVisitor } from "./field-parser.ts";
import { type BodyFraming, CHUNKED_BODY, NO_BODY } from "./framing.ts";
import { type HttpVersion, type TargetForm, trimOptionalWhitespace } from "./request-head.ts";

// What the field lines of one request mean for the connection: host, framing, persistence,
// expectation. RFC 9112 §3.2, §6.3, §9.3; RFC 9110 §10.1.1.
//
// Where RFC 9112 lets a server repair an ambiguous message, this refuses it: repairing it
// differently from the hop before is what request smuggling needs.

/**
 * `uri-host [ ":" port ]` (RFC 9110 §7.2), or empty, which is valid for a target without authority.
 */
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~!$&'()*+,;=%]*)(?::[0-9]{0,5})?$/;

/** The schemes that an HTTP/1.1 server is the origin of. Userinfo is refused (RFC 9110 §4.2.4). */
const ABSOLUTE_FORM = /^https?:\/\/([^/?@]+)(?:[/?]|$)/i;

const CONTENT_LENGTH = /^[0-9]+$/;

/**
 * Methods for which HTTP/1.0 has no other way to end a body than Content-Length (RFC 1945 §8.3).
 */
const METHODS_WITH_BODY: ReadonlySet<string> = new Set(["POST", "PUT"]);

/** Collects the fields that rule a message while its header section is parsed. */
export class RequestSemantics implements FieldVisitor {
  targetForm: TargetForm = "origin";
  authority = "";
  framing: BodyFraming = NO_BODY;
  isPersistent = true;
  expectsContinue = false;
  hasUpgrade = false;
  #hostCount = 0;
  #contentLength = "";
  #contentLengthCount = 0;
  #transferCodings = "";
  #hasTransferEncoding = false;
  #connectionOptions = "";
  #expectation = "";
  #hasUpgradeField = false;

  reset(): void {
    this.targetForm = "origin";
    this.authority = "";
    this.framing = NO_BODY;
    this.isPersistent = true;
    this.expectsContinue = false;
    this.hasUpgrade = false;
    this.#hostCount = 0;
    this.#contentLength = "";
    this.#contentLengthCount = 0;
    this.#transferCodings = "";
    this.#hasTransferEncoding = false;
    this.#connectionOptions = "";
    this.#expectation = "";
    this.#hasUpgradeField = false;
  }

  visitField(
    bytes: Uint8Array,
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
  ): PeerProtocolErrorCode | null {
    // The length of the name decides which field it can be, so that others cost one switch.
    switch (nameEnd - nameStart) {
      case 4:
        if (isName(bytes, nameStart, "host")) {
          this.#hostCount += 1;
          this.authority = latin1Text(bytes, valueStart, valueEnd);
        }
        break;
      case 6:
        if (isName(bytes, nameStart, "expect")) {
          this.#expectation = append(this.#expectation, latin1Text(bytes, valueStart, valueEnd));
        }
        break;
      case 7:
        if (isName(bytes, nameStart, "upgrade")) this.#hasUpgradeField = true;
        break;
      case 10:
        if (isName(bytes, nameStart, "connection")) {
          const options = latin1Text(bytes, valueStart, valueEnd);
          this.#connectionOptions = append(this.#connectionOptions, options);
        }
        break;
      case 14:
        if (isName(bytes, nameStart, "content-length")) {
          this.#contentLengthCount += 1;
          this.#contentLength = latin1Text(bytes, valueStart, valueEnd);
        }
        break;
      case 17:
        if (isName(bytes, nameStart, "transfer-encoding")) {
          const codings = latin1Text(bytes, valueStart, valueEnd);
          this.#transferCodings = this.#hasTransferEncoding
            ? `${this.#transferCodings},${codings}`
            : codings;
          this.#hasTransferEncoding = true;
        }
        break;
    }
    return null;
  }

  /** Draws the conclusions, once the header section is complete. `null` means: a valid request. */
  conclude(
    method: string,
    target: string,
    version: HttpVersion,
    bodyLimitBytes: number,
  ): PeerProtocolErrorCode | null {
    return (
      this.#concludeHost(version) ??
      this.#concludeTarget(method, target) ??
      this.#concludeFraming(method, version, bodyLimitBytes) ??
      this.#concludeConnection(version)
    );
  }

  #concludeHost(version: HttpVersion): PeerProtocolErrorCode | null {
    if (this.#hostCount > 1) return "FINWAIT_HOST_INVALID";
    if (this.#hostCount === 0 && version === "1.1") return "FINWAIT_HOST_INVALID";
    return HOST.test(this.authority) ? null : "FINWAIT_HOST_INVALID";
  }

  #concludeTarget(method: string, target: string): PeerProtocolErrorCode | null {
    if (method === "CONNECT") return "FINWAIT_CONNECT_REFUSED";
    if (target.charCodeAt(0) === 0x2f) return null;
    if (target === "*") {
      this.targetForm = "asterisk";
      return method === "OPTIONS" ? null : "FINWAIT_TARGET_INVALID";
    }
    const authority = ABSOLUTE_FORM.exec(target)?.[1];
    if (authority === undefined || !HOST.test(authority) || authority.startsWith(":")) {
      return "FINWAIT_TARGET_INVALID";
    }
    this.targetForm = "absolute";
    // RFC 9112 §3.2.2: the target's authority replaces the Host field, whatever that said.
    this.authority = authority;
    return null;
  }

  #concludeFraming(
    method: string,
    version: HttpVersion,
    bodyLimitBytes: number,
  ): PeerProtocolErrorCode | null {
    if (this.#hasTransferEncoding) {
      // RFC 9112 §6.1: Transfer-Encoding in HTTP/1.0, or beside Content-Length, is how smuggling
      // starts.
      if (version === "1.0" || this.#contentLengthCount > 0) return "FINWAIT_FRAMING_AMBIGUOUS";
      const error = transferCodingError(this.#transferCodings);
      if (error !== null) return error;
      this.framing = CHUNKED_BODY;
      return null;
    }
    if (this.#contentLengthCount === 0) {
      const isLengthRequired = version === "1.0" && METHODS_WITH_BODY.has(method);
      return isLengthRequired ? "FINWAIT_LENGTH_REQUIRED" : null;
    }
    // RFC 9112 §6.3 permits to accept equal repeated values. We refuse: no client needs it.
    if (this.#contentLengthCount > 1 || !CONTENT_LENGTH.test(this.#contentLength)) {
      return "FINWAIT_CONTENT_LENGTH_INVALID";
    }
    const bytes = Number(this.#contentLength);
    if (bytes > bodyLimitBytes) return "FINWAIT_BODY_TOO_LARGE";
    if (bytes > 0) this.framing = { type: "length", bytes };
    return null;
  }

  #concludeConnection(version: HttpVersion): PeerProtocolErrorCode | null {
    this.isPersistent = version === "1.1";
    if (this.#connectionOptions !== "") {
      const options = listMembers(this.#connectionOptions);
      // RFC 9112 §9.3: "close" decides, wherever it stands.
      if (options.includes("close")) this.isPersistent = false;
      else if (version === "1.0") this.isPersistent = options.includes("keep-alive");
      // RFC 9110 §7.8: a server ignores Upgrade in an HTTP/1.0 request.
      this.hasUpgrade = this.#hasUpgradeField && version === "1.1" && options.includes("upgrade");
    }
    // RFC 9110 §10.1.1: a server ignores an expectation in an HTTP/1.0 request.
    if (this.#expectation === "" || version === "1.0") return null;
    const expectations = listMembers(this.#expectation).filter((member) => member !== "");
    if (expectations.some((member) => member !== "100-continue")) {
      return "FINWAIT_EXPECTATION_UNKNOWN";
    }
    if (expectations.length === 0) return null;
    this.expectsContinue = this.framing !== NO_BODY;
    return null;
  }
}

/**
 * Only `chunked`, once, is understood. Anything before it is unknown, anything behind it is wrong.
 *
 * Deviation: RFC 9110 §5.6.1.2 wants empty members ignored. Beside `chunked` they hide it from one
 * of two hops, so they are refused.
 */
function transferCodingError(value: string): PeerProtocolErrorCode | null {
  const codings = listMembers(value);
  const chunkedAt = codings.indexOf("chunked");
  if (codings.includes("")) return "FINWAIT_FRAMING_AMBIGUOUS";
  if (chunkedAt < 0) return "FINWAIT_TRANSFER_CODING_UNKNOWN";
  if (chunkedAt !== codings.length - 1) return "FINWAIT_FRAMING_AMBIGUOUS";
  return codings.length === 1 ? null : "FINWAIT_TRANSFER_CODING_UNKNOWN";
}

/** Compares without case; `name` is lower case and has the length of the bytes compared. */
function isName(bytes: Uint8Array, start: number, name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    const byte = bytes[start + index] as number;
    // Setting bit 5 lowers A-Z; of the other token characters it only changes "^" and "_" and "-"
    // stays, so none of them turns into a letter.
    if ((byte | 0x20) !== name.charCodeAt(index)) return false;
  }
  return true;
}

/**
 * The members of a list, in lower case; empty ones too, which most lists permit (RFC 9110 §5.6.1).
 */
function listMembers(value: string): string[] {
  const members = value.toLowerCase().split(",");
  return members.map((member) => trimOptionalWhitespace(member, 0, member.length));
}

function append(list: string, value: string): string {
  return list === "" ? value : `${list},${value}`;
}
