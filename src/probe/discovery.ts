import { lookForCapacity } from "./capacity.ts";
import { BudgetError, type RunBudget } from "./case-run.ts";
import { isBusyStatus } from "./cases/account.ts";
import { ProbeClient } from "./probe-client.ts";
import { ConnectError, elapse, type ProbePort } from "./probe-port.ts";
import type { ProbeSettings } from "./probe-settings.ts";
import type { SeenResponse } from "./response-reader.ts";
import { ROOMY_LIMIT } from "./run-budget.ts";
import {
  type EarlyAnswer,
  type EarlyAnswerPair,
  type NamedAnswer,
  type Page,
  type Purpose,
  type RequestOptions,
  requestHead,
  type TargetFacts,
  type TargetPaths,
} from "./target.ts";

// Looks around on the server, so that cases can be brought about without knowing it. Whatever is
// not found stays unknown, and cases that need it are "not reached".

/** Nobody's, so that a server says 404 or 405. */
const MISSING_PATH = "/finwait-probe-does-not-exist";
/** Some servers refuse by size alone; no one allows this much. */
const IMMENSE_BYTES = 1024 ** 4;
/** nginx takes no more than 1 MiB, unless it is told to (client_max_body_size). */
const MODEST_BYTES = 900_000;
const MEDIUM_BYTES = { least: 100_000, most: 1_000_000 };
const LARGE_BYTES = { least: 4_000_000, most: Number.POSITIVE_INFINITY };
const ANY_BYTES = { least: 0, most: 100_000 };
/** What is sent of content before the early answer is waited for. */
const FIRST_BYTES = 65_536;
/** An answer that has not come by then waits for the content; twice what the page took is added. */
const EARLY_MS = 1_500;

/** A page beyond that is asked for by HEAD where many clients ask. */
const SMALL_PAGE_BYTES = 4_096;
/** Part of all connections that may be used to see how many the server serves. */
const LOOKING_SHARE = 10;

interface Range {
  readonly least: number;
  readonly most: number;
}

export class Discovery {
  readonly #port: ProbePort;
  readonly #budget: RunBudget;
  readonly #settings: ProbeSettings;
  readonly #host: string;
  readonly #paths: TargetPaths;
  #earlyMs = EARLY_MS;
  #pageStatus = 0;
  readonly #named: Partial<Record<Purpose, NamedAnswer>> = {};

  constructor(
    port: ProbePort,
    budget: RunBudget,
    settings: ProbeSettings,
    host: string,
    paths: TargetPaths,
  ) {
    this.#port = port;
    this.#budget = budget;
    this.#settings = settings;
    this.#host = host;
    this.#paths = paths;
  }

