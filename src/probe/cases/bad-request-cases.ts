import type { CaseRun } from "../case-run.ts";
import { fail, notReached, type Outcome, type ProbeCase, pass, unkind } from "../probe-case.ts";
import type { ProbeClient } from "../probe-client.ts";
import { endWords, judgeHeld, judgeOneResponse, RESET_BEHIND, surplusWords } from "./account.ts";

// Requests that are too large, malformed, or never finished. The server may refuse them all; the
// client should learn why, once, and nobody should wait for ever.

const HELP = "#requests-that-come-to-nothing";
const LARGE_BYTES = 1_000_000;
const MIDDLE_BYTES = 128_000;
/** Of an upload that stops. */
const SOME_CONTENT = "hello";
/** A response that comes so soon did not wait for the content; twice a whole upload is added. */
const AT_ONCE_MS = 250;

interface LargeHead {
  readonly part: "field" | "target";
  readonly byteLength: number;
}

async function runLargeHead(run: CaseRun, { part, byteLength }: LargeHead): Promise<Outcome> {
  const { answerMs } = run.settings;
  const client = await run.connect();
  const whole = run.head();
  const isField = part === "field";
  const cutAt = isField ? whole.length - 2 : whole.indexOf(" HTTP/");
  await client.send(`${whole.slice(0, cutAt)}${isField ? "X-Filler: " : "?"}`, "GET");
  const end = await client.sendContent({ byteLength, isChunked: false, patienceMs: answerMs });
  // A server that is done with the client need not take the rest.
  if (end === "sent") await client.send(isField ? "\r\n\r\n" : whole.slice(cutAt));
  const outcome = await judgeOneResponse(client, answerMs);
  const { response } = client;
  if (outcome.verdict !== "pass" || response === undefined) return outcome;
  const { status } = response;
  if (status < 400 && end === "sent") {
    return pass(`${status}, and all ${byteLength} bytes of it were taken`, outcome);
  }
  return status < 500
    ? outcome
    : unkind(`${status} arrived whole, which blames the server for what the client did`, outcome);
}

function largeHeadCase(name: string, text: string, head: LargeHead): ProbeCase {
  return {
    id: `bad/${name}`,
    title: `${text}, while it is being sent`,
    level: "must",
    requirement: {
      source: head.part === "target" ? "RFC 9112, 3 and 9.6" : "RFC 9110, 5.4; RFC 9112, 9.6",
      text:
        `What is larger than the server wants to read is answered with ` +
        `${head.part === "target" ? "414" : "an apt 4xx"}, and closing in stages sees to it that ` +
        "a client that still sends can read it.",
    },
    sends: `a head of ${head.byteLength} bytes as fast as the server takes it`,
    accepts: "the whole error response (400, 414, 431) and no RST, or an answer to the request",
    meaning:
      "A user with too many cookies, or too long a link, sees 'connection reset' and no reason.",
    help: "#requests-that-come-to-nothing",
    run: (run) => runLargeHead(run, head),
  };
}

async function runRequestLine(run: CaseRun): Promise<Outcome> {
  const client = await run.connect();
  await client.send("@@@ this is no request @@@\r\n\r\n", "GET");
  const { answerMs } = run.settings;
  await client.waitForEnd(answerMs);
  await client.hasMetReset();
  const { response } = client;
  if (response === undefined && client.end === "fin") return unkind("FIN, and no response");
  const outcome = await judgeOneResponse(client, answerMs);
  if (outcome.verdict !== "pass" || response === undefined) return outcome;
  const { status } = response;
  if (status < 400) return fail(`${status} to something that is no request`, outcome);
  if (client.end !== "open") return outcome;
  return fail(`${status}, and no end of the connection for ${answerMs} ms`, outcome);
}

