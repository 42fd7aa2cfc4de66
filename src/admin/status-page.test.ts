import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { fakeEnding } from "../tcp/fake-ending.ts";
import { FAKE_SOCKETS, FakeObservedServer, fakeLingering } from "./fake-observed-server.ts";
import { type Status, StatusWatch } from "./status.ts";
import { statusLines } from "./status-lines.ts";
import { statusPage } from "./status-page.ts";
import { bytesText, spanText } from "./status-words.ts";

// Goal: the page is whole without scripts, and nothing of a client becomes markup. How: the text of
// the page and of the lines, for a server with hostile clients and for one that is idle.

const HOSTILE = '<img src=x onerror="alert(1)">&';

async function statusOf(server: FakeObservedServer): Promise<Status> {
  const watch = new StatusWatch(server, { socketStates: FAKE_SOCKETS, origins: () => new Map() });
  return await watch.look();
}

async function busy(): Promise<Status> {
  const server = new FakeObservedServer();
  server.rows = [fakeLingering({ client: HOSTILE, clientFamily: HOSTILE })];
  server.lingering = { ...server.lingering, lingeringNowCount: 1 };
  server.end(
    fakeEnding({ client: HOSTILE, outcome: { type: "abandoned", bound: "linger-idle-time" } }),
  );
  return await statusOf(server);
}

describe("statusPage", () => {
  it("a hostile client: is text, escaped, wherever it stands", async () => {
    const page = statusPage(await busy());
    assert.ok(!page.includes("<img"));
    const shown = "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;";
    // Among the connections, their kinds, and the endings.
    assert.equal(page.split(shown).length - 1, 3);
  });

  it("without scripts: every table has its caption, its heads and its rows", async () => {
    const page = statusPage(await busy());
    assert.ok(!/<script(?! src="\/(?:status|uplot)\.js" defer><\/script>)/.test(page));
    assert.ok(!/<[^>]* (?:style|on\w+)=/.test(page));
    const tables = [...page.matchAll(/<table id="(\w+)"><caption/g)].map(([, id]) => id);
    assert.deepEqual(tables, [
      "phases",
      "sockets",
      "lingering",
      "clients",
      "endings",
      "outcomes",
      "reasons",
      "bounds",
      "enders",
      "deliveries",
      "settings",
    ]);
    for (const text of [
      "1 connection lingering",
      "192.0.2.1:50001",
      "5.0 s",
      "abandoned (linger-idle-time)",
      "yes, observed",
      "TIME-WAIT, observed",
      "close.lingerTotalTimeoutMs",
    ]) {
      assert.ok(page.includes(text), text);
    }
  });

  it("an idle server: its tables say that there is nothing", async () => {
    const page = statusPage(await statusOf(new FakeObservedServer()));
    assert.ok(page.includes("No connection waits for its peer"));
    assert.ok(page.includes("No connection has ended"));
  });

  it("no word from the kernel: is said, and not shown as zero", async () => {
    const server = new FakeObservedServer();
    const read = () => Promise.resolve(null);
    const watch = new StatusWatch(server, { socketStates: { read }, origins: () => new Map() });
    const page = statusPage(await watch.look());
    assert.ok(page.includes("The kernel cannot be asked here"));
    assert.match(page, /FIN-WAIT-2, owned<\/dt><dd>unknown</);
  });
});

describe("statusLines", () => {
  it("each line: is a key and a number or a word, and nothing of a client", async () => {
    const lines = statusLines(await busy())
      .trimEnd()
      .split("\n");
    for (const line of lines) assert.match(line, /^[A-Za-z0-9]+: [\w-]+$/);
    assert.ok(lines.includes("ConnsLingering: 1"));
    assert.ok(lines.includes("SocketsFinWait2Orphaned: 3"));
    assert.ok(lines.includes("EndingsOutcomeAbandoned: 1"));
    assert.equal(new Set(lines.map((line) => line.split(":")[0])).size, lines.length);
  });
});

describe("words", () => {
  it("bytes and spans: have one unit that fits", () => {
    assert.deepEqual([0, 1_023, 1_536, 5 * 2 ** 20].map(bytesText), [
      "0 B",
      "1023 B",
      "1.5 KiB",
      "5.0 MiB",
    ]);
    assert.deepEqual([0.32, 12, 4_250, 59_999, 65_000, 7_260_000].map(spanText), [
      "0.3 ms",
      "12 ms",
      "4.2 s",
      "59.9 s",
      "1 min 5 s",
      "2 h 1 min",
    ]);
  });
});
