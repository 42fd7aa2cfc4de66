import type { CaseRun } from "../case-run.ts";
import { fail, notReached, type Outcome, type ProbeCase, pass, unkind } from "../probe-case.ts";
import type { ProbeClient } from "../probe-client.ts";
import type { EarlyAnswer } from "../target.ts";
import { endWords, judgeOneResponse, surplusWords } from "./account.ts";

// Expect: 100-continue. A client asks before it sends content; the server says 100, or gives its
// final response at once. Whether content follows a refusal is up to the client, so only a server
// that closes behind it, or reads the content, stays in step with every client.

const EXPECT = "Expect: 100-continue";
const CONTENT = "hello";
/** curl and Go's client send the content after 1 s of silence; here is room for slow ways. */
const CONTINUE_MS = 3_000;
/** In this time a server that sends 100 without being allowed to has done it. */
const UNASKED_MS = 200;
/** Of content that was refused. */
const ANYWAY_BYTES = 2_000_000;
/** Content so small that servers rather read it than close, and larger than one request. */
const SMALL_BYTES = 1_000;
/** Requests in content that was refused: beyond any buffer for one head. */
const REQUESTS_IN_CONTENT = 20;
const NO_UPLOAD = "No path is known that takes uploads: --upload-path";
const NO_REFUSAL = "No path is known that refuses before the content has come: --refuse-path";
const HELP = "#expect-100-continue";

function expecting(run: CaseRun, answer: EarlyAnswer): string {
  const { method, path, uploadBytes } = answer;
  return run.head({ method, path, fields: [`Content-Length: ${uploadBytes}`, EXPECT] });
}

/** In this time a response that nobody should send has come, if the first was no quicker. */
function unaskedMs(client: ProbeClient): number {
  return client.kernelAnswerMs + 2 * (client.response?.headAtMs ?? 0);
}

function hasContinue({ reader }: ProbeClient): boolean {
  return reader.interimStatuses.includes(100);
}

async function runAccepted(run: CaseRun): Promise<Outcome> {
  const path = run.facts.upload;
  if (path === null) return notReached(NO_UPLOAD);
  const client = await run.connect();
  const fields = [`Content-Length: ${CONTENT.length}`, EXPECT];
  await client.send(run.head({ method: "POST", path, fields }), "POST");
  const askedAtMs = client.elapsedMs;
  const waitMs = Math.min(CONTINUE_MS, run.settings.answerMs);
  const isAnswered = (): boolean => hasContinue(client) || client.response !== undefined;
  await client.waitUntil(() => isAnswered() || client.end !== "open", waitMs);
  const isContinued = hasContinue(client);
  const waitedMs = Math.round(client.elapsedMs - askedAtMs);
  const figures = { waitedMs };
  if (client.response?.status === 417) {
    return unkind("417: the client has to repeat its request without Expect", { figures });
  }
  const isFinal = client.response !== undefined;
  if (!isFinal) {
    client.note(isContinued ? "100 has come" : "the client waits no longer");
    await client.send(CONTENT);
  }
  const outcome = await judgeOneResponse(client, run.settings.answerMs);
  if (outcome.verdict === "fail") return { ...outcome, figures: { ...outcome.figures, waitedMs } };
  const status = client.response?.status;
  if (isFinal && !isContinued) return pass(`${status} at once, without 100`, { figures });
  if (isContinued) return pass(`100 after ${waitedMs} ms, then ${status}`, { figures });
  return fail(`No 100 within ${waitedMs} ms; ${status} came once the content was sent`, {
    figures,
  });
}

async function runUnawaited(run: CaseRun): Promise<Outcome> {
  const path = run.facts.upload;
  if (path === null) return notReached(NO_UPLOAD);
  const client = await run.connect();
  const fields = [`Content-Length: ${CONTENT.length}`, EXPECT];
  await client.send(run.head({ method: "POST", path, fields }) + CONTENT, "POST");
  const outcome = await judgeOneResponse(client, run.settings.answerMs);
  const { response } = client;
  if (outcome.verdict === "fail" || response === undefined || response.isLast) return outcome;
  await client.send(run.head(), "GET");
  if (await client.waitForResponses(2, run.settings.answerMs)) {
    // A server that lost count of the content gives a response too many.
    await client.waitUntil(() => client.reader.surplusBytes > 0, unaskedMs(client));
    const next = client.responses[1]?.status;
    const seen = `${response.status}, and ${next} to the next request on the connection`;
    if (client.reader.surplusBytes > 0) return fail(`${seen}, and ${surplusWords(client)}`);
    return next === run.facts.page.status ? pass(seen) : fail(seen);
  }
  await client.hasMetReset();
  return fail(`${response.status}; then the next request on it met ${endWords(client)}`);
}

