// The server that is judged: how it is named in requests, and what is known of its pages.

/** A request that the server answers before its content has come. */
export interface EarlyAnswer {
  readonly method: string;
  readonly path: string;
  readonly isChunked: boolean;
  /** What Content-Length announces; of chunked requests what is sent at most. */
  readonly uploadBytes: number;
  readonly status: number;
  /** Content of the answer. */
  readonly contentBytes: number;
}

/** Paths that the user names, each the only one for its purpose. Absent ones are looked for. */
export interface TargetPaths {
  /** Answers GET with a page. */
  readonly page: string;
  /** A page of 100 KB to 1 MB. */
  readonly medium?: string;
  /** A page of at least 4 MB. */
  readonly large?: string;
  /** Refuses POST before its content has come. */
  readonly refuse?: string;
  /** Takes POST, and answers with success. */
  readonly upload?: string;
  /** Answers GET with 204. */
  readonly empty?: string;
}

/** What a named path is for. */
export type Purpose = Exclude<keyof TargetPaths, "page">;

/** What a named path answered when it was looked at. */
export interface NamedAnswer {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** `null`: no whole answer; to content of which more was to come, none before the rest. */
  readonly status: number | null;
  readonly contentBytes: number;
}

export interface Page {
  readonly path: string;
  readonly contentBytes: number;
  readonly status: number;
}

/** What the looking around has found. `null`: not found. */
export interface TargetFacts {
  readonly page: Page;
  /** What revalidates the page: `If-None-Match: "..."`. */
  readonly validator: string | null;
  readonly medium: Page | null;
  readonly large: Page | null;
  /** Early answers, by what their content weighs. */
  readonly small: EarlyAnswerPair;
  readonly mediumEarly: EarlyAnswerPair;
  readonly largeEarly: EarlyAnswerPair;
  readonly upload: string | null;
  readonly empty: { readonly method: string; readonly path: string } | null;
  /** Connections that the server serves at one time; `null`: all that the run may have. */
  readonly capacity: number | null;
  /** Of the paths that the user named, whether they are of use or not. */
  readonly named: Readonly<Partial<Record<Purpose, NamedAnswer>>>;
}

/** The same for both ways to send content. */
export interface EarlyAnswerPair {
  readonly length: EarlyAnswer | null;
  readonly chunked: EarlyAnswer | null;
}

export interface Target {
  /** The value of the Host field. */
  readonly host: string;
  readonly facts: TargetFacts;
}

export interface RequestOptions {
  readonly method?: string;
  readonly path?: string;
  readonly version?: "HTTP/1.0" | "HTTP/1.1";
  /** Further field lines, without line ends. */
  readonly fields?: readonly string[];
}

/** The head of a request, with its empty line. */
export function requestHead(host: string, options: RequestOptions): string {
  const { method = "GET", path = "/", version = "HTTP/1.1", fields = [] } = options;
  const lines = [`${method} ${path} ${version}`, `Host: ${host}`, `User-Agent: ${USER_AGENT}`];
  return `${[...lines, ...fields].join("\r\n")}\r\n\r\n`;
}

/** So that operators find in their logs who that was. */
export const USER_AGENT = "finwait-probe";
