import { describe, expect, it } from "vitest";
import { IDLE_CASES } from "../../src/probe/cases/idle-cases.ts";
import {
  FixtureConnection,
  type FixtureRequest,
  type FixtureResponse,
} from "./fixture-connection.ts";
import { expectBothVerdicts, type RunCaseOptions, runCase } from "./run-case.ts";

// Goal: the cases about idle connections tell FIN from RST, early from in time, and how long a
// server reads on behind its FIN.
// How: fixture servers with time-outs of a fraction of a second.

const IDS = IDLE_CASES.map(({ id }) => id);
const QUICK: RunCaseOptions = { idleMs: 200 };

/** Advertises `seconds`, and enforces `idleMs`. */
function advertises(seconds: number): typeof FixtureConnection {
  return class extends FixtureConnection {
    protected override send(
      response: FixtureResponse,
      request: FixtureRequest | undefined,
      fields: readonly string[],
    ): void {
      const others = fields.filter((field) => !field.startsWith("Keep-Alive:"));
      // Apache advertises it only to those who ask for persistence.
      const isAsked = request?.fields.get("connection") === "keep-alive";
      const field = `Keep-Alive: max=9, timeout=${seconds}`;
      super.send(response, request, isAsked ? [...others, field] : others);
    }
  };
}

class ResetsIdle extends FixtureConnection {
  protected override handleIdle(): void {
    this.socket.resetAndDestroy();
  }
}

class KeepsIdle extends FixtureConnection {
  protected override handleIdle(): void {}
}

/** Closes at once, as nginx and node:http do. */
class ClosesIdle extends FixtureConnection {
  protected override handleIdle(): void {
    this.isEnding = true;
    this.socket.destroySoon();
  }
}

class SaysNothing extends FixtureConnection {
  protected override send(response: FixtureResponse, request?: FixtureRequest): void {
    super.send(response, request, []);
  }
}

describe("idle/fin", () => {
  it("FIN: passes, with its time", async () => {
    const { verdict, decisive } = await runCase("idle/fin", QUICK);
    expect(decisive.seen).toMatch(/^FIN after \d+ ms$/);
    expect(decisive.figures).toEqual({ idleMs: expect.any(Number) });
    expect(verdict).toBe("pass");
  });

  it("RST: fails", async () => {
    const { verdict, decisive } = await runCase("idle/fin", { ...QUICK, Connection: ResetsIdle });
    expect(decisive.seen).toMatch(/^ECONNRESET after \d+ ms, and no FIN$/);
    expect(verdict).toBe("fail");
  });
});

describe("idle/bound", () => {
  it("an end within the time there is passes", async () => {
    const { verdict, decisive } = await runCase("idle/bound", QUICK);
    expect(decisive.seen).toMatch(/^The idle connection was ended after \d+ ms$/);
    expect(verdict).toBe("pass");
  });

  it("no end is unkind", async () => {
    const { verdict, decisive } = await runCase("idle/bound", {
      Connection: KeepsIdle,
      settings: { holdMs: 300 },
    });
    expect(decisive.seen).toBe("The idle connection was still open after 300 ms");
    expect(verdict).toBe("unkind");
  });
});

describe("idle/advertised", () => {
  const id = "idle/advertised";

  it("kept longer than advertised: passes", async () => {
    const { verdict, decisive } = await runCase(id, { idleMs: 1_400, Connection: advertises(1) });
    expect(decisive.seen).toMatch(/^1000 ms were advertised, and FIN came after 1[3-9]\d\d ms$/);
    expect(verdict).toBe("pass");
  });

  it("kept much longer: passes without waiting for the end", async () => {
    const { verdict, decisive } = await runCase(id, { idleMs: 60_000, Connection: advertises(0) });
    expect(decisive.seen).toBe("0 ms were advertised, and 1000 ms later it was still open");
    expect(verdict).toBe("pass");
  });

  it("ended at the time advertised: unkind", async () => {
    const { verdict, decisive } = await runCase(id, { idleMs: 1_000, Connection: advertises(1) });
    expect(decisive.seen).toMatch(/^1000 ms were advertised, and FIN came after .* crosses it$/);
    expect(verdict).toBe("unkind");
  });

  it("ended earlier: fails", async () => {
    const { verdict, decisive } = await runCase(id, { ...QUICK, Connection: advertises(1) });
    expect(decisive.seen).toMatch(/^1000 ms were advertised, and FIN came .* which is earlier$/);
    expect(verdict).toBe("fail");
  });

  it("nothing advertised: not reached", async () => {
    const { verdict, decisive } = await runCase(id, { Connection: SaysNothing });
    expect(decisive.seen).toBe("Responses advertise no time-out (Keep-Alive)");
    expect(verdict).toBe("not reached");
  });

  it("more advertised than the probe waits: not reached", async () => {
    const { verdict, decisive } = await runCase(id, {
      Connection: advertises(60),
      settings: { holdMs: 300 },
    });
    expect(decisive.seen).toBe(
      "60000 ms were advertised, which is longer than the probe waits (300 ms)",
    );
    expect(verdict).toBe("not reached");
  });
});

describe("idle/crossing", () => {
  const id = "idle/crossing";

  it("a server that lingers for 4 s passes", async () => {
    const { verdict, decisive } = await runCase(id, { ...QUICK, lingerMs: 4_000 });
    expect(decisive.seen).toBe("No RST: +0, +500, +1500, +3000 ms behind FIN");
    expect(decisive.figures).toEqual({ absorbedMs: 3_000 });
    expect(verdict).toBe("pass");
  });

  it("a server that lingers as long as a crossing takes passes", async () => {
    const { verdict, decisive } = await runCase(id, { ...QUICK, lingerMs: 1_100 });
    expect(decisive.seen).toBe("RST: +1500, +3000 ms behind FIN; none: +0, +500 ms");
    expect(decisive.figures).toEqual({ absorbedMs: 500, refusedMs: 1_500 });
    expect(verdict).toBe("pass");
  });

  it.each([false, true])("closing at once is unkind (TLS: %s)", async (isTls) => {
    const { verdict, decisive } = await runCase(id, { ...QUICK, isTls, Connection: ClosesIdle });
    expect(decisive.seen).toBe("RST: +0, +500, +1500, +3000 ms behind FIN");
    expect(decisive.figures).toEqual({ refusedMs: 0 });
    expect(decisive.evidence.map(({ client }) => client)).toEqual(["+0 ms", "+500 ms"]);
    expect(verdict).toBe("unkind");
  });

  it("an idle close by RST is not reached", async () => {
    const { verdict, decisive } = await runCase(id, { ...QUICK, Connection: ResetsIdle });
    expect(decisive.seen).toBe("The idle close is no FIN but ECONNRESET");
    expect(verdict).toBe("not reached");
  });
});

describe("idle connections", () => {
  it.each(IDS)("%s is not reached without persistence", async (id) => {
    const { verdict, decisive } = await runCase(id, { requestLimit: 1 });
    expect(decisive.seen).toBe("The server keeps no connection: it says close");
    expect(verdict).toBe("not reached");
  });

  it.each(["idle/fin", "idle/crossing"])("%s is not reached without an end", async (id) => {
    const { verdict, decisive } = await runCase(id, {
      Connection: KeepsIdle,
      settings: { holdMs: 300 },
    });
    expect(decisive.seen).toBe("The idle connection was still open after 300 ms");
    expect(verdict).toBe("not reached");
  });
});

expectBothVerdicts(IDLE_CASES);
