import type { CaseRun } from "../case-run.ts";
import type { ProbeClient } from "../probe-client.ts";

// A client whose upload was refused while it had more to send than any server will take.

/** Announced at least, so that what follows is content for as long as it comes. */
const ANNOUNCED_BYTES = 1024 ** 3;
/** Sent before the refusal is waited for. */
const FIRST_BYTES = 65_536;

/**
 * Sends the beginning of an upload and waits for the answer, which may fail to come. What is sent
 * behind that is content, or belongs to the one chunk. `null`: no path answers early.
 */
export async function connectRefused(run: CaseRun): Promise<ProbeClient | null> {
  const { length, chunked } = run.facts.small;
  const answer = length ?? chunked;
  if (answer === null) return null;
  const { method, path, isChunked } = answer;
  const announcedBytes = Math.max(ANNOUNCED_BYTES, answer.uploadBytes);
  const framing = isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${announcedBytes}`;
  const client = await run.connect();
  await client.send(run.head({ method, path, fields: [framing] }), method);
  // One chunk that never ends: it needs no further framing.
  if (isChunked) await client.send(`${announcedBytes.toString(16)}\r\n`);
  await client.send(new Uint8Array(FIRST_BYTES).fill(0x78));
  await client.waitForResponses(1, run.settings.answerMs);
  return client;
}
