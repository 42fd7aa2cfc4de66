import { standInFor } from "./fetch-native-members.ts";

// A Response that costs little when a server sends it: what it was made of is kept, and a real
// Response is made only if somebody asks for more. docs/decisions/0002-cheap-request-objects.md has
// the figures.
//
// Opt-in. The global Response is never replaced.

/** A response that can be sent without a real `Response`. */
export interface LightParts {
  readonly status: number;
  readonly headers: Iterable<readonly [name: string, value: string]>;
  readonly content: string | Uint8Array | null;
}

type ResponseBody = ConstructorParameters<typeof Response>[0];
type FieldPairs = [name: string, value: string][];

const TEXT_TYPE = "text/plain;charset=UTF-8";
const JSON_TYPE = "application/json";

/**
 * A drop-in for `Response` in fetch callbacks: `return new LightResponse("hi")`.
 *
 * It is `instanceof Response`, and differs in two ways. Bytes and headers that it is made of are
 * not copied, so they must not change before it is sent. An invalid header is found when it is
 * sent, and is then a failure of the handler.
 */
export class LightResponse implements Response {
  readonly #content: string | Uint8Array | null = null;
  readonly #init: ResponseInit | undefined;
  #contentType: string | null = null;
  #headers: Headers | null = null;
  #native: Response | null = null;

  /**
   * @throws {RangeError} The status is not from 200 to 599.
   * @throws {TypeError} The status does not allow a body.
   */
  constructor(body?: ResponseBody | null, init?: ResponseInit) {
    this.#init = init;
    if (body === undefined || body === null) checkStatus(init?.status, false);
    else if (typeof body === "string" || body instanceof Uint8Array) {
      checkStatus(init?.status, true);
      this.#content = body;
      if (typeof body === "string") this.#contentType = TEXT_TYPE;
    } else this.#native = new Response(body, init);
  }

  /** As `Response.json`. */
  static json(value: unknown, init?: ResponseInit): LightResponse {
    // The type leaves out that a function, for one, has no JSON form.
    const text: string | undefined = JSON.stringify(value);
    if (text === undefined) throw new TypeError("Cannot send a value that has no JSON form");
    const response = new LightResponse(text, init);
    response.#contentType = JSON_TYPE;
    return response;
  }
  /** As `Response.redirect`. */
  static redirect(url: string | URL, status: 301 | 302 | 303 | 307 | 308 = 302): Response {
    return Response.redirect(url, status);
  }
  /** As `Response.error`, which no server can send. */
  static error(): Response {
    return Response.error();
  }

  static nativeOf(response: LightResponse): Response {
    response.#native ??= new Response(response.#content, {
      ...response.#init,
      headers: response.#headers ?? new Headers(response.#fields()),
    });
    return response.#native;
  }

  /** What to send; `null` once there is a real Response, whose body may have been read. */
  static partsOf(response: LightResponse): LightParts | null {
    if (response.#native !== null) return null;
    const headers = response.#headers ?? response.#fields();
    return { status: response.status, headers, content: response.#content };
  }

  get status(): number {
    return this.#native?.status ?? this.#init?.status ?? 200;
  }
  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }
  get statusText(): string {
    return this.#native?.statusText ?? this.#init?.statusText ?? "";
  }
  get headers(): Headers {
    this.#headers ??= this.#native?.headers ?? new Headers(this.#fields());
    return this.#headers;
  }
  get type(): Response["type"] {
    return "default";
  }
  get url(): string {
    return "";
  }
  get redirected(): boolean {
    return false;
  }
  get body(): Response["body"] {
    return this.#content === null && this.#native === null
      ? null
      : LightResponse.nativeOf(this).body;
  }
  get bodyUsed(): boolean {
    return this.#native?.bodyUsed ?? false;
  }

  async text(): Promise<string> {
    return LightResponse.nativeOf(this).text();
  }
  async json(): Promise<unknown> {
    return LightResponse.nativeOf(this).json();
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return LightResponse.nativeOf(this).arrayBuffer();
  }
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await this.arrayBuffer());
  }
  async blob(): Promise<Blob> {
    return LightResponse.nativeOf(this).blob();
  }
  async formData(): Promise<FormData> {
    return LightResponse.nativeOf(this).formData();
  }
  clone(): Response {
    return LightResponse.nativeOf(this).clone();
  }

  #fields(): FieldPairs {
    const pairs = pairsOf(this.#init?.headers);
    const type = this.#contentType;
    if (type !== null && !pairs.some(([name]) => isContentType(name))) {
      pairs.push(["content-type", type]);
    }
    return pairs;
  }
}

/**
 * RFC 9110 §15: no content with 204, 205 and 304. The Response constructor refuses the same ones.
 */
function checkStatus(status: number | undefined, hasBody: boolean): void {
  if (status === undefined) return;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError(`Cannot use status ${status}: expected an integer from 200 to 599`);
  }
  if (hasBody && (status === 204 || status === 205 || status === 304)) {
    throw new TypeError(`Cannot send a body with status ${status}: expected null`);
  }
}

function pairsOf(headers: ResponseInit["headers"]): FieldPairs {
  if (headers === undefined) return [];
  const isIterable = Symbol.iterator in headers;
  const pairs: FieldPairs = [];
  for (const [name, value] of isIterable ? headers : Object.entries(headers)) {
    if (name === undefined || value === undefined) {
      throw new TypeError("Cannot use headers: expected each to be a pair of name and value");
    }
    // Types promise strings; JavaScript callers pass numbers, as Headers allows.
    pairs.push([name, String(value)]);
  }
  return pairs;
}

function isContentType(name: string): boolean {
  return name.length === 12 && name.toLowerCase() === "content-type";
}

standInFor(LightResponse, new Response(null), LightResponse.nativeOf);
