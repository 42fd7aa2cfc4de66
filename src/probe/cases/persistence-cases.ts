import type { CaseRun } from "../case-run.ts";
import { fail, notReached, type Outcome, type ProbeCase, pass, unkind } from "../probe-case.ts";
import type { ProbeClient } from "../probe-client.ts";
import { judgeEnd, lossOf } from "./last-response.ts";
import { type Series, sendUntilLast } from "./request-series.ts";

// Which side says that a connection ends or goes on, and whether the server then does what was
// said: the `close` connection option, HTTP/1.0, the limit of requests.

const HELP = "#what-is-said-about-persistence";
/** nginx allows 1,000 requests on a connection, Apache 100. */
const SERIES_LENGTH = 1_200;

async function runCloseAsked(run: CaseRun): Promise<Outcome> {
  const client = await run.connect();
  await client.send(run.head({ fields: ["Connection: close"] }), "GET");
  const loss = await lossOfFirst(run, client);
  if (loss !== null) return fail(loss);
  const outcome = await judgeEnd(run, client);
  if (outcome.verdict !== "pass" || client.response?.isLast === true) return outcome;
  return unkind(`${outcome.seen}; but the response does not say close`, outcome);
}

async function runBehindOwnClose(run: CaseRun): Promise<Outcome> {
  const { answerMs } = run.settings;
  const client = await run.connect();
  const pair = run.head({ fields: ["Connection: close"] }) + run.head();
  await client.send(pair, "GET", "GET");
  await client.waitWhileComing(
    () => client.responses.length > 1 || client.end !== "open",
    answerMs,
  );
  if (client.responses.length > 1) return fail("The request behind the close was answered, too");
  const loss = lossOf(client, 1, answerMs);
  if (loss !== null) return fail(loss);
  const outcome = await judgeEnd(run, client);
  const { status } = run.facts.page;
  if (client.response?.status === status) return outcome;
  // Such a client breaks a rule itself (RFC 9112, 9.6), so its request may be refused.
  return unkind(`${outcome.seen}; a request that is alone is answered with ${status}`, outcome);
}

async function runCloseSaid(run: CaseRun): Promise<Outcome> {
  const { answerMs } = run.settings;
  const client = await run.connect();
  // Host is missing, which has to be refused (RFC 9112, 3.2), and most servers say close with that.
  await client.send(
    `GET ${run.facts.page.path} HTTP/1.1\r\nUser-Agent: finwait-probe\r\n\r\n`,
    "GET",
  );
  await client.waitForResponses(1, answerMs);
  const { response } = client;
  if (response === undefined || !response.isComplete) {
    return notReached(`A request without Host got no whole response (${client.end})`);
  }
  if (!response.isLast) {
    return notReached(`The server says close with no response of its own: ${response.status} here`);
  }
  const said = `${response.status} says close`;
  if (client.end === "open") await client.send(run.head(), "GET");
  await client.waitWhileComing(
    () => client.responses.length > 1 || client.end !== "open",
    answerMs,
  );
  const { responses, finAtMs, end } = client;
  if (responses.length > 1) return fail(`${said}, and a request behind it was answered`);
  if (end === "open") return fail(`${said}, and the connection was open ${answerMs} ms later`);
  // The request behind it may have met RST before FIN was read; closed is closed.
  if (finAtMs === null) return pass(`${said}, and the connection was closed (${client.failure})`);
  const closeMs = Math.max(0, Math.round(finAtMs - (response.completeAtMs ?? finAtMs)));
  return pass(`${said}, and FIN came ${closeMs} ms behind it`, { figures: { closeMs } });
}

async function runOld(run: CaseRun): Promise<Outcome> {
  const client = await run.connect();
  await client.send(run.head({ version: "HTTP/1.0" }), "GET");
  const loss = await lossOfFirst(run, client);
  return loss === null ? judgeEnd(run, client) : fail(loss);
}

async function runOldKeepAlive(run: CaseRun): Promise<Outcome> {
  const { answerMs } = run.settings;
  const request = run.head({ version: "HTTP/1.0", fields: ["Connection: keep-alive"] });
  const client = await run.connect();
  await client.send(request, "GET");
  const loss = await lossOfFirst(run, client);
  if (loss !== null) return fail(loss);
  const options = client.response?.fields.get("connection") ?? "";
  // A client of HTTP/1.0 persists only if it is told to, whatever version the response has.
  if (!/(?:^|,)\s*keep-alive\s*(?:,|$)/i.test(options)) {
    const outcome = await judgeEnd(run, client);
    const said = options === "" ? "Nothing said about persistence" : `Connection: ${options}`;
    return { ...outcome, seen: `${said}; ${outcome.seen}` };
  }
  if (client.end === "open") await client.send(request, "GET");
  await client.waitForResponses(2, answerMs);
  if (client.completeCount > 1) return pass("keep-alive was said, and a second request answered");
  return fail(`keep-alive was said, and then: ${lossOf(client, 2, answerMs)}`);
}

async function runSecondRequest(run: CaseRun): Promise<Outcome> {
  const { answerMs } = run.settings;
  const client = await run.connect();
  await client.send(run.head(), "GET");
  const loss = await lossOfFirst(run, client);
  if (loss !== null) return fail(loss);
  if (client.response?.isLast === true) {
    const outcome = await judgeEnd(run, client);
    return { ...outcome, seen: `No persistence, and close says so; ${outcome.seen}` };
  }
  await client.send(run.head(), "GET");
  await client.waitForResponses(2, answerMs);
  return client.completeCount > 1
    ? pass("A second request on the connection was answered")
    : fail(`Nothing said close, and then: ${lossOf(client, 2, answerMs)}`);
}

