import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, it } from "vitest";
import type { Exchange } from "../../src/index.ts";
import { within } from "../support/deadline.ts";
import { endRuns, finwait } from "../support/finwait-command.ts";
import { request, type Scene, withServer } from "../support/scene.ts";
import { KERNEL_NOTE } from "../support/socket-table.ts";
import { TERMINAL_NOTE, TerminalSession } from "../support/terminal-session.ts";
import { SOCKET_OPTIONS_NOTE } from "../support/transport-pair.ts";

// Goal: `finwait top` as somebody sees it at a terminal, in a pipe, and as a program reads it. How:
// the built command runs against a server with 50 clients that never close; tmux is the terminal.

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const CLIENT_COUNT = 50;
const OPTIONS = {
  handler: (exchange: Exchange) => exchange.respond(200, [["Connection", "close"]], "bye"),
};

const sessions: TerminalSession[] = [];
afterEach(async () => {
  for (const session of sessions.splice(0)) session.end();
  await endRuns();
});

async function connectAll(scene: Scene): Promise<void> {
  for (let count = 0; count < CLIENT_COUNT; count++) {
    const client = await scene.connect();
    await client.write(request());
    await client.waitForFin();
  }
}

/** `finwait top` in a terminal that shows the exit code at the end, and then stays. */
function terminal(args: string, environment: Readonly<Record<string, string>> = {}, node = "") {
  const command = `${process.execPath} ${node} ${MAIN} top ${args}`;
  const session = new TerminalSession(
    `echo BEFORE; ${command}; echo "EXIT $?"; exec cat`,
    environment,
  );
  sessions.push(session);
  return session;
}

