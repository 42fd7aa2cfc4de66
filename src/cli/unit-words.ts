// The unit of a number, which the end of its name says: `…Ms`, `…Bytes`, `…BytesPerSecond`.

const UNITS: readonly (readonly [end: RegExp, unit: string])[] = [
  [/bytesPerSecond$/i, "bytes per second"],
  [/bytes$/i, "bytes"],
  [/bytesPerConnection$/i, "bytes"],
  [/Ms$/, "milliseconds"],
  [/Seconds$/, "seconds"],
  [/Percent$/, "percent"],
];

/** For example `"milliseconds"` for `"close.lingerIdleTimeoutMs"`; `null`: it has none. */
export function unitOf(name: string): string | null {
  return UNITS.find(([end]) => end.test(name))?.[1] ?? null;
}
