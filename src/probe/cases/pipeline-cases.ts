import type { CaseRun } from "../case-run.ts";
import { fail, notReached, type Outcome, type ProbeCase, pass, unkind } from "../probe-case.ts";
import type { ProbeClient } from "../probe-client.ts";
import { endWords, RESET_BEHIND, statusWords, surplusWords } from "./account.ts";
import { judgeAnnounced } from "./last-response.ts";

// Several requests sent before the first response has come, and what becomes of the responses if
// one of the requests is bad, or the last that is wanted. What lies unread behind it is plenty: a
// server that closes without reading on answers that with RST.

const HELP = "#pipelining";
const GOOD_COUNT = 8;
/** Unread input behind the request that ends the connection. */
const BEHIND_BYTES = 400_000;
/** A server that does not read while its client does not read either. */
const BLIND_MS = 1_000;
/** No request line by any measure. */
const GARBAGE = "@@@ this is no request @@@\r\n\r\n";

async function runInOrder(run: CaseRun): Promise<Outcome> {
  const client = await run.connect();
  // HEAD makes the order visible: read as the response to another, its length leaves a gap.
  const methods = Array.from({ length: GOOD_COUNT }, (_, at) => (at % 3 === 1 ? "HEAD" : "GET"));
  await client.send(methods.map((method) => run.head({ method })).join(""), ...methods);
  await client.waitForResponses(GOOD_COUNT, run.settings.answerMs);
  await client.hasMetReset();
  const { completeCount: count, responses } = client;
  const figures = { requests: GOOD_COUNT, responses: count };
  if (client.reader.surplusBytes > 0) {
    return fail(`${count} of ${GOOD_COUNT} responses, and ${surplusWords(client)}`, { figures });
  }
  if (count === GOOD_COUNT) {
    const strange = responses.find(({ status }) => status !== run.facts.page.status);
    return strange === undefined
      ? pass(`${count} responses to ${GOOD_COUNT} requests, in order`, { figures })
      : fail(`${strange.status} to one of ${GOOD_COUNT} equal requests`, { figures });
  }
  const seen = `${count} of ${GOOD_COUNT} responses, then ${endWords(client)}`;
  const isAnnounced = client.end === "fin" && responses.at(-1)?.isLast === true;
  return isAnnounced ? unkind(`${seen}, which the last one said`, { figures }) : fail(seen);
}

async function runBehindContent(run: CaseRun): Promise<Outcome> {
  const path = run.facts.upload;
  if (path === null) return notReached("No path is known that takes uploads: --upload-path");
  const client = await run.connect();
  const upload = run.head({ method: "POST", path, fields: ["Content-Length: 5"] });
  const chunked = run.head({ method: "POST", path, fields: ["Transfer-Encoding: chunked"] });
  const sent = `${upload}hello${chunked}5\r\nhello\r\n0\r\n\r\n${run.head()}`;
  await client.send(sent, "POST", "POST", "GET");
  await client.waitForResponses(3, run.settings.answerMs);
  await client.hasMetReset();
  const seen = `${statusWords(client)} to upload, chunked upload and page`;
  if (client.reader.surplusBytes > 0) return fail(`${seen}, and ${surplusWords(client)}`);
  if (client.completeCount >= 3) {
    const isRight = client.responses[2]?.status === run.facts.page.status;
    return isRight ? pass(seen) : fail(seen);
  }
  const isAnnounced = client.end === "fin" && client.responses.at(-1)?.isLast === true;
  return isAnnounced
    ? unkind(`${seen}, then FIN as announced`)
    : fail(`${seen}, then ${endWords(client)}`);
}

interface Stop {
  /** What is sent, up to and with the request that ends the connection. */
  readonly requests: readonly string[];
  /** Input behind it, which is repeated. */
  readonly behind: string;
  /** Statuses that the first responses have. */
  readonly status: number;
  /** Whole responses that are due, without that to a malformed request. */
  readonly goodCount: number;
  /** The last request is malformed, and 400 is due. */
  readonly isMalformed: boolean;
  /** It reads only once it has sent everything. */
  readonly isBlind: boolean;
}

