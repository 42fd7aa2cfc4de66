import { describe, expect, it } from "vitest";
import { TLS_CASES } from "../../src/probe/cases/tls-cases.ts";
import {
  FixtureConnection,
  type FixtureRequest,
  type FixtureResponse,
} from "./fixture-connection.ts";
import { expectBothVerdicts, type RunCaseOptions, runCase } from "./run-case.ts";

// Goal: each case about TLS passes a server that closes in stages, and does not pass one that
// leaves out a stage. How: fixture servers that end TCP below TLS.

const IDS = TLS_CASES.map(({ id }) => id);
const SHORT: RunCaseOptions = { isTls: true, idleMs: 200 };

/** Says no length, so that the end of the connection is the end of the content. */
class SaysNoLength extends FixtureConnection {
  protected override send(response: FixtureResponse, request: FixtureRequest | undefined): void {
    if (request?.version !== "HTTP/1.0") super.send(response, request, []);
    else this.socket.write(`HTTP/1.1 200 Fixture\r\nConnection: close\r\n\r\n${response.content}`);
  }
}

/** FIN without close_notify. */
class EndsTcp extends SaysNoLength {
  protected override end(): void {
    this.isEnding = true;
    this.tcp.end();
    this.arm(this.options.lingerMs, () => this.socket.destroy());
  }
}

/** RST instead of an end. */
class Resets extends SaysNoLength {
  protected override end(): void {
    this.isEnding = true;
    setImmediate(() => this.tcp.resetAndDestroy());
  }
}

/** close_notify and FIN, and nobody is there for the client's. */
class ClosesAtOnce extends FixtureConnection {
  protected override end(): void {
    this.isEnding = true;
    this.socket.destroySoon();
  }
}

/** Never ends a connection. */
class NeverEnds extends FixtureConnection {
  protected override end(): void {
    this.isEnding = true;
  }
}

const run = (
  id: string,
  Connection: RunCaseOptions["Connection"],
  options: RunCaseOptions = {},
): ReturnType<typeof runCase> => {
  return runCase(id, { ...SHORT, ...options, ...(Connection === undefined ? {} : { Connection }) });
};

describe("TLS", () => {
  it.each(IDS)("%s passes a server that closes in stages", async (id) => {
    const { verdict, decisive } = await run(id, SaysNoLength);
    expect(decisive.seen).toMatch(/^(?:close_notify (?:after|and FIN) |0 of 20 connections)/);
    expect(verdict).toBe("pass");
  });

  it.each(IDS)("%s is not reached without TLS", async (id) => {
    const { verdict, decisive } = await run(id, undefined, { isTls: false });
    expect(decisive.seen).toContain("https:");
    expect(verdict).toBe("not reached");
  });

  it.each([
    "tls/close-notify-before-fin",
    "tls/close-notify-ends-content",
    "tls/close-notify-behind-idleness",
  ])("%s fails FIN without close_notify, and RST", async (id) => {
    const fin = await run(id, EndsTcp);
    expect(fin.decisive.seen).toMatch(/^FIN after [\d.]+ ms, and no close_notify$/);
    expect(fin.verdict).toBe("fail");
    expect(fin.decisive.evidence[0]?.entries.map(({ what }) => what)).not.toContain("close_notify");

    const rst = await run(id, Resets);
    expect(rst.decisive.seen).toMatch(/^The connection ended with ECONNRESET instead of/);
    expect(rst.verdict).toBe("fail");
  });

  it.each(["tls/close-notify-before-fin", "tls/close-notify-behind-idleness"])(
    "%s is not reached where no connection is ended",
    async (id) => {
      const settings = { answerMs: 300, holdMs: 500 };
      const { verdict, decisive } = await run(id, NeverEnds, { settings });
      expect(decisive.seen).toMatch(/^The server did not end the connection within \d+ ms$/);
      expect(verdict).toBe("not reached");
    },
  );

  it("content that says its length does not reach the end that delimits it", async () => {
    const { verdict, decisive } = await run("tls/close-notify-ends-content", FixtureConnection);
    expect(decisive.seen).toContain("a response that says its length");
    expect(verdict).toBe("not reached");
  });

  it("counts the connections that are reset behind the client's close_notify", async () => {
    const { verdict, decisive } = await run("tls/no-reset-behind-close-notify", ClosesAtOnce);
    expect(decisive.figures).toEqual({ connections: 20, resets: 20 });
    expect(verdict).toBe("unkind");
    const entries = decisive.evidence[0]?.entries.map(({ what }) => what);
    expect(entries?.slice(-2)).toEqual(["our close_notify", "RST"]);
  });

  it("fails a server that does not answer the client's close_notify", async () => {
    class IgnoresEnd extends FixtureConnection {
      protected override handleEnd(): void {
        // The client's goodbye changes nothing.
      }
    }
    const options = { idleMs: 2_000, settings: { answerMs: 300 } };
    const { verdict, decisive } = await run("tls/close-notify-of-client", IgnoresEnd, options);
    expect(decisive.seen).toMatch(/^The server sent nothing within \d+ ms of the client's/);
    expect(verdict).toBe("fail");
  });

  it("is unkind of FIN without close_notify for a client that said it first", async () => {
    const { verdict, decisive } = await run("tls/close-notify-of-client", EndsTcp);
    expect(decisive.seen).toMatch(/^FIN \d+ ms behind the client's close_notify, without one/);
    expect(verdict).toBe("unkind");
  });
});

expectBothVerdicts(TLS_CASES);