async function runOldClient(run: CaseRun): Promise<Outcome> {
  const path = run.facts.upload;
  if (path === null) return notReached(NO_UPLOAD);
  const client = await run.connect();
  const fields = [`Content-Length: ${CONTENT.length}`, EXPECT];
  await client.send(run.head({ method: "POST", path, version: "HTTP/1.0", fields }), "POST");
  const isInterim = (): boolean => client.reader.interimStatuses.length > 0;
  await client.waitUntil(() => isInterim() || client.response !== undefined, UNASKED_MS);
  // An early answer is another case's; content behind it would only meet the end of the connection.
  if (client.response === undefined) await client.send(CONTENT);
  const outcome = await judgeOneResponse(client, run.settings.answerMs);
  if (!isInterim()) return outcome;
  const { interimStatuses } = client.reader;
  return fail(`${interimStatuses[0]} to a client of HTTP/1.0, before ${endOf(client)}`);
}

function endOf(client: ProbeClient): string {
  return client.response === undefined ? endWords(client) : `${client.response.status}`;
}

async function runRefused(run: CaseRun): Promise<Outcome> {
  const answer = run.facts.small.length;
  if (answer === null) return notReached(NO_REFUSAL);
  const client = await run.connect();
  await client.send(expecting(run, answer), answer.method);
  const { answerMs } = run.settings;
  await client.waitForResponses(1, answerMs);
  if (client.response === undefined && hasContinue(client) && client.end === "open") {
    return unkind(`100, and no response for ${answerMs} ms, though content is not waited for`);
  }
  const outcome = await judgeOneResponse(client, answerMs);
  if (outcome.verdict !== "pass" || !hasContinue(client)) return outcome;
  const status = client.response?.status;
  return unkind(`100, which asks for the content, and then ${status} without it`, outcome);
}

async function runRefusedThenNext(run: CaseRun, mostBytes: number): Promise<Outcome> {
  const answer = run.facts.small.length;
  if (answer === null) return notReached(NO_REFUSAL);
  const client = await run.connect();
  const uploadBytes = Math.min(answer.uploadBytes, mostBytes);
  await client.send(expecting(run, { ...answer, uploadBytes }), answer.method);
  const { answerMs } = run.settings;
  await client.waitForResponses(1, answerMs);
  const { response } = client;
  if (hasContinue(client)) return notReached("The server asked for the content by 100");
  if (response?.isComplete !== true) return notReached(`No refusal: ${endWords(client)}`);
  const { status } = response;
  if (response.isLast) {
    await client.waitForEnd(answerMs);
    await client.hasMetReset();
    if (client.end === "fin") {
      const figures = { closedAfterMs: Math.round((client.finAtMs ?? 0) - response.headAtMs) };
      return pass(`${status} that says close, then FIN`, { figures });
    }
    const how = client.end === "open" ? `no FIN for ${answerMs} ms` : endWords(client);
    return unkind(`${status} that says close, then ${how}`);
  }
  await client.waitForEnd(client.kernelAnswerMs);
  await client.hasMetReset();
  if (client.end !== "open") {
    return unkind(`${status} that does not say close, then ${endWords(client)}`);
  }
  await client.send(run.head(), "GET");
  if (await client.waitForResponses(2, answerMs)) {
    const next = client.responses[1]?.status;
    const seen = `${status}, and ${next} to the next request`;
    return next === run.facts.page.status ? pass(seen) : unkind(seen);
  }
  const next = client.end === "open" ? `no response for ${answerMs} ms` : endWords(client);
  return unkind(`${status} that does not say close; the next request got ${next}`);
}

async function runRefusedAnyway(run: CaseRun): Promise<Outcome> {
  const answer = run.facts.small.length;
  if (answer === null) return notReached(NO_REFUSAL);
  const client = await run.connect({ isReading: false });
  await client.send(expecting(run, answer), answer.method);
  const { answerMs } = run.settings;
  const byteLength = Math.min(answer.uploadBytes, ANYWAY_BYTES);
  await client.sendContent({ byteLength, isChunked: false, patienceMs: answerMs });
  client.note("the client begins to read");
  client.resume();
  return judgeOneResponse(client, answerMs);
}

async function runRefusedRequests(run: CaseRun): Promise<Outcome> {
  const answer = run.facts.small.length;
  if (answer === null) return notReached(NO_REFUSAL);
  const client = await run.connect();
  await client.send(expecting(run, answer), answer.method);
  const { answerMs } = run.settings;
  await client.waitForResponses(1, answerMs);
  const { response } = client;
  if (response?.isComplete !== true) return notReached(`No refusal: ${endWords(client)}`);
  const content = run.head().repeat(REQUESTS_IN_CONTENT);
  if (content.length > answer.uploadBytes) return notReached("The refused upload is too small");
  client.note("content that looks like requests");
  await client.send(content);
  const isOver = (): boolean => client.reader.surplusBytes > 0 || client.isGone;
  await client.waitUntil(isOver, unaskedMs(client));
  const { status } = response;
  if (client.reader.surplusBytes > 0) return fail(`${status}, and ${surplusWords(client)}`);
  return pass(`${status}, and nothing to ${content.length} bytes of content with requests in it`);
}

