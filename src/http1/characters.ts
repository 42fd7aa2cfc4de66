// Lookup tables for the character classes of RFC 9110 §5.6 and RFC 9112, indexed by byte.

const ALPHA_DIGIT = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

function table(isMember: (code: number) => boolean): Uint8Array {
  const members = new Uint8Array(256);
  for (let code = 0; code < 256; code++) members[code] = isMember(code) ? 1 : 0;
  return members;
}

const TOKEN_CHARACTERS = `!#$%&'*+-.^_\`|~${ALPHA_DIGIT}`;

/** `tchar` of RFC 9110 §5.6.2: what methods and field names are made of. */
export const IS_TOKEN: Uint8Array = table((code) =>
  TOKEN_CHARACTERS.includes(String.fromCharCode(code)),
);

/**
 * Bytes of a field value: VCHAR, SP, HTAB and obs-text (RFC 9110 §5.5). No other controls, no NUL.
 */
export const IS_FIELD_VALUE: Uint8Array = table(
  (code) => code === 0x09 || (code >= 0x20 && code !== 0x7f),
);

/**
 * Bytes of a request target: VCHAR without "#", which a client never sends.
 *
 * Deviation: RFC 3986 also excludes `"<>\^{|}` and the backquote, which browsers send unencoded in
 * queries. They cannot change where the target ends, so they are left to the handler.
 */
export const IS_TARGET: Uint8Array = table((code) => code > 0x20 && code < 0x7f && code !== 0x23);

/** The value of a hexadecimal digit, or 255. */
export const HEX_VALUE: Uint8Array = (() => {
  const values = new Uint8Array(256).fill(255);
  for (let digit = 0; digit < 16; digit++) {
    const text = digit.toString(16);
    values[text.charCodeAt(0)] = digit;
    values[text.toUpperCase().charCodeAt(0)] = digit;
  }
  return values;
})();

export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const HTAB = 0x09;
export const COLON = 0x3a;

/** True if `text` is a token: at least one `tchar` and nothing else. */
export function isToken(text: string): boolean {
  if (text.length === 0) return false;
  for (let index = 0; index < text.length; index++) {
    if (IS_TOKEN[text.charCodeAt(index)] !== 1) return false;
  }
  return true;
}
