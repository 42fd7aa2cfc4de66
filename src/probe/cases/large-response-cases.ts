import type { CaseRun } from "../case-run.ts";
import { fail, notReached, type Outcome, type ProbeCase, pass } from "../probe-case.ts";
import type { ProbeClient } from "../probe-client.ts";
import type { ProbeSettings } from "../probe-settings.ts";
import type { Page } from "../target.ts";
import { judgeAnnounced, judgeOther } from "./last-response.ts";

// Responses that are larger than what the kernels between take at once: readers that are slow or
// pause, and those that go away in the middle. Requests are pipelined, so that even large send
// buffers leave something with the server.

const FLOW_CONTROL = {
  source: "RFC 9112, 9.5",
  text:
    "A server keeps connections up where it can, and lets TCP's flow control deal with a reader " +
    "that is slow for a while. nginx and Apache wait 60 seconds for any progress.",
};

const ASYNCHRONOUS_CLOSE = {
  source: "RFC 9112, 9.5",
  text:
    "A client may close the connection at any time, so a server has to get over it; others must " +
    "not notice.",
};

const MEANING_CUT =
  "Downloads over slow or shaky links break off in the middle, and start again from the beginning.";

/** So many bytes are asked for in all, by as many requests for the large page as it takes. */
const ASKED_BYTES = 16_000_000;
const SLOW_PIECE_BYTES = 65_536;
const SLOW_PAUSE_MS = 250;
const SLOW_MS = 10_000;
const STOP_MS = 10_000;
const CLOSE_PAUSE_MS = 3_000;
/** Clients that go away in one case. */
const LEAVER_COUNT = 8;

export const LARGE_RESPONSE_CASES: readonly ProbeCase[] = [
  {
    id: "large/slow-reader",
    title: "a reader that is slow for a while",
    level: "must",
    requirement: FLOW_CONTROL,
    sends:
      "pipelined requests for a large page; it reads some 64 KB each " +
      `${SLOW_PAUSE_MS} ms for ${SLOW_MS / 1_000} s, then the rest`,
    accepts: "all responses whole",
    meaning: MEANING_CUT,
    help: "#large-responses",
    isPatient: true,
    run: (run) => runReader(run, readSlowly),
  },
  {
    id: "large/stopping-reader",
    title: "a reader that stops in the middle",
    level: "must",
    requirement: FLOW_CONTROL,
    sends: `pipelined requests for a large page; it stops for ${STOP_MS / 1_000} s in the middle`,
    accepts: "all responses whole",
    meaning: MEANING_CUT,
    help: "#large-responses",
    isPatient: true,
    run: (run) => runReader(run, stopInTheMiddle),
  },
  {
    id: "large/late-reader-close",
    title: "a reader that begins late, with Connection: close",
    level: "must",
    requirement: {
      source: "RFC 9112, 9.6",
      text:
        "A server that closes behind a response first ends its own half, and keeps the rest " +
        "until the client has it.",
    },
    sends: `GET with Connection: close; it reads nothing for ${CLOSE_PAUSE_MS / 1_000} s`,
    accepts: "the whole response",
    meaning: "Large pages arrive cut off on slow devices, and often nobody notices.",
    help: "#large-responses",
    isPatient: true,
    run: runLateReader,
  },
  {
    id: "large/half-closed-reader",
    title: "a reader that sends FIN in the middle of a response",
    level: "should",
    requirement: {
      source: "RFC 9112, 9.6; RFC 9293, 3.6",
      text:
        "The client's FIN ends what the client sends. It does not say that it has lost interest " +
        "in the response.",
    },
    sends: "GET, and FIN once the response has begun; it reads on",
    accepts: "the whole response",
    meaning: "Scripts and proxies that end their half early get cut responses.",
    help: "#large-responses",
    run: runHalfClosedReader,
  },
  leaverCase({
    id: "large/reset-in-mid-response",
    title: "clients that reset in the middle of a response",
    how: "RST",
    leave: (client) => client.reset(),
  }),
  leaverCase({
    id: "large/close-in-mid-response",
    title: "clients that close in the middle of a response",
    how: "close",
    leave: (client) => client.close(),
  }),
];

