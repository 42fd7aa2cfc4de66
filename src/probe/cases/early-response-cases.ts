import type { CaseRun } from "../case-run.ts";
import { fail, notReached, type Outcome, type ProbeCase, pass, unkind } from "../probe-case.ts";
import type { ContentEnd, ProbeClient } from "../probe-client.ts";
import type { EarlyAnswer, EarlyAnswerPair, RequestOptions, TargetFacts } from "../target.ts";
import { judgeOther } from "./last-response.ts";

// A response that comes while the request's content is still being sent: 401, 413, a redirect. The
// server that closes behind it has to read on for a while, or its own RST erases the response.

const REQUIREMENT = {
  source: "RFC 9112, 9.6",
  text:
    "A server that closes at once risks that the client never reads the last response: it closes " +
    "in stages, its own half first, and then reads until the client closes or is done.",
};

const MEANING =
  "Uploads that are refused end in 'connection reset' instead of the answer: users see no 401, " +
  "413 or redirect, and clients try the same upload again.";

interface Size {
  readonly name: "small" | "200k" | "6m";
  readonly text: string;
  readonly pick: (facts: TargetFacts) => EarlyAnswerPair;
  /** What the user can do to have it reached. */
  readonly option: string;
}

const SIZES: readonly Size[] = [
  {
    name: "small",
    text: "a small response",
    pick: ({ small }) => small,
    option: "--refuse-path",
  },
  {
    name: "200k",
    text: "a response of some 200 KB",
    pick: ({ mediumEarly }) => mediumEarly,
    option: "--medium-path",
  },
  {
    name: "6m",
    text: "a response of several MB",
    pick: ({ largeEarly }) => largeEarly,
    option: "--large-path",
  },
];

interface Variant {
  readonly size: Size;
  readonly isChunked: boolean;
  readonly saysClose: boolean;
  /** It reads only once it has sent everything, or cannot send. */
  readonly isBlind: boolean;
}

function earlyCase(variant: Variant): ProbeCase {
  const { size, isChunked, saysClose, isBlind } = variant;
  const topic = isBlind ? "blind" : "early";
  const framing = isChunked ? "chunked" : "length";
  const reads = isBlind ? "and reads only afterwards" : "and reads meanwhile";
  const close = saysClose ? ", with Connection: close" : "";
  return {
    id: `${topic}/${size.name}-${framing}${saysClose ? "-close" : ""}`,
    title: `${size.text} while ${isChunked ? "chunked " : ""}content is sent${close}`,
    level: "must",
    requirement: REQUIREMENT,
    sends: `an upload (${isChunked ? "chunked" : "Content-Length"}${close}), ${reads}`,
    accepts: "the whole response, and no RST before the client has closed",
    meaning: MEANING,
    help: "#uploads-that-are-refused",
    run: (run) => runEarly(run, variant),
  };
}

async function runEarly(run: CaseRun, variant: Variant): Promise<Outcome> {
  const { size, isChunked, saysClose, isBlind } = variant;
  const pair = size.pick(run.facts);
  const answer = isChunked ? pair.chunked : pair.length;
  if (answer === null) {
    return notReached(`No path is known that answers early with ${size.text}: ${size.option}`);
  }
  const client = await run.connect({ isReading: !isBlind });
  await client.send(run.head(earlyRequest(answer, saysClose)), answer.method);
  const { uploadBytes, answerMs } = run.settings;
  const contentEnd = await client.sendContent({
    byteLength: Math.min(answer.uploadBytes, uploadBytes),
    isChunked,
    patienceMs: answerMs,
  });
  client.note(CONTENT_ENDS[contentEnd]);
  client.resume();
  await client.waitForResponses(1, answerMs);
  const other = client.completeCount > 0 ? judgeOther(client, answer) : null;
  const outcome = other ?? (await judgeEarly(run, client));
  if (contentEnd !== "stalled" || outcome.verdict !== "pass") return outcome;
  const seen = `The server read nothing for ${answerMs} ms, until the client began to read`;
  return unkind(`${seen}; then ${outcome.seen}`, outcome);
}

const CONTENT_ENDS: Readonly<Record<ContentEnd, string>> = {
  sent: "all of the content is sent",
  enough: "the client sends no more",
  stalled: "the server takes no more of the content",
  refused: "nobody takes the rest of the content",
};

function earlyRequest(answer: EarlyAnswer, saysClose: boolean): RequestOptions {
  const { method, path, isChunked, uploadBytes } = answer;
  return {
    method,
    path,
    fields: [
      isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${uploadBytes}`,
      ...(saysClose ? ["Connection: close"] : []),
    ],
  };
}

async function judgeEarly(run: CaseRun, client: ProbeClient): Promise<Outcome> {
  const { response } = client;
  const received = client.reader.receivedBytes;
  const figures = { receivedBytes: received, sentBytes: client.sentBytes };
  if (response === undefined) {
    const how = client.isGone ? `${client.failure}, and no response` : "No response at all";
    return client.isGone || client.end === "fin"
      ? fail(`${how} after ${client.sentBytes} bytes were sent`, { figures })
      : fail(`No response within ${run.settings.answerMs} ms of the upload`, { figures });
  }
  if (!response.isComplete) {
    const how = client.isGone ? client.failure : client.end === "fin" ? "FIN" : "silence";
    const seen = `${response.status} was cut after ${response.contentBytes} bytes, by ${how}`;
    return fail(seen, { figures });
  }
  // A server that closes does so now; one that goes on does not need to be waited for.
  if (response.isLast) await client.waitForEnd(run.settings.answerMs);
  if (await client.hasMetReset()) {
    return unkind(
      `${response.status} arrived whole, and RST behind it (${client.failure}): a system that ` +
        "throws away on RST what was not read yet would have lost it",
      { figures },
    );
  }
  return pass(`${response.status} arrived whole, ${response.contentBytes} bytes`, { figures });
}

const VARIANTS: readonly Variant[] = [false, true].flatMap((isBlind) =>
  SIZES.flatMap((size) =>
    [false, true].flatMap((isChunked) =>
      [false, true].map((saysClose) => ({ size, isChunked, saysClose, isBlind })),
    ),
  ),
);

export const EARLY_RESPONSE_CASES: readonly ProbeCase[] = VARIANTS.map(earlyCase);
