import { channel } from "node:diagnostics_channel";
import type { Ending } from "../tcp/ending.ts";

// The diagnostics channel of endings, for programs that watch every server of a process without
// being handed one. Costs one comparison per ending while nobody subscribes.

/** The name that `diagnostics_channel.subscribe` takes. */
export const ENDING_CHANNEL = "finwait:ending";

/** What subscribers get. */
export interface EndingMessage {
  readonly ending: Ending;
  /** Where the server listens, which tells servers of one process apart. */
  readonly server: { readonly address: string; readonly port: number };
}

const endings = channel(ENDING_CHANNEL);

/** True if somebody listens: what publishing needs may cost more than the publishing. */
export function hasEndingSubscribers(): boolean {
  return endings.hasSubscribers;
}

/** The runtime keeps what a subscriber throws away from us, and reports it as uncaught. */
export function publishEnding(ending: Ending, server: EndingMessage["server"]): void {
  if (!endings.hasSubscribers) return;
  const message: EndingMessage = { ending, server };
  endings.publish(message);
}
