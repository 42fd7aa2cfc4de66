import type { CaseRun } from "../case-run.ts";
import { fail, notReached, type Outcome, type ProbeCase, pass, unkind } from "../probe-case.ts";
import type { ProbeClient } from "../probe-client.ts";
import type { RequestOptions } from "../target.ts";
import { endWords, RESET_BEHIND, surplusWords } from "./account.ts";

// Where a response ends, seen from behind it: nothing is left for the next reader, and nothing
// comes that nobody asked for.

const HELP = "#what-stands-behind-a-response";

interface Bare {
  readonly request: RequestOptions;
  /** `null`: any. */
  readonly status: number | null;
}

/** A response without content, then another request: whatever was left would be in its way. */
async function runBare(run: CaseRun, { request, status }: Bare): Promise<Outcome> {
  const { answerMs } = run.settings;
  const client = await run.connect();
  await client.send(run.head(request), request.method ?? "GET");
  await client.waitForResponses(1, answerMs);
  const { response } = client;
  if (response === undefined) return fail(`No response, but ${endWords(client)}`);
  const got = response.status;
  if (status !== null && got !== status) return notReached(`${got} instead of ${status}`);
  // Stray content may come in a piece of its own; on a connection that ends, before FIN.
  if (response.isLast) await client.waitForEnd(answerMs);
  else await client.waitUntil(() => client.reader.surplusBytes > 0, client.kernelAnswerMs);
  if (client.reader.surplusBytes > 0) return fail(`${got}, and ${surplusWords(client)}`);
  if (response.isLast) return pass(`${got} and nothing behind it; the connection ends there`);
  await client.send(run.head(), "GET");
  await client.waitForResponses(2, answerMs);
  const next = client.responses[1];
  if (client.reader.surplusBytes > 0) return fail(`${got}, and ${surplusWords(client)}`);
  if (next?.isComplete !== true) {
    return fail(`${got}; the next request on the connection met ${endWords(client)}`);
  }
  if (next.status !== run.facts.page.status) {
    return fail(`${got}, and ${next.status} to a request that gets ${run.facts.page.status}`);
  }
  const seen = `${got}, and ${next.status} to the next request on the connection`;
  const length = response.fields.get("content-length");
  const coding = response.fields.get("transfer-encoding");
  if (got !== 204 || (length === undefined && coding === undefined)) return pass(seen);
  const field = length === undefined ? `Transfer-Encoding: ${coding}` : `Content-Length: ${length}`;
  return unkind(`204 says ${field}, which it must not; ${seen}`);
}

async function runEmpty(run: CaseRun): Promise<Outcome> {
  const { empty } = run.facts;
  if (empty === null) return notReached("No path is known that answers with 204: --empty-path");
  return runBare(run, { request: empty, status: 204 });
}

async function runNotModified(run: CaseRun): Promise<Outcome> {
  const { validator } = run.facts;
  if (validator === null) {
    return notReached("The page has neither ETag nor Last-Modified: a static page has");
  }
  return runBare(run, { request: { fields: [validator] }, status: 304 });
}

async function runBehindClose(run: CaseRun, method: string): Promise<Outcome> {
  const { answerMs } = run.settings;
  const client = await run.connect();
  await client.send(run.head({ method, fields: ["Connection: close"] }), method);
  await client.waitWhileComing(() => client.end !== "open", answerMs);
  const isReset = await client.hasMetReset();
  const { response } = client;
  if (response?.isComplete !== true) {
    return fail(`No whole response, but ${endWords(client)}`);
  }
  const { status } = response;
  if (client.reader.surplusBytes > 0) return fail(`${status}, and ${surplusWords(client)}`);
  if (response.framing === "close") {
    return notReached(`${status} ends with the connection, so nothing can stand behind it`);
  }
  if (client.end === "open") return unkind(`${status}, and no FIN for ${answerMs} ms`);
  if (isReset) return unkind(`${status} arrived whole, and RST behind it: ${RESET_BEHIND}`);
  return pass(`${status}, then ${endWords(client)} without a byte between`);
}

