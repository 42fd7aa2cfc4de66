import type { SeenEvent } from "../support/fake-peer.ts";

// Events as the lines of a wire fixture: what somebody would write who explains them to somebody.

/** The log of `events`, one line each, fields and trailers on indented lines of their own. */
export function eventLog(events: readonly SeenEvent[]): readonly string[] {
  return events.flatMap(linesOf);
}

function linesOf(event: SeenEvent): readonly string[] {
  switch (event.type) {
    case "request-head":
      return headLines(event);
    case "body":
      return [`content ${quote(event.text)}`];
    case "message-end":
      return ["end of request", ...fieldLines("trailer", event.trailers ?? [])];
    case "peer-ended":
      return ["peer ended"];
    case "peer-protocol-error":
      return [`refused ${event.status} ${event.code} behind byte ${event.acceptedBytes}`];
  }
}

function headLines(head: Extract<SeenEvent, { type: "request-head" }>): readonly string[] {
  const { method, target, targetForm, version, authority, framing } = head;
  const length = typeof framing === "number" ? `of ${framing} bytes` : framing;
  return [
    `request ${method} ${target} HTTP/${version}`,
    ...fieldLines("field", head.fields),
    `  ${targetForm}-form, authority ${quote(authority)}, body ${length}`,
    ...(head.isPersistent ? [] : ["  not persistent"]),
    ...(head.expectsContinue ? ["  waits for 100 (Continue)"] : []),
    ...(head.hasUpgrade ? ["  offers an upgrade"] : []),
  ];
}

function fieldLines(word: string, fields: Iterable<readonly [string, string]>): readonly string[] {
  return Array.from(fields, ([name, value]) => `  ${word} ${name}: ${quote(value)}`);
}

function quote(text: string): string {
  const escaped = text.replaceAll(/[^ !#-[\]-~]/g, (character) => {
    const known: Readonly<Record<string, string>> = { "\r": "\\r", "\n": "\\n", "\t": "\\t" };
    const code = character.charCodeAt(0).toString(16).padStart(2, "0");
    return known[character] ?? (/["\\]/.test(character) ? `\\${character}` : `\\x${code}`);
  });
  return `"${escaped}"`;
}