function thenNextCase(name: string, text: string, mostBytes: number): ProbeCase {
  return {
    id: `expect/${name}`,
    title: `${text} is refused, and the client sends its next request instead`,
    level: "should",
    requirement: {
      source: "RFC 9110, 10.1.1",
      text:
        "A server that answers before it has read the content says whether it closes the " +
        "connection or goes on reading the content.",
    },
    sends: "no content; if the connection stays, another request on it",
    accepts: "a response that says close and then FIN, or an answer to the other request",
    meaning:
      "A client that does not send the refused content, and goes on with the connection, has its " +
      "next request read as content: it waits for an answer that never comes.",
    help: HELP,
    run: (run) => runRefusedThenNext(run, mostBytes),
  };
}

const ACCEPT_MEANING =
  "Clients that ask first, such as curl with larger uploads, wait for a second or for ever " +
  "before each upload.";

export const EXPECT_CASES: readonly ProbeCase[] = [
  {
    id: "expect/accepted",
    title: "an upload that asks by Expect: 100-continue, and is wanted",
    level: "must",
    requirement: {
      source: "RFC 9110, 10.1.1",
      text:
        "To a request with this expectation an origin server sends at once either 100 or its " +
        "final response; it does not wait for the content first.",
    },
    sends: "the head of an upload with the expectation, and the content once 100 has come",
    accepts: "100 and then the final response, or the final response at once",
    meaning: ACCEPT_MEANING,
    help: HELP,
    run: runAccepted,
  },
  {
    id: "expect/unawaited",
    title: "Expect: 100-continue, and the content right behind it",
    level: "must",
    requirement: {
      source: "RFC 9110, 10.1.1",
      text:
        "A client need not wait for 100 before it sends the content, and the final response " +
        "comes once the server has read that.",
    },
    sends: "head and content in one piece, then another request on the same connection",
    accepts: "one final response to each, or one that says close",
    meaning: "Clients that do not wait lose the response, or their next request fails.",
    help: HELP,
    run: runUnawaited,
  },
  {
    id: "expect/http-1.0",
    title: "Expect: 100-continue by a client of HTTP/1.0",
    level: "must",
    requirement: {
      source: "RFC 9110, 10.1.1 and 15.2",
      text: "The expectation of an HTTP/1.0 client is ignored; it never gets an interim response.",
    },
    sends: "an upload as HTTP/1.0 with the expectation, the content after a moment",
    accepts: "the final response, and no 100",
    meaning: "Old clients and proxies take 100 for the response, and the rest for garbage.",
    help: HELP,
    run: runOldClient,
  },
  {
    id: "expect/refused",
    title: "an upload that asks by Expect: 100-continue, and is refused",
    level: "must",
    requirement: {
      source: "RFC 9110, 10.1.1",
      text:
        "A server that can tell by the head what the status is answers with that at once, and " +
        "100 is for content that is wanted.",
    },
    sends: "the head of an upload with the expectation, and nothing else",
    accepts: "the final response without 100, and no RST",
    meaning:
      "The client sends what nobody wants: the whole upload goes over the line before, or while, " +
      "it is refused.",
    help: HELP,
    run: runRefused,
  },
  thenNextCase("refused-then-next", "a large upload", Number.POSITIVE_INFINITY),
  thenNextCase("refused-small-then-next", "a small upload", SMALL_BYTES),
  {
    id: "expect/refused-anyway",
    title: "the client sends the refused content all the same, and reads only then",
    level: "must",
    requirement: {
      source: "RFC 9112, 9.6",
      text:
        "A server that closes at once while the client still sends risks that the client never " +
        "reads the response; it closes in stages.",
    },
    sends: "head with the expectation, 2 MB of content without waiting, and reads afterwards",
    accepts: "the whole response, and no RST before the client has closed",
    meaning: "Users see 'connection reset' instead of the reason why the upload was refused.",
    help: "#uploads-that-are-refused",
    run: runRefusedAnyway,
  },
  {
    id: "expect/refused-content-is-no-request",
    title: "refused content that looks like requests",
    level: "must",
    requirement: {
      source: "RFC 9112, 9.3",
      text:
        "A server reads the whole content of a request or closes the connection behind its " +
        "response: else content is taken for the next request.",
    },
    sends: "after the refusal the content, which consists of requests",
    accepts: "no response to any of them",
    meaning:
      "Whoever chooses the content of an upload can have it executed as requests, also behind a " +
      "proxy that has checked the real ones (request smuggling).",
    help: HELP,
    run: runRefusedRequests,
  },
];
