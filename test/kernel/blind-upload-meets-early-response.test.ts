import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { ServeOptions } from "../../src/index.ts";
import { note, request, type Scene, withServer } from "../support/scene.ts";

// Goal: a client that sends everything before it reads gets the whole early response. How: 8 MB up
// with reading stopped, while 6 MB with `Connection: close` come down; twenty times each way.

const UPLOAD = Buffer.alloc(8_000_000, "u");
const CONTENT = Buffer.alloc(6_000_000, "c");
const TRIES = 20;

const viaHandler: ServeOptions = {
  handler: (exchange) => exchange.respond(413, [["Connection", "close"]], CONTENT),
};
const SMALL_CONTENT = CONTENT.subarray(0, 100_000);
const viaHandlerSmall: ServeOptions = {
  handler: (exchange) => exchange.respond(413, [["Connection", "close"]], SMALL_CONTENT),
};
const viaFetch: ServeOptions = {
  fetch: () => new Response(CONTENT, { status: 413, headers: { connection: "close" } }),
};

interface Observed {
  readonly statuses: readonly number[];
  readonly bodyBytes: number;
  readonly isComplete: boolean;
  readonly errorCode: string | null;
}

const EXPECTED: Observed = {
  statuses: [413],
  bodyBytes: CONTENT.length,
  isComplete: true,
  errorCode: null,
};

async function uploadBlindly(scene: Scene): Promise<Observed> {
  const client = await scene.connect({ isReading: false });
  const head = request("POST /", [`Content-Length: ${UPLOAD.length}`]);
  await client.write(head);
  await client.write(UPLOAD);
  client.resume();
  await client.waitForEnd();
  const observed = {
    statuses: client.statuses,
    bodyBytes: client.responses[0]?.bodyBytes ?? 0,
    isComplete: client.responses[0]?.isComplete ?? false,
    errorCode: client.error?.code ?? null,
  };
  client.close();
  return observed;
}

async function repeat(options: ServeOptions): Promise<readonly Observed[]> {
  const seen: Observed[] = [];
  await withServer(options, async (scene) => {
    for (let count = 0; count < TRIES; count++) seen.push(await uploadBlindly(scene));
  });
  return seen;
}

describe("lingering", () => {
  for (const [name, options] of Object.entries({ handler: viaHandler, fetch: viaFetch })) {
    it(`8 MB sent blindly, 6 MB answered by ${name}: all of it arrives, 20 of 20`, async () => {
      const observed = await repeat(options);
      assert.deepEqual(
        observed,
        Array.from({ length: TRIES }, () => EXPECTED),
      );
    });
  }

  // A response that fits into the send buffer is out before the upload is: the hardest case.
  it("8 MB sent before reading, 100 kB answered: all of it arrives, 20 of 20", async () => {
    const observed = await repeat(viaHandlerSmall);
    const expected = { ...EXPECTED, bodyBytes: SMALL_CONTENT.length };
    assert.deepEqual(
      observed,
      Array.from({ length: TRIES }, () => expected),
    );
  });

  it("the same with mode off: counted, for comparison", async () => {
    for (const options of [viaHandler, viaHandlerSmall]) {
      const observed = await repeat({ ...options, close: { mode: "off" } });
      const wholeCount = observed.filter(({ isComplete }) => isComplete).length;
      const size = options === viaHandler ? "6 MB" : "100 kB";
      note(`mode off: ${wholeCount} of ${TRIES} blind uploads got the whole ${size}`);
      assert.equal(observed.length, TRIES);
    }
  });
});
