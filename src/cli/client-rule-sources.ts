import type { HttpdConf, UnreadDirective } from "./httpd-conf.ts";
import type { EffectiveSettings } from "./settings.ts";
import type { ClientRule } from "./upcoming-settings.ts";

// Where client rules come from: BrowserMatch lines of httpd.conf, and the file of --client-rules.

export interface CollectedClientRules {
  readonly rules: readonly ClientRule[];
  /** BrowserMatch lines that make no rule. */
  readonly unread: readonly UnreadDirective[];
}

/**
 * MERGE: call `browserMatchRule(args, origin)` of browser-match.ts for each match here, with
 * `${httpdConfPath}:${line}` as the origin, and read the file `settings.text("clientRules")`, if it
 * is not "". A problem with a match becomes an entry of `unread`, with the problem as its reason.
 */
export function collectClientRules(
  _settings: EffectiveSettings,
  httpdConf: HttpdConf | null,
): CollectedClientRules {
  const unread = (httpdConf?.browserMatches ?? []).map(({ line, isCaseIgnored }) => ({
    line,
    directive: isCaseIgnored ? "BrowserMatchNoCase" : "BrowserMatch",
    reason: "it has no counterpart",
  }));
  return { rules: [], unread };
}
