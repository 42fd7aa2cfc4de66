import type { ClientRule } from "../closing/client-rules.ts";
import { browserMatchRule } from "./browser-match.ts";
import { readClientRulesFile } from "./client-rules-file.ts";
import type { HttpdConf, UnreadDirective } from "./httpd-conf.ts";
import type { EffectiveSettings } from "./settings.ts";

// Where client rules come from: the file of --client-rules first, as it is finwait's own, then the
// BrowserMatch lines of httpd.conf, the last of them first, because there the last match decides.

export interface CollectedClientRules {
  readonly rules: readonly ClientRule[];
  /** BrowserMatch lines that make no rule, or not in all their parts. */
  readonly unread: readonly UnreadDirective[];
}

/** @throws {UsageError} The file of rules cannot be read, or is none. */
export function collectClientRules(
  settings: EffectiveSettings,
  httpdConf: HttpdConf | null,
  httpdConfPath: string,
): CollectedClientRules {
  const file = settings.text("clientRules");
  const rules = file === "" ? [] : [...readClientRulesFile(file)];
  const unread: UnreadDirective[] = [];
  for (const { args, isCaseIgnored, line } of [...(httpdConf?.browserMatches ?? [])].reverse()) {
    const directive = isCaseIgnored ? "BrowserMatchNoCase" : "BrowserMatch";
    const result = browserMatchRule([directive, ...args], `${httpdConfPath}:${line}`);
    if ("problem" in result) unread.push({ line, directive, reason: result.problem });
    else {
      rules.push(result.rule);
      if (result.ignored.length > 0) {
        const reason = `${result.ignored.join(", ")} has no counterpart; the rest is used`;
        unread.push({ line, directive, reason });
      }
    }
  }
  return { rules, unread };
}