interface Leaving {
  readonly id: string;
  readonly title: string;
  readonly how: string;
  readonly leave: (client: ProbeClient) => void;
}

function leaverCase({ id, title, how, leave }: Leaving): ProbeCase {
  return {
    id,
    title,
    level: "must",
    requirement: ASYNCHRONOUS_CLOSE,
    sends: `${LEAVER_COUNT} times GET of a large page, ${how} in the middle; then GET by another`,
    accepts: "the other's response at once",
    meaning: "One user who closes a tab takes the service down for the others.",
    help: "#large-responses",
    run: (run) => runLeavers(run, how, leave),
  };
}

const NO_PAGE = notReached("No page of at least 4 MB is known: --large-path");

/** Begins with a part of the responses, and leaves the rest to be read. */
type Beginning = (run: CaseRun, client: ProbeClient) => Promise<void>;

async function runReader(run: CaseRun, begin: Beginning): Promise<Outcome> {
  const { large } = run.facts;
  if (large === null) return NO_PAGE;
  const count = Math.ceil(ASKED_BYTES / large.contentBytes);
  const client = await run.connect({ isReading: false });
  const requests = run.head({ path: large.path }).repeat(count);
  await client.send(requests, ...Array.from({ length: count }, () => "GET"));
  await begin(run, client);
  return judgeRest(run, client, count, large);
}

async function readSlowly(run: CaseRun, client: ProbeClient): Promise<void> {
  const untilMs = client.elapsedMs + Math.min(SLOW_MS, run.settings.holdMs);
  while (client.elapsedMs < untilMs && client.end === "open") {
    await readPiece(client, SLOW_PIECE_BYTES, run.settings.answerMs);
    await client.waitUntil(() => client.end !== "open", SLOW_PAUSE_MS);
  }
}

async function stopInTheMiddle(run: CaseRun, client: ProbeClient): Promise<void> {
  const { answerMs, holdMs } = run.settings;
  await readPiece(client, ASKED_BYTES / 4, answerMs);
  await client.waitUntil(() => client.end !== "open", Math.min(STOP_MS, holdMs));
}

/** Reads at least so much, if it comes, and then reads no more. */
async function readPiece(client: ProbeClient, bytes: number, patienceMs: number): Promise<void> {
  const wantedBytes = client.reader.receivedBytes + bytes;
  client.resume();
  const isEnough = (): boolean => client.reader.receivedBytes >= wantedBytes;
  await client.waitUntil(() => isEnough() || client.end !== "open", patienceMs);
  client.pause();
}

async function judgeRest(
  run: CaseRun,
  client: ProbeClient,
  count: number,
  page: Page,
): Promise<Outcome> {
  const readBytes = client.reader.receivedBytes;
  const unreadBytes = Math.max(0, count * page.contentBytes - readBytes);
  client.note(`${unreadBytes} bytes are not read yet; from here on the client reads everything`);
  const begunAtMs = Math.round(client.elapsedMs);
  client.resume();
  const isSlow = await readRest(client, count, run.settings);
  const figures = { readBytes, unreadBytes, begunAtMs };
  if (client.completeCount >= count) {
    const other = judgeOther(client, page);
    if (other !== null) return { ...other, figures };
    const seen =
      `${count} of ${count} responses arrived whole, though after ${begunAtMs} ms ` +
      `${unreadBytes} bytes were still unread, in buffers or with the server`;
    return pass(seen, { figures });
  }
  if (isSlow) return notReached(`All of ${count} responses take longer than the probe waits`);
  const announced = judgeAnnounced(client, count);
  return announced ?? fail(cutText(client, count * page.contentBytes), { figures });
}

