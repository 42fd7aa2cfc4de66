// Which content coding a request prefers: Accept-Encoding, RFC 9110 §12.5.3.

/** The codings that files can have here, in the order in which the server prefers them. */
export const CONTENT_CODINGS = ["br", "gzip", "identity"] as const;

export type ContentCoding = (typeof CONTENT_CODINGS)[number];

/** How much each coding is wanted; 0 is "not acceptable". */
export type CodingWeights = Readonly<Record<ContentCoding, number>>;

/** Without the field any coding is acceptable; the plain one works with every client. */
const ABSENT: CodingWeights = { br: 0, gzip: 0, identity: 1 };

/**
 * Identity is acceptable unless it is excluded, but anything that the client named comes before.
 */
const IDENTITY_DEFAULT_WEIGHT = 0.0001;

const WEIGHT = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i;

// Real clients send a handful of different values; a peer that sends more only makes us parse
// again.
const MEMO_LIMIT = 64;

/** The weights that `value` gives. A member that cannot be read counts as absent. */
export function parseAcceptEncoding(value: string): CodingWeights {
  const named = new Map<string, number>();
  for (const member of value.split(",")) {
    const [name = "", parameter, ...rest] = member.split(";").map((part) => part.trim());
    const weight = parameter === undefined ? 1 : Number(WEIGHT.exec(parameter)?.[1] ?? Number.NaN);
    if (name === "" || rest.length > 0 || Number.isNaN(weight)) continue;
    const coding = name.toLowerCase();
    // RFC 9110 §8.4.1.3: x-gzip is another name of gzip.
    named.set(coding === "x-gzip" ? "gzip" : coding, weight);
  }
  const any = named.get("*");
  return {
    br: named.get("br") ?? any ?? 0,
    gzip: named.get("gzip") ?? any ?? 0,
    identity: named.get("identity") ?? any ?? IDENTITY_DEFAULT_WEIGHT,
  };
}

/** Remembers the weights of recent field values, since clients repeat them on every request. */
export class AcceptEncodingMemo {
  readonly #weights = new Map<string, CodingWeights>();

  get size(): number {
    return this.#weights.size;
  }

  weightsOf(value: string | undefined): CodingWeights {
    if (value === undefined) return ABSENT;
    const known = this.#weights.get(value);
    if (known !== undefined) return known;
    const weights = parseAcceptEncoding(value);
    if (this.#weights.size >= MEMO_LIMIT) this.#weights.clear();
    this.#weights.set(value, weights);
    return weights;
  }
}

/** The most wanted of `choices`, or `null` if none is acceptable. */
export function chooseByCoding<T extends { readonly coding: ContentCoding }>(
  choices: readonly T[],
  weights: CodingWeights,
): T | null {
  let best: T | null = null;
  let bestWeight = 0;
  for (const choice of choices) {
    const weight = weights[choice.coding];
    if (weight < bestWeight || weight === 0) continue;
    if (weight === bestWeight && best !== null && rank(best.coding) < rank(choice.coding)) continue;
    best = choice;
    bestWeight = weight;
  }
  return best;
}

function rank(coding: ContentCoding): number {
  return CONTENT_CODINGS.indexOf(coding);
}