async function runOneResponse(run: CaseRun): Promise<Outcome> {
  const { answerMs, holdMs } = run.settings;
  const client = await run.connect();
  await client.send(run.head(), "GET");
  if (!(await client.waitForResponses(1, answerMs))) {
    return fail(`No whole response, but ${endWords(client)}`);
  }
  const fromMs = client.elapsedMs;
  const isSurplus = (): boolean => client.reader.surplusBytes > 0;
  await client.waitUntil(() => isSurplus() || client.end !== "open", holdMs);
  const idleMs = Math.round(client.elapsedMs - fromMs);
  await client.hasMetReset();
  return judgeIdle(client, idleMs);
}

function judgeIdle(client: ProbeClient, idleMs: number): Outcome {
  const figures = { idleMs };
  const status = client.response?.status;
  if (client.reader.surplusBytes > 0) {
    return fail(`${status}, and after ${idleMs} ms ${surplusWords(client)}`, { figures });
  }
  if (client.end === "open") {
    const seen = `${status}, then nothing; the server waits longer than ${idleMs} ms: --hold-ms`;
    return notReached(seen, { figures });
  }
  return pass(`${status}, then ${endWords(client)} after ${idleMs} ms, without a byte between`, {
    figures,
  });
}

const MIXED_UP =
  "Clients and proxies that go on with the connection read what is left as the response to the " +
  "next request: users get wrong pages, or errors that cannot be repeated.";

const BARE = {
  source: "RFC 9112, 6.3",
  text: "Responses to HEAD, and 204 and 304, end with their head, whatever its fields say.",
};

export const FRAMING_CASES: readonly ProbeCase[] = [
  {
    id: "framing/head",
    title: "HEAD, and another request behind it",
    level: "must",
    requirement: BARE,
    sends: "HEAD, and GET on the same connection once its response has come",
    accepts: "two whole responses, and no other byte",
    meaning: MIXED_UP,
    help: HELP,
    run: (run) => runBare(run, { request: { method: "HEAD" }, status: null }),
  },
  {
    id: "framing/204",
    title: "204, and another request behind it",
    level: "must",
    requirement: BARE,
    sends: "a request that gets 204, and GET on the same connection",
    accepts: "two whole responses, and no other byte",
    meaning: MIXED_UP,
    help: HELP,
    run: runEmpty,
  },
  {
    id: "framing/304",
    title: "304, and another request behind it",
    level: "must",
    requirement: BARE,
    sends: "GET that revalidates the page, and GET on the same connection",
    accepts: "two whole responses, and no other byte",
    meaning: MIXED_UP,
    help: HELP,
    run: runNotModified,
  },
  {
    id: "framing/nothing-behind-close",
    title: "bytes between the last response and FIN",
    level: "must",
    requirement: {
      source: "RFC 9112, 6.3 and 9.6",
      text: "The response ends where its length says, and behind the last one comes the close.",
    },
    sends: "GET with Connection: close",
    accepts: "the response, then FIN",
    meaning: MIXED_UP,
    help: HELP,
    run: (run) => runBehindClose(run, "GET"),
  },
  {
    id: "framing/nothing-behind-head-close",
    title: "HEAD with Connection: close",
    level: "must",
    requirement: BARE,
    sends: "HEAD with Connection: close",
    accepts: "a head, then FIN",
    meaning: MIXED_UP,
    help: HELP,
    run: (run) => runBehindClose(run, "HEAD"),
  },
  {
    id: "framing/one-response",
    title: "a second response while the connection is idle",
    level: "must",
    requirement: {
      source: "RFC 9110, 15; RFC 9112, 9.2",
      text:
        "A request has exactly one final response, and where none is due none is sent: a client " +
        "may not take it for valid.",
    },
    sends: "one GET, then nothing until the server ends the connection",
    accepts: "no byte behind the response",
    meaning:
      "A 408 for an idle connection is taken for the response to the request that crosses it on " +
      "its way.",
    help: HELP,
    isPatient: true,
    run: runOneResponse,
  },
];
