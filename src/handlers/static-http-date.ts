// HTTP dates: one format to send, three to understand. RFC 9110 §5.6.7.

const MONTHS: readonly string[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

const DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const LONG_DAY = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day";
const MONTH = `(?<month>${MONTHS.join("|")})`;
const TIME = "(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)";

// HTTP-date is case-sensitive and has no optional whitespace, so the patterns are literal.
const IMF_FIXDATE = new RegExp(`^${DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT$`);
const RFC850_DATE = new RegExp(
  `^${LONG_DAY}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT$`,
);
const ASCTIME_DATE = new RegExp(`^${DAY} ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})$`);

const FIFTY_YEARS_MS = 50 * 365.25 * 24 * 3600 * 1000;

/** `atMs` (milliseconds since 1970) as IMF-fixdate, for example `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function formatHttpDate(atMs: number): string {
  return new Date(atMs).toUTCString();
}

/**
 * The point in time that `text` names, in milliseconds since 1970, or `null` if it is no HTTP-date.
 *
 * `nowMs` decides the century of the two-digit years of RFC 850. The name of the weekday is not
 * compared with the date: it carries no information of its own.
 */
export function parseHttpDate(text: string, nowMs: number): number | null {
  const isShortYear = text.includes("-");
  const match =
    IMF_FIXDATE.exec(text) ?? (isShortYear ? RFC850_DATE.exec(text) : ASCTIME_DATE.exec(text));
  const parts = match?.groups;
  if (parts === undefined) return null;
  const year = Number(parts.year);
  if (!isShortYear) return dateOf(year, parts);
  const century = Math.floor(new Date(nowMs).getUTCFullYear() / 100) * 100;
  const atMs = dateOf(century + year, parts);
  // RFC 9110 §5.6.7: more than 50 years ahead means the most recent past year with these digits.
  const isPast = atMs !== null && atMs - nowMs > FIFTY_YEARS_MS;
  return isPast ? dateOf(century - 100 + year, parts) : atMs;
}

function dateOf(year: number, parts: { readonly [name: string]: string }): number | null {
  const month = MONTHS.indexOf(parts.month ?? "");
  const day = Number(parts.day);
  const hour = Number(parts.hour);
  const minute = Number(parts.minute);
  const second = Number(parts.second);
  // 60 is a leap second in the grammar of §5.6.7; it becomes the next minute's first.
  if (hour > 23 || minute > 59 || second > 60) return null;
  const date = new Date(0);
  // Date.UTC would read years below 100 as 19xx.
  date.setUTCFullYear(year, month, day);
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return null;
  return date.setUTCHours(hour, minute, second);
}
