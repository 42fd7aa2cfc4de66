import type { Clock } from "../base/clock.ts";
import type { ConnectionFacts, ExchangeRecord } from "./exchange.ts";
import type { HttpExchange } from "./http-exchange.ts";

// What the access log learns of one response.

/** `exchange` is `null` when the request could not be read that far. */
export function exchangeRecordOf(
  connection: ConnectionFacts,
  exchange: HttpExchange | null,
  status: number,
  clock: Clock,
): ExchangeRecord {
  const durationMs = exchange === null ? 0 : clock.now() - exchange.receivedAtMs;
  return {
    connection,
    receivedAtMs: clock.wallNow() - durationMs,
    durationMs,
    method: exchange?.method ?? "",
    target: exchange?.target ?? "",
    version: exchange?.version ?? "1.1",
    fields: exchange?.fields ?? null,
    status,
    contentBytes: exchange?.contentBytes ?? 0,
    isComplete: exchange === null || !exchange.isAborted,
  };
}
