// How much of anything a peer may send in one request. RFC 9112 §3 and §5 leave the numbers to us.

/** Limits of the reader. Every value is a positive integer. */
export interface ReaderLimits {
  /**
   * Longest request-line in bytes, without CRLF. Beyond it: 414 (or 501 for the method alone).
   *
   * Precedents: Apache httpd `LimitRequestLine` 8 190; nginx `large_client_header_buffers` 8 192.
   *
   * @default 8_192
   */
  readonly requestLineLimitBytes: number;
  /**
   * Longest field line in bytes, without CRLF. Beyond it: 431.
   *
   * Precedents: Apache httpd `LimitRequestFieldSize` 8 190; nginx 8 192.
   *
   * @default 8_192
   */
  readonly fieldLineLimitBytes: number;
  /**
   * Most field lines in a header or trailer section. Beyond it: 431.
   *
   * Precedents: Apache httpd `LimitRequestFields` 100; nginx `max_headers` 1 000.
   *
   * @default 100
   */
  readonly fieldCountLimit: number;
  /**
   * Largest request-line and header section together in bytes; a trailer section has the same limit
   * for itself. Beyond it: 431.
   *
   * Precedents: nginx 4 x 8 192; Node `--max-http-header-size` 16 384.
   *
   * @default 32_768
   */
  readonly headLimitBytes: number;
  /**
   * Largest content of one request in bytes. Beyond it: 413, before the body is read if its length
   * is declared.
   *
   * Precedents: Apache httpd `LimitRequestBody` 1 GiB; nginx `client_max_body_size` 1 MiB.
   *
   * @default 1_073_741_824
   */
  readonly bodyLimitBytes: number;
  /**
   * Most bytes of chunk extensions in one body. Beyond it: 413.
   *
   * Precedent: Node 16 384, after CVE-2024-22019.
   *
   * @default 16_384
   */
  readonly chunkExtensionsLimitBytes: number;
}

export const DEFAULT_READER_LIMITS: ReaderLimits = Object.freeze({
  requestLineLimitBytes: 8_192,
  fieldLineLimitBytes: 8_192,
  fieldCountLimit: 100,
  headLimitBytes: 32_768,
  bodyLimitBytes: 1_073_741_824,
  chunkExtensionsLimitBytes: 16_384,
});

/** Longest method accepted. Every registered method is shorter than 18 characters. */
export const METHOD_LIMIT_BYTES = 32;