  /**
   * Looks at the page, then at what the cases need.
   *
   * @throws {ConnectError} Nobody takes connections there.
   * @throws {DiscoveryError} What answers is no HTTP/1.1.
   */
  async look(): Promise<{ readonly facts: TargetFacts; readonly server: string }> {
    const page = await this.#firstPage();
    const capacity = await this.#capacity(page);
    const medium = await this.#pageOf("medium", page, MEDIUM_BYTES);
    const large = await this.#pageOf("large", page, LARGE_BYTES);
    const { refuse } = this.#paths;
    if (refuse !== undefined) this.#note("refuse", "POST", refuse, undefined);
    // Each of these may wait for answers that do not come.
    const [small, mediumEarly, largeEarly, upload] = await Promise.all([
      this.#earlyPair(this.#refusalCandidates(), ANY_BYTES),
      this.#earlyPair(this.#largeCandidates(medium), MEDIUM_BYTES),
      this.#earlyPair(this.#largeCandidates(large), LARGE_BYTES),
      this.#upload(),
    ]);
    const facts: TargetFacts = {
      page: pageOf(this.#paths.page, page),
      validator: validatorOf(page),
      medium,
      large,
      small,
      mediumEarly,
      largeEarly,
      upload,
      empty: await this.#empty(),
      capacity,
      named: this.#named,
    };
    return { facts, server: page.fields.get("server") ?? "" };
  }

  async #firstPage(): Promise<SeenResponse> {
    const { page } = this.#paths;
    const client = await this.#connect();
    try {
      await client.send(requestHead(this.#host, { path: page }), "GET");
      const sentAtMs = client.elapsedMs;
      await client.waitForResponses(1, this.#patienceMs(this.#settings.answerMs));
      const { response } = client;
      if (response?.isComplete === true) {
        this.#pageStatus = response.status;
        this.#earlyMs = EARLY_MS + 2 * (response.headAtMs - sentAtMs);
        return response;
      }
      const got = response?.statusLine ?? `${client.reader.receivedBytes} bytes, no response`;
      throw new DiscoveryError(
        `Cannot probe: GET ${page} got no whole HTTP/1.1 response (${got}, ${client.end})`,
      );
    } finally {
      this.#release(client);
    }
  }

  /** Fewer connections than it serves are open from then on. */
  async #capacity(page: SeenResponse): Promise<number | null> {
    const { answerMs, totalConnectionLimit } = this.#settings;
    const count = Math.min(this.#budget.connectionLimit, ROOMY_LIMIT);
    // Of a run with few connections this would take too many.
    if (count > totalConnectionLimit / LOOKING_SHARE) return null;
    const method = page.contentBytes > SMALL_PAGE_BYTES ? "HEAD" : "GET";
    const request = requestHead(this.#host, { method, path: this.#paths.page });
    const clients: ProbeClient[] = [];
    const connect = (): Promise<ProbeClient> => this.#connect();
    const ask = (client: ProbeClient): Promise<boolean> => client.send(request, method);
    const patienceMs = this.#patienceMs(answerMs);
    const { status } = page;
    const capacity = await lookForCapacity({ count, connect, ask, status, patienceMs }, clients);
    for (const client of clients) this.#release(client);
    if (capacity === null) return null;
    // A connection counts until the server knows that it is over, so some are always left.
    this.#budget.connectionLimit = Math.max(1, Math.floor(capacity / 2));
    const waitMs = Math.max(...clients.map(({ kernelAnswerMs }) => kernelAnswerMs), 0);
    await elapse(this.#port, waitMs);
    return capacity;
  }

  /** The named page, or else the first one, if it has that size. */
  async #pageOf(
    purpose: "medium" | "large",
    page: SeenResponse,
    range: Range,
  ): Promise<Page | null> {
    const path = this.#paths[purpose];
    const response = path === undefined ? page : await this.#ask({ path }, this.#settings.answerMs);
    if (path !== undefined) this.#note(purpose, "GET", path, response);
    if (response?.isComplete !== true || !isWithin(response, range)) return null;
    return pageOf(path ?? this.#paths.page, response);
  }

  #refusalCandidates(): readonly RequestOptions[] {
    const { refuse, page } = this.#paths;
    const paths = refuse === undefined ? [page, MISSING_PATH] : [refuse];
    return paths.map((path) => ({ method: "POST", path }));
  }

  #note(
    purpose: Purpose,
    method: NamedAnswer["method"],
    path: string,
    response: Pick<SeenResponse, "isComplete" | "status" | "contentBytes"> | undefined,
  ): void {
    const whole = response?.isComplete === true ? response : null;
    const [status, contentBytes] = [whole?.status ?? null, whole?.contentBytes ?? 0];
    this.#named[purpose] = { method, path, status, contentBytes };
  }

  /** Large pages answer POST, or at least GET with content, which few servers wait for. */
  #largeCandidates(page: Page | null): readonly RequestOptions[] {
    if (page === null) return [];
    return ["POST", "GET"].map((method) => ({ method, path: page.path }));
  }

  async #earlyPair(candidates: readonly RequestOptions[], range: Range): Promise<EarlyAnswerPair> {
    const sizes = [this.#settings.uploadBytes, IMMENSE_BYTES, MODEST_BYTES];
    const byLength = candidates.flatMap((candidate) =>
      sizes.map((uploadBytes) => ({ candidate, uploadBytes })),
    );
    const { uploadBytes } = this.#settings;
    const asChunks = candidates.map((candidate) => ({ candidate, uploadBytes }));
    const [length, chunked] = await Promise.all([
      this.#firstEarly(byLength, false, range),
      this.#firstEarly(asChunks, true, range),
    ]);
    return { length, chunked };
  }

  async #firstEarly(
    candidates: readonly { candidate: RequestOptions; uploadBytes: number }[],
    isChunked: boolean,
    range: Range,
  ): Promise<EarlyAnswer | null> {
    const answers = await Promise.all(
      candidates.map(({ candidate, uploadBytes }) =>
        this.#early(candidate, isChunked, uploadBytes),
      ),
    );
    return answers.find((answer) => answer !== null && isWithin(answer, range)) ?? null;
  }

  async #early(
    candidate: RequestOptions,
    isChunked: boolean,
    uploadBytes: number,
  ): Promise<EarlyAnswer | null> {
    const { method = "POST", path = "/" } = candidate;
    const field = isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${uploadBytes}`;
    const request = { method, path, fields: [field] };
    const response = await this.#ask(request, this.#earlyMs, async (client) => {
      // One chunk of this size, and no last one.
      const content = new Uint8Array(FIRST_BYTES).fill(0x78);
      if (isChunked) await client.send(`${FIRST_BYTES.toString(16)}\r\n`);
      await client.send(content);
    });
    // 408 is the answer of a server that has waited for the content.
    if (response?.isComplete !== true || response.status === 408) return null;
    if (path === this.#paths.refuse && method === "POST") {
      this.#note("refuse", method, path, response);
    }
    const { status, contentBytes } = response;
    if (isBusyStatus(status) && status !== this.#pageStatus) return null;
    return { method, path, isChunked, uploadBytes, status, contentBytes };
  }

  async #upload(): Promise<string | null> {
    const { upload, page } = this.#paths;
    const path = upload ?? page;
    const request = { method: "POST", path, fields: ["Content-Length: 5"] };
    const patienceMs = upload === undefined ? this.#earlyMs : this.#settings.answerMs;
    const response = await this.#ask(request, patienceMs, async (client) => {
      await client.send("hello");
    });
    if (upload !== undefined) this.#note("upload", "POST", upload, response);
    return response !== undefined && response.status < 300 ? path : null;
  }

  async #empty(): Promise<TargetFacts["empty"]> {
    const { empty, page } = this.#paths;
    const candidate =
      empty === undefined ? { method: "OPTIONS", path: page } : { method: "GET", path: empty };
    const patienceMs = empty === undefined ? this.#earlyMs : this.#settings.answerMs;
    const response = await this.#ask(candidate, patienceMs);
    if (empty !== undefined) this.#note("empty", "GET", empty, response);
    return response?.status === 204 ? candidate : null;
  }

  /** One request on a connection of its own; `undefined`: no answer, or none in time. */
  async #ask(
    options: RequestOptions,
    patienceMs: number,
    sendContent: (client: ProbeClient) => Promise<void> = () => Promise.resolve(),
  ): Promise<SeenResponse | undefined> {
    let client: ProbeClient | null = null;
    try {
      client = await this.#connect();
      await client.send(requestHead(this.#host, options), options.method ?? "GET");
      await sendContent(client);
      // Once it has begun, it is no question of waiting any more.
      const { reader } = client;
      await client.waitUntil(() => reader.last !== undefined, this.#patienceMs(patienceMs));
      if (reader.last !== undefined) {
        await client.waitForResponses(1, this.#patienceMs(this.#settings.answerMs));
      }
      return client.response;
    } catch (error) {
      if (error instanceof ConnectError || error instanceof BudgetError) return undefined;
      throw error;
    } finally {
      if (client !== null) this.#release(client);
    }
  }

  async #connect(): Promise<ProbeClient> {
    await this.#budget.takeConnections(1);
    try {
      return await ProbeClient.connect(this.#port, this.#budget, {});
    } catch (error) {
      this.#budget.giveConnection();
      throw error;
    }
  }

  /** The looking around, too, ends with the run. */
  #patienceMs(patienceMs: number): number {
    return Math.min(patienceMs, this.#budget.leftMs);
  }

  #release(client: ProbeClient): void {
    client.close();
    this.#budget.giveConnection();
  }
}

/** What answers cannot be probed. */
export class DiscoveryError extends Error {
  override readonly name = "DiscoveryError";
}

function pageOf(path: string, { contentBytes, status }: SeenResponse): Page {
  return { path, contentBytes, status };
}

function isWithin({ contentBytes }: { readonly contentBytes: number }, range: Range): boolean {
  return contentBytes >= range.least && contentBytes < range.most;
}

function validatorOf({ fields }: SeenResponse): string | null {
  const tag = fields.get("etag");
  if (tag !== undefined) return `If-None-Match: ${tag}`;
  const date = fields.get("last-modified");
  return date === undefined ? null : `If-Modified-Since: ${date}`;
}
