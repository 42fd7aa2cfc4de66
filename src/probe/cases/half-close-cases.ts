import type { CaseRun } from "../case-run.ts";
import { fail, notReached, type Outcome, type ProbeCase, pass, unkind } from "../probe-case.ts";
import type { Page } from "../target.ts";
import { judgeAnnounced, judgeEnd, judgeOther, lossOf } from "./last-response.ts";

// A client that ends its direction behind its request, as `nc -N` and shutdown(SHUT_WR) do, and
// waits for the response.

const HELP = "#clients-that-half-close";
const CONTENT = "hello";

const ANSWERED = {
  level: "must",
  requirement: {
    source: "RFC 9293, 3.6",
    text:
      "FIN says that its sender has no more data. It goes on receiving, and what is due to it is " +
      "sent before the other side closes, too.",
  },
  meaning:
    "The request is carried out and its response thrown away: command-line clients, health " +
    "checks and proxies that pass FIN on get nothing.",
  help: HELP,
} as const;

/** What a client sends before its FIN, and how many responses that makes. */
interface Request {
  readonly text: string;
  readonly methods: readonly string[];
  /** The client reads only a moment later, so that FIN is there before the response is sent. */
  readonly isReadLater?: true;
  /** What the responses are. */
  readonly page?: Page;
}

async function runAnswered(run: CaseRun, request: Request): Promise<Outcome> {
  const { text, methods, isReadLater = false, page } = request;
  const { answerMs } = run.settings;
  const client = await run.connect({ isReading: !isReadLater });
  // FIN goes at once; a response that is quicker would leave the case to chance.
  const sending = client.send(text, ...methods);
  client.halfClose();
  await sending;
  if (isReadLater) await client.elapse(client.kernelAnswerMs);
  client.resume();
  const count = methods.length;
  await client.waitForResponses(count, answerMs);
  const loss = lossOf(client, count, answerMs);
  if (loss !== null) return judgeAnnounced(client, count) ?? blame(run, loss);
  const other = page === undefined ? null : judgeOther(client, page);
  return other ?? judgeEnd(run, client, "unkind");
}

/**
 * The receiver of close_notify had to close at once and to throw away what it had to write, before
 * TLS 1.3 changed that (RFC 8446, 6.1); so over TLS nobody is to blame.
 */
function blame(run: CaseRun, seen: string): Outcome {
  return run.isTls ? unkind(`${seen} (allowed before TLS 1.3)`) : fail(seen);
}

function pageRequest(run: CaseRun): Request {
  return { text: run.head(), methods: ["GET"] };
}

async function runLarge(run: CaseRun): Promise<Outcome> {
  const { large } = run.facts;
  if (large === null) return notReached("No page of several MB is known: --large-path");
  return await runAnswered(run, {
    text: run.head({ path: large.path }),
    methods: ["GET"],
    isReadLater: true,
    page: large,
  });
}

async function runUpload(run: CaseRun): Promise<Outcome> {
  const { upload } = run.facts;
  if (upload === null) return notReached("No path is known that takes POST: --upload-path");
  const fields = ["Content-Type: text/plain", `Content-Length: ${CONTENT.length}`];
  const text = run.head({ method: "POST", path: upload, fields }) + CONTENT;
  return await runAnswered(run, { text, methods: ["POST"] });
}

async function runSilent(run: CaseRun): Promise<Outcome> {
  const { answerMs } = run.settings;
  const client = await run.connect();
  const endedAtMs = client.elapsedMs;
  client.halfClose();
  await client.waitForEnd(answerMs);
  const { receivedBytes } = client.reader;
  if (receivedBytes > 0) return unkind(`${receivedBytes} bytes came, and nothing was asked for`);
  if (client.end === "open") return unkind(`Still open ${answerMs} ms behind the client's FIN`);
  if (client.finAtMs === null) return unkind(`${client.failure} instead of FIN`);
  const closeMs = Math.round(client.finAtMs - endedAtMs);
  return pass(`FIN ${closeMs} ms behind the client's`, { figures: { closeMs } });
}

export const HALF_CLOSE_CASES: readonly ProbeCase[] = [
  {
    ...ANSWERED,
    id: "half-close/page",
    title: "FIN behind a request",
    sends: "GET, and FIN",
    accepts: "the whole response, and FIN",
    run: (run) => runAnswered(run, pageRequest(run)),
  },
  {
    ...ANSWERED,
    id: "half-close/large",
    title: "FIN behind a request for a large page",
    sends: "GET of several MB and FIN, and reads a moment later",
    accepts: "the whole response, and FIN",
    run: runLarge,
  },
  {
    ...ANSWERED,
    id: "half-close/pipelined",
    title: "FIN behind two pipelined requests",
    sends: "two GETs in one write, and FIN",
    accepts: "two whole responses, and FIN",
    run: (run) => runAnswered(run, { text: run.head().repeat(2), methods: ["GET", "GET"] }),
  },
  {
    ...ANSWERED,
    id: "half-close/upload",
    title: "FIN behind a request with content",
    sends: "POST with a few bytes of content, and FIN",
    accepts: "the whole response, and FIN",
    run: runUpload,
  },
  {
    id: "half-close/silent",
    title: "FIN before any request",
    level: "kind",
    requirement: {
      source: "RFC 9112, 9.5",
      text: "Who sees the other side close its direction responds to it, and frees what it holds.",
    },
    sends: "FIN, and nothing else",
    accepts: "FIN, and no bytes",
    meaning: "Port checks and connections made in advance leave sockets behind.",
    help: HELP,
    run: runSilent,
  },
];
