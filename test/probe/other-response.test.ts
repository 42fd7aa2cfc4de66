import { describe, expect, it } from "vitest";
import {
  FixtureConnection,
  type FixtureRequest,
  type FixtureResponse,
} from "./fixture-connection.ts";
import { runCase } from "./run-case.ts";

// Goal: a response that is whole, and another than the case is about, passes no case; nor does one
// that comes later than the probe looked for it.
// How: fixture servers that answer with something else, or late.

/** Wants a password for everything but the page. */
class Unauthorized extends FixtureConnection {
  protected override responseTo(request: FixtureRequest): FixtureResponse {
    if (request.path === "/") return super.responseTo(request);
    return { status: 401, content: Buffer.from("no\n") };
  }
}

/** Says no length, and ends large pages too early. */
class CutsByFin extends FixtureConnection {
  protected override send(response: FixtureResponse, request: FixtureRequest | undefined): void {
    if (request?.path !== "/large") {
      super.send(response, request, ["Connection: close"]);
      return;
    }
    this.socket.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    this.socket.write(Buffer.alloc(2_000_000, "l"));
  }

  protected override isLast(): boolean {
    return true;
  }
}

/** Answers requests behind one that says close, a while later. */
class GoesOnLate extends FixtureConnection {
  protected override answerLast(response: FixtureResponse, request?: FixtureRequest): void {
    this.send(response, request, ["Connection: close"]);
    setTimeout(() => this.send(response, request, ["Connection: close"]), 400);
  }
}

/** Is in trouble once clients have left in the middle. */
class Shaken extends FixtureConnection {
  static largeCount = 0;

  protected override responseTo(request: FixtureRequest): FixtureResponse {
    if (request.path === "/large") Shaken.largeCount += 1;
    const isShaken = request.path === "/" && Shaken.largeCount > 0;
    return isShaken ? { status: 500 } : super.responseTo(request);
  }
}

class RedirectsBadLines extends FixtureConnection {
  protected override handleBadRequest(): void {
    this.answerLast({ status: 301, fields: ["Location: /"] });
  }
}

describe("a server that answers otherwise than before", () => {
  it.each([
    "early/6m-length",
    "blind/200k-chunked-close",
    "half-close/large",
    "large/late-reader-close",
  ])("%s: is not reached", async (id) => {
    const { verdict, decisive } = await runCase(id, { Connection: Unauthorized });
    expect(decisive.seen).toMatch(/^401 with 3 bytes; 200 with \d+ bytes came before$/);
    expect(verdict).toBe("not reached");
  });

  it.each(["early/6m-length", "half-close/large", "large/late-reader-close"])(
    "%s: a response that FIN ends too early fails",
    async (id) => {
      const { verdict, decisive } = await runCase(id, { Connection: CutsByFin });
      expect(decisive.seen).toMatch(/^FIN ended 200 with 2000000 bytes; /);
      expect(verdict).toBe("fail");
    },
  );

  it("large/reset-in-mid-response: an error for the next client fails", async () => {
    const { verdict, decisive } = await runCase("large/reset-in-mid-response", {
      Connection: Shaken,
    });
    expect(decisive.seen).toMatch(/^500 instead of 200 behind 8 clients/);
    expect(verdict).toBe("fail");
  });

  it("pipeline/none-behind-close: a second response fails, however late it comes", async () => {
    const { verdict, decisive } = await runCase("pipeline/none-behind-close", {
      Connection: GoesOnLate,
    });
    expect(decisive.seen).toMatch(/^200, and \d+ bytes behind it/);
    expect(verdict).toBe("fail");
  });

  it("bad/request-line: a redirect fails", async () => {
    const { verdict, decisive } = await runCase("bad/request-line", {
      Connection: RedirectsBadLines,
    });
    expect(decisive.seen).toBe("301 to something that is no request");
    expect(verdict).toBe("fail");
  });

  it.each(["pipeline/error-in-the-middle", "pipeline/close-behind-large"])(
    "%s: a run that may not send so much ends without an outcome",
    async (id) => {
      const { verdict, decisive } = await runCase(id, { settings: { sendLimitBytes: 10_000 } });
      expect(decisive.seen).toContain("--max-bytes");
      expect(verdict).toBe("not reached");
    },
  );

  it.each([
    "pipeline/error-in-the-middle",
    "pipeline/close-in-the-middle",
    "pipeline/close-behind-large",
    "half-close/pipelined",
    "large/stopping-reader",
  ])("%s: a server that says close with each response is not to blame", async (id) => {
    const settings = { holdMs: 500 };
    const { verdict, decisive } = await runCase(id, { requestLimit: 1, settings });
    expect(decisive.seen).toMatch(/^Response 1 of \d says close, and FIN followed$/);
    expect(verdict).toBe("not reached");
  });
});
