import { describe, expect, it } from "vitest";
import { PERSISTENCE_CASES } from "../../src/probe/cases/persistence-cases.ts";
import {
  FixtureConnection,
  type FixtureRequest,
  type FixtureResponse,
} from "./fixture-connection.ts";
import { expectBothVerdicts, runCase } from "./run-case.ts";

// Goal: each case about persistence passes a server that keeps its word, and no other.
// How: fixture servers that say one thing and do another.

const IDS = PERSISTENCE_CASES.map(({ id }) => id);
/** What never comes is waited for so long. */
const BRIEF = { answerMs: 300 };

/** Refuses requests without Host, as RFC 9112, 3.2 wants it. */
class WantsHost extends FixtureConnection {
  protected override handleRequest(request: FixtureRequest): void {
    if (request.fields.has("host")) super.handleRequest(request);
    else this.refuse();
  }

  protected refuse(): void {
    this.answerLast({ status: 400 });
  }

  protected override send(
    response: FixtureResponse,
    request: FixtureRequest | undefined,
    fields: readonly string[],
  ): void {
    const isOld = request?.version === "HTTP/1.0" && !fields.includes("Connection: close");
    super.send(response, request, isOld ? [...fields, "Connection: keep-alive"] : fields);
  }
}

/** Ends no connection, whatever was said. */
class NeverCloses extends WantsHost {
  protected override end(): void {
    this.isEnding = true;
  }
}

/** Says close, and serves on. */
class ServesOn extends WantsHost {
  protected override end(): void {
    this.isEnding = false;
  }
}

/** Closes, and does not say so. */
class ClosesSilently extends WantsHost {
  protected override send(
    response: FixtureResponse,
    request: FixtureRequest | undefined,
    fields: readonly string[],
  ): void {
    super.send(
      response,
      request,
      fields.filter((field) => field !== "Connection: close"),
    );
  }
}

class ResetsBehindLast extends WantsHost {
  protected override end(): void {
    this.isEnding = true;
    this.socket.resetAndDestroy();
  }
}

/** Says keep-alive, and closes. */
class BreaksItsWord extends WantsHost {
  protected override answer(request: FixtureRequest, response: FixtureResponse): void {
    super.answer(request, response);
    if (!this.isEnding) this.end();
  }
}

/** Refuses what has more behind it, as node:http does while the response is not ready. */
class RefusesBoth extends WantsHost {
  protected override handleRequest(request: FixtureRequest): void {
    if (this.input.length > 0) this.answerLast({ status: 400 });
    else super.handleRequest(request);
  }
}

/** Answers what comes beyond its limit, too, as node:http does with 503. */
class AnswersBeyond extends WantsHost {
  protected override end(): void {
    this.isEnding = false;
    const rest = this.input.toString("latin1").split("\r\n\r\n").length - 1;
    for (let count = 0; count < rest; count += 1) this.send({ status: 503 }, undefined, []);
    super.end();
  }
}

/** Says nothing about persistence to anybody. */
class SaysNothing extends FixtureConnection {
  protected override isLast(): boolean {
    return false;
  }
}

class AnswersOnlyOne extends FixtureConnection {
  protected override handleRequest(request: FixtureRequest): void {
    if (this.requestCount === 0) super.handleRequest(request);
  }
}

class NeverAnswers extends FixtureConnection {
  protected override handleRequest(): void {
    this.requestCount += 1;
  }
}

/** Cuts each response in its content. */
class CutsContent extends WantsHost {
  protected override sendContent(content: Buffer): void {
    this.socket.end(content.subarray(0, 2));
    this.isEnding = true;
  }
}

