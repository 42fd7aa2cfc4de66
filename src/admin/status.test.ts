import assert from "node:assert/strict";
import { describe, it } from "vitest";
import type { SocketStates } from "../observe/port-states.ts";
import { DEFAULT_SERVER_LIMITS } from "../server/limits.ts";
import { fakeEnding } from "../tcp/fake-ending.ts";
import { FAKE_SOCKETS, FakeObservedServer, fakeLingering } from "./fake-observed-server.ts";
import type { SettingOrigins } from "./settings-in-force.ts";
import { type Status, StatusWatch } from "./status.ts";

// Goal: a look tells what is so at that moment, within bounds. How: a server that has what the test
// says, and a kernel that says what the test wants.

const NO_ORIGINS = (): SettingOrigins => new Map();

function watched(socketStates: SocketStates = FAKE_SOCKETS): {
  server: FakeObservedServer;
  watch: StatusWatch;
} {
  const server = new FakeObservedServer();
  return { server, watch: new StatusWatch(server, { socketStates, origins: NO_ORIGINS }) };
}

describe("StatusWatch", () => {
  it("endings before and after it began: each is counted once", async () => {
    const server = new FakeObservedServer();
    server.end(fakeEnding());
    const watch = new StatusWatch(server, { socketStates: FAKE_SOCKETS, origins: NO_ORIGINS });
    server.end(fakeEnding({ reason: "idle-timeout" }));
    const { endings } = await watch.look();
    assert.equal(endings.total, 2);
    assert.equal(endings.byReason["idle-timeout"], 1);
    assert.equal(endings.latest[0]?.reason, "idle-timeout");
    watch.stop();
    assert.equal(server.listenerCount, 0);
  });

  it("connections that come while the kernel is asked: are in the look", async () => {
    let answer: (counts: []) => void = () => {};
    const socketStates = {
      read: () =>
        new Promise<[]>((resolve) => {
          answer = resolve;
        }),
    };
    const { server, watch } = watched(socketStates);
    const look = watch.look();
    server.rows = [fakeLingering()];
    answer([]);
    assert.equal((await look).connections.byPhase.lingering, 1);
  });

  it("learned rules: are in the look as they are, to be kept in a file", async () => {
    const { server, watch } = watched();
    const rule = { name: "a", pattern: "^a/", effect: {}, source: "learned", found: "2026" };
    server.learnedRules = [rule];
    assert.deepEqual((await watch.look()).learnedClients.rules, [rule]);
  });

  it("two looks at once: the kernel is asked once, and again for the next", async () => {
    let count = 0;
    const read = () => {
      count += 1;
      return Promise.resolve([]);
    };
    const { watch } = watched({ read });
    await Promise.all([watch.look(), watch.look()]);
    assert.equal(count, 1);
    await watch.look();
    assert.equal(count, 2);
  });

  it("sockets: by state and owner, and null where the kernel cannot be asked", async () => {
    const { byTcpState } = (await watched().watch.look()).connections;
    assert.deepEqual(byTcpState, {
      "fin-wait-2": { owned: 2, orphaned: 3, "accept-queue": 0, unknown: 0 },
    });
    const blind = watched({ read: () => Promise.resolve(null) });
    assert.equal((await blind.watch.look()).connections.byTcpState, null);
  });

  it("more connections and endings than a page can show: the rows are bounded", async () => {
    const { server, watch } = watched();
    server.rows = Array.from({ length: 300 }, () => fakeLingering());
    for (let count = 0; count < 300; count++) server.end(fakeEnding());
    const { lingering, endings, connections } = await watch.look();
    assert.deepEqual([lingering.oldest.length, endings.latest.length], [100, 50]);
    assert.deepEqual([connections.byPhase.lingering, endings.total], [300, 300]);
  });

  it("settings: a changed value is an option's, or whose the caller says it is", async () => {
    const { server, watch } = watched();
    server.settings = {
      ...server.settings,
      limits: { ...DEFAULT_SERVER_LIMITS, requestLimit: 5 },
    };
    assert.deepEqual(settingOf(await watch.look(), "limits.requestLimit"), [5, "option"]);
    assert.deepEqual(settingOf(await watch.look(), "close.mode"), ["lingering", "default"]);
    const origins = () => new Map([["limits.requestLimit", "httpd.conf:12"]]);
    const other = new StatusWatch(server, { socketStates: FAKE_SOCKETS, origins });
    const named = settingOf(await other.look(), "limits.requestLimit");
    assert.deepEqual(named, [5, "httpd.conf:12"]);
  });
});

function settingOf({ settings }: Status, name: string): unknown {
  const setting = settings.find((each) => each.name === name);
  return [setting?.value, setting?.origin];
}
