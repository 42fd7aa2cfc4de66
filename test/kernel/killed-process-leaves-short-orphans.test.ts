import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "vitest";
import { poll, within } from "../support/deadline.ts";
import { RawClient } from "../support/raw-client.ts";
import { request } from "../support/scene.ts";
import { KERNEL_NOTE, socketOf } from "../support/socket-table.ts";

// Goal: what a process leaves in FIN-WAIT-2 when it is ended by force is gone in time, too. How: a
// server in a process of its own, a client that reads response and FIN and stays, then SIGKILL.

const SCENE = new URL("killed-process-leaves-short-orphans.scene.ts", import.meta.url).pathname;
const FIN_WAIT_2_MS = 3_000;
const SLACK_MS = 250;

describe("SIGKILL", () => {
  it("a lingering connection: its orphan is gone within finWait2TimeoutMs", async (ctx) => {
    if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
    const child = fork(SCENE, [String(FIN_WAIT_2_MS)], { execArgv: ["--import", "tsx"] });
    try {
      const [{ port, isAbsent }] = await within(once(child, "message"), "the server");
      if (isAbsent) return ctx.skip("needs socket options");
      const client = await RawClient.connect({ port });
      await client.write(request());
      await client.waitForFin();
      const stateOf = () => socketOf(port, client.localPort)?.state;
      await poll("FIN-WAIT-2", () => stateOf() === "fin-wait-2");
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await within(ended, "the end of the process");
      const startedAtMs = performance.now();
      assert.equal(stateOf(), "fin-wait-2");
      await poll("the end of the orphan", () => stateOf() === undefined);
      const lastedMs = performance.now() - startedAtMs;
      assert.ok(lastedMs <= FIN_WAIT_2_MS + SLACK_MS, `${lastedMs} ms`);
      client.close();
    } finally {
      child.kill("SIGKILL");
    }
  });
});
