import assert from "node:assert/strict";
import { afterEach, describe, it } from "vitest";
import { FixtureConnection, type FixtureRequest } from "../probe/fixture-connection.ts";
import { FixtureServer } from "../probe/fixture-server.ts";
import { TERMINAL_NOTE, TerminalSession } from "../support/terminal-session.ts";

// Goal: the bar of `finwait probe` as somebody sees it who waits, or does not. How: the built
// command probes a server that falls silent, in a terminal, which is tmux.

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const BAR = /^\[-{10}\] 0 of 1, at most \d+ min \d+ s left$/m;

const sessions: TerminalSession[] = [];
afterEach(() => {
  for (const session of sessions.splice(0)) session.end();
});

/** The command in a terminal that shows the exit code at the end, and then stays. */
function terminal(args: string): TerminalSession {
  const chosen = "--case early/small-length --refuse-path /refuse";
  const command = `${process.execPath} ${MAIN} probe ${chosen} ${args}`;
  const session = new TerminalSession(`trap : INT; ${command}; echo "EXIT $?"; exec cat`);
  sessions.push(session);
  return session;
}

/** Right until the probe has looked around, where OPTIONS comes last; silent from then on. */
function startFallingSilent(): Promise<FixtureServer> {
  let isLookedAround = false;
  class FallsSilent extends FixtureConnection {
    protected override handleRequest(request: FixtureRequest): void {
      if (isLookedAround) this.isEnding = true;
      else super.handleRequest(request);
      isLookedAround ||= request.method === "OPTIONS";
    }

    protected override handleIdle(): void {
      if (!this.isEnding) super.handleIdle();
    }
  }
  return FixtureServer.start({ Connection: FallsSilent });
}

class SaysNothing extends FixtureConnection {
  protected override handleRequest(): void {
    this.isEnding = true;
  }

  protected override handleIdle(): void {}
}

describe("finwait probe on a terminal", () => {
  it("Ctrl-C: the bar is gone, and what was found is printed", async (ctx) => {
    if (TERMINAL_NOTE !== null) return ctx.skip(TERMINAL_NOTE);
    await using server = await startFallingSilent();
    const session = terminal(`http://127.0.0.1:${server.port}/ --answer-ms 300000`);
    assert.match(await session.sees(BAR), /\n {2}answer 204 +OPTIONS \/\n/);
    session.press("C-c");
    const screen = await session.sees(/EXIT/);
    assert.match(screen, /\n {2}not reached 1 case: small-length\. The run was stopped before\.\n/);
    assert.match(screen, /\nNo must failed; 1 was not reached\.\nIn .*\nEXIT 130\n/);
    assert.doesNotMatch(screen, /^\[|\^C/m);
  });

  it("the report in a file: the bar is on the terminal all the same", async (ctx) => {
    if (TERMINAL_NOTE !== null) return ctx.skip(TERMINAL_NOTE);
    await using server = await startFallingSilent();
    const url = `http://127.0.0.1:${server.port}/`;
    const session = terminal(`${url} --answer-ms 300000 --json > /dev/null`);
    await session.sees(BAR);
    session.signal("SIGTERM");
    assert.match(await session.sees(/EXIT/), /^(?:Terminated\n)?EXIT 143\n/);
  });

  it("Ctrl-C while it looks around: it ends, and there is nothing to print", async (ctx) => {
    if (TERMINAL_NOTE !== null) return ctx.skip(TERMINAL_NOTE);
    await using server = await FixtureServer.start({ Connection: SaysNothing });
    const session = terminal(`http://127.0.0.1:${server.port}/ --answer-ms 300000`);
    await session.sees(/^looking around on the server, at most \d+ min \d+ s left$/m);
    session.press("C-c");
    assert.match(await session.sees(/EXIT/), /^EXIT 130\n/);
  });
});
