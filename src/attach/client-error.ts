import type { CloseReason } from "../tcp/ending.ts";

// What the errors of "clientError" mean for the end of a connection. The codes are Node's.

/** The network or TLS gave up; nothing can be answered. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "ENOTCONN",
  "EPROTO",
]);
const RESET_CODES: ReadonlySet<string> = new Set(["ECONNRESET", "ECONNABORTED", "EPIPE"]);
const TLS_CODE = /^(?:EPROTO$|ERR_(?:SSL|TLS)_)/;

/** Status codes that node:http gives; 400 is for all others. */
const STATUS_LINES: ReadonlyMap<string, string> = new Map([
  ["ERR_HTTP_REQUEST_TIMEOUT", "408 Request Timeout"],
  ["HPE_CHUNK_EXTENSIONS_OVERFLOW", "413 Payload Too Large"],
  ["HPE_HEADER_OVERFLOW", "431 Request Header Fields Too Large"],
]);

function codeOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" ? code : "";
}

export function isReset(error: Error): boolean {
  return RESET_CODES.has(codeOf(error)) && isOfSocket(error);
}

/** True if TLS failed, which TCP knows nothing of. */
export function isOfTls(code: string): boolean {
  return TLS_CODE.test(code);
}

/** True if the connection itself failed; then `code` is Node's. */
export function networkCodeOf(error: Error): string | null {
  const code = codeOf(error);
  if (isOfTls(code)) return code;
  return (RESET_CODES.has(code) || NETWORK_CODES.has(code)) && isOfSocket(error) ? code : null;
}

/** An application may pass on an error of something else, for example of a request it has sent. */
function isOfSocket(error: Error): boolean {
  const { syscall } = error as NodeJS.ErrnoException;
  return syscall === undefined || syscall === "read" || syscall === "write";
}

/** More requests behind the one that said `close`: they are not answered, and no error. */
export function isBehindLastRequest(error: Error): boolean {
  return codeOf(error) === "HPE_CLOSED_CONNECTION";
}

export function reasonOf(error: Error): CloseReason {
  return codeOf(error) === "ERR_HTTP_REQUEST_TIMEOUT" ? "request-timeout" : "peer-protocol-error";
}

/** What node:http answers by itself, with a length: our FIN follows, but not at once the close. */
export function responseTo(error: Error): string {
  const statusLine = STATUS_LINES.get(codeOf(error)) ?? "400 Bad Request";
  return `HTTP/1.1 ${statusLine}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}
