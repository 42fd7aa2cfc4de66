// What somebody else's server said, made harmless for a terminal and for markup.

/** Longer texts of a server are cut: a Server field may have 60 KB. */
const TEXT_LIMIT = 300;

/** Controls, what turns the direction of text, broken pairs, line ends, and no characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** One line without anything that a terminal obeys, cut where it is long. */
export function printable(text: string): string {
  const cut = text.length > TEXT_LIMIT ? `${text.slice(0, TEXT_LIMIT)}...` : text;
  return cut.replace(UNPRINTABLE, "\ufffd");
}

/** Text for HTML and XML, also between quotes. */
export function markupText(text: string): string {
  return text
    .replace(UNPRINTABLE, "\ufffd")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;")
    .replace(/'/g, "&#39;");
}
