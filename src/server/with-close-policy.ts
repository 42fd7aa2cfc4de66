import { DEFAULT_CLOSE_POLICY } from "../closing/policy.ts";
import { type CloseOverrides, overrideClosePolicy } from "../closing/policy-parser.ts";
import type { Handler } from "./exchange.ts";

// A close policy for one route: everything that a handler answers.

/**
 * `handler`, whose connections end by `overrides` where these differ from the server's policy. The
 * handler may change more of it for one response, by `exchange.adjustClose`.
 *
 * @throws {TypeError} `overrides` is no object.
 * @throws {RangeError} A field is unknown, out of range, contradicts another one, or belongs to the
 * server as a whole. A contradiction to the server's own values shows at the first request.
 */
export function withClosePolicy(overrides: CloseOverrides, handler: Handler): Handler {
  const kept = Object.freeze({ ...overrides });
  overrideClosePolicy(DEFAULT_CLOSE_POLICY, kept);
  return (exchange) => {
    exchange.adjustClose(kept);
    return handler(exchange);
  };
}
