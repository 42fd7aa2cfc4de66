import type { Exchange, FieldLines } from "../server/exchange.ts";
import { hasConditionOrRange } from "./conditional.ts";
import { AcceptEncodingMemo, chooseByCoding } from "./content-coding.ts";
import { readListing, renderListing } from "./directory-listing.ts";
import { acceptsHtml, isViewPath } from "./static-navigation.ts";
import type { StaticFilesPolicy } from "./static-options.ts";
import { type ErrorStatus, errorPage, type Page } from "./static-pages.ts";
import { planResponse, planWhole, type ResponsePlan } from "./static-plan.ts";
import {
  type Lookup,
  type Place,
  type Resource,
  ResourceStore,
  type StaticClock,
} from "./static-resources.ts";
import { sendFromFile, sendFromMemory, sendHead } from "./static-send.ts";
import { encodePath, parseTargetPath, type TargetPath } from "./static-target.ts";
import { FileTree, type OpenOutcome, outcomeOfError } from "./static-tree.ts";
import type { PrepareResponse, Variant } from "./static-variant.ts";

// Answers exchanges from one directory: which lookup, which variant, from memory or from the disk.
//
// A trusted resource is answered before `handle` returns, by one map lookup on the target as
// received: only spellings that `encodePath` makes are keys, so whatever is found has been checked
// already.

/** What a site needs from outside. */
export interface StaticPorts {
  readonly clock: StaticClock;
  readonly prepareResponse: PrepareResponse;
}

type Path = Extract<TargetPath, { type: "path" }>;

const ALLOW: FieldLines = [["Allow", "GET, HEAD, OPTIONS"]];
const VARY_ACCEPT: FieldLines = [["Vary", "Accept"]];
const VARY_ACCEPT_ENCODING: FieldLines = [["Vary", "Accept-Encoding"]];

/** No target holds a space, so these keys are out of reach for requests. */
const FALLBACK_PLACE: Place = {
  key: " spa",
  segments: ["index.html"],
  endsWithSlash: false,
  vary: ["Accept"],
};

const EMPTY = new Uint8Array(0);

export class StaticSite {
  readonly #policy: StaticFilesPolicy;
  readonly #clock: StaticClock;
  readonly #tree: FileTree;
  readonly #resources: ResourceStore;
  readonly #dotfiles: "serve" | "hide";
  readonly #notFoundPlace: Place | null;
  readonly #codings = new AcceptEncodingMemo();

  constructor(root: string, policy: StaticFilesPolicy, ports: StaticPorts) {
    this.#policy = policy;
    this.#clock = ports.clock;
    this.#tree = new FileTree(root, policy.symlinks);
    this.#resources = new ResourceStore(this.#tree, policy, ports.clock, ports.prepareResponse);
    this.#dotfiles = policy.dotfiles ? "serve" : "hide";
    this.#notFoundPlace = notFoundPlaceOf(policy.notFoundPage);
  }

  handle(exchange: Exchange): void | Promise<void> {
    const { method, target } = exchange;
    if (method !== "GET" && method !== "HEAD") return answerOtherMethod(exchange);
    const queryAt = target.indexOf("?");
    const resource = this.#resources.trusted(queryAt < 0 ? target : target.slice(0, queryAt));
    return resource === null ? this.#find(exchange) : this.#answer(exchange, resource);
  }

  #find(exchange: Exchange): void | Promise<void> {
    const path = parseTargetPath(exchange.target, exchange.targetForm, this.#dotfiles);
    if (path.type === "invalid") return respondError(exchange, 400);
    if (path.type === "hidden") return this.#answerNotFound(exchange, []);
    const { endsWithSlash, segments } = path;
    const key = encodePath(segments, endsWithSlash);
    // The target may have been another spelling of a path that is known.
    const resource = this.#resources.trusted(key);
    if (resource !== null) return this.#answer(exchange, resource);
    return this.#lookUp(exchange, path, { key, segments, endsWithSlash, vary: [] });
  }