/** The client has stopped in the middle, and waits for what the server does about that. */
async function judgeSilence(run: CaseRun, client: ProbeClient): Promise<Outcome> {
  const { holdMs } = run.settings;
  const fromMs = client.elapsedMs;
  await client.waitForEnd(holdMs);
  const heldMs = Math.round(client.elapsedMs - fromMs);
  const figures = { heldMs };
  const isReset = await client.hasMetReset();
  const { response } = client;
  const status = response === undefined ? "" : `${response.status}, `;
  if (client.reader.surplusBytes > 0) return fail(`${status}and ${surplusWords(client)}`);
  if (client.end === "open") {
    const seen = status === "" ? "Neither response nor FIN" : `${status}and no FIN`;
    return judgeHeld(`${seen} for ${heldMs} ms`, heldMs, run.settings, { figures });
  }
  if (response !== undefined && !response.isComplete) {
    return fail(`${status}cut by ${endWords(client)} after ${heldMs} ms`, { figures });
  }
  if (response === undefined && client.end !== "fin") {
    return fail(`${endWords(client)} after ${heldMs} ms, and no response`, { figures });
  }
  if (response !== undefined && response.status < 400) {
    return fail(`${status}as if the request were complete, after ${heldMs} ms`, { figures });
  }
  if (isReset) {
    return unkind(`${status}then RST after ${heldMs} ms: ${RESET_BEHIND}`, { figures });
  }
  return pass(`${status}FIN after ${heldMs} ms`, { figures });
}

async function runHeadThenSilence(run: CaseRun): Promise<Outcome> {
  const client = await run.connect();
  await client.send(run.head().slice(0, -2), "GET");
  return judgeSilence(run, client);
}

/** How long the response to a whole upload takes; `null`: there is none. */
async function uploadMs(run: CaseRun, path: string): Promise<number | null> {
  const client = await run.connect();
  const fields = [`Content-Length: ${SOME_CONTENT.length}`, "Connection: close"];
  await client.send(run.head({ method: "POST", path, fields }) + SOME_CONTENT, "POST");
  const sentAtMs = client.elapsedMs;
  await client.waitForResponses(1, run.settings.answerMs);
  run.release(client);
  return client.response === undefined ? null : client.response.headAtMs - sentAtMs;
}

async function runContentThenSilence(run: CaseRun): Promise<Outcome> {
  const path = run.facts.upload;
  if (path === null) return notReached("No path is known that takes uploads: --upload-path");
  const tookMs = await uploadMs(run, path);
  if (tookMs === null) return notReached("A whole upload got no response");
  const client = await run.connect();
  const fields = ["Content-Length: 1000"];
  await client.send(run.head({ method: "POST", path, fields }) + SOME_CONTENT, "POST");
  await client.waitForResponses(1, AT_ONCE_MS + 2 * tookMs);
  const { response } = client;
  if (response !== undefined && response.status !== 408) {
    return notReached(`${response.status} came without waiting for content: --upload-path`);
  }
  return judgeSilence(run, client);
}

async function runRefusedThenSilence(run: CaseRun): Promise<Outcome> {
  const { holdMs, answerMs } = run.settings;
  const answer = run.facts.small.length;
  if (answer === null) {
    return notReached("No path is known that refuses before the content has come: --refuse-path");
  }
  const client = await run.connect();
  const { method, path, uploadBytes } = answer;
  const fields = [`Content-Length: ${uploadBytes}`];
  await client.send(run.head({ method, path, fields }) + SOME_CONTENT, method);
  if (!(await client.waitForResponses(1, answerMs))) {
    return notReached(`The upload was not refused this time: ${endWords(client)}`);
  }
  const fromMs = client.elapsedMs;
  const isSecond = (): boolean => client.reader.surplusBytes > 0;
  await client.waitUntil(() => isSecond() || client.end !== "open", holdMs);
  const heldMs = Math.round(client.elapsedMs - fromMs);
  const figures = { heldMs };
  await client.hasMetReset();
  const status = client.response?.status;
  if (isSecond())
    return fail(`${status}, and after ${heldMs} ms ${surplusWords(client)}`, { figures });
  if (client.end === "open") {
    return notReached(
      `${status}, then nothing; the server waits longer than ${holdMs} ms: --hold-ms`,
      {
        figures,
      },
    );
  }
  return pass(`${status}, then ${endWords(client)} after ${heldMs} ms, and nothing between`, {
    figures,
  });
}

