import { describe, expect, it } from "vitest";
import { EARLY_RESPONSE_CASES } from "../../src/probe/cases/early-response-cases.ts";
import { ClosesAtOnce, ResetsRequests } from "./broken-connections.ts";
import { FixtureConnection } from "./fixture-connection.ts";
import { expectBothVerdicts, runCase } from "./run-case.ts";

// Goal: each case about early responses passes a server that lingers, and fails one that does not.
// How: two fixture servers, one of them broken on purpose.

const IDS = EARLY_RESPONSE_CASES.map(({ id }) => id);

/** Reads uploads and never answers. */
class SaysNothing extends FixtureConnection {
  protected override handleRequest(): void {
    this.isEnding = true;
  }
}

describe("early responses", () => {
  it.each(IDS)("%s passes a server that lingers", async (id) => {
    const result = await runCase(id);
    expect(result.decisive.seen).toMatch(/^(?:413|200) arrived whole/);
    expect(result.verdict).toBe("pass");
  });

  it.each(IDS)("%s does not pass a server that closes at once", async (id) => {
    const result = await runCase(id, { Connection: ClosesAtOnce });
    // What fits into the client's receive buffer arrives on Linux, with RST behind it.
    expect(result.verdict).toBe(id.includes("/small") ? "unkind" : "fail");
    expect(result.decisive.evidence[0]?.entries.map(({ what }) => what)).toContain("RST");
  });

  it("fails a reset without a response", async () => {
    const { verdict, decisive } = await runCase("early/small-length", {
      Connection: ResetsRequests,
    });
    expect(verdict).toBe("fail");
    expect(decisive.seen).toMatch(/^(?:ECONNRESET|EPIPE), and no response/);
  });

  it("fails silence", async () => {
    const { verdict, decisive } = await runCase("early/small-length", { Connection: SaysNothing });
    expect(verdict).toBe("fail");
    expect(decisive.seen).toBe("No response within 1000 ms of the upload");
  });

  it("is not reached where no path answers early", async () => {
    const small = { length: null, chunked: null };
    const { verdict, decisive } = await runCase("early/small-length", { facts: { small } });
    expect(verdict).toBe("not reached");
    expect(decisive.seen).toContain("--refuse-path");
  });
});

expectBothVerdicts(EARLY_RESPONSE_CASES);
