import { describe, expect, it } from "vitest";
import { FRAMING_CASES } from "../../src/probe/cases/framing-cases.ts";
import {
  FixtureConnection,
  type FixtureRequest,
  type FixtureResponse,
} from "./fixture-connection.ts";
import { expectBothVerdicts, runCase } from "./run-case.ts";

// Goal: each case about the end of responses passes a server that sends nothing behind them, and
// fails one that does. How: fixture servers that leave bytes where none belong.

const SEEN: Readonly<Record<string, RegExp>> = {
  "framing/head": /^200, and 200 to the next request on the connection$/,
  "framing/204": /^204, and 200 to the next request on the connection$/,
  "framing/304": /^304, and 200 to the next request on the connection$/,
  "framing/nothing-behind-close": /^200, then FIN without a byte between$/,
  "framing/nothing-behind-head-close": /^200, then FIN without a byte between$/,
  "framing/one-response": /^200, then FIN after \d+ ms, without a byte between$/,
};

const QUICK = { idleMs: 300, lingerMs: 300 };

/** Sends content with whatever it answers. */
class SendsContentAlways extends FixtureConnection {
  protected override send(
    response: FixtureResponse,
    request: FixtureRequest | undefined,
    fields: readonly string[],
  ): void {
    super.send(response, request, fields);
    const isBare = response.status === 204 || response.status === 304;
    if (isBare || request?.method === "HEAD") this.socket.write("stray content");
  }
}

/** Ends each response with an empty line too many. */
class SendsLineBehind extends FixtureConnection {
  protected override sendContent(content: Buffer): void {
    this.socket.write(content);
    this.socket.write("\r\n");
  }
}

/** Says 408 to connections that are idle. */
class AnswersIdle extends FixtureConnection {
  protected override handleIdle(): void {
    this.answerLast({ status: 408 });
  }
}

/** Gives 204 a length. */
class MeasuresNothing extends FixtureConnection {
  protected override responseTo(request: FixtureRequest): FixtureResponse {
    const response = super.responseTo(request);
    return response.status === 204 ? { status: 204, fields: ["Content-Length: 0"] } : response;
  }
}

/** Answers one request on each connection, and says nothing of that. */
class AnswersOnce extends FixtureConnection {
  protected override handleRequest(request: FixtureRequest): void {
    if (this.requestCount > 0) this.end();
    else super.handleRequest(request);
  }
}

/** Ends each connection at its response, as it says. */
class ClosesEach extends FixtureConnection {
  protected override isLast(): boolean {
    return true;
  }
}

/** Says close, and waits for the client to do it. */
class NeverEnds extends FixtureConnection {
  protected override end(): void {
    this.isEnding = true;
  }
}

/** Lets the end of the connection say how long its content is. */
class SendsUnmeasured extends FixtureConnection {
  protected override answer(): void {
    this.socket.write("HTTP/1.1 200 Fixture\r\n\r\nhello\n");
    this.end();
  }
}

/** Cannot find its pages any more once it has been asked. */
class LosesPages extends FixtureConnection {
  protected override responseTo(request: FixtureRequest): FixtureResponse {
    return this.requestCount > 1 ? { status: 404 } : super.responseTo(request);
  }
}

describe("the end of responses", () => {
  it.each(FRAMING_CASES.map(({ id }) => id))("%s passes the right server", async (id) => {
    const result = await runCase(id, QUICK);
    expect(result.decisive.seen).toMatch(SEEN[id] ?? /^$/);
    expect(result.verdict).toBe("pass");
  });

  it.each([
    ["framing/head", SendsContentAlways, "fail", /^200, and 13 bytes .*\("stray content"\)$/],
    ["framing/head", AnswersOnce, "fail", /^200; the next request on the connection met FIN$/],
    ["framing/head", LosesPages, "fail", /^200, and 404 to a request that gets 200$/],
    ["framing/head", ClosesEach, "pass", /^200 and nothing behind it; the connection ends there$/],
    ["framing/204", SendsContentAlways, "fail", /^204, and 13 bytes .*\("stray content"\)$/],
    ["framing/204", MeasuresNothing, "unkind", /^204 says Content-Length: 0, which it must not/],
    ["framing/304", SendsContentAlways, "fail", /^304, and 13 bytes .*\("stray content"\)$/],
    ["framing/nothing-behind-close", SendsLineBehind, "fail", /^200, and 2 bytes .*\("\.\."\)$/],
    ["framing/nothing-behind-close", NeverEnds, "unkind", /^200, and no FIN for 500 ms$/],
    ["framing/nothing-behind-close", SendsUnmeasured, "not reached", /ends with the connection/],
    ["framing/nothing-behind-head-close", SendsContentAlways, "fail", /\("stray content"\)$/],
    ["framing/one-response", AnswersIdle, "fail", /^200, and after \d+ ms .*\("HTTP\/1\.1 408/],
    ["framing/one-response", SendsLineBehind, "fail", /^200, and after \d+ ms 2 bytes/],
  ] as const)("%s meets %o: %s", async (id, Connection, verdict, seen) => {
    const result = await runCase(id, { ...QUICK, Connection, settings: { answerMs: 500 } });
    expect(result.decisive.seen).toMatch(seen);
    expect(result.verdict).toBe(verdict);
  });

  it("framing/one-response is not reached if the server waits longer", async () => {
    const settings = { holdMs: 150 };
    const { verdict, decisive } = await runCase("framing/one-response", { settings });
    expect(verdict).toBe("not reached");
    expect(decisive.seen).toMatch(/^200, then nothing; .*: --hold-ms$/);
  });

  it.each([
    ["framing/204", { empty: null }, "--empty-path"],
    ["framing/304", { validator: null }, "neither ETag nor Last-Modified"],
    ["framing/304", { validator: 'If-None-Match: "another"' }, "200 instead of 304"],
  ])("%s is not reached without what it needs: %o", async (id, facts, reason) => {
    const { verdict, decisive } = await runCase(id, { facts });
    expect(verdict).toBe("not reached");
    expect(decisive.seen).toContain(reason);
  });
});

expectBothVerdicts(FRAMING_CASES);