async function runNoRequest(run: CaseRun): Promise<Outcome> {
  const { holdMs } = run.settings;
  const client = await run.connect();
  await client.waitForEnd(holdMs);
  const heldMs = Math.round(client.elapsedMs);
  await client.hasMetReset();
  const figures = { heldMs };
  if (client.end === "open") {
    return judgeHeld(`Nothing for ${heldMs} ms`, heldMs, run.settings, { figures });
  }
  if (client.end !== "fin") return unkind(`${endWords(client)} after ${heldMs} ms`, { figures });
  return client.reader.surplusBytes > 0
    ? unkind(`FIN after ${heldMs} ms, and ${surplusWords(client)}`, { figures })
    : pass(`FIN after ${heldMs} ms`, { figures });
}

const TIME_OUT = {
  source: "RFC 9112, 9.5; RFC 9110, 15.5.9",
  text:
    "A server that no longer waits for a request closes the connection gracefully, and may say " +
    "408 before.",
};
const HELD =
  "Connections that ask for nothing are held without bound, or a slow client gets a reset and " +
  "cannot tell a time-out from a broken network.";

export const BAD_REQUEST_CASES: readonly ProbeCase[] = [
  largeHeadCase("field-128k", "a field line of 128 KB", {
    part: "field",
    byteLength: MIDDLE_BYTES,
  }),
  largeHeadCase("field-1m", "a field line of 1 MB", { part: "field", byteLength: LARGE_BYTES }),
  largeHeadCase("target-1m", "a request target of 1 MB", {
    part: "target",
    byteLength: LARGE_BYTES,
  }),
  {
    id: "bad/request-line",
    title: "a line that is no request",
    level: "should",
    requirement: {
      source: "RFC 9112, 2.2",
      text:
        "Input that does not match the grammar of a request is answered with 400, and the " +
        "connection closed.",
    },
    sends: "a line of words and an empty line",
    accepts: "400 or another error, whole, then FIN and no RST",
    meaning: "Whoever speaks to the wrong port, or has a bug, is not told what is wrong.",
    help: HELP,
    run: runRequestLine,
  },
  {
    id: "bad/head-then-silence",
    title: "a head that is never finished",
    level: "should",
    requirement: TIME_OUT,
    sends: "a head without its last line, then nothing",
    accepts: "408 or another error and FIN, or FIN alone, within the hold time",
    meaning: HELD,
    help: HELP,
    isPatient: true,
    run: runHeadThenSilence,
  },
  {
    id: "bad/content-then-silence",
    title: "content that is never finished",
    level: "should",
    requirement: TIME_OUT,
    sends: "an upload of 1,000 bytes of which 5 come, then nothing",
    accepts: "408 or another error and FIN, or FIN alone, within the hold time",
    meaning: HELD,
    help: HELP,
    isPatient: true,
    run: runContentThenSilence,
  },
  {
    id: "bad/refused-then-silence",
    title: "an upload that is refused early, and never finished",
    level: "must",
    requirement: {
      source: "RFC 9110, 15",
      text:
        "A request has exactly one final response: once it is given, the time-out of what is " +
        "left of the request ends the connection without another.",
    },
    sends: "an upload that is refused, and nothing of the rest of its content",
    accepts: "nothing behind the first response",
    meaning: "The second response is taken for that to the next request.",
    help: HELP,
    isPatient: true,
    run: runRefusedThenSilence,
  },
  {
    id: "bad/no-request",
    title: "a connection without any request",
    level: "should",
    requirement: {
      source: "RFC 9112, 9.5 and 9.2",
      text:
        "An inactive connection is closed gracefully after some time; no response is sent where " +
        "nothing was asked.",
    },
    sends: "nothing",
    accepts: "FIN within the hold time, and no bytes before it",
    meaning:
      "Browsers connect ahead of time: a 408 that waits there is taken for the answer to the " +
      "first request. Without a bound, idle connections fill the server.",
    help: HELP,
    isPatient: true,
    run: runNoRequest,
  },
];