async function runRequestLimit(run: CaseRun): Promise<Outcome> {
  const series = await sendUntilLast(run, SERIES_LENGTH);
  const { client, answeredCount } = series;
  const figures = { answeredRequests: answeredCount };
  const extras = { figures, witnesses: [client] };
  switch (series.end) {
    case "all":
      return pass(`${answeredCount} requests were answered, and no limit was met`, extras);
    case "slow":
      return answeredCount > 1
        ? pass(`${answeredCount} requests were answered in the time there is`, extras)
        : notReached(`Only ${answeredCount} requests were answered in the time there is`, extras);
    case "stuck":
      return notReached(`Pipelined requests were not answered behind ${answeredCount}`, extras);
    case "said-close":
      return await judgeSaidClose(run, series);
    case "cut":
      return fail(
        `${client.failure || "FIN"} behind response ${answeredCount}, which did not say close`,
        extras,
      );
  }
}

async function judgeSaidClose(run: CaseRun, series: Series): Promise<Outcome> {
  const { client, answeredCount } = series;
  await client.waitForEnd(run.settings.answerMs);
  const extras = { figures: { answeredRequests: answeredCount }, witnesses: [client] };
  const said = `Response ${answeredCount} says close`;
  if (client.end === "open") return fail(`${said}, and the connection stayed open`, extras);
  const surplusCount = client.completeCount - answeredCount;
  return surplusCount > 0
    ? unkind(`${said}, and ${surplusCount} more came behind it`, extras)
    : pass(`${said}, and the connection ended there`, extras);
}

/** Why the first response did not arrive whole; `null`: it did. */
async function lossOfFirst(run: CaseRun, client: ProbeClient): Promise<string | null> {
  const { answerMs } = run.settings;
  await client.waitForResponses(1, answerMs);
  return lossOf(client, 1, answerMs);
}

export const PERSISTENCE_CASES: readonly ProbeCase[] = [
  {
    id: "persistence/close-asked",
    title: "the client asks for close",
    level: "must",
    requirement: {
      source: "RFC 9112, 9.6",
      text:
        "A server that receives the close option begins to close once the final response is " +
        "sent (MUST), and says close in that response (SHOULD).",
    },
    sends: "GET with Connection: close",
    accepts: "the whole response with Connection: close, and FIN within a second",
    meaning: "Clients that wait for the end of the connection wait for the idle time-out instead.",
    help: HELP,
    run: runCloseAsked,
  },
  {
    id: "persistence/behind-own-close",
    title: "a request behind the client's own close",
    level: "must",
    requirement: {
      source: "RFC 9112, 9.6",
      text: "Behind a request with the close option the server processes no further request.",
    },
    sends: "GET with Connection: close and one more GET, in one write",
    accepts: "one response, and FIN",
    meaning:
      "Bytes behind a last request are nobody's; a server that acts on them can be made to act " +
      "on what another client smuggled in there.",
    help: HELP,
    run: runBehindOwnClose,
  },
  {
    id: "persistence/close-said",
    title: "the server says close",
    level: "must",
    requirement: {
      source: "RFC 9112, 9.6",
      text:
        "A server that sends the close option begins to close behind that response, and " +
        "processes no further request.",
    },
    sends: "GET without Host, and a GET once its response says close",
    accepts: "FIN, and no second response",
    meaning:
      "Clients wait for an end that does not come, and connections that nobody uses stay open.",
    help: HELP,
    run: runCloseSaid,
  },
  {
    id: "persistence/old-client",
    title: "HTTP/1.0 without keep-alive",
    level: "should",
    requirement: {
      source: "RFC 9112, 9.3",
      text: "Without the keep-alive option a connection of HTTP/1.0 closes behind the response.",
    },
    sends: "GET with HTTP/1.0",
    accepts: "the whole response, and FIN within a second",
    meaning: "Clients of HTTP/1.0 read until FIN: they hang until the idle time-out.",
    help: HELP,
    run: runOld,
  },
  {
    id: "persistence/old-client-keep-alive",
    title: "HTTP/1.0 with keep-alive",
    level: "should",
    requirement: {
      source: "RFC 9112, 9.3 and C.2.2",
      text:
        "A server may honor keep-alive of HTTP/1.0, and then says so in the response; otherwise " +
        "the connection closes behind it.",
    },
    sends: "GET with HTTP/1.0 and Connection: keep-alive, and once more if the response says so",
    accepts: "keep-alive in the response and a second response, or FIN",
    meaning:
      "Clients of HTTP/1.0, load-testing tools among them, hang, or lose their next request.",
    help: HELP,
    run: runOldKeepAlive,
  },
  {
    id: "persistence/second-request",
    title: "a second request with HTTP/1.1",
    level: "must",
    requirement: {
      source: "RFC 9112, 9.3",
      text:
        "Connections of HTTP/1.1 persist unless one side says close, and a server without " +
        "persistence says it in every response.",
    },
    sends: "GET, and once its response is there, one more GET",
    accepts: "two responses, or close in the first",
    meaning: "The client's next request meets a closed connection: it is lost, or sent again.",
    help: HELP,
    run: runSecondRequest,
  },
  {
    id: "persistence/request-limit",
    title: "the limit of requests on one connection",
    level: "should",
    requirement: {
      source: "RFC 9112, 9.6",
      text: "Who is going to close a connection says so with the close option before.",
    },
    sends: `up to ${SERIES_LENGTH.toLocaleString("en")} requests, 20 at a time`,
    accepts: "close in the last response before the connection ends, or no limit",
    meaning: "Now and then a request meets a closed connection, though the client did all right.",
    help: HELP,
    run: runRequestLimit,
  },
];
