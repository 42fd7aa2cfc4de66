import { describe, expect, it } from "vitest";
import { LARGE_RESPONSE_CASES } from "../../src/probe/cases/large-response-cases.ts";
import { FixtureConnection, type FixtureRequest } from "./fixture-connection.ts";
import { expectBothVerdicts, runCase } from "./run-case.ts";

// Goal: each case about large responses passes a server that waits for its readers, and fails one
// that does not. How: two fixture servers, one of them broken on purpose; pauses are short.

const IDS = LARGE_RESPONSE_CASES.map(({ id }) => id);
const READERS = IDS.filter((id) => id.includes("reader"));
const LEAVERS = IDS.filter((id) => id.includes("mid-response"));
/** Pauses last no longer than this. */
const SETTINGS = { holdMs: 500 };
/** Nobody is idle while a response is on its way. */
const PATIENT = { idleMs: 10_000, lingerMs: 10_000 };

/** Has no patience with readers. */
class CutsSlowReaders extends FixtureConnection {
  protected override sendContent(content: Buffer): void {
    super.sendContent(content);
    setTimeout(() => {
      if (this.socket.writableLength > 0) this.socket.resetAndDestroy();
    }, 50);
  }
}

/** Takes FIN for a goodbye. */
class EndsWithClient extends FixtureConnection {
  protected override handleEnd(): void {
    this.socket.destroy();
  }
}

/** Somebody who has gone takes the service down for those who come. */
class FailsForOthers extends FixtureConnection {
  static isBroken = false;

  protected override handleRequest(request: FixtureRequest): void {
    if (FailsForOthers.isBroken) return;
    this.socket.on("error", () => {
      FailsForOthers.isBroken = true;
    });
    super.handleRequest(request);
  }
}

describe("large responses", () => {
  it.each(IDS)("%s passes a server that waits", async (id) => {
    const { verdict, decisive } = await runCase(id, { ...PATIENT, settings: SETTINGS });
    expect(decisive.seen).toMatch(/^(?:\d of \d responses arrived whole|The next response came)/);
    expect(verdict).toBe("pass");
  });

  it.each(IDS)("%s passes a server that waits, over TLS", async (id) => {
    const result = await runCase(id, { ...PATIENT, settings: SETTINGS, isTls: true });
    expect(result.decisive.seen).toMatch(/arrived whole|The next response came/);
    expect(result.verdict).toBe("pass");
  });

  it.each(READERS)("%s says how much was unread", async (id) => {
    const { decisive } = await runCase(id, { ...PATIENT, settings: SETTINGS });
    expect(decisive.figures.unreadBytes).toBeGreaterThan(2_000_000);
  });

  it.each(READERS)("%s fails a server that cuts slow readers", async (id) => {
    const { verdict, decisive } = await runCase(id, {
      ...PATIENT,
      settings: SETTINGS,
      Connection: CutsSlowReaders,
    });
    expect(decisive.seen).toMatch(
      /^Cut after \d+ of \d+ bytes and \d+ ms, by (?:ECONNRESET|FIN or RST)$/,
    );
    expect(verdict).toBe("fail");
  });

  it("fails a server that ends with the client's FIN", async () => {
    const { verdict, decisive } = await runCase("large/half-closed-reader", {
      ...PATIENT,
      settings: SETTINGS,
      Connection: EndsWithClient,
    });
    expect(decisive.seen).toMatch(/^Cut after \d+ of 6000000 bytes/);
    expect(verdict).toBe("fail");
  });

  it.each(LEAVERS)("%s fails a server that others suffer from", async (id) => {
    FailsForOthers.isBroken = false;
    const { verdict, decisive } = await runCase(id, {
      ...PATIENT,
      settings: { ...SETTINGS, answerMs: 300 },
      Connection: FailsForOthers,
    });
    expect(decisive.seen).toMatch(/^No whole response in \d+ ms behind 8 clients that left by/);
    expect(verdict).toBe("fail");
  });

  it.each(IDS)("%s is not reached without a large page", async (id) => {
    const { verdict, decisive } = await runCase(id, { facts: { large: null } });
    expect(verdict).toBe("not reached");
    expect(decisive.seen).toContain("--large-path");
  });
});

expectBothVerdicts(LARGE_RESPONSE_CASES);
