import type { UnderlyingByteSource } from "node:stream/web";
import type { RequestBody } from "../server/exchange.ts";

// The content of a request, read whole or as a stream. Fetch standard, "consume body".
//
// It sets no limit of its own: the server bounds the body before it reaches anyone.

/** Drops a byte order mark and replaces what is not UTF-8, as "UTF-8 decode" says. */
const UTF8 = new TextDecoder();

export class RequestContent {
  /** The error that ended reading, which a handler most likely fails with as well. */
  failure: unknown = null;
  readonly #body: Pick<RequestBody, "read">;

  constructor(body: Pick<RequestBody, "read">) {
    this.#body = body;
  }

  async text(): Promise<string> {
    const parts = await this.#readAll();
    // One part is the rule, and needs no copy to be decoded.
    return UTF8.decode(parts.length === 1 ? parts[0] : joined(parts));
  }

  /** In memory of its own, which nothing else views. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return joined(await this.#readAll());
  }

  /** A byte stream that reads only when it is read. Use either this or the methods above. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const source: UnderlyingByteSource = {
      type: "bytes",
      pull: async (controller) => {
        const bytes = await this.#readPart();
        if (bytes === null) {
          controller.close();
          controller.byobRequest?.respond(0);
        } else {
          // A byte stream detaches the memory it is given, and this may be shared with other
          // requests.
          controller.enqueue(new Uint8Array(bytes));
        }
      },
    };
    // A cast, because the types of byte streams leave the kind of memory open.
    return new ReadableStream(source, { highWaterMark: 0 }) as ReadableStream<
      Uint8Array<ArrayBuffer>
    >;
  }

  async #readAll(): Promise<Uint8Array[]> {
    const parts: Uint8Array[] = [];
    try {
      for (;;) {
        const bytes = await this.#body.read();
        if (bytes === null) return parts;
        parts.push(bytes);
      }
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }

  /** Never an empty part: a byte stream refuses those. */
  async #readPart(): Promise<Uint8Array | null> {
    try {
      for (;;) {
        const bytes = await this.#body.read();
        if (bytes === null || bytes.byteLength > 0) return bytes;
      }
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let totalBytes = 0;
  for (const part of parts) totalBytes += part.byteLength;
  const whole = new Uint8Array(totalBytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