async function runStop(run: CaseRun, stop: Stop): Promise<Outcome> {
  const { requests, behind, isBlind } = stop;
  const { answerMs } = run.settings;
  const client = await run.connect({ isReading: !isBlind });
  const behindCount = behind === "" ? 0 : Math.ceil(BEHIND_BYTES / behind.length);
  const methods = requests.map(() => "GET");
  const sending = client.send(requests.join("") + behind.repeat(behindCount), ...methods);
  // A bound of the run may stop it at once; it is awaited below.
  sending.catch(() => {});
  if (isBlind) {
    await Promise.race([sending, client.elapse(BLIND_MS)]);
    client.note("the client begins to read");
    client.resume();
  }
  await client.waitWhileComing(() => client.end !== "open", answerMs);
  // The runtime may tell of RST before the rest was sent; the write ends in any case.
  if (client.end !== "open" || client.sentBytes === 0) await sending;
  const isReset = await client.hasMetReset();
  const announced = judgeAnnounced(client, stop.goodCount);
  return announced ?? judgeStop(run, client, stop, isReset);
}

function judgeStop(run: CaseRun, client: ProbeClient, stop: Stop, isReset: boolean): Outcome {
  const { goodCount, isMalformed, status } = stop;
  const { surplusBytes } = client.reader;
  const seen = `${statusWords(client)}`;
  const figures = { responses: client.completeCount, sentBytes: client.sentBytes };
  const cut = client.responses.find(({ isComplete }) => !isComplete);
  const good = client.responses.slice(0, goodCount);
  const isGood = good.every((response) => response.isComplete && response.status === status);
  if (good.length < goodCount || !isGood) {
    const part = cut === undefined ? "" : ` and ${cut.contentBytes} bytes of ${cut.status}`;
    const due = `${goodCount} whole responses were due`;
    return fail(`${due}; ${seen}${part} came, then ${endWords(client)}`, { figures });
  }
  if (surplusBytes > 0) return fail(`${seen}, and ${surplusWords(client)}`, { figures });
  const error = client.responses[goodCount];
  if (isMalformed && (error === undefined || !error.isComplete)) {
    const part = `${seen}, and no whole response to the malformed request`;
    if (client.end === "reset") return fail(`${part}, but ${endWords(client)}`, { figures });
    if (client.end === "open") {
      return fail(`${part} for ${run.settings.answerMs} ms`, { figures });
    }
    return unkind(`${part}, but ${endWords(client)}`, { figures });
  }
  if (isMalformed && error !== undefined && error.status < 400) {
    return fail(`${seen}: a malformed request was answered with ${error.status}`, { figures });
  }
  if (client.end === "open") {
    return fail(`${seen}, and no end of the connection for ${run.settings.answerMs} ms`, {
      figures,
    });
  }
  if (isReset) {
    return unkind(`${seen} arrived whole, and RST behind: ${RESET_BEHIND}`, { figures });
  }
  return pass(`${seen}, then FIN, with ${client.sentBytes} bytes sent`, { figures });
}

function malformed(run: CaseRun): Stop {
  const good = run.head();
  return {
    requests: [good, good, GARBAGE],
    behind: good,
    status: run.facts.page.status,
    goodCount: 2,
    isMalformed: true,
    isBlind: false,
  };
}

function garbageBehind(run: CaseRun): Stop {
  return { ...malformed(run), requests: [run.head(), GARBAGE], behind: "", goodCount: 1 };
}

function closing(run: CaseRun): Stop {
  const last = run.head({ fields: ["Connection: close"] });
  return { ...malformed(run), requests: [run.head(), last], isMalformed: false };
}

/** The same with pages that do not fit into the buffers of a client that does not read. */
function withMedium(run: CaseRun, last: string, isMalformed: boolean): Stop | null {
  const { medium } = run.facts;
  if (medium === null) return null;
  const { path } = medium;
  const good = Array.from({ length: GOOD_COUNT }, () => run.head({ path }));
  const requests = isMalformed ? [...good, last] : [...good.slice(1), last];
  const behind = run.head();
  return {
    requests,
    behind,
    status: medium.status,
    goodCount: GOOD_COUNT,
    isMalformed,
    isBlind: true,
  };
}

async function runMedium(run: CaseRun, stop: Stop | null): Promise<Outcome> {
  if (stop === null) return notReached("No page of 100 KB to 1 MB is known: --medium-path");
  return runStop(run, stop);
}

function mediumClose(run: CaseRun): string {
  const path = run.facts.medium?.path ?? "/";
  return run.head({ path, fields: ["Connection: close"] });
}

async function runNoneBehindClose(run: CaseRun): Promise<Outcome> {
  const client = await run.connect();
  const last = run.head({ fields: ["Connection: close"] });
  await client.send(last + run.head() + run.head(), "GET");
  await client.waitForResponses(1, run.settings.answerMs);
  const { response } = client;
  if (response?.isComplete !== true) return fail(`No whole response, but ${endWords(client)}`);
  // The server's FIN says for certain that nothing comes.
  const isOver = (): boolean => client.reader.surplusBytes > 0 || client.end !== "open";
  await client.waitUntil(isOver, run.settings.answerMs);
  const { status } = response;
  if (client.reader.surplusBytes > 0) return fail(`${status}, and ${surplusWords(client)}`);
  return pass(`${status} to the request that said close, and nothing to two behind it`);
}

