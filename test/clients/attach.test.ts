import assert from "node:assert/strict";
import { afterAll, beforeAll, describe, it } from "vitest";
import { attach } from "../../src/attach/attach.ts";
import { AttachSite, CLIENT_SCENES, describeFailure } from "../support/attach-site.ts";
import { Link } from "../support/link.ts";
import { type OpenClient, REAL_CLIENTS } from "../support/real-clients.ts";
import { note } from "../support/scene.ts";

// Goal: every client that people use gets every response of a node:http server with attach, whole:
// early ones during an upload, errors of the head, and those around a shutdown.
// How: the programs themselves, directly and over a link of 40 ms; each says what it saw.

const LINK = { oneWayMs: 20, windowBytes: 1_048_576 } as const;
const TRIES = { none: { direct: 2, link: 1 }, kept: { direct: 1, link: 1 } } as const;
const TEST_LIMIT_MS = 60_000;

/**
 * A listener that closes resets whoever stands in its queue at that instant, whatever the server
 * does. A client that comes back all the time is there once in some hundred times: that one is a
 * rate, and measured by the benchmark.
 */
const TESTED_SCENES = CLIENT_SCENES.filter(({ name }) => name !== "busy-shutdown");

describe.each(REAL_CLIENTS)("$name", { timeout: TEST_LIMIT_MS }, (real) => {
  let client: OpenClient | null = null;
  let site: AttachSite | null = null;
  let link: Link | null = null;

  beforeAll(async () => {
    if (real.note !== null) return;
    client = await real.open();
    note(`clients of attach: ${real.name} (${client.version})`);
    site = await AttachSite.open(attach);
    link = await Link.open({ targetPort: site.port, ...LINK });
  }, TEST_LIMIT_MS);

  afterAll(async () => {
    await client?.close();
    await link?.close();
    await site?.close();
  });

  for (const scene of TESTED_SCENES) {
    const { title, requests, pooling } = scene;
    it(`${title}: everything arrives, in each try`, async (ctx) => {
      if (client === null || site === null || link === null) return ctx.skip(real.note ?? "");
      const hasChunks = requests.some(({ coding }) => coding === "chunked");
      if (hasChunks && !real.canSendChunks) return ctx.skip(`${real.name} sends no chunks`);
      const failures: string[] = [];
      const ports = { direct: site.port, link: link.port };
      // A browser takes seconds to hand 20 MB on.
      const tries = real.isSlow ? { direct: 1, link: 0 } : TRIES[pooling];
      for (const way of ["direct", "link"] as const) {
        for (let count = 0; count < tries[way]; count++) {
          const seen = await client.carryOut({ port: ports[way], pooling, requests });
          if (!scene.isDelivered(seen)) failures.push(`${way}, ${describeFailure(scene, seen)}`);
        }
      }
      assert.deepEqual(failures, []);
    });
  }
});
