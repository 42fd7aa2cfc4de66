// How fast the connections of a finwait server end, from its status page: two readings, and the
// time between them. The page's JSON belongs to another part, so every field is looked at first.

/** The page is on the same machine or near; a screen waits for it. */
export const ADMIN_TIMEOUT_MS = 2_000;
/** Of status pages, 100 times more than ours. */
export const ADMIN_LIMIT_BYTES = 1_048_576;
/** Names per list: there are about a dozen reasons. */
export const NAME_LIMIT = 32;

export interface NamedRate {
  readonly name: string;
  readonly count: number;
  /** `null`: there is only one reading. */
  readonly perSecond: number | null;
}

export type EndingRates =
  | {
      readonly type: "read";
      readonly total: NamedRate;
      readonly byReason: readonly NamedRate[];
      readonly byOutcome: readonly NamedRate[];
      /** The numbers under `lingering`, as the server names them. */
      readonly lingering: Readonly<Record<string, number>>;
    }
  | { readonly type: "failed"; readonly reason: string };

type Counts = Readonly<Record<string, number>>;

interface Reading {
  readonly atMs: number;
  readonly total: number;
  readonly byReason: Counts;
  readonly byOutcome: Counts;
  readonly lingering: Counts;
}

export class EndingWatch {
  readonly #url: string;
  #before: Reading | null = null;

  /** @throws {TypeError} `admin` is no http URL. */
  constructor(admin: string) {
    const url = new URL(admin);
    if (!/^https?:$/.test(url.protocol)) throw new TypeError(`no http URL: ${admin}`);
    url.pathname = url.pathname.replace(/\/?$/, "/");
    url.search = "?json";
    this.#url = url.href;
  }

  /** Reads the page. Never rejects. */
  async read(): Promise<EndingRates> {
    let page: unknown;
    try {
      page = JSON.parse(await this.#readText());
    } catch (error) {
      // Not there, too slow, or no JSON. The next reading may be better.
      return { type: "failed", reason: messageOf(error) };
    }
    const reading = readingOf(page, performance.now());
    if (reading === null) return { type: "failed", reason: "the page has no endings" };
    const rates = ratesOf(reading, this.#before);
    this.#before = reading;
    return rates;
  }

  async #readText(): Promise<string> {
    const signal = AbortSignal.timeout(ADMIN_TIMEOUT_MS);
    const response = await fetch(this.#url, { signal });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`it answers ${response.status}`);
    }
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of response.body ?? []) {
      bytes += piece.byteLength;
      if (bytes > ADMIN_LIMIT_BYTES) throw new Error(`more than ${ADMIN_LIMIT_BYTES} bytes`);
      pieces.push(piece);
    }
    return Buffer.concat(pieces).toString("utf8");
  }
}

function readingOf(page: unknown, atMs: number): Reading | null {
  const endings = objectIn(page, "endings");
  const total = endings?.total;
  if (endings === null || typeof total !== "number") return null;
  return {
    atMs,
    total,
    byReason: countsIn(endings, "byReason"),
    byOutcome: countsIn(endings, "byOutcome"),
    lingering: countsIn(page, "lingering"),
  };
}

function ratesOf(now: Reading, before: Reading | null): EndingRates {
  // A server that was started anew counts from 0 again.
  const base = before !== null && before.total <= now.total ? before : null;
  const seconds = base === null ? 0 : (now.atMs - base.atMs) / 1_000;
  const rate = (name: string, count: number, countBefore = 0): NamedRate => {
    const perSecond = seconds > 0 ? Math.max(0, (count - countBefore) / seconds) : null;
    return { name, count, perSecond };
  };
  const rates = (key: "byReason" | "byOutcome"): NamedRate[] =>
    Object.entries(now[key])
      .map(([name, count]) => rate(name, count, base?.[key][name]))
      .sort((left, right) => (right.perSecond ?? right.count) - (left.perSecond ?? left.count));
  return {
    type: "read",
    total: rate("total", now.total, base?.total),
    byReason: rates("byReason"),
    byOutcome: rates("byOutcome"),
    lingering: now.lingering,
  };
}

function objectIn(value: unknown, key: string): Readonly<Record<string, unknown>> | null {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return null;
  // The cast says what was looked at: an object's own field.
  const found = (value as Readonly<Record<string, unknown>>)[key];
  return typeof found === "object" && found !== null
    ? (found as Readonly<Record<string, unknown>>)
    : null;
}

function countsIn(value: unknown, key: string): Counts {
  const entries = Object.entries(objectIn(value, key) ?? {})
    .filter((entry): entry is [string, number] => typeof entry[1] === "number")
    .slice(0, NAME_LIMIT);
  return Object.fromEntries(entries);
}

/** What fetch says is wrong is in the cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error && "code" in cause) return String(cause.code);
  return error.message;
}