const LOST =
  "Responses that the server has given, and counts as sent, never reach a client that pipelines, " +
  "nor a proxy that reuses connections.";
const STAGES = {
  source: "RFC 9112, 9.6",
  text:
    "A server that closes while input is unread risks that the client loses responses that were " +
    "sent before: it closes its own half first, and reads on for a while.",
};

export const PIPELINE_CASES: readonly ProbeCase[] = [
  {
    id: "pipeline/in-order",
    title: `${GOOD_COUNT} good requests in one piece`,
    level: "must",
    requirement: {
      source: "RFC 9112, 9.3.2",
      text: "Responses to pipelined requests are sent in the order in which those were received.",
    },
    sends: `${GOOD_COUNT} requests, GET and HEAD, without waiting for responses`,
    accepts: "a whole response to each, in order",
    meaning: "Clients take one resource for another, or wait for a response that never comes.",
    help: HELP,
    run: runInOrder,
  },
  {
    id: "pipeline/behind-content",
    title: "a request right behind the content of another",
    level: "must",
    requirement: {
      source: "RFC 9112, 6.3 and 9.3.2",
      text: "The length of the content says where the next request begins, whoever reads it.",
    },
    sends: "an upload with Content-Length, a chunked one and a GET in one piece",
    accepts: "a response to each, in order",
    meaning: "Requests behind uploads are swallowed, or content is taken for requests.",
    help: HELP,
    run: runBehindContent,
  },
  {
    id: "pipeline/error-in-the-middle",
    title: "good, good, malformed, and much unread input behind",
    level: "must",
    requirement: STAGES,
    sends: "two good requests, a malformed one and 400 KB of requests behind it",
    accepts: "two responses and an error, whole, then FIN and no RST",
    meaning: LOST,
    help: HELP,
    run: (run) => runStop(run, malformed(run)),
  },
  {
    id: "pipeline/error-behind-large",
    title: "large responses, then a malformed request, to a client that reads later",
    level: "must",
    requirement: STAGES,
    sends: `${GOOD_COUNT} requests for a large page, a malformed one, 400 KB behind it`,
    accepts: "all responses and an error, whole, then FIN and no RST",
    meaning: LOST,
    help: HELP,
    run: (run) => runMedium(run, withMedium(run, GARBAGE, true)),
  },
  {
    id: "pipeline/garbage-behind-good",
    title: "garbage right behind a good request",
    level: "must",
    requirement: {
      source: "RFC 9112, 2.2",
      text:
        "What does not match the grammar of a request is answered with 400 and the end of the " +
        "connection; that takes nothing from requests before it.",
    },
    sends: "a good request and a line that is none, in one piece",
    accepts: "the response and 400, then FIN",
    meaning: "The response to the good request is lost or replaced by an error.",
    help: HELP,
    run: (run) => runStop(run, garbageBehind(run)),
  },
  {
    id: "pipeline/close-in-the-middle",
    title: "Connection: close in the middle of a pipeline, much unread input behind",
    level: "must",
    requirement: STAGES,
    sends: "two requests, the second with Connection: close, and 400 KB of requests behind",
    accepts: "two whole responses, then FIN and no RST",
    meaning: LOST,
    help: HELP,
    run: (run) => runStop(run, closing(run)),
  },
  {
    id: "pipeline/close-behind-large",
    title: "large responses, the last with Connection: close, to a client that reads later",
    level: "must",
    requirement: STAGES,
    sends: `${GOOD_COUNT} requests for a large page, the last with close, 400 KB behind it`,
    accepts: "all responses whole, then FIN and no RST",
    meaning: LOST,
    help: HELP,
    run: (run) => runMedium(run, withMedium(run, mediumClose(run), false)),
  },
  {
    id: "pipeline/none-behind-close",
    title: "requests behind one that says close",
    level: "must",
    requirement: {
      source: "RFC 9112, 9.6",
      text: "Behind a request with the close option a server processes no further request.",
    },
    sends: "a request with Connection: close and two more behind it",
    accepts: "one response",
    meaning:
      "Requests are carried out whose responses the client, by its own word, does not read: it " +
      "repeats them elsewhere.",
    help: HELP,
    run: runNoneBehindClose,
  },
];
