// Bytes to strings and back. The one file of the pure folders in which `Buffer` appears: its native
// conversions are many times faster than a loop, and HTTP/1.1 field values are latin1 on the wire.

/** The bytes from `start` to `end` as a string of one character per byte. */
export function latin1Text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.prototype.latin1Slice.call(bytes, start, end);
}

/**
 * One byte per character. Characters above U+00FF lose their high bits, so callers validate first.
 */
export function latin1Bytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** The UTF-8 encoding of `text`. */
export function utf8Bytes(text: string): Uint8Array {
  return Buffer.from(text, "utf8");
}

/** The parts in one buffer: `head` as latin1, then `content`. */
export function joinHeadAndContent(head: string, content: Uint8Array): Uint8Array {
  const joined = Buffer.allocUnsafe(head.length + content.byteLength);
  joined.write(head, 0, "latin1");
  joined.set(content, head.length);
  return joined;
}

/** All of `parts` in one buffer of `totalBytes`. */
export function concatBytes(parts: readonly Uint8Array[], totalBytes: number): Uint8Array {
  return Buffer.concat(parts, totalBytes);
}

/** Uninitialized memory of `byteLength` bytes. The caller overwrites what it shows to anyone. */
export function allocateBytes(byteLength: number): Uint8Array {
  return Buffer.allocUnsafe(byteLength);
}