describe("persistence", () => {
  it.each(IDS)("%s passes a server that keeps its word", async (id) => {
    const { verdict, decisive } = await runCase(id, { Connection: WantsHost });
    expect([verdict, decisive.seen]).toEqual(["pass", decisive.seen]);
    expect(decisive.evidence[0]?.entries.map(({ what }) => what)).toContain("response complete");
  });

  it.each(IDS)("%s: a response that is cut, or never comes, does not pass", async (id) => {
    const cut = await runCase(id, { Connection: CutsContent, settings: BRIEF });
    const isRefused = id === "persistence/close-said";
    expect([id, cut.verdict]).toEqual([id, isRefused ? "pass" : "fail"]);
    const none = await runCase(id, { Connection: NeverAnswers, settings: BRIEF });
    const isUnseen = isRefused || id === "persistence/request-limit";
    expect([id, none.verdict]).toEqual([id, isUnseen ? "not reached" : "fail"]);
  });

  it.each([
    "persistence/close-asked",
    "persistence/behind-own-close",
    "persistence/close-said",
    "persistence/old-client",
  ])("%s fails a connection that stays open", async (id) => {
    const { verdict, decisive } = await runCase(id, { Connection: NeverCloses, settings: BRIEF });
    expect(decisive.seen).toMatch(/(?:was still open 300 ms later|was open 300 ms later)$/);
    expect(verdict).toBe("fail");
  });

  it.each([
    ["persistence/behind-own-close", "The request behind the close was answered, too"],
    ["persistence/close-said", "400 says close, and a request behind it was answered"],
  ])("%s fails a server that serves on", async (id, seen) => {
    const { verdict, decisive } = await runCase(id, { Connection: ServesOn, settings: BRIEF });
    expect([verdict, decisive.seen]).toEqual(["fail", seen]);
  });

  it("a close that was asked for and is not said is unkind", async () => {
    const { verdict, decisive } = await runCase("persistence/close-asked", {
      Connection: ClosesSilently,
    });
    expect(decisive.seen).toMatch(/^200 arrived whole, and FIN .*; but the response does not say/);
    expect(verdict).toBe("unkind");
  });

  it.each(["persistence/close-asked", "persistence/old-client"])(
    "%s: RST behind the response is unkind",
    async (id) => {
      const { verdict, decisive } = await runCase(id, { Connection: ResetsBehindLast });
      expect(decisive.seen).toMatch(/^200 arrived whole, and RST behind it \(ECONNRESET\)/);
      expect(verdict).toBe("unkind");
    },
  );

  it("a request behind the client's close that costs a response is unkind", async () => {
    const { verdict, decisive } = await runCase("persistence/behind-own-close", {
      Connection: RefusesBoth,
    });
    expect(decisive.seen).toMatch(/^400 arrived whole, .*alone is answered with 200$/);
    expect(verdict).toBe("unkind");
  });

  it("close-said is not reached where nothing says close", async () => {
    const { verdict, decisive } = await runCase("persistence/close-said");
    expect(decisive.seen).toBe("The server says close with no response of its own: 200 here");
    expect(verdict).toBe("not reached");
  });

  it("keep-alive that is said to HTTP/1.0 and broken fails", async () => {
    const { verdict, decisive } = await runCase("persistence/old-client-keep-alive", {
      Connection: BreaksItsWord,
    });
    expect(decisive.seen).toBe("keep-alive was said, and then: No response to request 2: FIN");
    expect(verdict).toBe("fail");
  });

  it("a connection of HTTP/1.0 that is kept without a word fails", async () => {
    const { verdict, decisive } = await runCase("persistence/old-client-keep-alive", {
      Connection: SaysNothing,
      settings: BRIEF,
    });
    expect(decisive.seen).toBe(
      "Nothing said about persistence; 200 arrived whole, and the connection was still open " +
        "300 ms later",
    );
    expect(verdict).toBe("fail");
  });

  it("a connection without persistence passes only if close says so", async () => {
    const said = await runCase("persistence/second-request", { requestLimit: 1 });
    expect(said.decisive.seen).toMatch(/^No persistence, and close says so; 200 arrived whole/);
    expect(said.verdict).toBe("pass");
    const unsaid = await runCase("persistence/second-request", {
      requestLimit: 1,
      Connection: ClosesSilently,
    });
    expect(unsaid.decisive.seen).toBe(
      "Nothing said close, and then: No response to request 2: FIN",
    );
    expect(unsaid.verdict).toBe("fail");
  });
});

describe("the limit of requests", () => {
  const id = "persistence/request-limit";

  it("a limit that is announced passes, with its number", async () => {
    const { verdict, decisive } = await runCase(id, { requestLimit: 47 });
    expect(decisive.seen).toBe("Response 47 says close, and the connection ended there");
    expect(decisive.figures).toEqual({ answeredRequests: 47 });
    expect(verdict).toBe("pass");
  });

  it("no limit passes, with the number of requests", async () => {
    const { verdict, decisive } = await runCase(id, { requestLimit: 10_000 });
    expect(decisive.figures).toEqual({ answeredRequests: 1_200 });
    expect(verdict).toBe("pass");
  });

  it("a limit that is not announced fails, and is sought without pipelining", async () => {
    const options = { requestLimit: 47, Connection: ClosesSilently };
    const { verdict, decisive } = await runCase(id, options);
    expect(decisive.seen).toBe("FIN behind response 47, which did not say close");
    // The first connection is no witness.
    expect(decisive.evidence).toHaveLength(1);
    expect(verdict).toBe("fail");
  });

  it("an announcement that RST erased under pipelining is seen by going one by one", async () => {
    class ErasesUnderPipelining extends WantsHost {
      protected override answerLast(response: FixtureResponse, request?: FixtureRequest): void {
        if (this.input.length > 0) this.socket.resetAndDestroy();
        else super.answerLast(response, request);
      }
    }
    const options = { requestLimit: 47, Connection: ErasesUnderPipelining };
    const { verdict, decisive } = await runCase(id, options);
    expect(decisive.seen).toBe("Response 47 says close, and the connection ended there");
    expect(verdict).toBe("pass");
  });

  it("a server that is slow passes with what it answered", async () => {
    class AnswersSlowly extends WantsHost {
      protected override answer(request: FixtureRequest, response: FixtureResponse): void {
        setTimeout(() => super.answer(request, response), 40);
      }
    }
    const options = { requestLimit: 10_000, Connection: AnswersSlowly };
    const { verdict, decisive } = await runCase(id, { ...options, settings: { answerMs: 500 } });
    expect(decisive.seen).toMatch(/^\d+0 requests were answered in the time there is$/);
    expect(verdict).toBe("pass");
  });

  it("responses behind the announcement are unkind", async () => {
    const { verdict, decisive } = await runCase(id, {
      requestLimit: 47,
      Connection: AnswersBeyond,
    });
    expect(decisive.seen).toBe("Response 47 says close, and 13 more came behind it");
    expect(verdict).toBe("unkind");
  });

  it("is not reached where pipelined requests are not answered", async () => {
    const { verdict, decisive } = await runCase(id, {
      Connection: AnswersOnlyOne,
      settings: BRIEF,
    });
    expect(decisive.seen).toBe("Pipelined requests were not answered behind 1");
    expect(verdict).toBe("not reached");
  });
});

expectBothVerdicts(PERSISTENCE_CASES);
