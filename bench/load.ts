// Load on one subject for some seconds: wrk where it is installed, our own generator elsewhere.
//
// Only the server's CPU time is measured, so the generator's own cost does not enter the figures;
// but a slower generator leaves the server idle more often, so figures of the two do not compare.

import { once } from "node:events";
import { request } from "node:http";
import { withDeadline } from "./deadline.ts";
import { forkModule, readCommand } from "./processes.ts";
import { FILE_BYTES, FILE_NAME } from "./site.ts";
import type { StartedSubject } from "./subjects.ts";

/** How much longer than asked a load may take before it counts as hung. */
const GRACE_MS = 10_000;

export type LoadGenerator = "wrk" | "own";

export interface LoadOptions {
  readonly generator: LoadGenerator;
  readonly connectionCount: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly requestCount: number;
  /** Socket errors and responses that are not 2xx. Above zero, the round means nothing. */
  readonly errorCount: number;
}

/** What `load-process.ts` sends when it is done. */
export type LoadReport = LoadResult & { readonly type: "load-done" };

export async function chooseGenerator(asked: string | undefined): Promise<LoadGenerator> {
  if (asked === "own") return "own";
  if (asked !== undefined && asked !== "wrk") {
    throw new RangeError(`Cannot use --load ${JSON.stringify(asked)}: expected "wrk" or "own"`);
  }
  const isInstalled = (await readCommand("wrk", ["-v"])) !== undefined;
  if (asked === "wrk" && !isInstalled) throw new RangeError("Cannot use --load wrk: not installed");
  return isInstalled ? "wrk" : "own";
}

export function runLoad(port: number, options: LoadOptions): Promise<LoadResult> {
  return options.generator === "wrk" ? runWrk(port, options) : runOwn(port, options);
}

async function runWrk(port: number, options: LoadOptions): Promise<LoadResult> {
  const { connectionCount, seconds } = options;
  const url = `http://127.0.0.1:${port}/${FILE_NAME}`;
  const argv = ["-t1", `-c${connectionCount}`, `-d${seconds}s`, url];
  const output = (await readCommand("wrk", argv, seconds * 1000 + GRACE_MS)) ?? "";
  const requests = /(\d+) requests in /.exec(output);
  if (requests === null) throw new Error(`Cannot read the output of wrk: ${output.trim()}`);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(
    output,
  );
  const refused = /Non-2xx or 3xx responses: (\d+)/.exec(output);
  let errorCount = Number(refused?.[1] ?? 0);
  for (const count of errors?.slice(1) ?? []) errorCount += Number(count);
  return { requestCount: Number(requests[1]), errorCount };
}

async function runOwn(port: number, options: LoadOptions): Promise<LoadResult> {
  const { connectionCount, seconds } = options;
  const argv = [`${port}`, `/${FILE_NAME}`, `${connectionCount}`, `${seconds}`];
  const started = forkModule("./load-process.ts", argv);
  const reported = new Promise<LoadReport>((resolve, reject) => {
    started.child.once("message", (report: LoadReport) => resolve(report));
    started.child.once("exit", (code) =>
      reject(new Error(`The load generator ended with ${code}`)),
    );
  });
  try {
    return await withDeadline(reported, seconds * 1000 + GRACE_MS, "The load generator");
  } finally {
    await started.stop();
  }
}

/**
 * Requests the file once and checks that the subject answers as the others do.
 * Returns the length of the header section, which is part of what a response costs.
 */
export async function checkResponse({ name, port }: StartedSubject): Promise<number> {
  const client = request({ host: "127.0.0.1", port, path: `/${FILE_NAME}`, agent: false });
  client.end();
  const checked = (async () => {
    const [response] = await once(client, "response");
    let bodyBytes = 0;
    for await (const chunk of response) bodyBytes += chunk.length;
    const missing = ["content-type", "content-length", "etag", "last-modified", "date"].filter(
      (fieldName) => response.headers[fieldName] === undefined,
    );
    if (response.statusCode !== 200 || bodyBytes !== FILE_BYTES || missing.length > 0) {
      throw new Error(
        `Cannot compare ${name}: status ${response.statusCode}, ${bodyBytes} body bytes, ` +
          `missing fields: ${missing.join(", ") || "none"}`,
      );
    }
    const lines: string[] = response.rawHeaders;
    return lines.reduce((sum, text) => sum + text.length + 2, 2);
  })();
  return withDeadline(checked, GRACE_MS, `The first response of ${name}`);
}
