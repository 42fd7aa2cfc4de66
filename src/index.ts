// The public surface of the package. What is not named here may change without notice.

export type { ObservedServer } from "./admin/observed-server.ts";
export {
  observeWithOpenTelemetry,
  type TelemetryMeterProvider,
  type TelemetryOptions,
} from "./admin/open-telemetry.ts";
export { type AdminListener, type AdminOptions, serveAdmin } from "./admin/serve-admin.ts";
export type { SettingInForce, SettingOrigins } from "./admin/settings-in-force.ts";
export type { SilentClients } from "./admin/silent-clients.ts";
export type { SocketsOfState, Status } from "./admin/status.ts";
export { FinwaitError, LocalProtocolError } from "./base/error.ts";
export { type ClientEffect, type ClientRule, parseClientRules } from "./closing/client-rules.ts";
export type { ClientSignature, LearnedClient } from "./closing/learned-clients.ts";
export {
  DEFAULT_LEARNED_CLIENTS_OPTIONS,
  type LearnedClientsOptions,
  parseLearnedClientsOptions,
} from "./closing/learned-clients-options.ts";
export type { LingerBudgetCounts } from "./closing/linger-budget.ts";
export {
  type ClosePolicy,
  type ConnectionClosePolicy,
  DEFAULT_CLOSE_POLICY,
  type LingerBudgetPolicy,
} from "./closing/policy.ts";
export { type CloseOverrides, parseClosePolicy } from "./closing/policy-parser.ts";
export { SHIPPED_CLIENT_RULES } from "./closing/shipped-client-rules.ts";
export {
  type FetchCallback,
  type FetchContext,
  type FetchHandlerOptions,
  fetchHandler,
} from "./handlers/fetch-handler.ts";
export { LightResponse } from "./handlers/fetch-light-response.ts";
export { type FetchRequest, nativeRequest } from "./handlers/fetch-request.ts";
export { staticFiles } from "./handlers/static-files.ts";
export type { StaticFilesOptions } from "./handlers/static-options.ts";
export {
  isPeerProtocolError,
  PeerProtocolError,
  type PeerProtocolErrorCode,
} from "./http1/error.ts";
export type { EndingTotals } from "./observe/ending-metrics.ts";
export type { ConnectionState, SocketCount, SocketStates } from "./observe/port-states.ts";
export type { Ownership } from "./observe/socket-line.ts";
export type {
  AbortReason,
  ConnectionFacts,
  Endpoint,
  Exchange,
  ExchangeRecord,
  FieldLines,
  Handler,
  HttpVersion,
  PreparedResponse,
  RequestBody,
  RequestFields,
  TargetForm,
  TlsFacts,
} from "./server/exchange.ts";
export { DEFAULT_SERVER_LIMITS, parseServerLimits, type ServerLimits } from "./server/limits.ts";
export type { TlsSettings } from "./server/listener.ts";
export { prepareResponse } from "./server/prepared-response.ts";
export { RequestBodyError } from "./server/request-body.ts";
export { serve } from "./server/serve.ts";
export type {
  FinwaitServer,
  ReconfigurableOptions,
  ServeOptions,
} from "./server/serve-options.ts";
export { withClosePolicy } from "./server/with-close-policy.ts";
export type {
  CloseReason,
  ClosingBound,
  Ending,
  EndingOutcome,
  Evidence,
  PhaseDurations,
} from "./tcp/ending.ts";
export type { TcpState } from "./tcp/state.ts";
export type {
  ConnectionPhase,
  ConnectionPhaseCounts,
  ConnectionQuery,
  ConnectionSnapshot,
} from "./teardown/connection-snapshot.ts";
export { ENDING_CHANNEL, type EndingMessage } from "./teardown/ending-channel.ts";
export { noticeText, type ServerNotice } from "./teardown/notice.ts";
export type { PressureChange, PressureLevel, PressureSource } from "./teardown/pressure.ts";
export type { ShutdownOptions, ShutdownReport } from "./teardown/shutdown.ts";
export type { TallyCounts } from "./teardown/tally.ts";
export type { ServerPhase } from "./teardown/teardown-context.ts";
