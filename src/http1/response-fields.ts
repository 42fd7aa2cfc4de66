import { LocalProtocolError } from "../base/error.ts";
import { IS_FIELD_VALUE, isToken } from "./characters.ts";

// Field lines that a handler wants to send: checked, and parted from those that rule the framing.
//
// A name or value with CR, LF or another control byte would let its author write fields, or a whole
// response, of their own (RFC 9110 §5.5). So would a second Content-Length.

/** Field lines to send: name and value, in order. Names keep the case they are given in. */
export type FieldLines = readonly (readonly [name: string, value: string])[];

/** Checked field lines, without those that the writer adds itself. */
export interface LaidOutFields {
  /** Complete field lines, each ending in CRLF. */
  readonly text: string;
  /** The handler's Content-Length in bytes, if it gave one. */
  readonly contentLength: number | null;
  /** The handler asked for `Connection: close`. */
  readonly wantsClose: boolean;
  /** The handler gave a Date of its own. */
  readonly hasDate: boolean;
}

/**
 * Checks `fields` and lays them out as text.
 *
 * @throws {LocalProtocolError} `FINWAIT_FIELD_INVALID`: a name is no token, a value has a control
 * byte
 *   or a character above U+00FF. `FINWAIT_FIELD_RESERVED`: Transfer-Encoding, or a Content-Length
 *   that is no length or occurs twice.
 */
export function layOutFields(fields: FieldLines): LaidOutFields {
  let text = "";
  let contentLength: number | null = null;
  let wantsClose = false;
  let hasDate = false;
  for (const [name, value] of fields) {
    checkField(name, value);
    switch (name.length) {
      case 4:
        if (name.toLowerCase() === "date") hasDate = true;
        break;
      case 10:
        if (name.toLowerCase() === "connection") {
          if (hasCloseOption(value)) wantsClose = true;
          continue;
        }
        if (name.toLowerCase() === "keep-alive") continue;
        break;
      case 14:
        if (name.toLowerCase() === "content-length") {
          contentLength = parseLength(value, contentLength);
          continue;
        }
        break;
      case 17:
        if (name.toLowerCase() === "transfer-encoding") throw reserved(name, value);
        break;
    }
    text += `${name}: ${value}\r\n`;
  }
  return { text, contentLength, wantsClose, hasDate };
}

/** Fields that would change the framing of what is already sent. RFC 9110 §6.5.1. */
const FORBIDDEN_TRAILERS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Checks and lays out a trailer section, without its empty line.
 *
 * @throws {LocalProtocolError} As `layOutFields`, and for fields that a trailer may not hold.
 */
export function layOutTrailers(fields: FieldLines): string {
  let text = "";
  for (const [name, value] of fields) {
    checkField(name, value);
    if (FORBIDDEN_TRAILERS.has(name.toLowerCase())) throw reserved(name, value);
    text += `${name}: ${value}\r\n`;
  }
  return text;
}

function checkField(name: string, value: string): void {
  if (!isToken(name)) {
    throw new LocalProtocolError(
      "FINWAIT_FIELD_INVALID",
      `Cannot send field ${JSON.stringify(name)}: expected a token as its name`,
    );
  }
  for (let index = 0; index < value.length; index++) {
    if (IS_FIELD_VALUE[value.charCodeAt(index)] === 1) continue;
    throw new LocalProtocolError(
      "FINWAIT_FIELD_INVALID",
      `Cannot send field "${name}": expected no control characters and none above U+00FF, ` +
        `got U+${value.charCodeAt(index).toString(16).padStart(4, "0")} at index ${index}`,
    );
  }
}

function parseLength(value: string, earlier: number | null): number {
  const bytes = /^[0-9]{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isNaN(bytes) || earlier !== null) throw reserved("Content-Length", value);
  return bytes;
}

function reserved(name: string, value: string): LocalProtocolError {
  return new LocalProtocolError(
    "FINWAIT_FIELD_RESERVED",
    `Cannot send field "${name}" with "${value}": the framing is the server's to decide`,
  );
}

function hasCloseOption(value: string): boolean {
  return value
    .toLowerCase()
    .split(",")
    .some((option) => option.trim() === "close");
}