  async #lookUp(exchange: Exchange, path: Path, place: Place): Promise<void> {
    const lookup = await this.#resources.find(place);
    switch (lookup.type) {
      case "resource":
        return this.#answer(exchange, lookup.resource);
      case "slash-missing":
        return redirectToSlash(exchange, path);
      case "refused":
        return respondRefused(exchange, lookup);
      case "directory":
        return this.#policy.listing
          ? this.#answerListing(exchange, path, lookup.realPath)
          : this.#answerMissing(exchange, path);
      case "missing":
        return this.#answerMissing(exchange, path);
    }
  }

  #answer(exchange: Exchange, resource: Resource): void | Promise<void> {
    const { fields } = exchange;
    const weights = this.#codings.weightsOf(fields.get("accept-encoding"));
    const variant = chooseByCoding(resource.variants, weights);
    // RFC 9110 §12.5.3: identity was excluded, and no sibling is acceptable.
    if (variant === null) return respondError(exchange, 406, VARY_ACCEPT_ENCODING);
    if (variant.prepared !== null && !hasConditionOrRange(fields)) {
      exchange.respondPrepared(variant.prepared);
      return;
    }
    const plan = planResponse(exchange, variant, this.#clock.wallNow());
    return this.#send(exchange, variant, plan, (current) =>
      planResponse(exchange, current, this.#clock.wallNow()),
    );
  }

  /** Sends `plan`; `replan` makes it again if the file turns out to have changed since. */
  #send(
    exchange: Exchange,
    variant: Variant,
    plan: ResponsePlan,
    replan: (current: Variant) => ResponsePlan,
  ): void | Promise<void> {
    const { content } = variant;
    if (content !== null) return sendFromMemory(exchange, plan, content);
    if (!readsFile(plan)) return sendFromMemory(exchange, plan, EMPTY);
    if (exchange.method === "HEAD") return sendHead(exchange, plan);
    return this.#sendFromDisk(exchange, variant, plan, replan);
  }

  async #sendFromDisk(
    exchange: Exchange,
    variant: Variant,
    plan: ResponsePlan,
    replan: (current: Variant) => ResponsePlan,
  ): Promise<void> {
    const outcome = await this.#tree.openReal(variant.path, variant.realPath);
    if (outcome.type === "refused") return respondRefused(exchange, outcome);
    if (outcome.type !== "file") return respondError(exchange, 404);
    const { file } = outcome;
    try {
      const isSame = this.#resources.isCurrent(variant, file);
      const current = isSame ? plan : replan(this.#resources.describeAgain(variant, file));
      if (readsFile(current)) await sendFromFile(exchange, current, file.handle);
      else sendFromMemory(exchange, current, EMPTY);
    } finally {
      await file.handle.close();
    }
  }

  async #answerListing(exchange: Exchange, path: Path, realPath: string): Promise<void> {
    let page: Page;
    try {
      const listing = await readListing(this.#tree, realPath, { dotfiles: this.#dotfiles });
      page = renderListing(path.segments, listing);
    } catch (error) {
      const outcome: OpenOutcome = outcomeOfError(error);
      if (outcome.type === "refused") return respondRefused(exchange, outcome);
      return this.#answerNotFound(exchange, []);
    }
    // A listing has no validator, and shows what is there now.
    exchange.respond(200, [...page.fields, ["Cache-Control", "no-cache"]], page.content);
  }

  async #answerMissing(exchange: Exchange, path: Path): Promise<void> {
    if (!this.#policy.spa || !isViewPath(path.segments)) return this.#answerNotFound(exchange, []);
    if (!acceptsHtml(exchange.fields.get("accept"))) {
      return this.#answerNotFound(exchange, VARY_ACCEPT);
    }
    const resource = await this.#resolve(FALLBACK_PLACE);
    if (resource === null) return this.#answerNotFound(exchange, []);
    return this.#answer(exchange, resource);
  }

  async #answerNotFound(exchange: Exchange, moreFields: FieldLines): Promise<void> {
    const resource = this.#notFoundPlace === null ? null : await this.#resolve(this.#notFoundPlace);
    if (resource === null) return respondError(exchange, 404, moreFields);
    const weights = this.#codings.weightsOf(exchange.fields.get("accept-encoding"));
    // An error in a coding that is not wanted is still better than no error.
    const variant = chooseByCoding(resource.variants, weights) ?? resource.variants[0];
    // No validators, and no preconditions (RFC 9110 §13.2.1): the page is not the resource.
    const plan = (current: Variant): ResponsePlan =>
      planWhole(404, [...current.contentFields, ...moreFields], current.sizeBytes);
    return this.#send(exchange, variant, plan(variant), plan);
  }

  async #resolve(place: Place): Promise<Resource | null> {
    const trusted = this.#resources.trusted(place.key);
    if (trusted !== null) return trusted;
    const lookup: Lookup = await this.#resources.find(place);
    return lookup.type === "resource" ? lookup.resource : null;
  }
}

function notFoundPlaceOf(path: string | false): Place | null {
  if (path === false) return null;
  return { key: " 404", segments: path.slice(1).split("/"), endsWithSlash: false, vary: [] };
}

function readsFile(plan: ResponsePlan): boolean {
  return plan.pieces.some((piece) => piece.type === "range");
}

/** Answered from the head alone, while the client may still be sending a body. */
function answerOtherMethod(exchange: Exchange): void {
  if (exchange.method === "OPTIONS") exchange.respond(204, ALLOW);
  else respondError(exchange, 405, ALLOW);
}

function redirectToSlash(exchange: Exchange, path: Path): void {
  // Made from decoded segments, none of which is empty, so it never begins with two slashes.
  const location = encodePath(path.segments, true) + path.query;
  exchange.respond(301, [
    ["Location", location],
    ["X-Content-Type-Options", "nosniff"],
  ]);
}

function respondRefused(exchange: Exchange, { status }: { readonly status: 403 | 503 }): void {
  respondError(exchange, status, status === 503 ? [["Retry-After", "1"]] : []);
}

function respondError(exchange: Exchange, status: ErrorStatus, moreFields: FieldLines = []): void {
  const page = errorPage(status);
  exchange.respond(status, [...page.fields, ...moreFields], page.content);
}