/** A page as the admin listener of a finwait server gives it; each reading counts ten more. */
async function serveAdmin(answer: (readCount: number) => string): Promise<Server> {
  let readCount = 0;
  const server = createServer((incoming, outgoing) => {
    outgoing.end(incoming.url === "/status/?json" ? answer(++readCount) : "not this one");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const adminUrl = (server: Server): string =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}/status`;

describe("finwait top without a terminal", () => {
  it("a pipe: one plain snapshot, and exit code 0", async (ctx) => {
    if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
    await withServer(OPTIONS, async (scene) => {
      await connectAll(scene);
      const run = finwait("top", "--port", `${scene.port}`);
      assert.equal(await run.exit, 0, run.errors);
      assert.match(run.output, /^FIN-WAIT-2 {10}50 {6}50 {7}0 {7}0$/m);
      assert.match(
        run.output,
        new RegExp(`^FIN-WAIT-2 127\\.0\\.0\\.1 .*/${process.pid} +50 `, "m"),
      );
      assert.ok(/^[\n -~]*$/.test(run.output), "there is something of a terminal in it");
    });
  });

  it("--json --count 2: two lines of JSON, with ages", async (ctx) => {
    if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
    await withServer(OPTIONS, async (scene) => {
      await connectAll(scene);
      for (const source of ["auto", "proc"]) {
        const args = ["--json", "--count", "2", "--interval-ms", "200", "--source", source];
        const run = finwait("top", "--port", `${scene.port}`, ...args);
        assert.equal(await run.exit, 0, run.errors);
        const lines = run.output.trim().split("\n");
        assert.equal(lines.length, 2);
        const [first, second] = lines.map((line) => JSON.parse(line));
        assert.equal(first.states["fin-wait-2"].owned, CLIENT_COUNT);
        assert.equal(first.groups[0].owner.pid, process.pid);
        assert.equal(first.groups[0].seenForMs, 0);
        assert.ok(second.groups[0].seenForMs >= 150, `${second.groups[0].seenForMs} ms`);
      }
    });
  });

  it("--json, and the reader goes: it ends by itself with exit code 0", async (ctx) => {
    if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
    const args = [MAIN, "top", "--json", "--interval-ms", "100"];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const exit = once(child, "exit");
    await within(once(child.stdout, "data"), "the first line");
    child.stdout.destroy();
    const [status] = await within(exit, "the end");
    assert.equal(status, 0);
  });

  it("--pid: this process's sockets, and an error for one that is not there", async (ctx) => {
    if (KERNEL_NOTE !== null) return ctx.skip(KERNEL_NOTE);
    await withServer(OPTIONS, async (scene) => {
      await connectAll(scene);
      const run = finwait("top", "--pid", `${process.pid}`, "--json", "--count", "1");
      assert.equal(await run.exit, 0, run.errors);
      const { states } = JSON.parse(run.output);
      assert.deepEqual(
        [states["fin-wait-2"].owned, states["close-wait"].owned],
        [CLIENT_COUNT, CLIENT_COUNT],
      );
    });
    const gone = finwait("top", "--pid", `${2 ** 31 - 1}`);
    assert.equal(await gone.exit, 1);
    assert.match(gone.errors, /^finwait: Cannot read the socket table: process \d+ is gone/);
  });

  it("values that cannot be: an error that names what was wanted", async () => {
    const cases = [
      [["--port", "0"], /from 1 to 65535/],
      [["--interval-ms", "99"], /from 100 to/],
      [["--count", "x"], /from 1 to/],
      [["--source", "guess"], /auto, sock-diag, proc, netstat/],
      [["--admin", "ftp://x/"], /expected an http URL/],
      [["--admin", "localhost"], /expected an http URL/],
    ] as const;
    const runs = cases.map(([args, message]) => ({ message, run: finwait("top", ...args) }));
    for (const { message, run } of runs) {
      assert.equal(await run.exit, 1, run.output);
      assert.match(run.errors, message);
    }
  });
});

describe("finwait top --admin", () => {
  const read = async (server: Server, count: number) => {
    const args = ["--port", "1", "--json", "--count", `${count}`, "--interval-ms", "200"];
    const run = finwait("top", "--admin", adminUrl(server), ...args);
    assert.equal(await run.exit, 0, run.errors);
    server.close();
    return run.output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).endings);
  };

  it("a server that counts: totals, and rates from the second look on", async () => {
    const server = await serveAdmin((readCount) =>
      JSON.stringify({
        endings: { total: 10 * readCount, byReason: { "idle-timeout": 10 * readCount, odd: "x" } },
        lingering: { nowCount: 3 },
      }),
    );
    const [first, second] = await read(server, 2);
    assert.deepEqual(first.total, { name: "total", count: 10, perSecond: null });
    assert.deepEqual(first.lingering, { nowCount: 3 });
    assert.deepEqual(second.byReason.length, 1);
    const { perSecond } = second.byReason[0];
    assert.ok(perSecond > 1 && perSecond <= 50, `${perSecond} per second`);
  });

  it("a server that was started anew: no negative rates", async () => {
    const server = await serveAdmin((readCount) =>
      JSON.stringify({ endings: { total: 100 - readCount } }),
    );
    const [, second] = await read(server, 2);
    assert.equal(second.total.perSecond, null);
  });

  const answers = [
    ["no JSON", "hello", /JSON/],
    ["other JSON", '{"endings":7}', /the page has no endings/],
    ["too much", " ".repeat(1_100_000), /more than 1048576 bytes/],
  ] as const;
  for (const [what, answer, reason] of answers) {
    it(`${what}: is said, and the rest goes on`, async () => {
      const [endings] = await read(await serveAdmin(() => answer), 1);
      assert.equal(endings.type, "failed");
      assert.match(endings.reason, reason);
    });
  }

  it("nobody there: is said", async () => {
    const server = await serveAdmin(() => "");
    const run = finwait("top", "--admin", adminUrl(server), "--json", "--count", "1");
    server.close();
    await run.exit;
    assert.equal(JSON.parse(run.output).endings.type, "failed");
  });
});

describe("finwait top in a terminal of 80x24", () => {
  const skipNote = KERNEL_NOTE ?? TERMINAL_NOTE;

  it("50 clients: seen, filtered, helped, paused; q gives the terminal back", async (ctx) => {
    if (skipNote !== null) return ctx.skip(skipNote);
    await withServer(OPTIONS, async (scene) => {
      const session = terminal(`--port ${scene.port}`);
      await session.sees(/q quit/);
      assert.deepEqual(session.state, { isAlternate: true, isCursorShown: false });
      await connectAll(scene);
      const screen = await session.sees(/^FIN-WAIT-2 {10}50 {6}50 {7}0 {7}0 {2}.*█/m);
      assert.match(screen, new RegExp(`^FIN-WAIT-2 127\\.0\\.0\\.1 .*/${process.pid} +50 `, "m"));
      assert.equal(screen.trimEnd().split("\n").length, 24);
      session.press("h");
      await session.sees(/Any key goes back/);
      session.press("Space", "/", "n", "o", "b", "o", "d", "y", "Enter");
      await session.sees(/^Only "nobody"; Esc: all/m);
      assert.doesNotMatch(session.screen(), /^FIN-WAIT-2 127/m);
      session.press("Escape", "s", "Space");
      await session.sees(/>SEEN[\s\S]*^FIN-WAIT-2 127|^FIN-WAIT-2 127[\s\S]*>SEEN/m);
      await session.sees(/PAUSED/);
      session.resize(100, 12);
      await session.sees(/^finwait top .{87}Z$/m);
      session.press("q");
      const after = await session.sees(/EXIT 0/);
      assert.match(after, /^BEFORE\nEXIT 0\n/);
      assert.deepEqual(session.state, { isAlternate: false, isCursorShown: true });
    });
  });

  it("50 clients whose time runs out: owned, then orphaned, then gone", async (ctx) => {
    const why = skipNote ?? SOCKET_OPTIONS_NOTE;
    if (why !== null) return ctx.skip(why);
    const close = { lingerIdleTimeoutMs: 3_000, finWait2TimeoutMs: 7_500 };
    await withServer({ ...OPTIONS, close }, async (scene) => {
      const session = terminal(`--port ${scene.port} --interval-ms 200`);
      await session.sees(/q quit/);
      await connectAll(scene);
      await session.sees(/^FIN-WAIT-2 {10}50 {6}50 {7}0 {7}0/m);
      await session.sees(/^FIN-WAIT-2 {10}50 {7}0 {6}50 {7}0/m);
      await session.sees(/^FIN-WAIT-2 127\.0\.0\.1 +\(orphaned\) +50 +\d+s/m);
      await session.sees(/^FIN-WAIT-2 {11}0 {7}0 {7}0 {7}0/m);
    });
  });

  const ends = {
    "Ctrl-C": { press: "C-c", expected: "EXIT 0" },
    "--count 2": { args: "--count 2 --interval-ms 200", expected: "EXIT 0" },
  } as const;
  for (const [what, end] of Object.entries(ends)) {
    it(`${what}: gives the terminal back`, async (ctx) => {
      if (skipNote !== null) return ctx.skip(skipNote);
      const session = terminal("args" in end ? end.args : "");
      if ("press" in end) {
        await session.sees(/q quit/);
        session.press(end.press);
      }
      await session.sees(new RegExp(`^BEFORE\\n${end.expected}\\n`));
      assert.deepEqual(session.state, { isAlternate: false, isCursorShown: true });
    });
  }

  const signals = { SIGTERM: 143, SIGINT: 130 } as const;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const code = signals[signal];
    it(`${signal}: gives the terminal back`, async (ctx) => {
      if (skipNote !== null) return ctx.skip(skipNote);
      const session = terminal("");
      await session.sees(/q quit/);
      session.signal(signal);
      await session.sees(new RegExp(`^BEFORE\\nEXIT ${code}\\n`));
      assert.deepEqual(session.state, { isAlternate: false, isCursorShown: true });
    });
  }

  it("an exception that nobody catches: gives the terminal back, and can be read", async (ctx) => {
    if (skipNote !== null) return ctx.skip(skipNote);
    const fail = "process.on('SIGUSR2',()=>{throw new Error('on purpose')})";
    const session = terminal("", {}, `--import "data:text/javascript,${fail}"`);
    await session.sees(/q quit/);
    session.signal("SIGUSR2");
    await session.sees(/^BEFORE\n[\s\S]*Error: on purpose[\s\S]*EXIT 1/);
    assert.deepEqual(session.state, { isAlternate: false, isCursorShown: true });
  });

  it("NO_COLOR: no colors; without it, some", async (ctx) => {
    if (skipNote !== null) return ctx.skip(skipNote);
    const plain = terminal("", { NO_COLOR: "1" });
    const colored = terminal("");
    await Promise.all([plain.sees(/q quit/), colored.sees(/q quit/)]);
    assert.ok(!plain.screen("styled").includes("\x1b["));
    assert.ok(colored.screen("styled").includes("\x1b["));
  });

  it("TERM=dumb: one plain snapshot", async (ctx) => {
    if (skipNote !== null) return ctx.skip(skipNote);
    const session = new TerminalSession(
      `TERM=dumb ${process.execPath} ${MAIN} top --port 1; echo "EXIT $?"; exec cat`,
    );
    sessions.push(session);
    assert.match(await session.sees(/EXIT 0/), /^finwait top {2}port 1 {2}0 sockets by /m);
  });
});
