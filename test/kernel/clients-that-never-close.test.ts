import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { AdminListener, Exchange, ServeOptions } from "../../src/index.ts";
import { ask, metricOf, statusOf, withAdmin } from "../support/admin-client.ts";
import type { RawClient } from "../support/raw-client.ts";
import { note, request, type Scene } from "../support/scene.ts";
import { KERNEL_NOTE, socketsOf } from "../support/socket-table.ts";

// Goal: every form of the status sees clients that never close as the kernel does, at once, and no
// longer than they are there. How: 50 of them, and the kernel's table beside each look.

const COUNT = 50;

const handler = (exchange: Exchange): void =>
  exchange.respond(200, [["Connection", "close"]], "bye");

async function silentClients(scene: Scene): Promise<RawClient[]> {
  return await Promise.all(
    Array.from({ length: COUNT }, async () => {
      const client = await scene.connect();
      await client.write(request("GET /", ["User-Agent: silent/1.0"]));
      await client.waitForFin();
      // Its kernel would delay the acknowledgment of our FIN; a byte takes it along.
      await client.write("x");
      return client;
    }),
  );
}

/** What each source says of FIN-WAIT-2 and of lingering, at one moment. */
async function counts(scene: Scene, admin: AdminListener): Promise<Record<string, unknown>> {
  const textOf = async (path: string): Promise<string> => (await ask(admin, path)).text;
  const [{ connections, lingering }, metrics, page, lines] = await Promise.all([
    statusOf(admin),
    textOf("/metrics"),
    textOf("/"),
    textOf("/?auto"),
  ]);
  // The file is read page by page: while others come and go, a line can be there twice.
  const kernel = new Map(socketsOf(scene.port).map((socket) => [socket.peerPort, socket]));
  const figure = (id: string) => Number(new RegExp(`id="${id}".*<dd[^>]*>(\\d+)<`).exec(page)?.[1]);
  const line = (key: string) => Number(new RegExp(`^${key}: (\\d+)$`, "m").exec(lines)?.[1] ?? 0);
  const finWait2 = (owner: "owned" | "orphaned") => [
    [...kernel.values()].filter(({ state, isOwned }) => {
      return state === "fin-wait-2" && isOwned === (owner === "owned");
    }).length,
    connections.byTcpState?.["fin-wait-2"]?.[owner] ?? 0,
    metricOf(metrics, `finwait_sockets{state="fin-wait-2",owner="${owner}"}`),
    figure(`fin-wait-2-${owner}`),
    line(`SocketsFinWait2${owner === "owned" ? "Owned" : "Orphaned"}`),
  ];
  return {
    lingering: [
      lingering.lingeringNowCount,
      connections.byPhase.lingering,
      metricOf(metrics, 'finwait_connections{phase="lingering"}'),
      metricOf(metrics, "finwait_lingering_connections"),
      figure("lingering-now"),
      line("LingeringNow"),
    ],
    rows: lingering.oldest.length,
    owned: finWait2("owned"),
    orphaned: finWait2("orphaned"),
  };
}

const times = (value: number, count: number): number[] => new Array<number>(count).fill(value);

/** Waits until each of them has been given up. */
async function givenUp(scene: Scene, clients: readonly RawClient[]): Promise<void> {
  for (const client of clients) await scene.endingOf(client, 15_000);
}

/** So long that the kernel's own time-out of orphans is enough where it takes none from us. */
const FIN_WAIT_2_MS = 120_000;

describe("50 clients that never close", { timeout: 60_000 }, () => {
  const title = "while they linger, then as orphans, socket options %s: every form agrees";
  it.for(["auto", "off"] as const)(title, async (socketOptions, ctx) => {
    if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
    const close = { lingerIdleTimeoutMs: 5_000, finWait2TimeoutMs: FIN_WAIT_2_MS };
    const options: ServeOptions = { handler, close, socketOptions };
    await withAdmin(options, async (scene, admin) => {
      const clients = await silentClients(scene);
      assert.deepEqual(await counts(scene, admin), {
        lingering: times(COUNT, 6),
        rows: COUNT,
        owned: times(COUNT, 5),
        orphaned: times(0, 5),
      });
      await givenUp(scene, clients);
      const { byOutcome } = (await statusOf(admin)).endings;
      note(`endings of silent clients: ${JSON.stringify(byOutcome)}`);
      const after = await counts(scene, admin);
      assert.deepEqual(after.lingering, times(0, 6));
      assert.deepEqual(after.owned, times(0, 5));
      assert.deepEqual(after.orphaned, times(COUNT, 5));
      const silent = (await statusOf(admin)).silentClients;
      assert.equal(silent[0]?.family, "silent/1");
      assert.equal(Math.round(silent[0]?.unansweredCount ?? 0), COUNT);
      // The clients close: the orphans are gone with that.
      for (const client of clients) client.close();
      const end = await counts(scene, admin);
      assert.deepEqual(end.orphaned, times(0, 5));
      assert.equal((await statusOf(admin)).endings.byReason["handler-asked"], COUNT);
    });
  });
});