/** Reads for as long as something comes; resolves with true if that takes too long. */
async function readRest(
  client: ProbeClient,
  count: number,
  { answerMs, holdMs }: ProbeSettings,
): Promise<boolean> {
  const untilMs = client.elapsedMs + answerMs + holdMs;
  const isOver = (): boolean => client.completeCount >= count || client.end !== "open";
  let earlierBytes = -1;
  while (client.reader.receivedBytes > earlierBytes && client.elapsedMs < untilMs) {
    earlierBytes = client.reader.receivedBytes;
    if (await client.waitUntil(isOver, answerMs)) return false;
  }
  return client.reader.receivedBytes > earlierBytes && !client.isGone;
}

function cutText(client: ProbeClient, wantedBytes: number): string {
  const hasOwnFin = client.timeLine.entries.some(({ what }) => what === "our FIN");
  // Behind the client's own FIN its runtime shows RST as an end like any other.
  const end = hasOwnFin ? "FIN or RST" : "FIN";
  const how = client.isGone ? client.failure : client.end === "fin" ? end : "silence";
  const atMs = Math.round(client.failedAtMs ?? client.finAtMs ?? client.elapsedMs);
  const gotBytes = client.responses.reduce((sum, { contentBytes }) => sum + contentBytes, 0);
  return `Cut after ${gotBytes} of ${wantedBytes} bytes and ${atMs} ms, by ${how}`;
}

async function runLateReader(run: CaseRun): Promise<Outcome> {
  const { large } = run.facts;
  if (large === null) return NO_PAGE;
  const client = await run.connect({ isReading: false });
  await client.send(run.head({ path: large.path, fields: ["Connection: close"] }), "GET");
  await client.elapse(Math.min(CLOSE_PAUSE_MS, run.settings.holdMs));
  return judgeRest(run, client, 1, large);
}

async function runHalfClosedReader(run: CaseRun): Promise<Outcome> {
  const { large } = run.facts;
  if (large === null) return NO_PAGE;
  const { answerMs } = run.settings;
  const client = await run.connect({ isReading: false });
  await client.send(run.head({ path: large.path }), "GET");
  await readPiece(client, SLOW_PIECE_BYTES, answerMs);
  if (client.response === undefined) return notReached(`No response within ${answerMs} ms`);
  client.halfClose();
  // The FIN is there before the server has sent all, as long as nothing is read.
  await client.elapse(client.kernelAnswerMs);
  return judgeRest(run, client, 1, large);
}

async function runLeavers(
  run: CaseRun,
  how: string,
  leave: (client: ProbeClient) => void,
): Promise<Outcome> {
  const { large } = run.facts;
  if (large === null) return NO_PAGE;
  const { answerMs } = run.settings;
  await run.reserve(LEAVER_COUNT + 1);
  const leavers = await Promise.all(
    Array.from({ length: LEAVER_COUNT }, async () => {
      const client = await run.connect({ isReading: false });
      await client.send(run.head({ path: large.path }), "GET");
      await readPiece(client, SLOW_PIECE_BYTES, answerMs);
      return client;
    }),
  );
  const begun = leavers.filter(({ response }) => response?.isComplete === false);
  if (begun.length < LEAVER_COUNT) {
    return notReached(`Only ${begun.length} of ${LEAVER_COUNT} clients were within a response`);
  }
  for (const client of begun) leave(client);
  const other = await run.connect();
  const begunAtMs = other.elapsedMs;
  await other.send(run.head(), "GET");
  const isAnswered = await other.waitForResponses(1, answerMs);
  const ms = Math.round(other.elapsedMs - begunAtMs);
  const behind = `behind ${LEAVER_COUNT} clients that left by ${how}`;
  const extras = { figures: { ms }, witnesses: [other, ...begun] };
  if (!isAnswered) return fail(`No whole response in ${ms} ms ${behind}: ${other.end}`, extras);
  const status = other.response?.status;
  if (status !== run.facts.page.status) {
    return fail(`${status} instead of ${run.facts.page.status} ${behind}`, extras);
  }
  return pass(`The next response came whole within ${ms} ms, ${behind}`, extras);
}
